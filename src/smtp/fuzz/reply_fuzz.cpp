// smtp/fuzz/reply_fuzz.cpp - what is read and printed is read the same again; pieces do not matter.
#include "smtp/fuzz/pieces.hpp"
#include "smtp/reply.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

namespace {

std::vector<Reply> read(const std::vector<std::string>& pieces, std::string& problem) {
  ReplyParser parser;
  std::vector<Reply> out;
  for (const auto& piece : pieces) {
    std::string_view input = piece;
    while (parser.feed(input) == ReplyParser::State::complete) out.push_back(parser.take());
  }
  problem = parser.problem();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto reply = Reply::parse(text)) {
    const auto again = Reply::parse(reply->wire());
    fuzz::promise(again && *again == *reply);
    fuzz::promise(reply->lines.size() <= Reply::max_lines && !reply->lines.empty());
  }
  const auto pieces = fuzz::pieces(data, size);
  std::string whole_problem;
  std::string split_problem;
  const auto whole = read(pieces, whole_problem);
  fuzz::promise(whole == read(fuzz::single_octets(pieces), split_problem));
  fuzz::promise(whole_problem == split_problem);
  return 0;
}
