// cli/ptr.cpp - `ptarmigan ptr ADDRESS...`: the reverse name, who answers for it, whether the name it gives has the
// address (RFC 8601#3), and what to publish where it has not.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/iprev/iprev.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "dns/reverse.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {
namespace {

using dns::DomainName;
using dns::Record;
using dns::RecordType;
using Json = nlohmann::ordered_json;

constexpr std::uint32_t suggested_ttl = 3600;
/// Zone cuts are looked for from the whole name up to these many labels: "2.0.192.in-addr.arpa" may be cut at a /8,
/// IPv6 at a /16.
constexpr std::size_t fewest_ipv4_labels = 3;
constexpr std::size_t fewest_ipv6_labels = 6;

struct Options {
  DnsOptions dns;
  std::vector<std::string> addresses;
  std::string name;
  bool json = false;
};

/// A record, and where it is typed in.
struct Placed {
  Record record;
  std::optional<DomainName> zone;
  std::string relative_owner;
  std::string reason;
};

struct Report {
  iprev::Result iprev;
  Answer pointers;
  DomainName owner;  ///< where the PTR record stands: the reverse name, or where its CNAME leads (RFC 2317#4)
  std::optional<DomainName> zone;
  std::vector<Placed> publish;
};

/// The longest of the owner's names with an SOA record of its own.
std::optional<DomainName> zone_of(const DomainName& owner, std::size_t fewest_labels, Gather& gather) {
  std::optional<DomainName> zone;
  for (auto at = owner; at.label_count() >= fewest_labels; at = at.parent()) {
    const auto* answer = gather.ask({at, RecordType::soa});
    const bool cut = answer != nullptr && answer->found() && answer->records.front().owner == at;
    if (cut && !zone) zone = at;
  }
  return zone;
}

Placed placed(Record record, std::optional<DomainName> zone, std::string reason) {
  auto relative = zone ? dns::relative_to(record.owner, *zone) : record.owner.absolute();
  return {std::move(record), std::move(zone), std::move(relative), std::move(reason)};
}

/// The host name that the address should point to: the one wished for, else the one it points to already.
std::optional<DomainName> target_of(const iprev::Result& result, const std::optional<DomainName>& wished) {
  if (wished) return wished;
  if (!result.candidates.empty()) return result.candidates.front().name;
  return std::nullopt;
}

void advise(Report& report, const std::optional<DomainName>& wished, Gather& gather) {
  const auto& address = report.iprev.address;
  const auto target = target_of(report.iprev, wished);
  if (!target || report.iprev.outcome == iprev::Outcome::temperror) return;
  const auto& candidates = report.iprev.candidates;
  if (std::ranges::find(candidates, *target, &iprev::Candidate::name) == candidates.end())
    report.publish.push_back(placed({report.owner, RecordType::ptr, suggested_ttl, dns::Target{*target}}, report.zone,
                                    "receivers ask this name who " + address.text() + " is"));
  const auto type = address.is_v4() ? RecordType::a : RecordType::aaaa;
  const auto* forward = gather.ask({*target, type});
  if (forward == nullptr) return;
  const auto addresses = forward->all<IpAddress>();
  if (forward->temporary() || std::ranges::find(addresses, address) != addresses.end()) return;
  auto zone = zone_of(*target, 2, gather);
  report.publish.push_back(
      placed({*target, type, suggested_ttl, address}, std::move(zone),
             target->text() + " does not have the address yet, so the PTR record would not be believed"));
}

Known<Report> examine(const IpAddress& address, const std::optional<DomainName>& wished, const Facts& facts) {
  const auto judged = iprev::check_iprev(address, facts);
  Gather gather(facts);
  Report report;
  if (const auto* result = gather.take(judged)) report.iprev = *result;
  const auto reverse = dns::reverse_name(address);
  const auto* pointers = gather.ask({reverse, RecordType::ptr});
  if (pointers == nullptr) return gather.need();
  report.pointers = *pointers;
  report.owner = pointers->aliases.empty() ? reverse : std::get<dns::Target>(pointers->aliases.back().data).name;
  report.zone = zone_of(report.owner, address.unmapped().is_v4() ? fewest_ipv4_labels : fewest_ipv6_labels, gather);
  if (judged.known()) advise(report, wished, gather);
  if (gather.lacks()) return gather.need();
  return report;
}

/// An address and the host name that it should have, where that is known.
struct Wish {
  IpAddress address;
  std::optional<DomainName> name;
};

Known<std::vector<Report>> examine_all(const std::vector<Wish>& wishes, const Facts& facts) {
  Gather gather(facts);
  std::vector<Report> reports;
  for (const auto& wish : wishes) {
    const auto judged = examine(wish.address, wish.name, facts);
    if (const auto* report = gather.take(judged)) reports.push_back(*report);
  }
  if (gather.lacks()) return gather.need();
  return reports;
}

std::string address_remark(const IpAddress& address) {
  if (address.is_loopback()) return "a loopback address: no receiver sees it";
  if (address.is_private() || address.is_link_local())
    return "not a public address: receivers see the one it is translated to";
  if (address.is_multicast() || address.is_unspecified()) return "not an address that a host has";
  return {};
}

std::string row(std::string_view label, const std::string& text) {
  constexpr std::size_t column = 12;
  return "  " + std::string(label) + std::string(column - label.size(), ' ') + text + "\n";
}

std::string pointers_text(const Report& report, Colour colour) {
  std::string out;
  for (const auto& alias : report.pointers.aliases)
    out += row("CNAME", std::get<dns::Target>(alias.data).name.text() +
                            " (the network's holder has delegated the name, RFC 2317)");
  if (report.iprev.candidates.empty()) {
    const bool unsure = report.pointers.temporary();
    auto text = unsure ? "not known: " + std::string(to_string(report.pointers.status)) : std::string("none");
    if (unsure && !report.pointers.detail.empty()) text += ", " + displayable(report.pointers.detail);
    return out + row("PTR", painted(colour, unsure ? Tint::warn : Tint::bad, text));
  }
  for (const auto& candidate : report.iprev.candidates) {
    std::string addresses;
    for (const auto& address : candidate.addresses) addresses += (addresses.empty() ? "" : ", ") + address.text();
    if (addresses.empty()) addresses = to_string(candidate.status);
    out += row("PTR", candidate.name.text() + "  ->  " + addresses + "  " +
                          (candidate.confirmed ? painted(colour, Tint::good, "confirmed")
                                               : painted(colour, Tint::bad, "not confirmed")));
  }
  return out;
}

std::string text_of(const Report& report, Colour colour) {
  const auto& result = report.iprev;
  std::string out = painted(colour, Tint::strong, result.address.text()) + " (" +
                    std::string(to_string(result.address.family())) + ")\n";
  if (const auto remark = address_remark(result.address); !remark.empty())
    out += row("note", painted(colour, Tint::warn, remark));
  out += row("asked", result.reverse_name.text());
  out += pointers_text(report, colour);
  const bool pass = result.outcome == iprev::Outcome::pass;
  const auto tint = pass ? Tint::good : result.outcome == iprev::Outcome::temperror ? Tint::warn : Tint::bad;
  out += row("iprev", painted(colour, tint, iprev::to_string(result.outcome)) +
                          (pass ? "" : ": " + displayable(result.problem)));
  if (!report.pointers.temporary())
    out += row("answer", "DNSSEC " + std::string(to_string(report.pointers.dnssec)) + ", kept for " +
                             human(seconds(report.pointers.ttl)) + ", from " + report.pointers.source);
  if (report.zone) {
    out += row("zone", report.zone->text());
    out += row("in the zone", dns::relative_to(report.owner, *report.zone));
  }
  for (const auto& item : report.publish) {
    out += row("publish", painted(colour, Tint::strong, dns::zone_line(item.record)));
    if (item.zone && *item.zone != report.zone)
      out += row("", "in the zone " + item.zone->text() + " as " + item.relative_owner);
    out += row("", "because " + item.reason);
  }
  if (report.publish.empty() && result.outcome == iprev::Outcome::permerror)
    out += row("publish", report.owner.absolute() + " IN PTR <the host name that this address says in EHLO>; " +
                              "name it with --name, and this shows the records");
  return out;
}

Json json_of(const Report& report) {
  const auto& result = report.iprev;
  Json names = Json::array();
  for (const auto& candidate : result.candidates) {
    Json addresses = Json::array();
    for (const auto& address : candidate.addresses) addresses.push_back(address.text());
    names.push_back({{"name", candidate.name.text()},
                     {"status", to_string(candidate.status)},
                     {"addresses", std::move(addresses)},
                     {"confirmed", candidate.confirmed}});
  }
  Json aliases = Json::array();
  for (const auto& alias : report.pointers.aliases) aliases.push_back(std::get<dns::Target>(alias.data).name.text());
  Json publish = Json::array();
  for (const auto& item : report.publish)
    publish.push_back({{"owner", item.record.owner.absolute()},
                       {"type", to_string(item.record.type)},
                       {"ttl", item.record.ttl},
                       {"data", dns::data_text(item.record.data)},
                       {"zone_line", dns::zone_line(item.record)},
                       {"zone", item.zone ? Json(item.zone->absolute()) : Json()},
                       {"relative_owner", item.relative_owner},
                       {"reason", item.reason}});
  return {{"address", result.address.text()},
          {"family", to_string(result.address.family())},
          {"reverse_name", result.reverse_name.text()},
          {"iprev", iprev::to_string(result.outcome)},
          {"problem", result.problem},
          {"ptr",
           {{"status", to_string(report.pointers.status)},
            {"aliases", std::move(aliases)},
            {"ttl", report.pointers.ttl},
            {"dnssec", to_string(report.pointers.dnssec)},
            {"source", report.pointers.source},
            {"detail", report.pointers.detail}}},
          {"names", std::move(names)},
          {"owner", report.owner.absolute()},
          {"zone", report.zone ? Json(report.zone->absolute()) : Json()},
          {"relative_owner", report.zone ? Json(dns::relative_to(report.owner, *report.zone)) : Json()},
          {"publish", std::move(publish)}};
}

ExitCode exit_code(const std::vector<Report>& reports) {
  ExitCode worst = good;
  for (const auto& report : reports) {
    if (report.iprev.outcome == iprev::Outcome::temperror) return unusable;
    if (report.iprev.outcome != iprev::Outcome::pass) worst = findings;
  }
  return worst;
}

Result<IpAddress> read_address(const std::string& text) {
  if (auto address = IpAddress::parse(text)) return *address;
  // A reverse name does as well: that is what people have in front of them.
  if (const auto name = DomainName::parse(text))
    if (const auto named = dns::address_of_reverse_name(*name)) return *named;
  return failure("'" + displayable(text) + "' is no IP address", "write it like 192.0.2.1 or 2001:db8::1");
}

/// The EHLO name that the configuration gives the address.
std::optional<DomainName> configured_name(const IpAddress& address, const std::optional<config::Config>& config) {
  if (!config) return std::nullopt;
  for (const auto& source : config->sources)
    if (source.ipv4 == address || source.ipv6 == address) return source.ehlo ? source.ehlo : config->hostname;
  return std::nullopt;
}

int run_ptr(const Options& options) {
  std::optional<DomainName> wished;
  if (!options.name.empty()) {
    auto name = DomainName::from_unicode(options.name);
    if (name && !name->is_hostname())
      name = failure("'" + displayable(options.name) + "' is no host name", "write it like mail.example.com");
    if (!name) return complain(name.error());
    wished = *std::move(name);
  }
  std::vector<Wish> wishes;
  for (const auto& text : options.addresses) {
    const auto address = read_address(text);
    if (!address) return complain(address.error());
    wishes.push_back({*address, wished});
  }
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  for (auto& wish : wishes)
    if (!wish.name) wish.name = configured_name(wish.address, (*world)->config());
  const auto settled = net::run_blocking(net::settle([&](const Facts& facts) { return examine_all(wishes, facts); },
                                                     Facts(), (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  if (!settled.value) return complain({"the answers contradict each other"});
  const auto code = exit_code(*settled.value);
  if (const auto trouble = (*world)->trouble(); trouble && code == unusable) return complain(*trouble);
  if (options.json) {
    Json out{{"version", 1}, {"addresses", Json::array()}};
    for (const auto& report : *settled.value) out["addresses"].push_back(json_of(report));
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    std::string out;
    for (const auto& report : *settled.value) out += (out.empty() ? "" : "\n") + text_of(report, colour_of_output());
    print(out);
  }
  return code;
}

}  // namespace

void add_ptr(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "ptr", "The name of an address: its reverse name, who answers, whether the name has the address");
  command->footer("Exit code: 0 every address is confirmed, 1 some are not, 2 could not be found out.");
  command->add_option("ADDRESS", options->addresses, "IPv4 or IPv6 addresses")->required()->type_name("");
  command->add_option("--name", options->name, "The host name that it should have: shows what to publish for it")
      ->type_name("HOST");
  command->add_flag("--json", options->json, "For programs");
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return run_ptr(*options); }; });
}

}  // namespace ptarmigan::cli
