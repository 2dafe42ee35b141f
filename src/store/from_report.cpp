// store/from_report.cpp - see from_report.hpp.
#include "store/from_report.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "reports/json.hpp"
#include "smtp/failure.hpp"
#include "store/views.hpp"
#include "watch/explain.hpp"
#include "watch/kind.hpp"

namespace ptarmigan::store {
namespace {

constexpr std::size_t max_word = 255;
constexpr std::size_t max_text = 1000;
constexpr std::chrono::days oldest{800};

std::string word(std::string_view text) {
  return to_lower(trim(text).substr(0, max_word));
}
std::string cut(std::string_view text, std::size_t limit = max_text) {
  return std::string(text.substr(0, limit));
}

std::string bare_address(std::string_view text) {
  return std::string(trim(text, "<> \t").substr(0, max_word));
}
std::string domain_of(std::string_view address) {
  const auto bare = bare_address(address);
  const auto at = bare.rfind('@');
  return at == std::string::npos ? "" : to_lower(std::string_view(bare).substr(at + 1));
}

/// FNV-1a, 64 bits, as hexadecimal: to tell reports without an id apart, not to prove anything.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  std::string out(16, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit, hash >>= 4U) *digit = "0123456789abcdef"[hash & 15U];
  return out;
}

class Builder {
 public:
  Builder(const reports::Report& report, const Ours& ours, WallTime now) : report_(report), ours_(ours), now_(now) {}

  FullReport build(const std::string& source) {
    auto& head = out_.report;
    head.kind = reports::kind_of(report_);
    head.received = now_;
    head.source = cut(source);
    std::visit([this](const auto& content) { take(content); }, report_.content);
    if (report_.readable()) {
      head.identity = head.kind + " " + word(head.organization) + " " + head.domain + " " + identity_;
      head.ours = ours_.has_domain(head.domain);
      for (const auto& note : report_.notes.all()) head.notes += (head.notes.empty() ? "" : " ") + note.code;
      head.notes = cut(head.notes);
    }
    return std::move(out_);
  }

 private:
  /// A time that a report may name; else when it came.
  WallTime believed(const std::optional<WallTime>& time) const {
    return time && *time <= now_ + max_clock_skew && *time >= now_ - oldest ? *time : now_;
  }
  static WallTime day_of(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }

  void take(const std::monostate& /*none*/) {}

  void take(const reports::AggregateReport& report) {
    auto& head = out_.report;
    head.organization = cut(report.org_name.empty() ? report.email : report.org_name, max_word);
    head.report_id = cut(report.report_id, max_word);
    head.domain = word(report.policy.domain);
    head.begins = believed(report.begin);
    head.ends = std::max(head.begins, believed(report.end));
    for (const auto& record : report.records) {
      if (out_.dmarc.size() == max_report_rows) break;
      take(record, day_of(head.begins));
    }
    // Where a generator gives no id, what it says is its identity.
    identity_ = head.report_id.empty() ? digest(reports::json(report_, "")) : head.report_id;
    identity_ += " " + std::to_string(report.begin ? report.begin->time_since_epoch().count() : 0);
  }

  void take(const reports::AggregateRecord& record, WallTime day) {
    DmarcRow row{.day = day,
                 .domain = out_.report.domain,
                 .header_from = word(record.header_from),
                 .source_ip = cut(record.source_ip, 64),
                 .disposition = word(record.disposition),
                 .dkim = record.dkim == "pass",
                 .spf = record.spf == "pass",
                 .messages = std::min<std::uint64_t>(record.count, 1'000'000'000)};
    if (const auto address = IpAddress::parse(record.source_ip)) {
      row.source_ip = address->unmapped().text();
      row.family = address->unmapped().is_v4() ? 4 : 6;
      row.own = ours_.addresses.contains(row.source_ip);
    }
    // The result that counted, or the first.
    const auto passed = std::ranges::find(record.dkim_results, "pass", &reports::DkimAuthResult::result);
    const auto dkim = passed != record.dkim_results.end() ? passed : record.dkim_results.begin();
    if (dkim != record.dkim_results.end()) {
      row.dkim_domain = word(dkim->domain);
      row.dkim_selector = word(dkim->selector);
      row.dkim_result = word(dkim->result);
    }
    if (!record.spf_results.empty()) {
      row.spf_domain = word(record.spf_results.front().domain);
      row.spf_result = word(record.spf_results.front().result);
    }
    if (!record.reasons.empty()) row.reason = word(record.reasons.front().type);
    out_.report.messages += row.messages;
    if (row.dkim || row.spf) out_.report.passed += row.messages;
    out_.dmarc.push_back(std::move(row));
  }

  void take(const reports::TlsReport& report) {
    auto& head = out_.report;
    head.organization = cut(report.organization_name, max_word);
    head.report_id = cut(report.report_id, max_word);
    head.begins = believed(report.start);
    head.ends = std::max(head.begins, believed(report.end));
    identity_ = head.report_id.empty() ? digest(reports::json(report_, "")) : head.report_id;
    for (const auto& policy : report.policies) {
      const auto domain = word(policy.policy_domain);
      if (head.domain.empty()) head.domain = domain;
      // A report may name several domains: each row answers for its own.
      if (!ours_.has_domain(domain)) continue;
      TlsRow row{.day = day_of(head.begins), .domain = domain, .policy = word(policy.policy_type)};
      row.result = "success";
      row.sessions = policy.successful_sessions;
      head.passed += row.sessions;
      head.messages += policy.successful_sessions + policy.failed_sessions;
      if (row.sessions > 0) out_.tls.push_back(row);
      for (const auto& failed : policy.failures) {
        if (out_.tls.size() == max_report_rows) break;
        row.result = word(failed.result_type);
        row.mx_host = word(failed.receiving_mx_hostname);
        row.sending_ip = cut(failed.sending_mta_ip, 64);
        row.sessions = failed.failed_session_count;
        out_.tls.push_back(row);
      }
    }
  }

  void take(const reports::FeedbackReport& report) {
    auto& head = out_.report;
    FeedbackRow row{
        .time = believed(report.arrived),
        .type = word(report.feedback_type),
        .reporter = cut(report.reporting_mta.value.empty() ? report.user_agent : report.reporting_mta.value, max_word),
        .source_ip = cut(report.source_ip, 64),
        .domain = report.reported_domains.empty() ? "" : word(report.reported_domains.front()),
        .mail_from = bare_address(report.original_mail_from),
        .recipient = report.original_rcpt_to.empty() ? "" : bare_address(report.original_rcpt_to.front()),
        .message_id = bare_address(report.original.message_id),
        .detail = cut(report.auth_failure)};
    if (row.domain.empty()) row.domain = domain_of(report.original.from);
    if (row.domain.empty()) row.domain = domain_of(row.mail_from);
    // Of one's own mail: the first recipient where the report hides it.
    if (row.recipient.empty()) row.recipient = bare_address(report.original.to);
    head.organization = row.reporter;
    head.domain = row.domain;
    head.begins = head.ends = row.time;
    head.messages = report.incidents;
    identity_ = digest(reports::json(report_, ""));
    out_.feedback.push_back(std::move(row));
  }

  void take(const reports::DeliveryReport& report) {
    auto& head = out_.report;
    head.organization = cut(report.reporting_mta.value, max_word);
    head.domain = domain_of(report.original.from);
    if (head.domain.empty()) head.domain = domain_of(report_.carrier.to);
    head.begins = head.ends = believed(report.arrived);
    head.messages = report.recipients.size();
    out_.original_message_id = bare_address(report.original.message_id);
    identity_ = digest(reports::json(report_, ""));
    for (const auto& recipient : report.recipients) {
      if (out_.bounces.size() == max_report_rows) break;
      BounceRow row{.time = believed(recipient.last_attempt ? recipient.last_attempt : report.arrived),
                    .recipient = bare_address(recipient.address),
                    .action = word(recipient.action),
                    .status = word(recipient.status),
                    .remote_mta = cut(recipient.remote_mta.value, max_word),
                    .reply = cut(recipient.diagnostic_code.value)};
      explain(row);
      out_.bounces.push_back(std::move(row));
    }
  }

  static void explain(BounceRow& row) {
    const auto explanation = watch::explain_reply(row.reply);
    watch::Refused refused{.rule_id = {}, .cause = {}, .enhanced_status = row.status, .reply_text = row.reply};
    if (explanation) {
      refused.reply_code = explanation->found.reply.code;
      refused.cause = smtp::to_string(explanation->failure.cause);
      if (!explanation->suspects.empty()) row.rule_id = explanation->suspects.front().rule->id;
      refused.rule_id = row.rule_id;
    }
    row.kind = watch::to_string(watch::kind_of(refused));
  }

  const reports::Report& report_;
  const Ours& ours_;
  WallTime now_;
  FullReport out_;
  std::string identity_;
};

}  // namespace

bool Ours::has_domain(std::string_view domain) const {
  if (domains.empty()) return true;
  for (auto rest = domain; !rest.empty();) {
    if (domains.contains(std::string(rest))) return true;
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return false;
}

Ours ours_of(const config::Config& config) {
  Ours out;
  for (const auto& domain : config.domains) out.domains.insert(domain.name.text());
  for (const auto& source : config.sources)
    for (const auto& address : {source.ipv4, source.ipv6})
      if (address) out.addresses.insert(address->text());
  return out;
}

FullReport full_report(const reports::Report& report, const std::string& source, const Ours& ours, WallTime now) {
  return Builder(report, ours, now).build(source);
}

Result<> join_messages(FullReport& report, Views& views) {
  for (auto& row : report.feedback) {
    const auto found = views.message_of(row.message_id, row.recipient, row.time);
    if (!found) return std::unexpected(found.error());
    if (!*found) continue;
    row.queue_id = (*found)->queue_id;
    if (row.recipient.empty() && (*found)->recipients.size() == 1) row.recipient = (*found)->recipients.front();
  }
  for (auto& row : report.bounces) {
    const auto found = views.message_of(report.original_message_id, row.recipient, row.time);
    if (!found) return std::unexpected(found.error());
    if (*found) row.queue_id = (*found)->queue_id;
  }
  return {};
}

}  // namespace ptarmigan::store
