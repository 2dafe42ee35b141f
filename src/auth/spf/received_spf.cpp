// auth/spf/received_spf.cpp - see received_spf.hpp.
#include "auth/spf/received_spf.hpp"

#include <algorithm>
#include <optional>

#include "auth/authres/authres.hpp"
#include "base/text.hpp"

namespace ptarmigan::spf {
namespace {

/// dot-atom or quoted-string. Every token without empty pieces between its dots is a dot-atom.
std::optional<std::string> encode(std::string_view value) {
  auto encoded = authres::encode_value(value);
  if (!encoded || encoded->front() == '"') return encoded;
  if (value.front() != '.' && value.back() != '.' && value.find("..") == std::string_view::npos) return encoded;
  return '"' + *encoded + '"';
}

/// As a comment holds it (RFC 5322#3.2.2).
std::string comment_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text, authres::max_value_octets)) {
    if (c == '(' || c == ')' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string explanation(const Result& result, const Query& query) {
  const auto client = query.client.unmapped().text();
  const auto whom = result.identity == Identity::helo ? result.domain.text() : "domain of " + result.sender;
  switch (result.outcome) {
    case Outcome::pass: return whom + " designates " + client + " as permitted sender";
    case Outcome::fail: return whom + " does not designate " + client + " as permitted sender";
    case Outcome::softfail: return "transitioning " + whom + " does not designate " + client + " as permitted sender";
    case Outcome::neutral: return client + " is neither permitted nor denied by " + whom;
    case Outcome::none:
    case Outcome::temperror:
    case Outcome::permerror: return result.problem;
  }
  return "";
}

}  // namespace

std::string received_spf(const Result& result, const Query& query) {
  std::string out = "Received-SPF: " + std::string(to_string(result.outcome)) + " (" +
                    comment_text(query.receiver + ": " + explanation(result, query)) + ")";
  const auto add = [&](std::string_view key, std::string_view value) {
    if (const auto encoded = encode(value)) out += "\r\n\t" + std::string(key) + "=" + *encoded + ";";
  };
  add("receiver", query.receiver);
  add("identity", to_string(result.identity));
  add("client-ip", query.client.unmapped().text());
  if (result.identity == Identity::mail_from) add("envelope-from", result.sender);
  add("helo", query.helo);
  add("mechanism", result.mechanism);
  add("problem", result.problem);
  return out + "\r\n";
}

}  // namespace ptarmigan::spf
