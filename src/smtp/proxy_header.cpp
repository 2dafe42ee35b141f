// smtp/proxy_header.cpp - see proxy_header.hpp.
#include "smtp/proxy_header.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ptarmigan::smtp {
namespace {

using namespace std::string_view_literals;

constexpr auto v1_begin = "PROXY "sv;
constexpr auto v2_begin = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t shortest_v1 = "PROXY UNKNOWN\r\n"sv.size();
constexpr std::size_t v2_fixed = 16;
constexpr std::size_t v2_ipv4 = 12;
constexpr std::size_t v2_ipv6 = 36;

std::size_t octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}
std::size_t number16(std::string_view text, std::size_t at) {
  return octet(text, at) << 8U | octet(text, at + 1);
}

bool may_begin(std::string_view text, std::string_view begin) {
  return text.substr(0, begin.size()) == begin.substr(0, text.size());
}

template <std::size_t count>
std::array<std::uint8_t, count> array_of(std::string_view text) {
  std::array<std::uint8_t, count> out{};
  std::ranges::copy(text.substr(0, count), out.begin());
  return out;
}

}  // namespace

std::size_t ProxyHeaderReader::wanted() const {
  if (complete_ || !problem_.empty()) return 0;
  if (octets_.empty() || octets_.front() == '\r') {
    if (octets_.size() < v2_fixed) return octets_.empty() ? shortest_v1 : v2_fixed - octets_.size();
    return v2_fixed + number16(octets_, 14) - octets_.size();
  }
  if (octets_.size() < shortest_v1) return shortest_v1 - octets_.size();
  // The LF is the last octet; a CR at the end has it as the next one.
  return 1;
}

void ProxyHeaderReader::feed(std::string_view octets) {
  if (wanted() == 0 || octets.size() > wanted()) {
    problem_ = "octets behind the PROXY header";
    return;
  }
  octets_ += octets;
  const bool v2 = octets_.starts_with('\r');
  if (!may_begin(octets_, v2 ? v2_begin : v1_begin)) {
    problem_ = "no PROXY header";
    return;
  }
  if (!v2) {
    if (octets_.ends_with('\n')) return finish_v1();
    if (octets_.contains('\n') || octets_.size() >= max_proxy_v1) problem_ = "malformed PROXY header";
    return;
  }
  if (octets_.size() < v2_fixed) return;
  const auto length = number16(octets_, 14);
  if (octet(octets_, 12) >> 4U != 2) problem_ = "unknown version of the PROXY header";
  if (length > max_proxy_v2_body) problem_ = "the PROXY header is too long";
  if (problem_.empty() && octets_.size() == v2_fixed + length) finish_v2();
}

void ProxyHeaderReader::finish_v1() {
  problem_ = "malformed PROXY header";
  std::string_view line = octets_;
  if (!line.ends_with("\r\n")) return;
  line.remove_suffix(2);
  line.remove_prefix(v1_begin.size());
  const bool unknown = line == "UNKNOWN" || line.starts_with("UNKNOWN ");
  if (!unknown) {
    const auto words = split(line, ' ');
    if (words.size() != 5 || (words[0] != "TCP4" && words[0] != "TCP6")) return;
    const auto family = words[0] == "TCP4" ? Family::ipv4 : Family::ipv6;
    const auto source = IpAddress::parse(words[1]);
    const auto destination = IpAddress::parse(words[2]);
    const auto port = parse_number<std::uint16_t>(words[3]);
    if (!source || source->family() != family || !destination || destination->family() != family || !port ||
        !parse_number<std::uint16_t>(words[4]))
      return;
    client_ = Endpoint{source->unmapped(), *port};
  }
  problem_.clear();
  complete_ = true;
}

void ProxyHeaderReader::finish_v2() {
  const auto command = octet(octets_, 12) & 0xfU;
  const auto family = octet(octets_, 13) >> 4U;
  const auto transport = octet(octets_, 13) & 0xfU;
  const auto body = std::string_view(octets_).substr(v2_fixed);
  complete_ = true;
  if (command > 1) problem_ = "unknown command of the PROXY header";
  if (command != 1) return;  // LOCAL: the proxy's own connection
  if (transport != 1 || (family != 1 && family != 2)) return;
  if (body.size() < (family == 1 ? v2_ipv4 : v2_ipv6)) {
    problem_ = "the PROXY header is too short for its addresses";
    return;
  }
  if (family == 1)
    client_ = Endpoint{IpAddress::v4(array_of<4>(body)), static_cast<std::uint16_t>(number16(body, 8))};
  else
    client_ = Endpoint{IpAddress::v6(array_of<16>(body)).unmapped(), static_cast<std::uint16_t>(number16(body, 32))};
}

}  // namespace ptarmigan::smtp
