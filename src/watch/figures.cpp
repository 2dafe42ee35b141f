// watch/figures.cpp - see figures.hpp.
#include "watch/figures.hpp"

#include <array>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace ptarmigan::watch {
namespace {

/// "Keep spam rates below 0.3 %" (Google, Email sender guidelines; Yahoo has the same).
constexpr std::int64_t most_spam = 3'000;

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> requirements{{
    {"SPF", "Publish an SPF record that names every address that you send from"},
    {"DKIM", "Sign every message with a key whose record is published; ptarmigan records shows it"},
    {"SPF_AND_DKIM", "Have both SPF and DKIM: bulk senders need the two"},
    {"DMARC_POLICY", "Publish a DMARC record, at least v=DMARC1; p=none"},
    {"DMARC_ALIGNMENT", "Let the domain of From be the one that DKIM signs or that MAIL FROM names"},
    {"MESSAGE_FORMATTING", "Run ptarmigan lint over a message: one From, Date and Message-ID, no odd line ends"},
    {"DNS_RECORDS", "Give each sending address a PTR record that leads back to it; ptarmigan check shows which lacks"},
    {"ENCRYPTION", "Send over TLS"},
    {"USER_REPORTED_SPAM_RATE", "Send to people who asked for it, and let them leave easily"},
    {"ONE_CLICK_UNSUBSCRIBE", "Add List-Unsubscribe and List-Unsubscribe-Post to bulk mail (RFC 8058)"},
    {"HONOR_UNSUBSCRIBE", "Stop mail to whoever unsubscribed, within two days"},
}};

Incident condition(const Figure& figure, std::string title, std::string why, std::string fix) {
  const bool google = figure.provider == google_postmaster;
  return {.key = "figure " + figure.provider + " " + figure.subject + " " + figure.metric,
          .kind = "figure",
          .site = google ? "gmail" : "outlook",
          .source = google ? "" : figure.subject,
          .domain = google ? figure.subject : "",
          .cause = "reputation",
          .title = std::move(title),
          .why = std::move(why),
          .fix = std::move(fix)};
}

std::string percent(std::int64_t millionths) {
  return fmt::format("{:.2f} %", static_cast<double>(millionths) / 10'000);
}

void judge_google(const Figure& figure, std::vector<Incident>& out) {
  const auto day = rfc3339(figure.day).substr(0, 10);
  if (figure.metric.starts_with("compliance.") && figure.text.starts_with("NEEDS_WORK")) {
    const auto name = std::string_view(figure.metric).substr(11);
    std::string fix = "See the compliance page of https://postmaster.google.com";
    for (const auto& [requirement, words] : requirements)
      if (requirement == name) fix = words;
    out.push_back(condition(figure, fmt::format("Gmail says that {} needs work: {}", figure.subject, name),
                            fmt::format("Google Postmaster Tools, {}: {}", day, figure.text), std::move(fix)));
  }
  if (figure.metric == "spam_rate" && figure.millionths >= most_spam)
    out.push_back(
        condition(figure, fmt::format("Gmail users report {} as spam", figure.subject),
                  fmt::format("{} of it on {}; from 0.30 % on mail is refused", percent(figure.millionths), day),
                  "Send only to people who asked for it, less often, with one-click unsubscribe; look at what was sent "
                  "that day"));
  if (figure.metric == "reject_bad_or_missing_ptr_record" && figure.millionths > 0)
    out.push_back(condition(
        figure, fmt::format("Gmail refused mail of {} for a bad PTR record", figure.subject),
        fmt::format("{} of it on {}, from whatever address it came", percent(figure.millionths), day),
        "Find the address: ptarmigan check shows those of this host, DMARC reports those of others that send for you"));
}

void judge_snds(const Figure& figure, std::vector<Incident>& out) {
  const auto day = rfc3339(figure.day).substr(0, 10);
  if (figure.metric == "filter" && figure.text == "RED")
    out.push_back(condition(figure, "Outlook.com takes most mail from " + figure.subject + " for spam",
                            "SNDS, " + day + ": RED, more than 90 % of it",
                            "Send less, to those who open it; ask Outlook.com's sender support where it lasts"));
  if (figure.metric == "blocked")
    out.push_back(condition(figure, "Outlook.com blocks " + figure.subject, "SNDS, " + day + ": " + figure.text,
                            "Mend what it names, then ask for removal: https://olcsupport.office.com"));
}

}  // namespace

std::vector<Incident> wrong_figures(std::span<const Figure> figures) {
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, const Figure*> last;
  for (const auto& figure : figures) {
    auto& kept = last[{figure.provider, figure.subject, figure.metric}];
    if (kept == nullptr || kept->day <= figure.day) kept = &figure;
  }
  std::vector<Incident> out;
  for (const auto& [key, figure] : last) {
    if (figure->provider == google_postmaster) judge_google(*figure, out);
    if (figure->provider == snds) judge_snds(*figure, out);
  }
  return out;
}

}  // namespace ptarmigan::watch
