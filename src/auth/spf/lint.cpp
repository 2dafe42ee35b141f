// auth/spf/lint.cpp - see lint.hpp.
#include "auth/spf/lint.hpp"

#include <algorithm>
#include <array>

#include "auth/spf/macro.hpp"
#include "auth/spf/record.hpp"
#include "base/text.hpp"

namespace ptarmigan::spf {
namespace {

using dns::DomainName;
using dns::RecordType;

/// A name costs its text and two octets; a record in an answer a pointer and 10 octets of header (RFC 1035#4.1.3).
std::size_t answer_octets(const DomainName& domain, const Answer& answer) {
  constexpr std::size_t message_header = 12;
  constexpr std::size_t question_tail = 6;
  constexpr std::size_t record_header = 12;
  std::size_t octets = message_header + domain.text().size() + question_tail;
  for (const auto& record : answer.records)
    if (const auto* const txt = std::get_if<dns::Txt>(&record.data)) {
      octets += record_header;
      for (const auto& string : txt->strings) octets += 1 + string.size();
    }
  return octets;
}

bool has_host_bits(const IpAddress& address, unsigned prefix) {
  const auto octets = address.octets();
  for (unsigned bit = prefix; bit < octets.size() * 8; ++bit)
    if ((octets[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  return false;
}

/// How a record is reached: does its pass authorise?
enum class Weight : std::uint8_t { authorises, excludes };

class Linter {
 public:
  Linter(const Facts& facts, const Limits& limits) : gather_(facts), limits_(limits) {}

  Known<LintReport> run(const DomainName& domain) {
    visit(domain, "", Weight::authorises);
    if (gather_.lacks()) return gather_.need();
    conclude(domain);
    return std::move(report_);
  }

 private:
  // --- the tree

  void visit(const DomainName& domain, std::string_view via, Weight weight) {
    if (std::ranges::find(path_, domain) != path_.end())
      return find(Problem::loop, Severity::error, path_.back(), via,
                  "the record of " + domain.text() + " leads back to itself", "remove this term");
    if (++records_ > max_lint_records) return;
    const Answer* answer = gather_.ask({domain, RecordType::txt});
    if (answer == nullptr) return;
    const auto text = select(domain, via, *answer);
    if (!text) return;
    if (path_.empty()) report_.record = *text;
    const auto record = Record::parse(std::string_view(*text));
    if (!record)
      return find(Problem::syntax_error, Severity::error, domain, "",
                  "the record has a syntax error: " + record.error().message, record.error().remedy);
    check_size(domain, *text, *answer);
    path_.push_back(domain);
    check_terms(domain, *record, weight);
    path_.pop_back();
  }

  std::optional<std::string> select(const DomainName& domain, std::string_view via, const Answer& answer) {
    if (answer.temporary()) {
      find(Problem::dns_failure, Severity::error, domain, "", "the TXT query for " + domain.text() + " fails", "");
      return std::nullopt;
    }
    std::vector<std::string> records;
    for (const auto& txt : answer.all<dns::Txt>())
      if (auto text = txt.joined(); is_record(text)) records.push_back(std::move(text));
    if (records.size() == 1) return std::move(records.front());
    if (records.size() > 1)
      find(Problem::several_records, Severity::error, domain, "",
           domain.text() + " has " + std::to_string(records.size()) + " SPF records", "join them into one");
    else if (path_.empty())
      find(Problem::no_record, Severity::warning, domain, "", domain.text() + " has no SPF record", "");
    else
      find(Problem::include_without_record, Severity::error, path_.back(), via, domain.text() + " has no SPF record",
           "remove this term, or ask the owner of " + domain.text());
    return std::nullopt;
  }

  void check_terms(const DomainName& domain, const Record& record, Weight weight) {
    std::vector<std::string_view> seen;
    const Mechanism* all = nullptr;
    for (const auto& mechanism : record.mechanisms) {
      if (all != nullptr) {
        find(Problem::unreachable_term, Severity::advice, domain, mechanism.text,
             "it stands behind '" + std::string(all->text) + "' and is never reached", "remove it, or move it forward");
        continue;
      }
      if (std::ranges::find_if(seen, [&](auto text) { return iequals(text, mechanism.text); }) != seen.end())
        find(Problem::repeated_term, Severity::advice, domain, mechanism.text, "it stands twice", "remove one");
      seen.push_back(mechanism.text);
      if (mechanism.asks_dns()) ++report_.terms;
      check_mechanism(domain, mechanism, weight);
      if (mechanism.type == MechanismType::all) all = &mechanism;
    }
    for (const auto& modifier : record.unknown_modifiers)
      find(Problem::unknown_modifier, Severity::advice, domain, modifier.name, "this modifier has no effect", "");
    if (!record.redirect) {
      if (all == nullptr && path_.size() == 1)
        find(Problem::no_all, Severity::warning, domain, "",
             "the record ends without 'all', so everyone else is neutral", "end it with -all or ~all");
      return;
    }
    const std::string text = "redirect=" + std::string(*record.redirect);
    if (all != nullptr)
      return find(Problem::unreachable_term, Severity::advice, domain, text, "it is never used beside 'all'",
                  "remove one of the two");
    ++report_.terms;
    follow(domain, text, *record.redirect, weight);
  }

  void check_mechanism(const DomainName& domain, const Mechanism& mechanism, Weight weight) {
    const bool passes = mechanism.qualifier == Qualifier::pass && weight == Weight::authorises;
    switch (mechanism.type) {
      case MechanismType::all: return check_all(domain, mechanism, passes);
      case MechanismType::ip4:
      case MechanismType::ip6: return check_network(domain, mechanism, passes);
      case MechanismType::include:
        return follow(domain, mechanism.text, mechanism.domain_spec, passes ? Weight::authorises : Weight::excludes);
      case MechanismType::ptr:
        if (passes) report_.complete = false;
        return find(Problem::ptr_mechanism, Severity::warning, domain, mechanism.text,
                    "'ptr' is slow and unreliable, and many receivers ignore it",
                    "name the addresses with ip4 and ip6");
      case MechanismType::exists:
        if (passes) report_.complete = false;
        if (const auto target = static_target(domain, mechanism)) {
          const Answer* answer = gather_.ask({*target, RecordType::a});
          if (answer != nullptr) note_void(domain, mechanism, answer->absent(), answer->absent());
        }
        return;
      case MechanismType::a:
        if (const auto target = static_target(domain, mechanism)) return check_a(domain, mechanism, *target, passes);
        break;
      case MechanismType::mx:
        if (const auto target = static_target(domain, mechanism)) return check_mx(domain, mechanism, *target, passes);
        break;
    }
    if (passes) report_.complete = false;
  }

  void follow(const DomainName& domain, std::string_view term, std::string_view domain_spec, Weight weight) {
    if (domain_spec.find('%') != std::string_view::npos) {
      if (weight == Weight::authorises) report_.complete = false;
      return;
    }
    const auto target = target_name(domain_spec);
    if (!target) return find(Problem::syntax_error, Severity::error, domain, term, "it leads to no domain name", "");
    visit(*target, term, weight);
  }

  // --- terms

  void check_all(const DomainName& domain, const Mechanism& mechanism, bool passes) {
    if (passes)
      find(Problem::permissive_all, Severity::warning, domain, mechanism.text,
           "it lets everyone send in the name of " + path_.front().text(), "write -all or ~all");
    else if (mechanism.qualifier == Qualifier::neutral && path_.size() == 1)
      find(Problem::neutral_all, Severity::warning, domain, mechanism.text, "it says nothing about everyone else",
           "write -all or ~all");
  }

  void check_network(const DomainName& domain, const Mechanism& mechanism, bool passes) {
    const bool v4 = mechanism.type == MechanismType::ip4;
    const unsigned prefix = v4 ? mechanism.prefix_v4 : mechanism.prefix_v6;
    if (has_host_bits(mechanism.network, prefix))
      find(Problem::host_bits, Severity::advice, domain, mechanism.text,
           "the address has bits beyond the prefix length", "");
    if (!passes) return;
    authorise(mechanism.network, prefix);
    if (prefix < (v4 ? shortest_prefix_v4 : shortest_prefix_v6))
      find(Problem::wide_network, Severity::warning, domain, mechanism.text,
           "it authorises a very large network; receivers distrust that", "name only your own addresses");
    if (mechanism.network.is_private() || mechanism.network.is_loopback() || mechanism.network.is_link_local())
      find(Problem::private_network, Severity::advice, domain, mechanism.text,
           "mail never arrives from these addresses", "remove it");
  }

  void check_a(const DomainName& domain, const Mechanism& mechanism, const DomainName& target, bool passes) {
    const Answer* v4 = gather_.ask({target, RecordType::a});
    const Answer* v6 = gather_.ask({target, RecordType::aaaa});
    if (v4 == nullptr || v6 == nullptr) return;
    if (v4->temporary() || v6->temporary()) return failing(domain, mechanism, target);
    note_void(domain, mechanism, v4->absent(), v6->absent());
    if (passes) authorise_hosts(mechanism, *v4, *v6);
  }

  void check_mx(const DomainName& domain, const Mechanism& mechanism, const DomainName& target, bool passes) {
    const Answer* answer = gather_.ask({target, RecordType::mx});
    if (answer == nullptr) return;
    if (answer->temporary()) return failing(domain, mechanism, target);
    if (answer->records.size() > limits_.max_mx_names)
      return find(Problem::too_many_mx, Severity::error, domain, mechanism.text,
                  target.text() + " has " + std::to_string(answer->records.size()) + " MX records; more than " +
                      std::to_string(limits_.max_mx_names) + " are a permanent error",
                  "name the addresses with ip4 and ip6");
    bool none_v4 = true;
    bool none_v6 = true;
    for (const auto& mx : answer->all<dns::Mx>()) {
      if (mx.exchange.is_root()) continue;
      const Answer* v4 = gather_.ask({mx.exchange, RecordType::a});
      const Answer* v6 = gather_.ask({mx.exchange, RecordType::aaaa});
      if (v4 == nullptr || v6 == nullptr) continue;
      if (v4->temporary() || v6->temporary()) return failing(domain, mechanism, mx.exchange);
      none_v4 &= !v4->found();
      none_v6 &= !v6->found();
      if (passes) authorise_hosts(mechanism, *v4, *v6);
    }
    if (!gather_.lacks()) note_void(domain, mechanism, none_v4, none_v6);
  }

  void failing(const DomainName& domain, const Mechanism& mechanism, const DomainName& target) {
    find(Problem::dns_failure, Severity::error, domain, mechanism.text, "a query for " + target.text() + " fails", "");
  }
  void note_void(const DomainName& domain, const Mechanism& mechanism, bool void_v4, bool void_v6) {
    voids_v4_ += void_v4 ? 1 : 0;
    voids_v6_ += void_v6 ? 1 : 0;
    if (void_v4 && void_v6)
      find(Problem::void_lookup, Severity::warning, domain, mechanism.text, "its look-up finds nothing",
           "remove this term, or publish the name");
  }
  /// Nothing where it depends on the message, or is no name.
  static std::optional<DomainName> static_target(const DomainName& domain, const Mechanism& mechanism) {
    if (mechanism.domain_spec.empty()) return domain;
    if (mechanism.domain_spec.find('%') != std::string_view::npos) return std::nullopt;
    auto target = target_name(mechanism.domain_spec);
    if (!target) return std::nullopt;
    return *std::move(target);
  }
  void authorise(const IpAddress& address, unsigned prefix) {
    if (report_.authorised.size() < max_authorised) report_.authorised.push_back({address, prefix});
  }
  void authorise_hosts(const Mechanism& mechanism, const Answer& v4, const Answer& v6) {
    for (const auto& address : v4.all<IpAddress>()) authorise(address, mechanism.prefix_v4);
    for (const auto& address : v6.all<IpAddress>()) authorise(address, mechanism.prefix_v6);
  }

  // --- the whole

  void check_size(const DomainName& domain, const std::string& text, const Answer& answer) {
    if (text.size() > wanted_record_octets)
      find(Problem::long_record, Severity::advice, domain, "",
           "the record has " + std::to_string(text.size()) + " octets, more than " +
               std::to_string(wanted_record_octets),
           "move a part into an include");
    const auto octets = answer_octets(domain, answer);
    if (octets > max_udp_answer_octets)
      find(Problem::long_answer, Severity::warning, domain, "",
           "all TXT records of " + domain.text() + " together have about " + std::to_string(octets) +
               " octets and need TCP",
           "remove TXT records that are no longer needed");
  }

  void conclude(const DomainName& domain) {
    report_.voids = std::max(voids_v4_, voids_v6_);
    if (report_.terms > limits_.max_terms)
      find(Problem::too_many_terms, Severity::error, domain, "",
           "evaluation needs " + std::to_string(report_.terms) + " terms with look-ups; more than " +
               std::to_string(limits_.max_terms) + " are a permanent error",
           "replace includes, a and mx by ip4 and ip6 where the addresses are yours");
    if (report_.voids > limits_.max_void_lookups)
      find(Problem::too_many_voids, Severity::error, domain, "",
           std::to_string(report_.voids) + " look-ups find nothing; more than " +
               std::to_string(limits_.max_void_lookups) + " are a permanent error",
           "remove the terms that find nothing");
    if (report_.record.empty() || !report_.complete || report_.broken()) return;
    const bool v4 = report_.authorises(Family::ipv4);
    const bool v6 = report_.authorises(Family::ipv6);
    if (v4 && !v6)
      find(Problem::ipv4_only, Severity::advice, domain, "",
           "no IPv6 address is authorised: mail that leaves over IPv6 fails SPF",
           "add ip6 for your sending addresses, or send over IPv4 only");
    if (v6 && !v4)
      find(Problem::ipv6_only, Severity::advice, domain, "",
           "no IPv4 address is authorised: mail that leaves over IPv4 fails SPF",
           "add ip4 for your sending addresses, or send over IPv6 only");
  }

  void find(Problem problem, Severity severity, const DomainName& domain, std::string_view term, std::string text,
            std::string remedy) {
    report_.findings.push_back({problem, severity, domain, std::string(term), std::move(text), std::move(remedy)});
  }

  static constexpr std::size_t max_authorised = 10'000;

  Gather gather_;
  const Limits limits_;
  std::vector<DomainName> path_;  ///< records that are being looked at, the domain's own first
  std::size_t records_ = 0;
  unsigned voids_v4_ = 0;
  unsigned voids_v6_ = 0;
  LintReport report_;
};

constexpr std::array problem_names{std::pair{Problem::no_record, "no_record"},
                                   std::pair{Problem::several_records, "several_records"},
                                   std::pair{Problem::syntax_error, "syntax_error"},
                                   std::pair{Problem::dns_failure, "dns_failure"},
                                   std::pair{Problem::too_many_terms, "too_many_terms"},
                                   std::pair{Problem::too_many_voids, "too_many_voids"},
                                   std::pair{Problem::too_many_mx, "too_many_mx"},
                                   std::pair{Problem::include_without_record, "include_without_record"},
                                   std::pair{Problem::loop, "loop"},
                                   std::pair{Problem::void_lookup, "void_lookup"},
                                   std::pair{Problem::permissive_all, "permissive_all"},
                                   std::pair{Problem::neutral_all, "neutral_all"},
                                   std::pair{Problem::no_all, "no_all"},
                                   std::pair{Problem::unreachable_term, "unreachable_term"},
                                   std::pair{Problem::ptr_mechanism, "ptr_mechanism"},
                                   std::pair{Problem::wide_network, "wide_network"},
                                   std::pair{Problem::private_network, "private_network"},
                                   std::pair{Problem::host_bits, "host_bits"},
                                   std::pair{Problem::repeated_term, "repeated_term"},
                                   std::pair{Problem::unknown_modifier, "unknown_modifier"},
                                   std::pair{Problem::long_record, "long_record"},
                                   std::pair{Problem::long_answer, "long_answer"},
                                   std::pair{Problem::ipv4_only, "ipv4_only"},
                                   std::pair{Problem::ipv6_only, "ipv6_only"}};

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::advice: return "advice";
  }
  return "";
}

std::string_view to_string(Problem problem) {
  for (const auto& [value, name] : problem_names)
    if (value == problem) return name;
  return "";
}

bool LintReport::authorises(Family family) const {
  return std::ranges::any_of(authorised, [&](const IpNetwork& network) { return network.address.family() == family; });
}

bool LintReport::broken() const {
  return std::ranges::any_of(findings, [](const Finding& finding) { return finding.severity == Severity::error; });
}

Known<LintReport> lint(const DomainName& domain, const Facts& facts, const Limits& limits) {
  return Linter(facts, limits).run(domain);
}

}  // namespace ptarmigan::spf
