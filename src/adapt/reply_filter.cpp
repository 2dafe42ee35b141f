// adapt/reply_filter.cpp - see reply_filter.hpp.
#include "adapt/reply_filter.hpp"

#include <utility>

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "smtp/failure.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::adapt {
namespace {

constexpr std::size_t code_size = 3;

/// Gmail says so in words, others quote the address.
bool names_ipv6(std::string_view reply) {
  if (ifind(reply, "ipv6") != std::string_view::npos) return true;
  for (auto open = reply.find('['); open != std::string_view::npos; open = reply.find('[', open + 1)) {
    const auto close = reply.find(']', open);
    if (close == std::string_view::npos) return false;
    const auto address = IpAddress::parse(reply.substr(open + 1, close - open - 1));
    if (address && address->is_v6()) return true;
  }
  return false;
}

}  // namespace

void ReplyFilter::saw(const mta::DnsReply& record) {
  if (record.type == "MX") saw_ipv4_ = saw_ipv6_ = false;
  if (record.type == "A") saw_ipv4_ = true;
  if (record.type == "AAAA") saw_ipv6_ = true;
}

std::optional<std::string> ReplyFilter::answer(std::string_view line) {
  const bool goes_on = line.size() > code_size && line[code_size] == '-';
  if (reply_.size() + line.size() < max_reply) reply_ += (reply_.empty() ? "" : " ") + std::string(line);
  if (goes_on) return std::nullopt;
  const auto whole = std::exchange(reply_, std::string());
  if (!line.starts_with('5') || !names_ipv6(whole) || (saw_ipv6_ && !saw_ipv4_)) return std::nullopt;
  const auto reply = smtp::Reply::parse(whole);
  if (!reply || smtp::classify(*reply, smtp::Stage::end_of_data).cause != smtp::Cause::sending_address)
    return std::nullopt;
  std::string out(line);
  out[0] = '4';
  if (out.size() > code_size + 2 && out[code_size + 1] == '5' && out[code_size + 2] == '.') out[code_size + 1] = '4';
  return out;
}

}  // namespace ptarmigan::adapt
