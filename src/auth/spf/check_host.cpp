// auth/spf/check_host.cpp - see check_host.hpp.
#include "auth/spf/check_host.hpp"

#include <algorithm>
#include <utility>

#include "auth/spf/macro.hpp"
#include "auth/spf/record.hpp"
#include "base/text.hpp"
#include "dns/reverse.hpp"

namespace ptarmigan::spf {
namespace {

using dns::DomainName;
using dns::RecordType;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; });
}

Outcome outcome_of(Qualifier qualifier) {
  switch (qualifier) {
    case Qualifier::pass: return Outcome::pass;
    case Qualifier::fail: return Outcome::fail;
    case Qualifier::softfail: return Outcome::softfail;
    case Qualifier::neutral: return Outcome::neutral;
  }
  return Outcome::neutral;
}

/// The SPF record among the TXT records of one name (RFC 7208#4.5).
struct Selection {
  std::size_t count = 0;
  std::string joined;     ///< where the record has several strings
  std::string_view text;  ///< of the last one; into `joined` or the answer
};

void select_record(const Answer& answer, Selection& selection) {
  for (const auto& record : answer.records) {
    const auto* const txt = std::get_if<dns::Txt>(&record.data);
    if (txt == nullptr) continue;
    std::string joined;
    if (txt->strings.size() != 1) joined = txt->joined();
    const std::string_view text = txt->strings.size() == 1 ? std::string_view(txt->strings.front()) : joined;
    if (!is_record(text)) continue;
    ++selection.count;
    selection.text = text;
    if (txt->strings.size() != 1) {
      selection.joined = std::move(joined);
      selection.text = selection.joined;
    }
  }
}

/// What became of one term; `unknown` where an answer is missing.
struct Judged {
  enum class State : std::uint8_t { match, no_match, temperror, permerror, unknown } state = State::no_match;
  std::string detail = {};
};
using State = Judged::State;

/// Where a domain-spec leads.
struct Target {
  enum class State : std::uint8_t { known, invalid, unknown, over_limit } state = State::invalid;
  DomainName name = {};
};

/// One call of check_host: walks the records until a term decides or an answer is missing. The nested calls of include
/// and redirect share its counts (RFC 7208#4.6.4).
class Evaluation {
 public:
  Evaluation(const Query& query, const Facts& facts)
      : query_(query), facts_(facts), client_(query.client.unmapped()), tracing_(query.trace == Trace::on) {}

  Known<Result> run() {
    result_.identity = query_.identity;
    if (!identify()) return std::move(result_);
    const auto outcome = check(result_.domain, 0);
    if (out_of_time_) return timed_out();
    if (!outcome) return Need(std::move(missing_));
    result_.outcome = *outcome;
    // An explanation that does not come in time is left out: the outcome stands without it.
    if (*outcome == Outcome::fail && query_.explanation == Explanation::fetch && !explain() && !out_of_time_)
      return Need(std::move(missing_));
    return std::move(result_);
  }

 private:
  /// Sets sender and domain; false where there is nothing to check (RFC 7208#4.3).
  bool identify() {
    std::string_view domain = query_.helo;
    if (query_.identity == Identity::mail_from && !query_.mail_from.empty()) {
      const auto at = query_.mail_from.rfind('@');
      domain = at == std::string::npos ? std::string_view(query_.mail_from)
                                       : std::string_view(query_.mail_from).substr(at + 1);
      if (at != std::string::npos && at > 0) local_part_ = query_.mail_from.substr(0, at);
    }
    auto name = DomainName::from_unicode(domain);
    if (domain.empty()) {
      result_.problem = "there is no domain to check";
    } else if (domain.starts_with('[')) {
      result_.problem = "'" + printable(domain, 80) + "' is an address, not a domain";
    } else if (!name) {
      result_.problem = std::move(name.error().message);
    } else if (name->label_count() < 2) {
      result_.problem = "'" + name->text() + "' has only one label";
    }
    result_.sender = local_part_ + "@" + (name ? name->text() : std::string(domain));
    if (name) result_.domain = *std::move(name);
    sender_domain_ = std::string_view(result_.sender).substr(local_part_.size() + 1);
    return result_.problem.empty();
  }

  // --- records

  /// check_host() for `domain` (RFC 7208#4.4, RFC 7208#4.6.3, RFC 7208#4.7); nothing where an answer is missing.
  std::optional<Outcome> check(const DomainName& domain, unsigned depth) {
    const Answer* answer = ask(domain, RecordType::txt);
    if (answer == nullptr) return std::nullopt;
    if (answer->temporary())
      return end(Outcome::temperror, depth, domain, "the TXT query for " + domain.text() + " " + failure_text(*answer));
    Selection selection;
    select_record(*answer, selection);
    if (selection.count == 0) return end(Outcome::none, depth, domain, domain.text() + " has no SPF record");
    if (selection.count > 1)
      return end(Outcome::permerror, depth, domain,
                 domain.text() + " has " + std::to_string(selection.count) + " SPF records");
    const auto record = Record::parse(selection.text);
    if (!record)
      return end(Outcome::permerror, depth, domain,
                 "in the record of " + domain.text() + ", " + record.error().message);
    note(depth, domain, "", TermOutcome::no_match, selection.text);

    for (std::size_t at = 0; at < record->mechanisms.size(); ++at) {
      const auto& mechanism = record->mechanisms[at];
      Judged judged = judge(mechanism, domain, depth);
      switch (judged.state) {
        case State::unknown: look_ahead(*record, at + 1, domain); return std::nullopt;
        case State::no_match: note(depth, domain, mechanism.text, TermOutcome::no_match, judged.detail); break;
        case State::temperror:
          note(depth, domain, mechanism.text, TermOutcome::temperror, judged.detail);
          return fail_with(Outcome::temperror, std::move(judged.detail));
        case State::permerror:
          note(depth, domain, mechanism.text, TermOutcome::permerror, judged.detail);
          return fail_with(Outcome::permerror, std::move(judged.detail));
        case State::match:
          note(depth, domain, mechanism.text, TermOutcome::match, judged.detail);
          if (depth == 0) decide(domain, mechanism.text, *record);
          return outcome_of(mechanism.qualifier);
      }
    }
    if (record->redirect) return redirect(*record->redirect, domain, depth);
    if (depth == 0) result_.record_domain = domain;
    return Outcome::neutral;
  }

  /// RFC 7208#6.1.
  std::optional<Outcome> redirect(std::string_view domain_spec, const DomainName& domain, unsigned depth) {
    if (!count_term()) return fail_with(Outcome::permerror, too_many_terms());
    const auto target = target_of(domain_spec, domain);
    switch (target.state) {
      case Target::State::known: break;
      case Target::State::unknown: return std::nullopt;
      case Target::State::over_limit: return fail_with(Outcome::permerror, too_many_terms());
      case Target::State::invalid:
        return fail_with(Outcome::permerror, "redirect=" + std::string(domain_spec) + " leads to no domain name");
    }
    note(depth, domain, detail([&] { return "redirect=" + std::string(domain_spec); }), TermOutcome::match,
         detail([&] { return "on to " + target.name.text(); }));
    const auto outcome = check(target.name, depth);
    if (outcome == Outcome::none) return Outcome::permerror;
    return outcome;
  }

  void decide(const DomainName& domain, std::string_view term, const Record& record) {
    result_.mechanism = term;
    result_.record_domain = domain;
    if (record.exp) exp_ = *record.exp;
  }

  // --- terms

  /// RFC 7208#5: all (RFC 7208#5.1), ip4 and ip6 (RFC 7208#5.6) need no DNS.
  Judged judge(const Mechanism& mechanism, const DomainName& domain, unsigned depth) {
    switch (mechanism.type) {
      case MechanismType::all: return {State::match};
      case MechanismType::ip4: return matches(client_.in_network(mechanism.network, mechanism.prefix_v4));
      case MechanismType::ip6: return matches(client_.in_network(mechanism.network, mechanism.prefix_v6));
      case MechanismType::include:
      case MechanismType::a:
      case MechanismType::mx:
      case MechanismType::ptr:
      case MechanismType::exists: break;
    }
    if (!count_term()) return {State::permerror, too_many_terms()};
    if (mechanism.domain_spec.empty()) return look_up(mechanism, domain, depth);
    const auto target = target_of(mechanism.domain_spec, domain);
    switch (target.state) {
      case Target::State::known: return look_up(mechanism, target.name, depth);
      case Target::State::unknown: return {State::unknown};
      case Target::State::over_limit: return {State::permerror, too_many_terms()};
      case Target::State::invalid: break;
    }
    return {mechanism.type == MechanismType::include ? State::permerror : State::no_match,
            "'" + std::string(mechanism.text) + "' leads to no domain name"};
  }

  Judged look_up(const Mechanism& mechanism, const DomainName& target, unsigned depth) {
    switch (mechanism.type) {
      case MechanismType::include: return judge_include(target, depth);
      case MechanismType::a: return judge_a(mechanism, target);
      case MechanismType::mx: return judge_mx(mechanism, target);
      case MechanismType::ptr: return judge_ptr(target);
      case MechanismType::exists: return judge_exists(target);
      case MechanismType::all:
      case MechanismType::ip4:
      case MechanismType::ip6: break;
    }
    return {};
  }

  /// RFC 7208#5.2.
  Judged judge_include(const DomainName& target, unsigned depth) {
    const auto outcome = check(target, depth + 1);
    if (!outcome) return {State::unknown};
    switch (*outcome) {
      case Outcome::pass: return {State::match, detail([&] { return target.text() + " says pass"; })};
      case Outcome::fail:
      case Outcome::softfail:
      case Outcome::neutral:
        return {State::no_match, detail([&] { return target.text() + " says " + std::string(to_string(*outcome)); })};
      case Outcome::temperror: return {State::temperror, std::move(result_.problem)};
      case Outcome::permerror: return {State::permerror, std::move(result_.problem)};
      case Outcome::none: return {State::permerror, "include:" + target.text() + ": " + result_.problem};
    }
    return {};
  }

  /// RFC 7208#5.3.
  Judged judge_a(const Mechanism& mechanism, const DomainName& target) {
    const Answer* answer = ask_addresses(target);
    if (answer == nullptr) return {State::unknown};
    if (answer->temporary()) return temporary(target, address_type(), *answer);
    if (answer->absent()) return void_lookup(target, address_type());
    return matches(holds_client(*answer, mechanism), target);
  }

  /// RFC 7208#5.4.
  Judged judge_mx(const Mechanism& mechanism, const DomainName& target) {
    const Answer* answer = ask(target, RecordType::mx);
    if (answer == nullptr) return {State::unknown};
    if (answer->temporary()) return temporary(target, RecordType::mx, *answer);
    if (answer->absent()) return void_lookup(target, RecordType::mx);
    if (answer->records.size() > query_.limits.max_mx_names)
      return {State::permerror,
              target.text() + " has more than " + std::to_string(query_.limits.max_mx_names) + " MX records"};
    bool unknown = false;
    bool any_address = false;
    for (const auto& record : answer->records) {
      const auto* const mx = std::get_if<dns::Mx>(&record.data);
      if (mx == nullptr || mx->exchange.is_root()) continue;
      const Answer* addresses = ask_addresses(mx->exchange);
      if (addresses == nullptr) {
        unknown = true;  // go on: the other hosts are asked for together with this one
      } else if (!unknown) {
        if (addresses->temporary()) return temporary(mx->exchange, address_type(), *addresses);
        if (holds_client(*addresses, mechanism)) return matches(true, mx->exchange);
        any_address |= addresses->found();
      }
    }
    if (unknown) return {State::unknown};
    if (!any_address) return void_lookup(target, RecordType::mx);
    return matches(false, target);
  }

  /// RFC 7208#5.5. Only names that could match are looked up: the others cannot change the outcome.
  Judged judge_ptr(const DomainName& target) {
    const Answer* answer = ask(dns::reverse_name(client_), RecordType::ptr);
    if (answer == nullptr) return {State::unknown};
    if (answer->temporary()) return {State::no_match, detail([&] { return "the PTR query " + failure_text(*answer); })};
    bool unknown = false;
    for (const auto* name : pointed_names(*answer)) {
      if (!name->is_at_or_below(target)) continue;
      const Answer* addresses = ask_addresses(*name);
      if (addresses == nullptr) {
        unknown = true;
      } else if (!unknown && confirms_client(*addresses)) {
        return matches(true, *name);
      }
    }
    if (unknown) return {State::unknown};
    return matches(false, target);
  }

  /// RFC 7208#5.7: always A, whatever the connection's family is.
  Judged judge_exists(const DomainName& target) {
    const Answer* answer = ask(target, RecordType::a);
    if (answer == nullptr) return {State::unknown};
    if (answer->temporary()) return temporary(target, RecordType::a, *answer);
    if (answer->absent()) return void_lookup(target, RecordType::a);
    return matches(true, target);
  }

  // --- macros

  /// The name that a domain-spec leads to (RFC 7208#4.8).
  Target target_of(std::string_view domain_spec, const DomainName& domain) {
    using enum Target::State;
    std::string expanded;
    if (domain_spec.find('%') != std::string_view::npos) {
      if (uses_local_part(domain_spec) && !is_ascii(local_part_)) return {invalid};
      std::string validated;
      if (uses_macro(domain_spec, 'p')) {
        // The PTR query of %{p} counts too, once: it is the same query each time (RFC 7208#4.6.4).
        if (!std::exchange(counted_ptr_macro_, true) && !count_term()) return {over_limit};
        if (!validate(domain, validated)) return {unknown};
      }
      expanded = expand(domain_spec, values(domain, validated));
      domain_spec = expanded;
    }
    auto name = target_name(domain_spec);
    if (!name) return {invalid};
    return {known, *std::move(name)};
  }

  [[nodiscard]] MacroValues values(const DomainName& domain, std::string_view validated) {
    domain_text_ = domain.text();
    return {.local_part = local_part_,
            .sender_domain = sender_domain_,
            .domain = domain_text_,
            .client = client_,
            .helo = query_.helo,
            .validated = validated,
            .receiver = query_.receiver,
            .now = query_.now};
  }

  /// %{p}: the domain itself, else a name below it, else any validated name, else "unknown" (RFC 7208#7.3). False where
  /// an answer is missing.
  bool validate(const DomainName& domain, std::string& validated) {
    validated = "unknown";
    const Answer* answer = ask(dns::reverse_name(client_), RecordType::ptr);
    if (answer == nullptr) return false;
    const auto rank = [&](const DomainName& name) { return name == domain ? 0 : name.is_at_or_below(domain) ? 1 : 2; };
    int best = 3;
    bool unknown = false;
    for (const auto* name : pointed_names(*answer)) {
      const Answer* addresses = ask_addresses(*name);
      if (addresses == nullptr) {
        unknown = true;
      } else if (confirms_client(*addresses) && rank(*name) < best) {
        best = rank(*name);
        validated = name->text();
      }
    }
    return !unknown;
  }

  /// The explanation of a fail (RFC 7208#6.2); anything wrong with it leaves it empty. False where an answer is
  /// missing.
  bool explain() {
    if (!exp_) return true;
    std::string validated;
    if (uses_macro(*exp_, 'p') && !validate(result_.record_domain, validated)) return false;
    if (uses_local_part(*exp_) && !is_ascii(local_part_)) return true;
    const auto target = target_name(expand(*exp_, values(result_.record_domain, validated)));
    if (!target) return true;
    const Answer* answer = ask(*target, RecordType::txt);
    if (answer == nullptr) return false;
    if (!answer->found() || answer->records.size() != 1) return true;
    const auto* const txt = std::get_if<dns::Txt>(&answer->records.front().data);
    if (txt == nullptr) return true;
    const auto text = txt->joined();
    if (!check_explanation(text)) return true;
    if (uses_macro(text, 'p') && !validate(result_.record_domain, validated)) return false;
    auto expanded = expand(text, values(result_.record_domain, validated));
    if (expanded.size() <= max_explanation_octets && std::ranges::all_of(expanded, is_printable_ascii))
      result_.explanation = std::move(expanded);
    return true;
  }

  // --- questions and counts

  const Answer* ask(DomainName name, RecordType type) {
    Question question{std::move(name), type};
    const Answer* answer = facts_.find(question);
    if (query_.elapsed >= query_.limits.max_time && (answer == nullptr || answer->status == AnswerStatus::timed_out))
      out_of_time_ = true;
    if (answer == nullptr) missing_.push_back(std::move(question));
    return answer;
  }
  [[nodiscard]] RecordType address_type() const { return client_.is_v4() ? RecordType::a : RecordType::aaaa; }
  const Answer* ask_addresses(const DomainName& name) { return ask(name, address_type()); }

  /// Asks, together with the missing answer, what the terms after it will ask in any case where they are reached. Only
  /// names that are known now; exists and ptr are left alone, since their owners count and log queries.
  void look_ahead(const Record& record, std::size_t from, const DomainName& domain) {
    unsigned terms = result_.terms;
    const auto want = [&](std::string_view domain_spec, RecordType type) {
      if (terms++ >= query_.limits.max_terms || uses_macro(domain_spec, 'p')) return;
      const auto target = domain_spec.empty() ? Target{Target::State::known, domain} : target_of(domain_spec, domain);
      if (target.state == Target::State::known && facts_.find({target.name, type}) == nullptr)
        missing_.push_back({target.name, type});
    };
    for (auto at = from; at < record.mechanisms.size(); ++at) {
      const auto& mechanism = record.mechanisms[at];
      switch (mechanism.type) {
        case MechanismType::all: return;
        case MechanismType::include: want(mechanism.domain_spec, RecordType::txt); break;
        case MechanismType::a: want(mechanism.domain_spec, address_type()); break;
        case MechanismType::mx: want(mechanism.domain_spec, RecordType::mx); break;
        case MechanismType::ptr:
        case MechanismType::exists: ++terms; break;
        case MechanismType::ip4:
        case MechanismType::ip6: break;
      }
    }
    if (record.redirect) want(*record.redirect, RecordType::txt);
  }

  bool count_term() {
    if (result_.terms >= query_.limits.max_terms) return false;
    ++result_.terms;
    return true;
  }
  [[nodiscard]] std::string too_many_terms() const {
    return "more than " + std::to_string(query_.limits.max_terms) + " terms need a DNS look-up";
  }
  Judged void_lookup(const DomainName& name, RecordType type) {
    if (++result_.voids > query_.limits.max_void_lookups)
      return {State::permerror, "more than " + std::to_string(query_.limits.max_void_lookups) +
                                    " look-ups found nothing; the last one was " + Question{name, type}.text()};
    return {State::no_match, detail([&] { return Question{name, type}.text() + " found nothing"; })};
  }

  [[nodiscard]] std::vector<const DomainName*> pointed_names(const Answer& answer) const {
    std::vector<const DomainName*> names;
    for (const auto& record : answer.records) {
      if (names.size() == query_.limits.max_ptr_names) break;
      if (const auto* const target = std::get_if<dns::Target>(&record.data)) names.push_back(&target->name);
    }
    return names;
  }
  [[nodiscard]] bool confirms_client(const Answer& answer) const {
    return std::ranges::any_of(answer.records, [&](const dns::Record& record) {
      const auto* const address = std::get_if<IpAddress>(&record.data);
      return address != nullptr && *address == client_;
    });
  }
  [[nodiscard]] bool holds_client(const Answer& answer, const Mechanism& mechanism) const {
    const unsigned prefix = client_.is_v4() ? mechanism.prefix_v4 : mechanism.prefix_v6;
    return std::ranges::any_of(answer.records, [&](const dns::Record& record) {
      const auto* const address = std::get_if<IpAddress>(&record.data);
      return address != nullptr && client_.in_network(*address, prefix);
    });
  }

  // --- words

  template <typename Text>
  [[nodiscard]] std::string detail(Text text) const {
    return tracing_ ? text() : std::string();
  }
  [[nodiscard]] Judged matches(bool match) const { return {match ? State::match : State::no_match}; }
  [[nodiscard]] Judged matches(bool match, const DomainName& name) const {
    return {match ? State::match : State::no_match,
            detail([&] { return name.text() + (match ? " leads to " : " does not lead to ") + client_.text(); })};
  }
  static std::string failure_text(const Answer& answer) {
    std::string text = answer.status == AnswerStatus::timed_out ? "was not answered in time" : "failed";
    if (!answer.detail.empty()) text += " (" + printable(answer.detail, 80) + ")";
    return text;
  }
  static Judged temporary(const DomainName& name, RecordType type, const Answer& answer) {
    return {State::temperror, "the query " + Question{name, type}.text() + " " + failure_text(answer)};
  }
  void note(unsigned depth, const DomainName& domain, std::string_view term, TermOutcome outcome,
            std::string_view detail) {
    if (!tracing_) return;
    result_.trace.push_back(
        {depth, domain.text(), printable(term), outcome, printable(detail, 600), result_.terms, result_.voids});
  }
  std::optional<Outcome> fail_with(Outcome outcome, std::string problem) {
    result_.problem = std::move(problem);
    return outcome;
  }
  /// RFC 7208#4.6.4: beyond the limit on time the result is temperror, whatever was found until then.
  Result timed_out() {
    result_.outcome = Outcome::temperror;
    result_.mechanism.clear();
    result_.record_domain = DomainName();
    result_.problem = "the evaluation took longer than " + std::to_string(query_.limits.max_time.count()) + " s";
    return std::move(result_);
  }
  /// Ends a record that cannot be evaluated.
  std::optional<Outcome> end(Outcome outcome, unsigned depth, const DomainName& domain, std::string problem) {
    note(depth, domain, "", outcome == Outcome::temperror ? TermOutcome::temperror : TermOutcome::permerror, problem);
    return fail_with(outcome, std::move(problem));
  }

  const Query& query_;
  const Facts& facts_;
  const IpAddress client_;
  const bool tracing_;
  std::string local_part_ = "postmaster";
  std::string_view sender_domain_;  ///< into result_.sender
  std::string domain_text_;         ///< what values() points to
  std::optional<std::string> exp_;  ///< of the record that decided
  bool counted_ptr_macro_ = false;
  bool out_of_time_ = false;
  std::vector<Question> missing_;
  Result result_;
};

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::none: return "none";
    case Outcome::neutral: return "neutral";
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
    case Outcome::softfail: return "softfail";
    case Outcome::temperror: return "temperror";
    case Outcome::permerror: return "permerror";
  }
  return "";
}

std::string_view to_string(Identity identity) {
  return identity == Identity::mail_from ? "mailfrom" : "helo";
}

std::string_view to_string(TermOutcome outcome) {
  switch (outcome) {
    case TermOutcome::match: return "match";
    case TermOutcome::no_match: return "no match";
    case TermOutcome::temperror: return "temperror";
    case TermOutcome::permerror: return "permerror";
  }
  return "";
}

Known<Result> check_host(const Query& query, const Facts& facts) {
  return Evaluation(query, facts).run();
}

}  // namespace ptarmigan::spf
