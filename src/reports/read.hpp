// reports/read.hpp - any file that may hold a report about mail: XML, JSON, a message with reports as parts or
// attachments (any type and encoding, forwarded ones too), gzip and ZIP around any of them, told by content alone.
// Everything is read that can be; what cannot is a Report without content whose notes say why.
// Limits: ReadLimits, and those of each reader. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reports/aggregate.hpp"
#include "reports/archive.hpp"
#include "reports/delivery.hpp"
#include "reports/feedback.hpp"
#include "reports/notes.hpp"
#include "reports/tlsrpt.hpp"

namespace ptarmigan::reports {

struct ReadLimits {
  UnpackBudget unpacked = {};
  unsigned depth = 6;  ///< containers within containers
};

/// The message that carried a report: what it claims, not who sent it.
struct Carrier {
  std::string message_id;
  std::string from;
  std::string to;
  std::string subject;
  std::string date;

  [[nodiscard]] bool empty() const { return message_id.empty() && from.empty() && subject.empty(); }
};

struct Report {
  /// "message", "gzip", "zip", outermost first.
  std::vector<std::string> containers;
  Carrier carrier;
  std::variant<std::monostate, AggregateReport, FeedbackReport, TlsReport, DeliveryReport> content;
  Notes notes;

  [[nodiscard]] bool readable() const { return content.index() != 0; }
};

/// At least one.
[[nodiscard]] std::vector<Report> read_reports(std::string_view octets, const ReadLimits& limits = {});

}  // namespace ptarmigan::reports
