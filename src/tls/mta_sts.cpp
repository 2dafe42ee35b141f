// tls/mta_sts.cpp - see mta_sts.hpp.
#include "tls/mta_sts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::tls {
namespace {

constexpr std::array<std::pair<std::string_view, StsMode>, 3> modes{
    {{"none", StsMode::none}, {"testing", StsMode::testing}, {"enforce", StsMode::enforce}}};
constexpr std::size_t max_field_name = 32;
constexpr std::size_t max_age_digits = 10;

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= max_field_name && is_alnum(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

/// Nothing that could end a line, and no other control character; 8-bit octets are UTF-8 of unknown fields.
bool is_field_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

/// Lower-case, or nothing where it is no pattern.
std::optional<std::string> mx_pattern(std::string_view value) {
  const bool wildcard = value.starts_with("*.");
  const auto host = wildcard ? value.substr(2) : value;
  const bool right = std::ranges::all_of(host, [](char c) { return is_alnum(c) || c == '-' || c == '.'; });
  const auto name = dns::DomainName::parse(host);
  if (!right || !name || name->is_root()) return std::nullopt;
  return (wildcard ? "*." : "") + name->text();
}

std::unexpected<Error> wrong(std::size_t line, std::string what) {
  return failure("line " + std::to_string(line) + ": " + std::move(what));
}

/// Fields as they were met; of those that stand twice, the first counts.
struct Fields {
  std::optional<std::string_view> version, mode, max_age;
  std::vector<std::string> mx;
};

Result<> take_field(std::string_view text, std::size_t line, Fields& fields) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return wrong(line, "there is no colon");
  const auto name = text.substr(0, colon);
  const auto value = trim(text.substr(colon + 1), " \t");
  if (!is_field_name(name)) return wrong(line, "'" + printable(name, 40) + "' is no field name");
  if (!is_field_value(value)) return wrong(line, "the value holds a control character");
  const auto first = [&](std::optional<std::string_view>& field) {
    if (!field) field = value;
  };
  if (name == "version") {
    first(fields.version);
  } else if (name == "mode") {
    first(fields.mode);
  } else if (name == "max_age") {
    first(fields.max_age);
  } else if (name == "mx") {
    auto pattern = mx_pattern(value);
    if (!pattern) return wrong(line, "'" + printable(value, 80) + "' is no host name, nor *. before one");
    fields.mx.push_back(*std::move(pattern));
  }
  return {};
}

}  // namespace

std::string_view to_string(StsMode mode) {
  return modes.at(static_cast<std::size_t>(mode)).first;
}

Result<StsPolicy> StsPolicy::parse(std::string_view file) {
  if (file.size() > max_sts_policy_octets) return failure("the policy is longer than 64 KiB");
  Fields fields;
  std::size_t line = 0;
  for (auto text : split(file, '\n')) {
    ++line;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (trim(text, " \t").empty()) continue;
    if (auto taken = take_field(text, line, fields); !taken) return std::unexpected(taken.error());
  }
  if (fields.version != "STSv1") return failure("there is no version: STSv1");
  if (!fields.mode) return failure("there is no mode");
  const auto mode = std::ranges::find(modes, *fields.mode, [](const auto& pair) { return pair.first; });
  if (mode == modes.end()) return failure("mode '" + printable(*fields.mode, 40) + "' is not known");
  if (!fields.max_age) return failure("there is no max_age");
  const auto age = parse_number<std::uint64_t>(*fields.max_age);
  if (!age || fields.max_age->size() > max_age_digits)
    return failure("max_age '" + printable(*fields.max_age, 40) + "' is no number of seconds");
  if (fields.mx.empty() && mode->second != StsMode::none) return failure("there is no mx");
  return StsPolicy{.mode = mode->second, .max_age = std::min(seconds(*age), max_sts_age), .mx = std::move(fields.mx)};
}

bool StsPolicy::allows(const dns::DomainName& host) const {
  const auto name = host.text();
  const auto under_wildcard = "*." + host.parent().text();
  return std::ranges::any_of(mx, [&](const std::string& pattern) {
    return pattern == name || (host.label_count() > 1 && pattern == under_wildcard);
  });
}

std::string StsPolicy::text() const {
  std::string out = "version: STSv1\nmode: " + std::string(to_string(mode)) + "\n";
  for (const auto& pattern : mx) out += "mx: " + pattern + "\n";
  return out + "max_age: " + std::to_string(max_age.count()) + "\n";
}

const StsPolicy* current_policy(const StsMemory& memory, WallTime now) {
  if (!memory.policy || now - memory.fetched >= memory.policy->max_age) return nullptr;
  return &*memory.policy;
}

bool must_fetch(const StsMemory& memory, const std::optional<std::string>& live_id, WallTime now) {
  if (!live_id) return false;
  const auto since_failure = now - memory.failed;
  if (memory.failed_id == *live_id && since_failure >= milliseconds(0) && since_failure < sts_retry) return false;
  return current_policy(memory, now) == nullptr || memory.id != *live_id || now - memory.fetched >= sts_refresh;
}

void remember(StsMemory& memory, std::string id, StsPolicy policy, WallTime now) {
  memory = {.id = std::move(id), .policy = std::move(policy), .fetched = now};
}

void remember_failure(StsMemory& memory, std::string id, WallTime now) {
  memory.failed_id = std::move(id);
  memory.failed = now;
}

}  // namespace ptarmigan::tls
