// adapt/exim_setup.cpp - see exim_setup.hpp.
#include "adapt/exim_setup.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "lint/exim.hpp"

namespace ptarmigan::adapt {
namespace {

using Findings = std::vector<SetupFinding>;
using lint::Severity;

constexpr std::string_view lookup_option = "dns_ipv4_lookup";

std::string value_of(const EximOptions& options, const std::string& name) {
  const auto at = options.find(name);
  return at == options.end() ? std::string() : at->second;
}

/// A line of -bP as an option.
void add_option(std::string_view line, EximOptions& out) {
  if (const auto equals = line.find('='); equals != std::string_view::npos) {
    const auto name = trim(line.substr(0, equals));
    out[std::string(name)] = std::string(trim(line.substr(equals + 1)));
  } else if (line.starts_with("no_")) {
    out[std::string(line.substr(3))] = "false";
  } else if (!line.empty()) {
    out[std::string(line)] = "true";
  }
}

/// The items of an Exim list; "<; " chooses the separator.
std::vector<std::string> items_of(std::string_view list) {
  char separator = ':';
  list = trim(list, " \t\"");
  if (list.size() > 1 && list.starts_with('<')) {
    separator = list[1];
    list.remove_prefix(2);
  }
  std::vector<std::string> out;
  for (const auto item : split(list, separator)) out.emplace_back(trim(item));
  std::erase(out, std::string());
  return out;
}

bool covers_all_ipv6(std::string_view list) {
  return std::ranges::any_of(items_of(list), [](const std::string& item) {
    return item.ends_with("/0") && item.contains(':') && IpAddress::parse(item.substr(0, item.size() - 2)).has_value();
  });
}

/// Only what may stand between braces without meaning anything there.
bool plain_list(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return is_alnum(c) || std::string_view(" .*:!-_").find(c) != std::string_view::npos;
  });
}

class Inspection {
 public:
  Inspection(const EximSetup& setup, const OwnHouse& house, const Facts& facts)
      : setup_(setup), house_(house), facts_(facts), gather_(facts), file_(lint::parse_exim(setup.text)) {}

  Known<Findings> run() {
    findings_ = findings_of_text({{setup_.file, setup_.text, lint::Kind::exim}}, {});
    check_main();
    check_routers();
    for (const auto& transport : setup_.transports)
      if (value_of(transport.options, "driver") == "smtp") check_transport(transport);
    if (gather_.lacks()) return gather_.need();
    return std::move(findings_);
  }

 private:
  void add(std::string id, Severity severity, std::string place, std::string what, std::string remedy) {
    SetupFinding found{std::move(id), severity, std::move(place), std::move(what), std::move(remedy)};
    const auto same = [&](const SetupFinding& f) { return f.place == found.place && f.what == found.what; };
    if (std::ranges::none_of(findings_, same)) findings_.push_back(std::move(found));
  }
  void take(const Known<Findings>& judged) {
    if (const auto* found = gather_.take(judged))
      for (const auto& one : *found) add(one.id, one.severity, one.place, one.what, one.remedy);
  }
  [[nodiscard]] const lint::EximOption* find(std::string_view driver, std::string_view name) const {
    for (const auto& option : file_.options)
      if (option.driver == driver && option.name == name) return &option;
    return nullptr;
  }
  [[nodiscard]] std::string place_of(std::string_view driver, std::string_view name) const {
    const auto* option = find(driver, name);
    return option == nullptr ? setup_.file : place_in(setup_.file, setup_.text, option->line);
  }
  [[nodiscard]] bool ipv6_off() const { return value_of(setup_.main, "disable_ipv6") == "true"; }
  [[nodiscard]] std::string ehlo() const { return value_of(setup_.main, "primary_hostname"); }

  void check_main() {
    const auto* written = find("", "disable_ipv6");
    if (written != nullptr && written->value == "true" && !ipv6_off())
      add("M02", Severity::warning, place_of("", "disable_ipv6"),
          "disable_ipv6 stands here, and this Exim runs without it: the guard around it is not met",
          "Take it out; `exim -bP disable_ipv6` tells what is in force");
    if (ipv6_off() && value_of(setup_.main, std::string(lookup_option)).contains("readsocket"))
      add("M01", Severity::warning, place_of("", "disable_ipv6"),
          "disable_ipv6 is on: what `ptarmigan map` answers changes nothing, IPv6 never comes back", "Take it out");
    const auto local = items_of(value_of(setup_.main, "local_interfaces"));
    const bool local_ipv6 = local.empty() || std::ranges::any_of(local, [](const std::string& item) {
                              return item.find(':') != item.rfind(':');
                            });
    if (ipv6_off())
      take(check_closed_listener(ehlo(), place_of("", "disable_ipv6"), "disable_ipv6", facts_));
    else if (!local_ipv6 && !loopback_only(local))
      take(check_closed_listener(ehlo(), place_of("", "local_interfaces"), "local_interfaces without an IPv6 address",
                                 facts_));
    if (ipv6_off() && !local.empty() && local_ipv6)
      add("M01", Severity::warning, place_of("", "local_interfaces"),
          "local_interfaces names an IPv6 address, which disable_ipv6 makes Exim ignore", "Decide for one of the two");
  }

  static bool loopback_only(const std::vector<std::string>& items) {
    return std::ranges::all_of(items, [](const std::string& item) {
      const auto address = IpAddress::parse(item);
      return address && address->is_loopback();
    });
  }

  void check_routers() {
    for (std::size_t i = 0; i < setup_.routers.size(); ++i) {
      const auto& router = setup_.routers[i];
      const auto only = value_of(router.options, "ipv4_only");
      if (only.contains("readsocket") && !only.contains("lsearch"))
        add("M02", Severity::warning, place_of(router.name, "ipv4_only"),
            "ipv4_only of " + router.name +
                " asks a socket: while nobody answers, Exim 4.96 defers all its mail, "
                "whatever the fail string says",
            "Append a look-up that succeeds, ${lookup{x}lsearch{/etc/hostname}{}{}}, or decide by dns_ipv4_lookup");
      if (value_of(router.options, "driver") != "dnslookup" ||
          !covers_all_ipv6(value_of(router.options, "ignore_target_hosts")) ||
          value_of(router.options, "more") == "false")
        continue;
      for (std::size_t j = i + 1; j < setup_.routers.size(); ++j) {
        const auto& next = setup_.routers[j];
        const auto driver = value_of(next.options, "driver");
        if (driver != "dnslookup" || covers_all_ipv6(value_of(next.options, "ignore_target_hosts"))) continue;
        add("M02", Severity::warning, place_of(router.name, "ignore_target_hosts"),
            router.name + " drops every IPv6 address; where nothing is left it declines, and " + next.name +
                " sends over IPv6 all the same",
            "Add no_more to " + router.name);
        break;
      }
    }
  }

  void check_transport(const EximDriver& transport) {
    const auto listed = value_of(transport.options, "interface");
    const auto place = place_of(transport.name, "interface");
    if (!listed.contains('$')) {
      for (const auto& item : items_of(listed)) {
        const auto address = IpAddress::parse(item);
        if (!address) continue;
        if (address->is_v6() && ipv6_off()) {
          add("M01", Severity::warning, place,
              "interface of " + transport.name + " names " + address->text() + ", and disable_ipv6 is on",
              "Decide for one of the two");
          continue;
        }
        const auto helo = value_of(transport.options, "helo_data");
        take(check_sender_address(*address, helo.empty() || helo.contains('$') ? ehlo() : helo, place, house_, facts_));
      }
    }
    if (listed.empty() && !house_.sources.empty())
      add("M06", Severity::advice, place_of(transport.name, "driver"),
          "the transport " + transport.name + " has no interface: any address of the host may be used",
          "Add interface with the [[source]] of ptarmigan.toml: interface = <; IPv4 ; IPv6");
    const bool logs_in = !value_of(transport.options, "hosts_require_auth").empty() ||
                         value_of(transport.options, "hosts_try_auth").contains('*');
    if (logs_in && value_of(transport.options, "hosts_require_tls").empty())
      add("M07", Severity::warning, place_of(transport.name, "hosts_require_auth"),
          "the transport " + transport.name + " logs in without requiring TLS: the password may go in clear",
          "Add hosts_require_tls = *");
  }

  const EximSetup& setup_;
  const OwnHouse& house_;
  const Facts& facts_;
  Gather gather_;
  lint::EximFile file_;
  Findings findings_;
};

}  // namespace

EximOptions parse_exim_options(std::string_view printed) {
  EximOptions out;
  for (const auto line : split(printed, '\n')) add_option(trim(line), out);
  return out;
}

std::vector<EximDriver> parse_exim_drivers(std::string_view printed) {
  std::vector<EximDriver> out;
  for (const auto line : split(printed, '\n')) {
    const auto bare = trim(line);
    const bool heading = bare.ends_with(" router:") || bare.ends_with(" transport:");
    if (heading)
      out.push_back({std::string(bare.substr(0, bare.rfind(' '))), {}});
    else if (!out.empty())
      add_option(bare, out.back().options);
  }
  return out;
}

std::string exim_lookup(const EximPatch& patch, std::string_view fallback) {
  const std::string where = patch.map.starts_with('/') ? patch.map : "inet:" + patch.map;
  return "${readsocket{" + where + "}{exim-ipv4-hosts $domain\\n}{5s}{}{" + std::string(fallback) + "}}";
}

std::string patched_exim(std::string_view text, const EximPatch& patch, Original original) {
  const auto before = without_block(text);
  const auto parsed = lint::parse_exim(before.text);
  std::vector<std::string_view> silenced;
  std::string fallback(exim_fallback);
  for (const auto& option : parsed.options) {
    if (option.section != "main" || option.name != lookup_option) continue;
    const auto* end = std::max(option.raw.data() + option.raw.size(), option.line.data() + option.line.size());
    silenced.emplace_back(option.line.data(), static_cast<std::size_t>(end - option.line.data()));
    if (plain_list(option.value)) fallback = option.value;
  }
  Block block;
  block.place = BlockPlace::front;
  block.original = before.state == WithoutBlock::State::none ? original : before.original;
  block.taken_out_by = "`ptarmigan exim undo`";
  block.lines = {std::string(lookup_option) + " = " + exim_lookup(patch, fallback)};
  return with_block(before.text, block, silenced);
}

std::vector<SetupFinding> unlike_patch(const EximSetup& setup, const EximPatch& patch) {
  std::vector<SetupFinding> out;
  const auto value = value_of(setup.main, std::string(lookup_option));
  const auto wanted = exim_lookup(patch, "");
  if (!value.starts_with(wanted.substr(0, wanted.size() - 3)))
    out.push_back({"M01", Severity::error, setup.file,
                   std::string(lookup_option) + " is " + (value.empty() ? "not set" : "'" + value + "'") +
                       ", and does not ask " + patch.map,
                   "Run `ptarmigan exim patch`"});
  if (value_of(setup.main, "disable_ipv6") == "true")
    out.push_back({"M01", Severity::error, setup.file, "disable_ipv6 is on: IPv6 never comes back", "Take it out"});
  return out;
}

Known<std::vector<SetupFinding>> inspect_exim(const EximSetup& setup, const OwnHouse& house, const Facts& facts) {
  return Inspection(setup, house, facts).run();
}

}  // namespace ptarmigan::adapt
