// reports/fuzz/fields_fuzz.cpp - the parsers of fields, each on any text: what is read is readable text and names
// someone.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "message/address.hpp"
#include "reports/delivery.hpp"
#include "reports/feedback.hpp"

using namespace ptarmigan::reports;  // NOLINT(google-build-using-namespace)
using ptarmigan::message::is_utf8;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Notes notes;
  if (const auto report = parse_feedback(text, text, notes)) {
    require(!report->feedback_type.empty() && is_utf8(report->feedback_type) && is_utf8(report->original.header));
    require(report->original.header.size() <= 3 * max_original_header);
    for (const auto& other : report->other) require(is_utf8(other.name) && is_utf8(other.value));
  }
  if (const auto report = parse_delivery_status(text, "", notes)) {
    require(!report->recipients.empty());
    for (const auto& one : report->recipients)
      require(is_utf8(one.address) && is_utf8(one.diagnostic_code.value) && one.reply_code.size() <= 3);
  }
  const auto header = ptarmigan::message::HeaderSection::parse(text);
  if (!header) return 0;
  if (const auto report = parse_bounce_text(*header, text.substr(header->body_offset()), notes)) {
    require(!report->recipients.empty() && report->recipients.size() <= max_text_recipients);
    for (const auto& one : report->recipients) require(one.address.contains('@') && !one.status.empty());
  }
  return 0;
}
