// publish/format.cpp - see format.hpp.
#include "publish/format.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ptarmigan::publish {
namespace {

using Json = nlohmann::ordered_json;
using Zones = std::vector<std::pair<std::string, std::vector<const Wanted*>>>;

/// The records of each zone, in the order of their first record; "" for a zone that is not known.
Zones by_zone(const Everything& everything) {
  Zones out;
  for (const auto& wanted : everything.records) {
    const auto zone = wanted.zone ? wanted.zone->text() : std::string();
    auto at = std::ranges::find(out, zone, &Zones::value_type::first);
    if (at == out.end()) at = out.insert(out.end(), {zone, {}});
    at->second.push_back(&wanted);
  }
  return out;
}

std::string type_of(const Wanted& wanted) {
  return std::string(dns::to_string(wanted.record.type));
}

/// The value as panels and programs take it: text whole and without quotes, names with a final dot.
std::string value_of(const dns::Data& data) {
  if (const auto* txt = std::get_if<dns::Txt>(&data)) return txt->joined();
  return dns::data_text(data);
}

std::string notes(const Everything& everything, std::string_view mark) {
  std::string out;
  for (const auto& note : everything.notes) out += std::string(mark) + " " + printable(note, 2000) + "\n";
  return out;
}

std::string bind(const Everything& everything) {
  std::string out = notes(everything, ";");
  for (const auto& [zone, records] : by_zone(everything)) {
    out += zone.empty() ? "; zone not found: ask whoever serves these names\n" : "; zone " + zone + "\n";
    for (const auto* wanted : records) {
      for (const auto& old : wanted->before) out += "; in place of: " + dns::zone_line(old) + "\n";
      out += dns::zone_line(wanted->record) + "\n";
    }
  }
  return out;
}

std::string nsupdate(const Everything& everything) {
  std::string out = notes(everything, ";");
  for (const auto& [zone, records] : by_zone(everything)) {
    std::string changes;
    for (const auto* wanted : records) {
      if (wanted->present) continue;
      const auto name = wanted->record.owner.absolute();
      const auto type = type_of(*wanted);
      for (const auto& old : wanted->before)
        changes += "prereq yxrrset " + name + " " + type + " " + dns::data_text(old.data) + "\n";
      if (wanted->before.empty() && wanted->record.type == dns::RecordType::ptr)
        changes += "prereq nxrrset " + name + " " + type + "\n";
      for (const auto& old : wanted->before)
        changes += "update delete " + name + " " + type + " " + dns::data_text(old.data) + "\n";
      changes += "update add " + name + " " + std::to_string(wanted->record.ttl) + " " + type + " " +
                 dns::data_text(wanted->record.data) + "\n";
    }
    if (changes.empty()) continue;
    out += (zone.empty() ? "; zone not found\n" : "zone " + zone + ".\n") + changes + "send\n";
  }
  return out;
}

std::string dnscontrol(const Everything& everything) {
  std::string out = notes(everything, "//") +
                    "var REG_NONE = NewRegistrar(\"none\");\nvar DNS = NewDnsProvider(\"dns\");  // your provider\n";
  for (const auto& [zone, records] : by_zone(everything)) {
    if (zone.empty()) {
      for (const auto* wanted : records) out += "// zone not found: " + dns::zone_line(wanted->record) + "\n";
      continue;
    }
    out += "\nD(" + quoted_text(zone) + ", REG_NONE, DnsProvider(DNS), NO_PURGE";
    for (const auto* wanted : records)
      out += ",\n  " + type_of(*wanted) + "(" + quoted_text(wanted->relative_owner) + ", " +
             quoted_text(value_of(wanted->record.data)) + ", TTL(" + std::to_string(wanted->record.ttl) + "))";
    out += "\n);\n";
  }
  return out;
}

std::string octodns(const Everything& everything) {
  std::string out = notes(everything, "#");
  for (const auto& [zone, records] : by_zone(everything)) {
    out += "---\n# " + (zone.empty() ? std::string("zone not found") : zone + ".yaml: merge into what is there") + "\n";
    std::vector<std::string> names;
    for (const auto* wanted : records)
      if (std::ranges::find(names, wanted->relative_owner) == names.end()) names.push_back(wanted->relative_owner);
    std::ranges::sort(names);
    for (const auto& name : names) {
      out += quoted_text(name == "@" ? "" : name) + ":\n";
      std::vector<std::string> types;
      for (const auto* wanted : records)
        if (wanted->relative_owner == name && std::ranges::find(types, type_of(*wanted)) == types.end())
          types.push_back(type_of(*wanted));
      for (const auto& type : types) {
        out += "  - type: " + type + "\n    ttl: " + std::to_string(record_ttl) + "\n    values:\n";
        for (const auto* wanted : records) {
          if (wanted->relative_owner != name || type_of(*wanted) != type) continue;
          std::string value;  // octoDNS wants semicolons escaped
          for (const char c : value_of(wanted->record.data)) value += c == ';' ? "\\;" : std::string(1, c);
          out += "      - " + quoted_text(value) + "\n";
        }
      }
    }
  }
  return out;
}

std::string terraform(const Everything& everything) {
  std::string out = notes(everything, "#");
  std::map<std::string, int> used;
  for (const auto& [zone, records] : by_zone(everything)) {
    std::string variable = "zone_id_";
    for (const char c : zone) variable += is_alnum(c) ? c : '_';
    out += "variable " + quoted_text(variable) + " {\n  type = string\n}\n";
    for (const auto* wanted : records) {
      std::string id;
      for (const char c : to_lower(type_of(*wanted)) + "_" + wanted->relative_owner) id += is_alnum(c) ? c : '_';
      if (const auto count = used[variable + id]++; count > 0) id += "_" + std::to_string(count + 1);
      auto value = value_of(wanted->record.data);
      if (wanted->record.type == dns::RecordType::txt) value = dns::data_text(wanted->record.data);
      if (value.ends_with('.')) value.pop_back();
      out += "\nresource \"cloudflare_dns_record\" " + quoted_text(variable.substr(8) + "_" + id) + " {\n" +
             "  zone_id = var." + variable + "\n  name    = " + quoted_text(wanted->record.owner.text()) +
             "\n  type    = " + quoted_text(type_of(*wanted)) + "\n  content = " + quoted_text(value) +
             "\n  ttl     = " + std::to_string(wanted->record.ttl) + "\n}\n";
    }
    out += "\n";
  }
  return out;
}

std::string cloudflare(const Everything& everything) {
  Json out = Json::array();
  for (const auto& [zone, records] : by_zone(everything)) {
    Json batch{{"zone", zone}, {"deletes", Json::array()}, {"posts", Json::array()}};
    for (const auto* wanted : records) {
      if (wanted->present) continue;
      for (const auto& old : wanted->before) batch["deletes"].push_back({{"id", "the id of: " + dns::zone_line(old)}});
      const bool is_text = wanted->record.type == dns::RecordType::txt;
      auto value = is_text ? dns::data_text(wanted->record.data) : value_of(wanted->record.data);
      if (value.ends_with('.')) value.pop_back();
      batch["posts"].push_back({{"name", wanted->record.owner.text()},
                                {"type", type_of(*wanted)},
                                {"content", value},
                                {"ttl", wanted->record.ttl},
                                {"comment", wanted->reason}});
    }
    out.push_back(std::move(batch));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string table(const Everything& everything) {
  std::string out = notes(everything, "Note:");
  for (const auto& [zone, records] : by_zone(everything)) {
    out +=
        zone.empty() ? "Zone not found\n" : "Zone " + zone + " (panels append it: type the name as it stands here)\n";
    std::size_t width = 4;
    for (const auto* wanted : records) width = std::max(width, wanted->relative_owner.size());
    const auto padded = [&](const std::string& name) { return name + std::string(width - name.size(), ' '); };
    out += "  " + padded("Name") + "  Type   TTL   Value\n";
    for (const auto* wanted : records) {
      const auto type = type_of(*wanted);
      out += "  " + padded(wanted->relative_owner) + "  " + type +
             std::string(type.size() < 5 ? 5 - type.size() : 0, ' ') + "  " + std::to_string(wanted->record.ttl) +
             "  " + value_of(wanted->record.data) + (wanted->present ? "   (there already)" : "") + "\n";
      for (const auto& old : wanted->before) out += "    instead of: " + value_of(old.data) + "\n";
    }
    out += "\n";
  }
  if (!everything.mta_sts_policy.empty())
    out += "https://mta-sts.DOMAIN/.well-known/mta-sts.txt (see `ptarmigan records --mta-sts-policy`)\n";
  return out;
}

std::string json(const Everything& everything) {
  Json out{{"version", 1}, {"records", Json::array()}};
  for (const auto& wanted : everything.records) {
    Json one{{"step", to_string(wanted.step)},
             {"owner", wanted.record.owner.absolute()},
             {"type", type_of(wanted)},
             {"ttl", wanted.record.ttl},
             {"data", dns::data_text(wanted.record.data)},
             {"zone_line", dns::zone_line(wanted.record)},
             {"zone", wanted.zone ? Json(wanted.zone->text()) : Json()},
             {"name_in_zone", wanted.relative_owner},
             {"reason", wanted.reason},
             {"present", wanted.present},
             {"cached_for", wanted.cached_for},
             {"in_place_of", Json::array()}};
    for (const auto& old : wanted.before) one["in_place_of"].push_back(dns::zone_line(old));
    out["records"].push_back(std::move(one));
  }
  out["mta_sts_policy"] = everything.mta_sts_policy;
  out["notes"] = everything.notes;
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

constexpr std::array names{std::pair{std::string_view("bind"), Format::bind},
                           std::pair{std::string_view("nsupdate"), Format::nsupdate},
                           std::pair{std::string_view("dnscontrol"), Format::dnscontrol},
                           std::pair{std::string_view("octodns"), Format::octodns},
                           std::pair{std::string_view("terraform"), Format::terraform},
                           std::pair{std::string_view("cloudflare"), Format::cloudflare},
                           std::pair{std::string_view("table"), Format::table},
                           std::pair{std::string_view("json"), Format::json}};

}  // namespace

std::optional<Format> parse_format(std::string_view text) {
  const auto at = std::ranges::find(names, text, &decltype(names)::value_type::first);
  if (at == names.end()) return std::nullopt;
  return at->second;
}

std::string quoted_text(std::string_view text) {
  auto out = Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
  // HCL reads ${ and %{ as templates; neither JavaScript nor YAML minds the escape of the sign itself.
  for (std::size_t at = 0; (at = out.find_first_of("$%", at)) != std::string::npos; ++at)
    if (at + 1 < out.size() && out[at + 1] == '{') out.replace(at, 1, out[at] == '$' ? "\\u0024" : "\\u0025"), at += 5;
  return out;
}

std::string formatted(const Everything& everything, Format format) {
  switch (format) {
    case Format::bind: return bind(everything);
    case Format::nsupdate: return nsupdate(everything);
    case Format::dnscontrol: return dnscontrol(everything);
    case Format::octodns: return octodns(everything);
    case Format::terraform: return terraform(everything);
    case Format::cloudflare: return cloudflare(everything);
    case Format::table: return table(everything);
    case Format::json: return json(everything);
  }
  return {};
}

}  // namespace ptarmigan::publish
