// base/queue_id.cpp - see queue_id.hpp.
#include "base/queue_id.hpp"

#include "base/text.hpp"

namespace ptarmigan {
namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t text_length = 13;

}  // namespace

Result<QueueId> QueueId::parse(std::string_view text) {
  const auto wrong = [&] {
    return failure("'" + printable(text, 40) + "' is not a queue id", "it has 13 letters and digits");
  };
  if (text.size() != text_length) return wrong();
  std::uint64_t number = 0;
  for (const char c : to_upper(text)) {
    const auto value = digits.find(c);
    if (value == std::string_view::npos || number >> 59 != 0) return wrong();
    number = number << 5 | value;
  }
  return QueueId(number);
}

std::string QueueId::text() const {
  std::string out(text_length, '0');
  std::uint64_t rest = number_;
  for (auto at = out.rbegin(); at != out.rend(); ++at, rest >>= 5) *at = digits[rest & 31];
  return out;
}

}  // namespace ptarmigan
