// mta/milter.cpp - see milter.hpp.
#include "mta/milter.hpp"

#include <utility>

namespace ptarmigan::mta::milter {
namespace {

constexpr std::size_t length_octets = 4;
constexpr std::string_view ipv6_tag = "IPv6:";

std::uint32_t number_of(std::string_view octets) {
  std::uint32_t out = 0;
  for (const char c : octets) out = (out << 8) | static_cast<unsigned char>(c);
  return out;
}

void append_number(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xff);
}

void append_string(std::string& out, std::string_view text) {
  out += text.substr(0, text.find('\0'));
  out += '\0';
}

/// Takes a string from the front of `data`; nothing where no NUL ends it.
std::optional<std::string_view> take_string(std::string_view& data) {
  const auto end = data.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const auto out = data.substr(0, end);
  data.remove_prefix(end + 1);
  return out;
}

}  // namespace

PacketReader::State PacketReader::feed(std::string_view octets) {
  if (broken_) return State::broken;
  if (begin_ > 0) {
    waiting_.erase(0, begin_);
    begin_ = 0;
  }
  waiting_ += octets;
  if (waiting_.size() < length_octets) return State::incomplete;
  const std::size_t length = number_of(std::string_view(waiting_).substr(0, length_octets));
  if (length == 0 || length > max_packet) {
    broken_ = true;
    waiting_.clear();
    return State::broken;
  }
  if (waiting_.size() - length_octets < length) return State::incomplete;
  const auto whole = std::string_view(waiting_).substr(length_octets, length);
  packet_ = {.command = whole.front(), .data = whole.substr(1)};
  begin_ = length_octets + length;
  return State::complete;
}

Result<Options> read_options(std::string_view data) {
  // Macro lists may follow.
  if (data.size() < 3 * length_octets) return failure("the milter negotiation is too short");
  return Options{.version = number_of(data.substr(0, 4)),
                 .actions = number_of(data.substr(4, 4)),
                 .steps = number_of(data.substr(8, 4))};
}

Result<Client> read_client(std::string_view data) {
  Client out;
  const auto host = take_string(data);
  if (!host || data.empty()) return failure("the milter connect packet is cut off");
  out.host_name = *host;
  out.family = data.front();
  data.remove_prefix(1);
  if (out.family == 'U') return out;
  if (out.family != '4' && out.family != '6' && out.family != 'L')
    return failure("the milter connect packet has an unknown family");
  if (data.size() < 2) return failure("the milter connect packet is cut off");
  out.port = static_cast<std::uint16_t>(number_of(data.substr(0, 2)));
  data.remove_prefix(2);
  auto address = take_string(data);
  if (!address) return failure("the milter connect packet is cut off");
  if (out.family == '6' && address->starts_with(ipv6_tag)) address->remove_prefix(ipv6_tag.size());
  out.address = *address;
  return out;
}

Result<std::vector<std::string_view>> read_strings(std::string_view data) {
  std::vector<std::string_view> out;
  while (!data.empty()) {
    const auto text = take_string(data);
    if (!text) return failure("a milter packet holds a string without end");
    out.push_back(*text);
  }
  return out;
}

Result<Field> read_field(std::string_view data) {
  const auto name = take_string(data);
  const auto value = name ? take_string(data) : std::nullopt;
  if (!value || name->empty() || !data.empty()) return failure("a milter packet holds no header field");
  return Field{.name = *name, .value = *value};
}

Result<Macros> read_macros(std::string_view data) {
  if (data.empty()) return failure("a milter macro packet is empty");
  Macros out{.step = data.front(), .values = {}};
  const auto strings = read_strings(data.substr(1));
  if (!strings) return std::unexpected(strings.error());
  if (strings->size() % 2 != 0) return failure("a milter macro has no value");
  for (std::size_t i = 0; i < strings->size(); i += 2) {
    auto name = (*strings)[i];
    if (name.starts_with('{') && name.ends_with('}')) name = name.substr(1, name.size() - 2);
    out.values.emplace_back(name, (*strings)[i + 1]);
  }
  return out;
}

std::string packet(char command, std::string_view data) {
  std::string out;
  out.reserve(length_octets + 1 + data.size());
  append_number(out, static_cast<std::uint32_t>(data.size() + 1));
  out += command;
  out += data;
  return out;
}

std::string negotiate(const Options& options) {
  std::string data;
  for (const auto number : {options.version, options.actions, options.steps}) append_number(data, number);
  return packet(std::to_underlying(Command::negotiate), data);
}

std::string answer(Answer answer) {
  return packet(std::to_underlying(answer), "");
}

std::string reply(std::string_view text) {
  std::string data;
  append_string(data, text);
  return packet('y', data);
}

std::string insert_field(std::uint32_t place, std::string_view name, std::string_view value) {
  std::string data;
  append_number(data, place);
  append_string(data, name);
  append_string(data, value);
  return packet('i', data);
}

std::string delete_field(std::uint32_t occurrence, std::string_view name) {
  std::string data;
  append_number(data, occurrence);
  append_string(data, name);
  append_string(data, "");
  return packet('m', data);
}

}  // namespace ptarmigan::mta::milter
