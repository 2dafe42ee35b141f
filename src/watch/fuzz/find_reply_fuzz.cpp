// watch/fuzz/find_reply_fuzz.cpp - any text.
// Property: what is found is a refusal, and has an explanation.
#include <cstdio>
#include <cstdlib>

#include "watch/explain.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ptarmigan;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = watch::find_reply(text);
  if (!found) return 0;
  if (!found->reply.transient() && !found->reply.permanent()) {
    std::fprintf(stderr, "found %d, which refuses nothing\n", found->reply.code);
    std::abort();
  }
  const auto explained = watch::explain_reply(text);
  if (!explained || explained->cause.empty() || watch::text(*explained).empty()) {
    std::fprintf(stderr, "a found reply without explanation\n");
    std::abort();
  }
  return 0;
}
