// examples/authentication_results.cpp - build the field through the one safe encoder, read it, and remove forged ones.
#include <cstdio>

#include "auth/authres/authres.hpp"

using namespace ptarmigan;

int main() {
  authres::Header mine{.authserv_id = "mx.example.org"};
  mine.results.push_back({.method = "spf",
                          .result = "pass",
                          .properties = {{.type = "smtp", .name = "mailfrom", .value = "alice@example.com"}}});
  mine.results.push_back({.method = "dkim",
                          .result = "fail",
                          .reason = "the body was changed; \"see\" (x)",
                          .properties = {{.type = "header", .name = "d", .value = "example.com"},
                                         // A value with a line end is left out: nobody writes our header for us.
                                         {.type = "header", .name = "i", .value = "@x\r\nX-Forged: yes"}}});
  const auto field = authres::build(mine);
  std::printf("%s", field->c_str());

  const auto read = authres::parse(field->substr(field->find(':') + 1), authres::Strictness::strict);
  std::printf("read back: %zu results, spf is %s for %s\n", read->results.size(), read->results[0].result.c_str(),
              std::string(*read->results[0].property("smtp", "mailfrom")).c_str());

  // Before our own is added, every field that claims to be ours goes; comments, quotes and case hide nothing.
  for (const auto* body :
       {" mx.example.org; spf=pass", " (hello) \"MX.example.ORG\" 1; spf=pass", " other.example; none"})
    std::printf("%s:%s\n", authres::claims(body, "mx.example.org") ? "remove" : "keep", body);
}
