// adapt/postfix_setup.cpp - see postfix_setup.hpp.
#include "adapt/postfix_setup.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "adapt/config_block.hpp"
#include "base/text.hpp"
#include "lint/postfix.hpp"

namespace ptarmigan::adapt {
namespace {

using Findings = std::vector<SetupFinding>;
using lint::Severity;

/// A connection that is open already outlives a decision so long.
constexpr std::string_view reuse_time = "30s";
/// With the default of 2 both tries of a delivery can go to IPv6 addresses.
constexpr std::string_view session_limit = "5";

std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> out(1);
  for (const char c : value) {
    if (is_wsp(c) || c == ',')
      out.emplace_back();
    else
      out.back() += c;
  }
  std::erase(out, std::string());
  return out;
}

struct Families {
  bool ipv4 = false;
  bool ipv6 = false;
};

Families families_of(std::string_view protocols) {
  Families out;
  for (const auto& word : words_of(protocols)) {
    if (word == "all" || word == "ipv4") out.ipv4 = true;
    if (word == "all" || word == "ipv6") out.ipv6 = true;
  }
  return out;
}

std::optional<IpAddress> address_of(std::string_view word) {
  const auto parsed = IpAddress::parse(trim(word, "[]"));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

/// The value that a service sees.
std::string effective(const PostfixSetup& setup, const lint::Service& service, const std::string& name) {
  for (auto at = service.overrides.rbegin(); at != service.overrides.rend(); ++at)
    if (at->name == name) return at->value.contains('$') ? setup.value(name) : at->value;
  return setup.value(name);
}

bool overrides(const lint::Service& service, std::string_view name) {
  return std::ranges::any_of(service.overrides, [&](const lint::Setting& s) { return s.name == name; });
}

/// The checks of one Postfix, with what they share.
class Inspection {
 public:
  Inspection(const PostfixSetup& setup, const OwnHouse& house, const Facts& facts)
      : setup_(setup),
        house_(house),
        facts_(facts),
        gather_(facts),
        main_file_(setup.folder + "/main.cf"),
        master_file_(setup.folder + "/master.cf"),
        main_(lint::parse_main_cf(setup.main_cf)),
        master_(lint::parse_master_cf(setup.master_cf)) {}

  Known<Findings> run() {
    const auto texts = findings_of_text(
        {{main_file_, setup_.main_cf, lint::Kind::main_cf}, {master_file_, setup_.master_cf, lint::Kind::master_cf}},
        {.maps = setup_.maps});
    findings_.insert(findings_.end(), texts.begin(), texts.end());
    for (const auto& complaint : setup_.complaints)
      add("M01", Severity::warning, main_file_, "postconf says: " + complaint, "Correct what it names");
    for (const auto& service : master_.services)
      if (service.type == "unix" && service.command == "smtp") check_client(service);
    check_preference();
    check_listeners();
    check_types();
    check_transports();
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
  [[nodiscard]] std::string place_of(std::string_view name) const {
    const auto* setting = main_.find(name);
    return setting == nullptr ? main_file_ : place_in(main_file_, setup_.main_cf, setting->line);
  }
  [[nodiscard]] std::string place_of(const lint::Service& service, std::string_view name) const {
    for (const auto& setting : service.overrides)
      if (setting.name == name) return place_in(master_file_, setup_.master_cf, setting.line);
    return place_of(name);
  }

  void check_client(const lint::Service& service) {
    const auto families = families_of(effective(setup_, service, "inet_protocols"));
    const std::string name(service.name);
    for (const auto& word : words_of(effective(setup_, service, "inet_interfaces"))) {
      const auto address = address_of(word);
      if (address && address->is_v6() && !families.ipv6)
        add("M01", Severity::error, place_of(service, "inet_protocols"),
            name + " is kept to IPv4, and inet_interfaces names " + address->text() +
                ": its processes end at once with \"host not found\", and mail stays in the queue",
            "Add `-o inet_interfaces=` with the IPv4 addresses alone to the service " + name);
    }
    check_source(service, families.ipv4, "smtp_bind_address", Family::ipv4);
    check_source(service, families.ipv6, "smtp_bind_address6", Family::ipv6);
    check_filter(service);
  }

  /// The one address of the family that inet_interfaces names, from which smtp(8) then sends.
  [[nodiscard]] std::optional<IpAddress> implied(const lint::Service& service, Family family) const {
    std::vector<IpAddress> found;
    for (const auto& word : words_of(effective(setup_, service, "inet_interfaces")))
      if (const auto address = address_of(word); address && address->family() == family && !address->is_loopback())
        found.push_back(*address);
    return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
  }

  void check_source(const lint::Service& service, bool used, const std::string& setting, Family family) {
    const auto pinned = address_of(effective(setup_, service, setting));
    const auto place = place_of(service, pinned ? setting : "inet_interfaces");
    if (!used) {
      if (pinned)
        add("M01", Severity::warning, place,
            setting + " = " + pinned->text() + " is never used: " + std::string(service.name) +
                " sends over the other "
                "family alone",
            "Take out " + setting + ", or allow the family again");
      return;
    }
    const auto address = pinned ? pinned : implied(service, family);
    if (!address) {
      if (!house_.sources.empty())
        add("M06", Severity::advice, place_of(service, setting),
            setting + " is not set: any " + std::string(to_string(family)) + " address of the network may be used",
            "Set " + setting + " to the [[source]] of ptarmigan.toml");
      return;
    }
    take(check_sender_address(*address, effective(setup_, service, "smtp_helo_name"), place, house_, facts_));
    if (pinned && effective(setup_, service, "smtp_bind_address_enforce") == "no")
      add("M06", Severity::advice, place,
          "where " + address->text() + " cannot be bound, Postfix sends from any other address and only warns",
          "Set smtp_bind_address_enforce = yes (Postfix 3.7 and newer)");
  }

  void check_filter(const lint::Service& service) {
    const auto filter = effective(setup_, service, "smtp_dns_reply_filter");
    if (filter.starts_with("socketmap:unix:") && service.chroot != "n" && service.chroot != "-")
      add("M01", Severity::error, place_of(service, "smtp_dns_reply_filter"),
          std::string(service.name) + " runs in a chroot, where the socket of " + filter +
              " is not seen: all mail is deferred",
          "Write proxy:" + filter + ", or use inet:");
    if (!filter.empty() && main_.find("smtp_dns_reply_filter") != nullptr &&
        overrides(service, "smtp_dns_reply_filter"))
      add("M01", Severity::warning, place_of(service, "smtp_dns_reply_filter"),
          "the service " + std::string(service.name) + " has a filter of its own, main.cf's is not asked",
          "Take the override out");
  }

  void check_preference() {
    const auto* setting = main_.find("smtp_address_preference");
    if (setting == nullptr || setup_.value("smtp_address_preference") != "ipv4") return;
    add("M01", Severity::advice, place_of("smtp_address_preference"),
        "smtp_address_preference = ipv4 only changes the order: after a failure over IPv4, or for an MX of better "
        "preference, mail still goes over IPv6",
        "Let `ptarmigan postfix patch` decide by receiver");
  }

  void check_listeners() {
    const bool listens = std::ranges::any_of(
        master_.services, [](const lint::Service& s) { return s.type == "inet" && s.command == "smtpd"; });
    if (!listens) return;
    const bool family = families_of(setup_.value("inet_protocols")).ipv6;
    const auto interfaces = words_of(setup_.value("inet_interfaces"));
    const bool some_ipv6 = std::ranges::any_of(interfaces, [](const std::string& word) {
      const auto address = address_of(word);
      return !address || address->is_v6();  // a name, all: not to be judged here
    });
    const auto host = setup_.value("myhostname");
    const std::string setting = family ? "inet_interfaces" : "inet_protocols";
    if (!family)
      take(check_closed_listener(host, place_of(setting), setting, facts_));
    else if (!some_ipv6 && !interfaces.empty())
      take(check_closed_listener(host, place_of(setting), "inet_interfaces without an IPv6 address", facts_));
    using Listener = PostfixSetup::Listener;
    if (setup_.ipv6_listener == Listener::unknown || setup_.value("inet_interfaces") != "all") return;
    if (family == (setup_.ipv6_listener == Listener::open)) return;
    add("M04", Severity::warning, place_of(setting),
        "the running Postfix " + std::string(family ? "does not listen" : "listens") + " on IPv6, main.cf says " +
            (family ? "that it does" : "that it does not"),
        "A reload does not change listeners: `postfix stop` and `postfix start`");
  }

  /// Tables of a type that this Postfix was not given.
  void check_types() {
    constexpr std::array known{"btree",    "cdb",       "cidr",   "dbm", "hash",    "ldap",  "lmdb",
                               "memcache", "mongodb",   "mysql",  "nis", "pcre",    "pgsql", "regexp",
                               "sdbm",     "socketmap", "sqlite", "tcp", "texthash"};
    for (const auto& setting : main_.settings) {
      for (const auto& word : words_of(setting.value)) {
        auto type = word.substr(0, word.find(':'));
        if (type == "proxy") type = word.substr(6, word.find(':', 6) - 6);
        if (type.size() == word.size() || std::ranges::find(known, type) == known.end()) continue;
        if (std::ranges::find(setup_.map_types, type) != setup_.map_types.end()) continue;
        add("M04", Severity::error, place_in(main_file_, setup_.main_cf, setting.line),
            std::string(setting.name) + " uses a table of type " + type + ", which this Postfix does not have",
            "Install postfix-" + type + ", or use one of: " + join(setup_.map_types, ", "));
      }
    }
  }

  /// A transport without next hop sends to the recipient's domain, past everything that chooses another way.
  void check_transports() {
    std::string other;
    for (const std::string name :
         {"relayhost", "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps"})
      if (other.empty() && !setup_.value(name).empty()) other = name;
    if (other.empty()) return;
    for (const auto& table : setup_.transports) {
      for (const auto line : split(table.text, '\n')) {
        const auto bare = trim(line);
        const auto blank = std::min(bare.find_first_of(" \t"), bare.size());
        const auto key = bare.substr(0, blank);
        const auto value = trim(bare.substr(blank));
        if (key.empty() || key.starts_with('#') || value == ":" || !value.ends_with(':')) continue;
        const auto transport = value.substr(0, value.size() - 1);
        const auto smtp_like = std::ranges::any_of(master_.services, [&](const lint::Service& s) {
          return s.name == transport && s.type == "unix" && s.command == "smtp";
        });
        if (!smtp_like) continue;
        const auto next = setup_.value("relayhost");
        add("M05", Severity::warning, place_in(table.path, table.text, line),
            "mail for " + std::string(key) + " goes to its own MX, past " + other,
            "Name the next hop: " + std::string(key) + " " + std::string(value) +
                (next.empty() ? "[the relay]:587" : next) + "; then `postmap " + table.path + "`");
      }
    }
  }

  const PostfixSetup& setup_;
  const OwnHouse& house_;
  const Facts& facts_;
  Gather gather_;
  std::string main_file_;
  std::string master_file_;
  lint::MainCf main_;
  lint::MasterCf master_;
  Findings findings_;
};

}  // namespace

std::string PostfixSetup::value(const std::string& name) const {
  const auto at = values.find(name);
  return at == values.end() ? std::string() : at->second;
}

std::string socketmap(const std::string& map, std::string_view name) {
  return (map.starts_with('/') ? "proxy:socketmap:unix:" : "socketmap:inet:") + map + ":" + std::string(name);
}

std::vector<std::pair<std::string, std::string>> postfix_settings(const PostfixPatch& patch) {
  std::vector<std::pair<std::string, std::string>> out{
      {"smtp_dns_reply_filter", socketmap(patch.map, "dns")},
      {"smtp_delivery_status_filter", socketmap(patch.map, "dsn")},
      {"smtp_connection_reuse_time_limit", std::string(reuse_time)},
  };
  if (patch.rescue == PostfixPatch::Rescue::same_delivery) {
    out.emplace_back("smtp_reply_filter", socketmap(patch.map, "reply"));
    out.emplace_back("smtp_mx_session_limit", std::string(session_limit));
  }
  return out;
}

std::string patched_main_cf(std::string_view main_cf, const PostfixPatch& patch) {
  const auto before = without_block(main_cf);
  const auto settings = postfix_settings(patch);
  Block block;
  block.taken_out_by = "`ptarmigan postfix undo`";
  for (const auto& [name, value] : settings) block.lines.push_back(name + " = " + value);
  std::vector<std::string_view> silenced;
  const auto parsed = lint::parse_main_cf(before.text);
  for (const auto& setting : parsed.settings) {
    const auto same = [&](const auto& wanted) { return wanted.first == setting.name; };
    if (std::ranges::none_of(settings, same)) continue;
    const auto* end = std::max(setting.raw.data() + setting.raw.size(), setting.line.data() + setting.line.size());
    silenced.emplace_back(setting.line.data(), static_cast<std::size_t>(end - setting.line.data()));
  }
  return with_block(before.text, block, silenced);
}

std::vector<SetupFinding> unlike_patch(const PostfixSetup& setup, const PostfixPatch& patch) {
  std::vector<SetupFinding> out;
  const std::string remedy = "Run `ptarmigan postfix patch`";
  const auto master = lint::parse_master_cf(setup.master_cf);
  for (const auto& [name, value] : postfix_settings(patch)) {
    if (setup.value(name) != value)
      out.push_back(
          {"M01", Severity::error, setup.folder + "/main.cf",
           name + " is " + (setup.value(name).empty() ? "not set" : "'" + setup.value(name) + "'") + ", not " + value,
           remedy});
    for (const auto& service : master.services)
      if (service.type == "unix" && service.command == "smtp" && effective(setup, service, name) != setup.value(name))
        out.push_back({"M01", Severity::error, place_in(setup.folder + "/master.cf", setup.master_cf, service.line),
                       "the service " + std::string(service.name) + " overrides " + name, "Take the override out"});
  }
  return out;
}

Known<std::vector<SetupFinding>> inspect_postfix(const PostfixSetup& setup, const OwnHouse& house, const Facts& facts) {
  return Inspection(setup, house, facts).run();
}

}  // namespace ptarmigan::adapt
