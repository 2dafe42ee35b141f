// auth/spf/record.cpp - see record.hpp.
#include "auth/spf/record.hpp"

#include <algorithm>
#include <array>

#include "auth/spf/macro.hpp"
#include "base/text.hpp"

namespace ptarmigan::spf {
namespace {

constexpr std::string_view version = "v=spf1";

struct MechanismName {
  std::string_view name;
  MechanismType type;
};
constexpr std::array mechanism_names{
    MechanismName{"all", MechanismType::all}, MechanismName{"include", MechanismType::include},
    MechanismName{"a", MechanismType::a},     MechanismName{"mx", MechanismType::mx},
    MechanismName{"ptr", MechanismType::ptr}, MechanismName{"ip4", MechanismType::ip4},
    MechanismName{"ip6", MechanismType::ip6}, MechanismName{"exists", MechanismType::exists}};

std::unexpected<Error> wrong(std::string_view term, std::string_view why, std::string remedy = {}) {
  return failure("'" + printable(term, 80) + "': " + std::string(why), std::move(remedy));
}

/// Digits of an ip4- or ip6-cidr-length without leading zeros, at most `longest`.
std::optional<std::uint8_t> parse_prefix(std::string_view digits, unsigned longest) {
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  const auto value = parse_number<unsigned>(digits);
  if (!value || *value > longest) return std::nullopt;
  return static_cast<std::uint8_t>(*value);
}

/// Cuts "/digits" off the end of `text` and returns the digits; nothing where it does not end so.
std::optional<std::string_view> cut_trailing_length(std::string_view& text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto digits = text.substr(slash + 1);
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  text = text.substr(0, slash);
  return digits;
}

/// [ ip4-cidr-length ] [ "/" ip6-cidr-length ] off the end of `text` (RFC 7208#5.3).
ptarmigan::Result<> cut_dual_cidr(std::string_view& text, Mechanism& mechanism) {
  auto digits = cut_trailing_length(text);
  if (!digits) return {};
  if (text.ends_with('/')) {
    text.remove_suffix(1);
    const auto v6 = parse_prefix(*digits, 128);
    if (!v6) return wrong(mechanism.text, "an IPv6 prefix length is 0 to 128, without leading zeros");
    mechanism.prefix_v6 = *v6;
    digits = cut_trailing_length(text);
    if (!digits) return {};
  }
  const auto v4 = parse_prefix(*digits, 32);
  if (!v4)
    return wrong(mechanism.text, "an IPv4 prefix length is 0 to 32, without leading zeros",
                 "an IPv6 prefix length is written with two slashes: //64");
  mechanism.prefix_v4 = *v4;
  return {};
}

ptarmigan::Result<> parse_network(std::string_view value, Mechanism& mechanism) {
  const bool v4 = mechanism.type == MechanismType::ip4;
  const auto slash = value.find('/');
  const auto address = IpAddress::parse(value.substr(0, slash));
  if (!address || address->is_v4() != v4)
    return wrong(mechanism.text, v4 ? "it needs a whole IPv4 address" : "it needs an IPv6 address");
  mechanism.network = *address;
  if (slash == std::string_view::npos) return {};
  const auto prefix = parse_prefix(value.substr(slash + 1), v4 ? 32 : 128);
  if (!prefix)
    return wrong(mechanism.text, v4 ? "the prefix length is 0 to 32, without leading zeros"
                                    : "the prefix length is 0 to 128, without leading zeros");
  (v4 ? mechanism.prefix_v4 : mechanism.prefix_v6) = *prefix;
  return {};
}

ptarmigan::Result<> set_domain_spec(std::string_view value, Mechanism& mechanism) {
  if (auto good = check_domain_spec(value); !good) {
    const bool address = IpAddress::parse(value).has_value();
    return wrong(mechanism.text, good.error().message,
                 address ? "an address is written as ip4:" + std::string(value) : std::move(good.error().remedy));
  }
  mechanism.domain_spec = value;
  return {};
}

/// `rest` is what follows the mechanism's name: "", ":value" or "/length".
ptarmigan::Result<> parse_arguments(std::string_view rest, Mechanism& mechanism) {
  const bool has_value = rest.starts_with(':');
  switch (mechanism.type) {
    case MechanismType::all:
      if (!rest.empty()) return wrong(mechanism.text, "'all' stands alone");
      return {};
    case MechanismType::ip4:
    case MechanismType::ip6:
      if (!has_value) return wrong(mechanism.text, "an address must follow");
      return parse_network(rest.substr(1), mechanism);
    case MechanismType::include:
    case MechanismType::exists:
      if (!has_value) return wrong(mechanism.text, "a domain must follow");
      return set_domain_spec(rest.substr(1), mechanism);
    case MechanismType::ptr:
      if (rest.empty()) return {};
      if (!has_value) return wrong(mechanism.text, "'ptr' takes no prefix length");
      return set_domain_spec(rest.substr(1), mechanism);
    case MechanismType::a:
    case MechanismType::mx:
      if (auto cut = cut_dual_cidr(rest, mechanism); !cut) return cut;
      if (has_value) return set_domain_spec(rest.substr(1), mechanism);
      if (!rest.empty())
        return wrong(mechanism.text, "after the name only ':domain', '/length' or '//length' may stand");
      return {};
  }
  return {};
}

ptarmigan::Result<Mechanism> parse_mechanism(std::string_view term) {
  Mechanism mechanism;
  mechanism.text = term;
  std::string_view body = term;
  if (std::string_view("+-~?").find(body.front()) != std::string_view::npos) {
    mechanism.qualifier = static_cast<Qualifier>(body.front());
    body.remove_prefix(1);
  }
  const auto end = std::min(body.find_first_of(":/"), body.size());
  const auto name = body.substr(0, end);
  const auto* const known = std::ranges::find_if(mechanism_names, [&](const auto& n) { return iequals(n.name, name); });
  if (known == mechanism_names.end()) {
    if (iequals(name, "redirect") || iequals(name, "exp"))
      return wrong(term, "'" + to_lower(name) + "' is a modifier", "write it with '='");
    return wrong(term, "this mechanism is not known",
                 iequals(name, "ipv4")   ? "write ip4"
                 : iequals(name, "ipv6") ? "write ip6"
                                         : "");
  }
  mechanism.type = known->type;
  if (auto parsed = parse_arguments(body.substr(end), mechanism); !parsed) return std::unexpected(parsed.error());
  return mechanism;
}

bool is_name_character(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/// The length of `name` where `term` is name "=" ..., else 0 (RFC 7208#4.6.1).
std::size_t modifier_name_length(std::string_view term) {
  if (!is_alpha(term.front())) return 0;
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(term, is_name_character) - term.begin());
  return end < term.size() && term[end] == '=' ? end : 0;
}

ptarmigan::Result<> add_modifier(std::string_view term, std::size_t name_length, Record& record) {
  const Modifier modifier{term.substr(0, name_length), term.substr(name_length + 1)};
  const bool redirect = iequals(modifier.name, "redirect");
  if (redirect || iequals(modifier.name, "exp")) {
    auto& place = redirect ? record.redirect : record.exp;
    if (place) return wrong(term, "this modifier may stand only once");
    if (auto good = check_domain_spec(modifier.value); !good)
      return wrong(term, good.error().message, std::move(good.error().remedy));
    place = modifier.value;
    return {};
  }
  if (auto good = check_macro_string(modifier.value); !good)
    return wrong(term, good.error().message, std::move(good.error().remedy));
  record.unknown_modifiers.push_back(modifier);
  return {};
}

}  // namespace

std::string_view to_string(MechanismType type) {
  return std::ranges::find(mechanism_names, type, &MechanismName::type)->name;
}

bool Mechanism::asks_dns() const {
  return type != MechanismType::all && type != MechanismType::ip4 && type != MechanismType::ip6;
}

bool is_record(std::string_view text) {
  return istarts_with(text, version) && (text.size() == version.size() || text[version.size()] == ' ');
}

ptarmigan::Result<Record> Record::parse(std::string_view text) {
  Record record;
  std::string_view rest = text.substr(std::min(version.size(), text.size()));
  record.mechanisms.reserve(static_cast<std::size_t>(std::ranges::count(rest, ' ')));
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty()) return record;
    const auto term = rest.substr(0, rest.find(' '));
    rest.remove_prefix(term.size());
    if (const auto length = modifier_name_length(term); length > 0) {
      if (auto added = add_modifier(term, length, record); !added) return std::unexpected(added.error());
    } else {
      auto mechanism = parse_mechanism(term);
      if (!mechanism) return std::unexpected(mechanism.error());
      record.mechanisms.push_back(*mechanism);
    }
  }
}

}  // namespace ptarmigan::spf
