// reports/fuzz/parsers_fuzz.cpp - each reader by itself, which read_reports() would reach only behind its container.
// Properties: nothing crashes; what is kept is valid UTF-8 without NUL; notes stay few; unpacking keeps to its budget.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reports/aggregate.hpp"
#include "reports/archive.hpp"
#include "reports/dates.hpp"
#include "reports/delivery.hpp"
#include "reports/feedback.hpp"
#include "reports/tlsrpt.hpp"

namespace {

using namespace ptarmigan::reports;

constexpr std::size_t most_notes = 100;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_clean(const std::string& text) {
  return text.find('\0') == std::string::npos;
}

void aggregate(std::string_view octets, Notes& notes) {
  const auto report = parse_aggregate(octets, notes);
  if (!report) return;
  require(is_clean(report->org_name) && is_clean(report->policy.domain));
  for (const auto& record : report->records) require(is_clean(record.header_from) && is_clean(record.source_ip));
}

void archive(std::string_view octets, Notes& notes) {
  UnpackBudget budget{.octets = 1U << 20U, .members = 10};
  std::size_t sum = 0;
  const auto members = unpack(octets, budget, notes);
  for (const auto& member : members) sum += member.size();
  require(sum <= (1U << 20U) && members.size() <= 10);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  Notes notes;
  switch (data[0] % 6) {
    case 0: aggregate(octets, notes); break;
    case 1: archive(octets, notes); break;
    case 2:
      if (const auto report = parse_feedback(octets, octets, notes)) require(is_clean(report->feedback_type));
      break;
    case 3:
      if (const auto report = parse_tls_report(octets, notes)) require(is_clean(report->organization_name));
      break;
    case 4:
      if (const auto report = parse_delivery_status(octets, octets, notes)) require(!report->recipients.empty());
      break;
    default:
      (void)parse_mail_date(octets);
      (void)parse_rfc3339(octets);
      (void)parse_epoch(octets);
      break;
  }
  require(notes.all().size() < most_notes);
  return 0;
}
