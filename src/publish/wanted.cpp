// publish/wanted.cpp - see wanted.hpp.
#include "publish/wanted.hpp"

#include <algorithm>

#include "auth/dkim/crypto.hpp"
#include "auth/dmarc/record.hpp"
#include "auth/spf/check_host.hpp"
#include "auth/spf/record.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "dns/reverse.hpp"

namespace ptarmigan::publish {
namespace {

using dns::RecordType;

constexpr std::size_t policy_id_digits = 16;             // RFC 8461#3.1: 1 to 32 letters and digits
constexpr std::string_view policy_max_age = "604800";    // seconds: a week (RFC 8461#3.2)
constexpr std::size_t shortest_reverse_zone_v6 = 2 + 4;  // labels: /16, and ip6.arpa
constexpr std::size_t shortest_reverse_zone_v4 = 2 + 1;

class Builder {
 public:
  Builder(const Deployment& deployment, const Facts& facts) : deployment_(deployment), facts_(facts), gather_(facts) {}

  Known<Everything> build() {
    for (const auto& host : deployment_.hosts) {
      forward(host);
      reverse(host);
    }
    sender_policy();
    for (const auto& host : deployment_.hosts) hello_policy(host);
    keys();
    reports_and_policies();
    for (auto& wanted : out_.records) complete(wanted);
    if (gather_.lacks()) return gather_.need();
    put_in_order();
    return std::move(out_);
  }

 private:
  void put_in_order() {
    std::vector<Wanted> ordered;
    for (int step = 0; step <= static_cast<int>(Step::tls_reports); ++step)
      for (auto& wanted : out_.records)
        if (static_cast<int>(wanted.step) == step) ordered.push_back(std::move(wanted));
    out_.records = std::move(ordered);
  }

  enum class Replaces : std::uint8_t { nothing, all, kind };

  /// Adds a record; `is_kind` tells the published TXT records that it takes the place of.
  template <typename IsKind>
  void want(Step step, const dns::DomainName& owner, RecordType type, dns::Data data, std::string reason,
            Replaces replaces, IsKind is_kind) {
    Wanted wanted;
    wanted.step = step;
    wanted.record = {owner, type, record_ttl, std::move(data)};
    wanted.reason = std::move(reason);
    const auto* now = gather_.ask({owner, type});
    if (now == nullptr) return;
    for (const auto& record : now->records) {
      const bool equal = record.data == wanted.record.data;
      if (equal) wanted.present = true;
      if (equal || replaces == Replaces::nothing) continue;
      const auto* txt = std::get_if<dns::Txt>(&record.data);
      if (replaces == Replaces::all || (txt != nullptr && is_kind(txt->joined()))) wanted.before.push_back(record);
    }
    if (!wanted.before.empty()) wanted.present = false;
    const auto same = [&](const Wanted& other) {
      return other.record.owner == owner && other.record.type == type && other.record.data == wanted.record.data;
    };
    if (std::ranges::none_of(out_.records, same)) out_.records.push_back(std::move(wanted));
  }
  void want(Step step, const dns::DomainName& owner, RecordType type, dns::Data data, std::string reason,
            Replaces replaces) {
    want(step, owner, type, std::move(data), std::move(reason), replaces, [](const std::string&) { return true; });
  }

  void forward(const Host& host) {
    for (const auto& address : host.addresses)
      want(Step::forward, host.ehlo_name, address.is_v4() ? RecordType::a : RecordType::aaaa, address,
           "the forward name of " + address.text(), Replaces::nothing);
  }

  /// Where the reverse name is an alias (RFC 2317#4), the record stands where the alias leads.
  void reverse(const Host& host) {
    for (const auto& address : host.addresses) {
      auto owner = dns::reverse_name(address);
      const auto* answer = gather_.ask({owner, RecordType::ptr});
      if (answer == nullptr) continue;
      if (!answer->aliases.empty()) owner = std::get<dns::Target>(answer->aliases.back().data).name;
      want(Step::reverse, owner, RecordType::ptr, dns::Target{host.ehlo_name},
           "the reverse name of " + address.text() + "; the owner of the address (your hoster) publishes it",
           Replaces::all);
    }
  }

  /// Every SPF record at the domain; more than one is permerror, and one takes the place of all.
  std::vector<std::string> policies_at(const dns::DomainName& owner) {
    std::vector<std::string> found;
    if (const auto* answer = gather_.ask({owner, RecordType::txt}))
      for (const auto& txt : answer->all<dns::Txt>())
        if (auto text = txt.joined(); spf::is_record(text)) found.push_back(std::move(text));
    return found;
  }

  void sender_policy() {
    auto found = policies_at(deployment_.domain);
    std::string base = found.size() == 1 ? found.front() : merged(found);
    std::vector<IpAddress> missing;
    bool rebuild = !base.empty() && !spf::Record::parse(std::string_view(base));
    for (const auto& host : deployment_.hosts) {
      for (const auto& address : host.addresses) {
        spf::Query query;
        query.client = address;
        query.helo = host.ehlo_name.text();
        query.mail_from = "postmaster@" + deployment_.domain.text();
        const auto judged = spf::check_host(query, facts_);
        const auto* result = gather_.take(judged);
        if (result == nullptr) return;
        if (found.size() == 1 && result->outcome == spf::Outcome::permerror) rebuild = true;
        if (found.size() != 1 || result->outcome != spf::Outcome::pass) missing.push_back(address);
      }
    }
    if (rebuild) {
      out_.notes.push_back("The SPF record of " + deployment_.domain.text() +
                           " cannot be evaluated; its addresses are kept, its look-ups are not. It was: " + base);
      base = addresses_of(base);
      missing.clear();
      for (const auto& host : deployment_.hosts)
        missing.insert(missing.end(), host.addresses.begin(), host.addresses.end());
    }
    want(Step::spf, deployment_.domain, RecordType::txt, dns::txt_of(spf_covering(base, missing)),
         "SPF for the envelope sender: every address that mail leaves from", Replaces::kind, spf::is_record);
  }

  /// The terms of several records behind one version, the strictest end last.
  static std::string merged(const std::vector<std::string>& records) {
    std::string out;
    std::string end;
    for (const auto& record : records) {
      for (const auto term : split(record, ' ')) {
        if (term.empty() || iequals(term, "v=spf1")) continue;
        const bool last = iequals(term, "-all") || iequals(term, "~all") || iequals(term, "?all") ||
                          iequals(term, "+all") || iequals(term, "all") || istarts_with(term, "redirect=");
        if (last)
          end = end.empty() || iequals(term, "~all") ? std::string(term) : end;
        else if (!(" " + out + " ").contains(" " + std::string(term) + " "))
          out += (out.empty() ? "" : " ") + std::string(term);
      }
    }
    if (records.empty()) return {};
    return "v=spf1 " + out + (out.empty() ? "" : " ") + (end.empty() ? "~all" : end);
  }

  /// Only the terms that are addresses, as they cost no look-up.
  static std::string addresses_of(std::string_view record) {
    std::string out = "v=spf1";
    for (const auto term : split(record, ' ')) {
      if (!istarts_with(term, "ip4:") && !istarts_with(term, "ip6:")) continue;
      const auto network = IpNetwork::parse(term.substr(4));
      if (network && network->address.is_v4() == istarts_with(term, "ip4:")) out += " " + std::string(term);
    }
    return out + " ~all";
  }

  void hello_policy(const Host& host) {
    if (host.ehlo_name == deployment_.domain || host.addresses.empty()) return;
    const auto found = policies_at(host.ehlo_name);
    std::string text = "v=spf1 a -all";
    if (found.size() == 1) {
      for (const auto& address : host.addresses) {
        spf::Query query;
        query.client = address;
        query.helo = host.ehlo_name.text();
        query.identity = spf::Identity::helo;
        const auto judged = spf::check_host(query, facts_);
        const auto* result = gather_.take(judged);
        if (result == nullptr) return;
        text = found.front();
        if (result->outcome != spf::Outcome::pass) text = spf_covering(found.front(), {address});
      }
    }
    want(Step::helo_spf, host.ehlo_name, RecordType::txt, dns::txt_of(text),
         "SPF for the name in EHLO, which bounces are judged by", Replaces::kind, spf::is_record);
  }

  void keys() {
    for (const auto& key : deployment_.keys) {
      const auto owner = deployment_.domain.prefixed(key.selector + "._domainkey");
      if (!owner) continue;
      want(Step::dkim, *owner, RecordType::txt, dns::txt_of(key.record), "the DKIM key of selector " + key.selector,
           Replaces::all);
    }
  }

  std::string report_address(std::string_view local_part) const {
    if (!deployment_.report_address.empty()) return deployment_.report_address;
    return std::string(local_part) + "@" + deployment_.domain.text();
  }

  void reports_and_policies() {
    const auto begins = [](std::string_view version) {
      return [version](const std::string& text) { return istarts_with(text, version); };
    };
    dmarc(begins("v=DMARC1"));
    const auto tls_owner = deployment_.domain.prefixed("_smtp._tls");
    const auto sts_owner = deployment_.domain.prefixed("_mta-sts");
    const auto* mx = gather_.ask({deployment_.domain, RecordType::mx});
    if (mx == nullptr || !tls_owner || !sts_owner) return;
    std::vector<dns::Mx> hosts = mx->all<dns::Mx>();
    std::erase_if(hosts, [](const dns::Mx& host) { return host.exchange.is_root(); });
    if (hosts.empty()) return;  // takes no mail: nothing to protect (RFC 7505#3)
    std::ranges::sort(hosts);
    auto& policy = out_.mta_sts_policy;
    policy = "version: STSv1\r\nmode: testing\r\n";
    for (const auto& host : hosts) policy += "mx: " + host.exchange.text() + "\r\n";
    policy += "max_age: " + std::string(policy_max_age) + "\r\n";
    const auto digest = dkim::sha256(policy);
    const auto id =
        hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, policy_id_digits);
    keep_or_want(Step::mta_sts, *sts_owner, "v=STSv1; id=" + id + ";", "MTA-STS: tells senders that there is a policy",
                 begins("v=STSv1"));
    keep_or_want(Step::tls_reports, *tls_owner, "v=TLSRPTv1; rua=mailto:" + report_address("tls-reports"),
                 "asks senders to report failures of TLS", begins("v=TLSRPTv1"));
  }

  /// What is published already stays.
  template <typename IsKind>
  void keep_or_want(Step step, const dns::DomainName& owner, const std::string& text, std::string reason,
                    IsKind is_kind) {
    const auto* now = gather_.ask({owner, RecordType::txt});
    if (now == nullptr) return;
    std::vector<dns::Txt> found = now->all<dns::Txt>();
    std::erase_if(found, [&](const dns::Txt& txt) { return !is_kind(txt.joined()); });
    want(step, owner, RecordType::txt, found.size() == 1 ? found.front() : dns::txt_of(text), std::move(reason),
         Replaces::kind, is_kind);
  }

  template <typename IsKind>
  void dmarc(IsKind is_kind) {
    const auto owner = deployment_.domain.prefixed("_dmarc");
    if (!owner) return;
    const auto* now = gather_.ask({*owner, RecordType::txt});
    if (now == nullptr) return;
    std::string text = "v=DMARC1; p=none; rua=mailto:" + report_address("dmarc-reports");
    std::vector<std::string> found;
    for (const auto& txt : now->all<dns::Txt>())
      if (is_kind(txt.joined())) found.push_back(txt.joined());
    if (found.size() == 1) {
      auto record = dmarc::Record::parse(found.front());
      if (record && record->p && !record->rua.empty()) text = found.front();
      if (record && record->p && record->rua.empty())
        text = std::string(trim(std::string_view(found.front()), " ;")) +
               "; rua=mailto:" + report_address("dmarc-reports");
    }
    want(Step::dmarc, *owner, RecordType::txt, dns::txt_of(text), "a DMARC policy that asks for reports",
         Replaces::kind, is_kind);
  }

  void complete(Wanted& wanted) {
    const auto& owner = wanted.record.owner;
    const auto text = owner.text();
    const std::size_t fewest = text.ends_with(".ip6.arpa")       ? shortest_reverse_zone_v6
                               : text.ends_with(".in-addr.arpa") ? shortest_reverse_zone_v4
                                                                 : 1;
    for (auto count = owner.label_count(); count >= fewest; --count) {
      const auto name = owner.last_labels(count);
      const auto* answer = gather_.ask({name, RecordType::soa});
      if (!wanted.zone && answer != nullptr && answer->found() && answer->records.front().owner == name)
        wanted.zone = name;
    }
    wanted.relative_owner = wanted.zone ? dns::relative_to(owner, *wanted.zone) : owner.absolute();
    if (const auto* now = facts_.find({owner, wanted.record.type})) wanted.cached_for = now->ttl;
  }

  const Deployment& deployment_;
  const Facts& facts_;
  Gather gather_;
  Everything out_;
};

}  // namespace

std::string_view to_string(Step step) {
  switch (step) {
    case Step::forward: return "forward name";
    case Step::reverse: return "reverse name";
    case Step::spf: return "SPF";
    case Step::helo_spf: return "SPF of the EHLO name";
    case Step::dkim: return "DKIM key";
    case Step::dmarc: return "DMARC";
    case Step::mta_sts: return "MTA-STS";
    case Step::tls_reports: return "TLS reports";
  }
  return {};
}

std::string spf_covering(std::string_view published, const std::vector<IpAddress>& missing) {
  std::string terms;
  for (const auto& address : missing) {
    const auto term = (address.unmapped().is_v4() ? "ip4:" : "ip6:") + address.unmapped().text();
    if (!(" " + std::string(published) + " " + terms + " ").contains(" " + term + " "))
      terms += (terms.empty() ? "" : " ") + term;
  }
  if (published.empty()) return "v=spf1 " + terms + (terms.empty() ? "" : " ") + "~all";
  if (terms.empty()) return std::string(published);
  std::string out;
  bool placed = false;
  for (const auto part : split(published, ' ')) {
    if (part.empty()) continue;
    const auto bare = part.find_first_of("+-~?") == 0 ? part.substr(1) : part;
    if (!placed && (iequals(bare, "all") || istarts_with(part, "redirect="))) {
      out += " " + terms;
      placed = true;
    }
    out += (out.empty() ? "" : " ") + std::string(part);
  }
  return placed ? out : out + " " + terms;
}

Known<Everything> everything(const Deployment& deployment, const Facts& facts) {
  return Builder(deployment, facts).build();
}

}  // namespace ptarmigan::publish
