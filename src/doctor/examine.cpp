// doctor/examine.cpp - examine(): judges each delivery, collects repairs, finds zone cuts and effective times.
#include "doctor/examine.hpp"

#include <algorithm>
#include <array>

#include "auth/spf/record.hpp"
#include "dns/reverse.hpp"
#include "rulebook/fixes.hpp"

namespace ptarmigan::doctor {
namespace {

using rulebook::Effect;
using rulebook::Fix;
using rulebook::State;
using rulebook::Subject;

/// Zone cuts above a reverse name are looked for from here down: allocations to networks are longer.
constexpr std::size_t shortest_reverse_zone_labels = 4;  // "d.0.1.0.0.2..." is cut at 16 bits or below

std::vector<Subject> subjects_of(const Setup& setup) {
  std::vector<Subject> out;
  for (const auto& source : setup.sources) {
    for (const auto& address : {source.ipv4, source.ipv6}) {
      if (!address) continue;
      Subject subject;
      subject.sending_address = *address;
      if (!source.ehlo_name.empty()) subject.ehlo_name = source.ehlo_name;
      subject.mail_from =
          setup.mail_from ? *setup.mail_from : smtp::ReversePath{smtp::Mailbox{"postmaster", setup.domain.text()}};
      subject.header_from = std::vector{setup.domain};
      subject.signatures = setup.signatures;
      subject.hop = setup.hop;
      subject.header = setup.header;
      subject.stream = setup.stream;
      out.push_back(std::move(subject));
    }
  }
  return out;
}

void forecast(Delivery& delivery) {
  delivery.forecast = Forecast::accepted;
  if (delivery.receiver->rules.empty()) {
    delivery.forecast = Forecast::unknown;
    return;
  }
  const auto first = [&](auto wanted) {
    const auto at = std::ranges::find_if(delivery.findings, wanted);
    return at == delivery.findings.end() ? nullptr : &*at;
  };
  const auto is = [](State state, Effect effect) {
    return [=](const Finding& f) { return f.verdict.state == state && f.effect == effect; };
  };
  const auto stops = [](State state) {
    return [=](const Finding& f) {
      return f.verdict.state == state && (f.effect == Effect::refuse || f.effect == Effect::defer);
    };
  };
  if (const auto* refusal = first(stops(State::broken))) {
    delivery.because = refusal->rule;
    delivery.words = rulebook::reply_for(*refusal->rule, delivery.subject, "session-id");
    delivery.forecast = refusal->effect == Effect::refuse ? Forecast::refused : Forecast::deferred;
  } else if (const auto* open = first(stops(State::unknown))) {
    delivery.because = open->rule;
    delivery.forecast = Forecast::unknown;
  } else if (const auto* spam = first(is(State::broken, Effect::spam))) {
    delivery.because = spam->rule;
    delivery.forecast = Forecast::spam;
  }
}

Known<Delivery> deliver(const Subject& subject, const rulebook::Receiver& receiver, const Facts& facts) {
  auto judged = rulebook::judge(receiver, subject, facts);
  if (!judged) return judged.need();
  Delivery out;
  out.subject = subject;
  out.receiver = &receiver;
  for (auto& verdict : std::move(judged).value().verdicts) {
    if (!subject.header && verdict.rule->about == rulebook::About::message) continue;
    Finding finding{verdict.rule, verdict.verdict, verdict.effect, {}};
    for (const auto& question : finding.verdict.evidence)
      if (const auto* answer = facts.find(question)) finding.evidence.push_back({question, *answer});
    out.findings.push_back(std::move(finding));
  }
  forecast(out);
  return out;
}

bool is_spf(const dns::Record& record) {
  const auto* txt = std::get_if<dns::Txt>(&record.data);
  return txt != nullptr && spf::is_record(txt->joined());
}

/// Adds a further address to an SPF record that is to be published, where `publish` would put it.
void add_address(Repair& repair, const IpAddress& address, const Fix::Publish& publish) {
  const auto text = std::get<dns::Txt>(repair.record.data).joined();
  const auto wanted = std::get<dns::Txt>(publish.record.data).joined();
  const bool first = wanted.starts_with("v=spf1 ip") && wanted.find(':' + address.text() + ' ') == sizeof "v=spf1 ip";
  const bool there = text.find(':' + address.text() + ' ') != std::string::npos;
  if (there && (!first || repair.reason.find(address.text()) != std::string::npos)) return;
  using rulebook::fixes::SpfPlace;
  repair.record.data =
      dns::txt_of(rulebook::fixes::spf_with(text, address, first ? SpfPlace::first : SpfPlace::before_all));
  repair.reason += ", and " + address.text();
}

/// One repair for the same owner and type: SPF records grow by each address, other records are told once.
void add_repair(std::vector<Repair>& repairs, const Subject& subject, const Finding& finding,
                const Fix::Publish& publish) {
  const auto& id = finding.rule->id;
  const auto same = std::ranges::find_if(repairs, [&](const Repair& repair) {
    if (repair.record.owner != publish.record.owner || repair.record.type != publish.record.type) return false;
    return repair.record.data == publish.record.data || (is_spf(repair.record) && is_spf(publish.record));
  });
  if (same == repairs.end()) {
    repairs.push_back(
        {publish.record, publish.action, publish.reason, {}, {}, 0, {}, {std::string(id)}, finding.effect});
    return;
  }
  if (std::ranges::find(same->rules, id) == same->rules.end()) same->rules.emplace_back(id);
  same->effect = std::min(same->effect, finding.effect);
  if (same->record.data != publish.record.data && subject.sending_address)
    add_address(*same, subject.sending_address->unmapped(), publish);
}

void add_change(std::vector<Change>& changes, const std::string& text, Effect effect) {
  const auto same = std::ranges::find(changes, text, &Change::text);
  if (same == changes.end())
    changes.push_back({text, effect});
  else
    same->effect = std::min(same->effect, effect);
}

/// What a named check would publish, unless a rule's repair does that already.
void add_check_repairs(Report& report, const CheckResult& result) {
  const std::string id(result.check->id);
  for (const auto& publish : result.publish) {
    const auto same = std::ranges::find_if(report.repairs, [&](const Repair& repair) {
      return repair.record.owner == publish.record.owner && repair.record.type == publish.record.type;
    });
    if (same == report.repairs.end()) {
      report.repairs.push_back({publish.record, publish.action, publish.reason, {}, {}, 0, {}, {id}, result.effect});
      continue;
    }
    if (std::ranges::find(same->rules, id) == same->rules.end()) same->rules.push_back(id);
    if (is_spf(same->record) && is_spf(publish.record) && result.address) add_address(*same, *result.address, publish);
  }
  if (result.publish.empty() && !result.remedy.empty()) add_change(report.changes, result.remedy, result.effect);
}

bool asks_block_lists(const rulebook::Receiver& receiver) {
  return receiver.id == rulebook::strict().id || std::ranges::any_of(receiver.rules, [](const rulebook::Rule& rule) {
           return rule.id.ends_with(".block-list");
         });
}

/// A listed address is refused by the receivers that have a rule about block lists.
void apply_listing(Report& report, const CheckResult& result) {
  if (result.check->id != "reputation.address-lists" || result.effect != Effect::refuse) return;
  for (auto& delivery : report.deliveries) {
    if (delivery.subject.sending_address != result.address || !asks_block_lists(*delivery.receiver)) continue;
    if (delivery.forecast == Forecast::refused) continue;
    delivery.forecast = Forecast::refused;
    delivery.because = nullptr;
    delivery.words.reset();
    delivery.because_check = result.check;
  }
}

/// Forward names first, as a reverse name must lead to something; what authenticates next; what judges last.
int order_of(const Repair& repair) {
  using dns::RecordType;
  const auto type = repair.record.type;
  if (type == RecordType::a || type == RecordType::aaaa) return 0;
  if (type == RecordType::ptr) return 1;
  if (is_spf(repair.record)) return 2;
  if (!repair.record.owner.labels().empty() && repair.record.owner.labels().front() == "_dmarc") return 4;
  return 3;
}

void put_in_order(std::vector<Repair>& repairs) {
  std::vector<Repair> ordered;
  for (int order = 0; order < 5; ++order)
    for (const auto& repair : repairs)
      if (order_of(repair) == order) ordered.push_back(repair);
  repairs = std::move(ordered);
}

std::size_t fewest_zone_labels(const dns::DomainName& owner) {
  const auto text = owner.text();
  if (text.ends_with(".ip6.arpa")) return 2 + shortest_reverse_zone_labels;
  if (text.ends_with(".in-addr.arpa")) return 3;
  return 1;
}

/// The zone that holds `owner`: the longest of its names with an SOA record of its own.
const dns::DomainName* place(Gather& gather, const dns::DomainName& owner, std::vector<dns::DomainName>& names) {
  const dns::DomainName* zone = nullptr;
  const auto fewest = fewest_zone_labels(owner);
  for (auto count = owner.label_count(); count >= fewest && count > 0; --count)
    names.push_back(owner.last_labels(count));
  for (const auto& name : names) {
    const auto* answer = gather.ask({name, dns::RecordType::soa});
    if (zone == nullptr && answer != nullptr && answer->found() && answer->records.front().owner == name) zone = &name;
  }
  return zone;
}

void complete(Repair& repair, Gather& gather, const Facts& facts) {
  std::vector<dns::DomainName> names;
  const auto* zone = place(gather, repair.record.owner, names);
  if (zone != nullptr) repair.zone = *zone;
  repair.relative_owner =
      zone != nullptr ? dns::relative_to(repair.record.owner, *zone) : repair.record.owner.absolute();
  if (const auto* now = facts.find({repair.record.owner, repair.record.type})) {
    repair.cached_for = now->ttl;
    if (now->asked_at != WallTime{}) repair.effective_at = now->asked_at + seconds(now->ttl);
  }
}

}  // namespace

std::string_view to_string(Grade grade) {
  switch (grade) {
    case Grade::a: return "A";
    case Grade::b: return "B";
    case Grade::c: return "C";
    case Grade::d: return "D";
    case Grade::e: return "E";
    case Grade::f: return "F";
    case Grade::undecided: return "?";
  }
  return {};
}

std::string_view to_string(Forecast forecast) {
  switch (forecast) {
    case Forecast::accepted: return "accepted";
    case Forecast::spam: return "spam";
    case Forecast::deferred: return "deferred";
    case Forecast::refused: return "refused";
    case Forecast::unknown: return "unknown";
  }
  return {};
}

Forecast Report::worst() const {
  constexpr std::array order{Forecast::accepted, Forecast::spam, Forecast::unknown, Forecast::deferred,
                             Forecast::refused};
  const auto rank = [&](Forecast f) { return std::ranges::find(order, f) - order.begin(); };
  auto out = deliveries.empty() ? Forecast::unknown : Forecast::accepted;
  for (const auto& delivery : deliveries)
    if (rank(delivery.forecast) > rank(out)) out = delivery.forecast;
  return out;
}

bool View::agrees() const {
  if (answer.temporary() || ours.temporary()) return answer.temporary() == ours.temporary();
  const auto data = [](const Answer& a) {
    std::vector<std::string> out;
    for (const auto& record : a.records) out.push_back(dns::data_text(record.data));
    std::ranges::sort(out);
    return out;
  };
  return data(answer) == data(ours);
}

std::vector<Evidence> open_questions(const Report& report) {
  std::vector<Evidence> out;
  const auto add = [&](State state, const std::vector<Evidence>& evidence) {
    if (state == State::holds) return;
    for (const auto& item : evidence)
      if (std::ranges::find(out, item.question, &Evidence::question) == out.end()) out.push_back(item);
  };
  for (const auto& delivery : report.deliveries)
    for (const auto& finding : delivery.findings) add(finding.verdict.state, finding.evidence);
  for (const auto& result : report.checks) add(result.verdict.state, result.evidence);
  return out;
}

Grade Report::grade() const {
  const auto verdict = worst();
  if (verdict == Forecast::unknown) return Grade::undecided;
  const bool advice = std::ranges::any_of(checks, [](const auto& c) { return c.verdict.state == State::broken; }) ||
                      !repairs.empty() || !changes.empty();
  if (verdict == Forecast::accepted) return advice ? Grade::b : Grade::a;
  if (verdict == Forecast::spam) return Grade::c;
  std::size_t reached = 0;
  for (const auto* receiver : setup.receivers)
    reached += std::ranges::any_of(deliveries,
                                   [&](const Delivery& d) {
                                     return d.receiver == receiver &&
                                            (d.forecast == Forecast::accepted || d.forecast == Forecast::spam);
                                   })
                   ? 1U
                   : 0U;
  if (reached == 0) return Grade::f;
  return reached == setup.receivers.size() ? Grade::d : Grade::e;
}

Known<Report> examine(const Setup& setup, const Facts& facts) {
  Report report{
      .setup = setup, .deliveries = {}, .checks = {}, .repairs = {}, .changes = {}, .views = {}, .unseen = {}};
  Gather gather(facts);
  const auto checked = run_checks(setup, facts);
  if (const auto* results = gather.take(checked)) report.checks = *results;
  for (const auto& subject : subjects_of(setup)) {
    for (const auto* receiver : setup.receivers) {
      const auto delivery = deliver(subject, *receiver, facts);
      if (const auto* known = gather.take(delivery)) report.deliveries.push_back(*known);
    }
  }
  if (gather.lacks()) return gather.need();

  for (const auto& delivery : report.deliveries) {
    for (const auto& finding : delivery.findings) {
      if (finding.verdict.state != State::broken) continue;
      const auto known = rulebook::fix_for(*finding.rule, delivery.subject, facts);
      const auto* fix = gather.take(known);
      if (fix == nullptr) continue;
      for (const auto& publish : fix->publish) add_repair(report.repairs, delivery.subject, finding, publish);
      for (const auto& change : fix->change) add_change(report.changes, change, finding.effect);
    }
  }
  for (const auto& result : report.checks) {
    if (result.verdict.state != State::broken) continue;
    add_check_repairs(report, result);
    apply_listing(report, result);
  }
  put_in_order(report.repairs);
  for (auto& repair : report.repairs) complete(repair, gather, facts);
  if (gather.lacks()) return gather.need();

  for (const auto* receiver : setup.receivers)
    for (const auto& rule : receiver->rules)
      if (rule.visibility == rulebook::Visibility::receiver_only) report.unseen.push_back(&rule);
  return report;
}

}  // namespace ptarmigan::doctor
