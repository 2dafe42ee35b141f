// smtp/extensions.cpp - see extensions.hpp.
#include "smtp/extensions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::smtp {
namespace {

using Flag = std::pair<std::string_view, bool Extensions::*>;
constexpr std::array flags{
    Flag{"PIPELINING", &Extensions::pipelining},
    Flag{"8BITMIME", &Extensions::eight_bit_mime},
    Flag{"ENHANCEDSTATUSCODES", &Extensions::enhanced_status_codes},
    Flag{"STARTTLS", &Extensions::starttls},
    Flag{"SMTPUTF8", &Extensions::smtputf8},
    Flag{"DSN", &Extensions::dsn},
    Flag{"CHUNKING", &Extensions::chunking},
    Flag{"BINARYMIME", &Extensions::binary_mime},
    Flag{"REQUIRETLS", &Extensions::require_tls},
};

}  // namespace

Extensions Extensions::parse(const Reply& ehlo_answer) {
  Extensions out;
  for (std::size_t i = 1; i < ehlo_answer.lines.size(); ++i) {
    const std::string_view line = trim(std::string_view(ehlo_answer.lines[i]), " \t");
    const auto end = line.find_first_of(" =");
    const auto keyword = line.substr(0, end);
    const auto value = end == std::string_view::npos ? std::string_view() : trim(line.substr(end + 1), " \t");
    for (const auto& [name, member] : flags)
      if (iequals(keyword, name)) out.*member = true;
    if (iequals(keyword, "SIZE")) out.size = parse_number<std::uint64_t>(value).value_or(0);
    if (!iequals(keyword, "AUTH")) continue;
    for (const auto mechanism : split(value, ' '))
      if (!mechanism.empty() && !out.offers_auth(mechanism)) out.auth.push_back(to_upper(mechanism));
  }
  return out;
}

Reply Extensions::answer(std::string_view greeting) const {
  Reply reply(250, std::string(greeting));
  for (const auto& [name, member] : flags)
    if (this->*member) reply.lines.emplace_back(name);
  if (size) reply.lines.push_back(*size == 0 ? "SIZE" : "SIZE " + std::to_string(*size));
  if (!auth.empty()) reply.lines.push_back("AUTH " + join(auth, " "));
  return reply;
}

bool Extensions::offers_auth(std::string_view mechanism) const {
  return std::ranges::any_of(auth, [&](const std::string& offered) { return iequals(offered, mechanism); });
}

}  // namespace ptarmigan::smtp
