// mta/fuzz/questions_fuzz.cpp - what a mail server sends, in pieces.
// Property: fed octet by octet or whole, the same questions come out, and each can be answered.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "mta/questions.hpp"

namespace {

using ptarmigan::mta::Question;
using ptarmigan::mta::QuestionReader;

std::vector<Question> questions_of(std::string_view text, std::size_t piece) {
  std::vector<Question> out;
  QuestionReader reader;
  while (!text.empty()) {
    auto state = reader.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
    while (state == QuestionReader::State::complete) {
      out.push_back(reader.question());
      static_cast<void>(ptarmigan::mta::parse_dns_reply(out.back().key));
      static_cast<void>(ptarmigan::mta::parse_delivery_status(out.back().key));
      state = reader.feed("");
    }
    if (state == QuestionReader::State::broken) break;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (questions_of(text, 1) != questions_of(text, text.size() + 1)) {
    std::fprintf(stderr, "pieces give other questions\n");
    std::abort();
  }
  return 0;
}
