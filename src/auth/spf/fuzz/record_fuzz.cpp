// auth/spf/fuzz/record_fuzz.cpp - a record that is read holds only what stands in it: its terms, written again, are
// read as the same record. Whatever its macros expand to, the name asked for keeps to the limits of DNS.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/spf/macro.hpp"
#include "auth/spf/record.hpp"

using namespace ptarmigan;
using namespace ptarmigan::spf;

namespace {

void expand_all(std::string_view domain_spec) {
  const MacroValues values{.local_part = "a-b+c..\xff\"%{l}",
                           .sender_domain = "example.com",
                           .domain = "sub.example.com",
                           .client = *IpAddress::parse("2001:db8::1"),
                           .helo = "[192.0.2.1]",
                           .validated = "unknown",
                           .receiver = "mx",
                           .now = std::nullopt};
  const auto name = target_name(expand(domain_spec, values));
  if (name && name->label_count() > 127) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!is_record(text)) return 0;
  const auto record = Record::parse(text);
  if (!record) return 0;
  std::string again = "v=spf1";
  for (const auto& mechanism : record->mechanisms) {
    again += "  " + std::string(mechanism.text);
    if (!mechanism.domain_spec.empty()) expand_all(mechanism.domain_spec);
  }
  if (record->redirect) again += " redirect=" + std::string(*record->redirect);
  if (record->exp) again += " EXP=" + std::string(*record->exp);
  for (const auto& modifier : record->unknown_modifiers)
    again += " " + std::string(modifier.name) + "=" + std::string(modifier.value);
  const auto same = Record::parse(std::string_view(again));
  if (!same || same->mechanisms.size() != record->mechanisms.size() || same->redirect != record->redirect ||
      same->exp != record->exp || same->unknown_modifiers.size() != record->unknown_modifiers.size())
    std::abort();
  for (std::size_t i = 0; i < record->mechanisms.size(); ++i) {
    const auto& a = record->mechanisms[i];
    const auto& b = same->mechanisms[i];
    if (a.text != b.text || a.type != b.type || a.qualifier != b.qualifier || a.domain_spec != b.domain_spec ||
        a.network != b.network || a.prefix_v4 != b.prefix_v4 || a.prefix_v6 != b.prefix_v6)
      std::abort();
  }
  return 0;
}
