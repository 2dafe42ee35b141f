// lint/postfix_checks.cpp - main.cf, master.cf and transport maps (postconf(5), transport(5)).
#include <algorithm>

#include "base/text.hpp"
#include "dns/name.hpp"
#include "lint/postfix.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::string_view smtps_port = "465";

std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : value) {
    if (is_wsp(c) || c == ',') {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

/// A setting's value is all of `raw`, and where it is empty the whole line stands for it.
std::string_view place(const Setting& setting) {
  return setting.raw.empty() ? setting.line : setting.raw;
}

bool only_ipv4(std::string_view value) {
  return iequals(trim(value), "ipv4");
}

void check_protocols(const MainCf& cf, const Context& context, Reporter& out) {
  const auto* setting = cf.find("inet_protocols");
  if (setting == nullptr || !only_ipv4(setting->value)) return;
  out.add(
      "L03", Severity::warning, place(*setting),
      "inet_protocols = ipv4 closes this server's IPv6 listeners as well as its way out",
      "Leave IPv6 on here; to send over IPv4 for the time being, add `-o inet_protocols=ipv4` to the smtp and relay "
      "services of master.cf, and publish the PTR record",
      setting->raw, "all");
  if (!context.snippet)
    out.add("L04", Severity::advice, place(*setting),
            "a change of inet_protocols takes effect with a restart, not with a reload");
}

void check_relayhost(const MainCf& cf, Reporter& out) {
  const auto* setting = cf.find("relayhost");
  if (setting == nullptr || setting->value.empty() || setting->value.starts_with('$')) return;
  const std::string_view value = setting->value;
  const bool login = iequals(cf.value("smtp_sasl_auth_enable", "no"), "yes");
  const auto colon = value.rfind(':');
  const bool has_port = colon != std::string_view::npos && value.find(']', colon) == std::string_view::npos &&
                        (value.ends_with(']') ? false : true);
  const auto host = trim(has_port ? value.substr(0, colon) : value, "[]");
  const auto port = has_port ? value.substr(colon + 1) : std::string_view();
  const auto wanted = "[" + std::string(host) + "]:" + (has_port ? std::string(port) : "587");
  if (!value.starts_with('['))
    out.add("L11", Severity::warning, place(*setting),
            "relayhost without brackets: the MX of " + std::string(host) + " is looked up, not the host itself", {},
            setting->raw, wanted);
  else if (!has_port && login)
    out.add("L11", Severity::warning, place(*setting), "relayhost with a login and without a port uses port 25", {},
            setting->raw, wanted);
  if ((port == smtps_port || port == "smtps") && !iequals(cf.value("smtp_tls_wrappermode", "no"), "yes"))
    out.add("L11", Severity::error, place(*setting),
            "port 465 speaks TLS from the first octet, and smtp_tls_wrappermode is not yes",
            "Use port 587, or set smtp_tls_wrappermode = yes and smtp_tls_security_level = encrypt", setting->line,
            std::string(setting->line) + "\nsmtp_tls_wrappermode = yes");
  const bool signs = !cf.value("smtpd_milters").empty() || !cf.value("non_smtpd_milters").empty() ||
                     !cf.value("content_filter").empty();
  if (!signs)
    out.add("L12", Severity::advice, place(*setting),
            "mail goes through " + std::string(host) + ", and no milter or filter of this configuration signs it");
}

void check_login(const MainCf& cf, Reporter& out) {
  const auto* login = cf.find("smtp_sasl_auth_enable");
  if (login == nullptr || !iequals(login->value, "yes")) return;
  const auto level = cf.value("smtp_tls_security_level");
  const auto encrypted = [](std::string_view text) {
    return text == "encrypt" || text == "verify" || text == "secure" || text == "fingerprint" || text == "dane-only";
  };
  const auto* given = cf.find("smtp_tls_security_level");
  const std::string_view what = "a login without a TLS level that must be met: the password may go in clear";
  if (!encrypted(level) && given != nullptr)
    out.add("L11", Severity::warning, place(*given), std::string(what), {}, given->raw, "encrypt");
  else if (!encrypted(level))
    out.add("L11", Severity::warning, place(*login), std::string(what), {}, login->line,
            std::string(login->line) + "\nsmtp_tls_security_level = encrypt");
  const auto options = words_of(cf.value("smtp_sasl_security_options", "noplaintext, noanonymous"));
  const auto tls = cf.value("smtp_sasl_tls_security_options", "$smtp_sasl_security_options");
  const bool under_tls =
      tls.starts_with('$') ? std::ranges::find(options, "noplaintext") != options.end() : tls.contains("noplaintext");
  if (under_tls)
    out.add("L11", Severity::warning, place(*login),
            "the SASL options forbid PLAIN and LOGIN, which most relays offer, even under TLS", {}, login->line,
            std::string(login->line) + "\nsmtp_sasl_tls_security_options = noanonymous");
}

bool is_alias(std::string_view name) {
  return name == "alias_maps" || name == "alias_database";
}

void check_maps(const MainCf& cf, const Context& context, Reporter& out) {
  for (const auto& setting : cf.settings) {
    for (const std::string_view type : {"hash:", "btree:"}) {
      for (std::size_t at = setting.raw.find(type); at != std::string_view::npos;
           at = setting.raw.find(type, at + type.size())) {
        if (at > 0 && (is_alnum(setting.raw[at - 1]) || setting.raw[at - 1] == '_')) continue;
        const auto rest = setting.raw.substr(at);
        const auto end = std::min(rest.find_first_of(" \t,\r\n}"), rest.size());
        const auto table = rest.substr(0, end);
        const std::string path(table.substr(type.size()));
        const auto known = std::ranges::find(context.options.maps, path, &MapFile::path);
        const auto state = known != context.options.maps.end() ? std::optional(known->state) : std::nullopt;
        if (state == MapFile::State::fresh) continue;
        if (!state && (is_alias(setting.name) || context.world.postmapped.contains(path))) continue;
        std::string what = "nothing here says that " + path + " was compiled: without postmap the table is not read";
        if (state == MapFile::State::no_index) what = path + " was never compiled: there is no " + path + ".db";
        if (state == MapFile::State::stale) what = path + " is younger than " + path + ".db: the old table is in use";
        if (state == MapFile::State::no_source) what = "there is no file " + path;
        out.add("L10", state ? Severity::error : Severity::advice, table, what,
                "Run `postmap " + path + "` after every change, then ask back: `postmap -q KEY " + std::string(table) +
                    "`; $default_database_type: is the type that this Postfix has",
                rest.substr(0, type.size() - 1), "$default_database_type");
      }
    }
  }
}

void check_host_name(const MainCf& cf, Reporter& out) {
  for (const std::string_view name : {"smtp_helo_name", "myhostname"}) {
    const auto* setting = cf.find(name);
    if (setting == nullptr || setting->value.contains('$')) continue;
    const auto parsed = dns::DomainName::parse(setting->value);
    const bool usable = parsed && parsed->is_hostname() && !parsed->text().starts_with("localhost.") &&
                        !parsed->text().ends_with(".localdomain") && !parsed->text().ends_with(".local") &&
                        !IpAddress::parse(setting->value);
    if (!usable)
      out.add("L21", Severity::error, place(*setting),
              "EHLO says '" + setting->value + "', which is no public host name");
    if (name == "smtp_helo_name") return;  // myhostname is then not said
  }
}

void check_source(const MainCf& cf, const Context& context, Reporter& out) {
  if (only_ipv4(cf.value("inet_protocols", "all")) || !cf.value("smtp_bind_address6").empty()) return;
  const auto* v4 = cf.find("smtp_bind_address");
  if (v4 != nullptr && !v4->value.empty()) {
    out.add("L17", Severity::warning, place(*v4),
            "the IPv4 source is pinned and the IPv6 source is not: any address of the network may be used",
            "Add smtp_bind_address6 with the address that has the PTR record");
  } else if (context.world.spf_names_one_ipv6 && !cf.settings.empty()) {
    out.add("L17", Severity::advice, cf.settings.front().line,
            "SPF names one IPv6 address, and smtp_bind_address6 does not pin it",
            "Add smtp_bind_address6 with the address that SPF names and that has the PTR record");
  }
}

constexpr std::string_view transport_domain = "gmail.com";

}  // namespace

void check_main_cf(std::string_view text, const Context& context, Reporter& out) {
  const auto cf = parse_main_cf(text);
  check_protocols(cf, context, out);
  check_relayhost(cf, out);
  check_login(cf, out);
  check_maps(cf, context, out);
  check_host_name(cf, out);
  check_source(cf, context, out);
  const auto* protocols = cf.find("inet_protocols");
  const auto* relay = cf.find("relayhost");
  if (!context.snippet && protocols != nullptr && only_ipv4(protocols->value) && relay != nullptr &&
      !relay->value.empty())
    out.add("L25", Severity::advice, place(*relay),
            "IPv6 is off and mail goes through a relay: two repairs of the same refusal");
}

void check_master_cf(std::string_view text, const Context& context, Reporter& out) {
  const auto cf = parse_master_cf(text);
  const auto is_ipv4_only = [](const Service& service) {
    return std::ranges::any_of(service.overrides,
                               [](const Setting& s) { return s.name == "inet_protocols" && only_ipv4(s.value); });
  };
  const auto find = [&](std::string_view name) {
    return std::ranges::find_if(cf.services, [&](const Service& s) { return s.name == name && s.type == "unix"; });
  };
  for (const auto& service : cf.services) {
    if (service.type == "inet" && is_ipv4_only(service))
      out.add("L03", Severity::warning, service.line,
              "the listener " + std::string(service.name) + " is closed for IPv6 by its own inet_protocols");
    for (const auto& setting : service.overrides) {
      if (setting.name != "smtp_helo_name" || setting.value.contains('$')) continue;
      const auto parsed = dns::DomainName::parse(setting.value);
      if (!parsed || !parsed->is_hostname())
        out.add("L21", Severity::error, setting.line,
                "EHLO of " + std::string(service.name) + " says '" + setting.value + "', which is no public host name");
    }
  }
  const auto smtp = find("smtp");
  const auto relay = find("relay");
  if (!context.snippet && smtp != cf.services.end() && relay != cf.services.end() && is_ipv4_only(*smtp) &&
      !is_ipv4_only(*relay))
    out.add("L25", Severity::advice, relay->line,
            "smtp is kept to IPv4 and its sister relay is not: what goes through relay still uses IPv6",
            "Give both services the same -o inet_protocols=ipv4", relay->line,
            std::string(relay->line) + "\n  -o inet_protocols=ipv4");
}

void check_transport(std::string_view text, Reporter& out) {
  const auto lines = lines_of(text);
  for (const auto line : lines) {
    const auto bare = trim(line);
    if (bare.empty() || bare.starts_with('#')) continue;
    const auto key = bare.substr(0, std::min(bare.find_first_of(" \t"), bare.size()));
    if (!iequals(key, transport_domain) && !iequals(key, "googlemail.com") &&
        !iequals(key, "." + std::string(transport_domain)))
      continue;
    out.add(
        "L19", Severity::warning, key,
        "the transport of " + std::string(key) + " covers neither Google Workspace domains nor their common MX hosts");
    const auto next = trim(bare.substr(key.size()));
    if (next.ends_with(':') && !next.contains('['))
      out.add("L19", Severity::warning, next.empty() ? key : next,
              "a transport without a next hop sends to the recipient's domain itself, past relayhost and "
              "sender-dependent transports");
  }
}

}  // namespace ptarmigan::lint
