// lint/exim_checks.cpp - Exim's configuration (its specification, chapters 6, 14, 24 and 30).
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "dns/name.hpp"
#include "lint/exim.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

bool is_true(std::string_view value) {
  return iequals(value, "true") || iequals(value, "yes");
}

/// The line as a whole, with its line end where it has one: what is cut out.
std::string_view whole_line(std::string_view text, std::string_view line) {
  auto begin = static_cast<std::size_t>(line.data() - text.data());
  while (begin > 0 && text[begin - 1] != '\n') --begin;
  auto end = static_cast<std::size_t>(line.data() - text.data()) + line.size();
  while (end < text.size() && text[end] != '\n') ++end;
  if (end < text.size()) ++end;
  return text.substr(begin, end - begin);
}

/// A guard with an option's own name, whose body sets that option to something else than the macro.
void check_guards(const EximFile& file, Reporter& out) {
  for (const auto& option : file.options) {
    for (const auto index : option.within) {
      const auto& guard = file.conditionals[index];
      if (guard.defined_before || !guard.wants_defined || to_lower(guard.macro) != option.name) continue;
      if (option.value.contains(guard.macro)) continue;  // a template's hook: the admin's macro is the value
      out.add("L02", Severity::error, guard.line,
              "no macro " + std::string(guard.macro) + " is defined before it: " + std::string(option.name) +
                  " within is never set");
    }
  }
}

/// A second setting of one option in the main section.
void check_duplicates(const EximFile& file, Reporter& out) {
  std::map<std::string_view, const EximOption*> first;
  for (const auto& option : file.options) {
    if (option.section != "main") continue;
    const auto [at, is_new] = first.try_emplace(option.name, &option);
    if (is_new) continue;
    const auto& earlier = *at->second;
    const bool branches =
        !option.within.empty() && !earlier.within.empty() && option.within != earlier.within &&
        file.conditionals[option.within.back()].macro == file.conditionals[earlier.within.back()].macro;
    if (branches) continue;  // .ifdef and .else of one macro
    out.add("L02", Severity::error, option.line,
            std::string(option.name) + " is set a second time: Exim refuses the configuration" +
                (option.within.empty() ? "" : " as soon as the macro around it is defined"),
            {}, whole_line(out.text(), option.line), {});
  }
}

void check_name(std::string_view option, std::string_view value, std::string_view at, Reporter& out) {
  if (value.contains('$')) return;
  const auto bare = trim(value, "\" ");
  const auto parsed = dns::DomainName::parse(bare);
  const bool usable = parsed && parsed->is_hostname() && !parsed->text().ends_with(".localdomain") &&
                      !parsed->text().ends_with(".local") && !IpAddress::parse(bare);
  if (!usable)
    out.add("L21", Severity::error, at,
            std::string(option) + " makes EHLO say '" + std::string(bare) + "', which is no public host name");
}

void check_domains(const EximOption& option, Reporter& out) {
  const std::string_view place = option.raw.empty() ? option.line : option.raw;
  const auto found = ifind(option.value, "gmail.com");
  if (found == std::string::npos || (found > 0 && option.value[found - 1] == '.')) return;
  out.add("L19", Severity::warning, place,
          "domains of " + option.driver +
              " list gmail.com: Google Workspace domains have the same MX hosts and are "
              "missed",
          "Decide by MX host in the main section: dns_ipv4_lookup = *.google.com : *.googlemail.com");
}

/// Pinned for IPv4 alone: Exim ignores an interface of the wrong family silently.
void check_interface(const EximOption& option, Reporter& out) {
  if (option.value.contains('$') || option.value.empty()) return;
  if (option.value.contains("::") || option.value.find(':') != option.value.rfind(':')) return;
  if (!IpAddress::parse(trim(std::string_view(option.value), "<; "))) return;
  out.add("L17", Severity::warning, option.raw.empty() ? option.line : option.raw,
          "interface names an IPv4 address only: over IPv6 any address of the network may be used",
          "Name both: interface = <; " + option.value + " ; 2001:db8::1 (your own address)");
}

}  // namespace

void check_exim(std::string_view text, const Context& context, Reporter& out) {
  const auto file = parse_exim(text);
  check_guards(file, out);
  check_duplicates(file, out);
  const EximOption* relay = nullptr;
  const EximOption* closed = nullptr;
  bool signs = false;
  for (const auto& option : file.options) {
    if (option.section == "main" && option.name == "disable_ipv6" && is_true(option.value)) {
      closed = &option;
      out.add("L03", Severity::warning, option.line, "disable_ipv6 closes the IPv6 listeners as well as the way out",
              "Keep Exim's IPv6, and look up Google's hosts over IPv4 alone for the time being: "
              "dns_ipv4_lookup = *.google.com : *.googlemail.com",
              option.line, "dns_ipv4_lookup = *.google.com : *.googlemail.com");
    }
    if (option.section == "main" && option.name == "primary_hostname")
      check_name(option.name, option.value, option.raw.empty() ? option.line : option.raw, out);
    if (option.section == "transports" && option.name == "helo_data")
      check_name(option.name, option.value, option.raw.empty() ? option.line : option.raw, out);
    if (option.section == "transports" && option.name == "interface") check_interface(option, out);
    if (option.section == "routers" && option.name == "domains") check_domains(option, out);
    if (option.name == "dkim_domain" || option.name == "dkim_private_key") signs = true;
    if (option.section == "routers" && option.name == "route_list" && option.value.starts_with('*')) relay = &option;
  }
  if (relay != nullptr && !signs)
    out.add("L12", Severity::advice, relay->line, "all mail goes through a smart host, and no transport signs it");
  if (relay != nullptr && closed != nullptr && !context.snippet)
    out.add("L25", Severity::advice, relay->line,
            "IPv6 is off and mail goes through a smart host: two repairs of the same refusal");
}

}  // namespace ptarmigan::lint
