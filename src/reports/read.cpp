// reports/read.cpp - see read.hpp.
#include "reports/read.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "message/lines.hpp"
#include "message/mime.hpp"

namespace ptarmigan::reports {
namespace {

using message::Part;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Without what may stand before XML, JSON and header fields.
std::string_view without_preamble(std::string_view octets) {
  if (octets.starts_with(byte_order_mark)) octets.remove_prefix(byte_order_mark.size());
  return octets.substr(std::min(octets.find_first_not_of(" \t\r\n"), octets.size()));
}

bool is_under_message(const std::vector<Part>& parts, const Part& part) {
  for (auto parent = part.parent; parent; parent = parts[*parent].parent)
    if (parts[*parent].content_type.type == "message") return true;
  return false;
}

bool is_delivery_status(const Part& part) {
  return part.content_type.is("message", "delivery-status") ||
         part.content_type.is("message", "global-delivery-status");
}

bool is_feedback(const Part& part) {
  return part.content_type.is("message", "feedback-report");
}

bool is_original(const Part& part) {
  const auto& type = part.content_type;
  return type.is("message", "rfc822") || type.is("message", "global") || type.is("text", "rfc822-headers") ||
         type.is("message", "global-headers") || type.is("message", "rfc822-headers");
}

/// A file's lines may end at LF alone; a message's do not.
std::string with_crlf(std::string_view text) {
  const auto first = text.find('\n');
  const bool bare = first != std::string_view::npos && (first == 0 || text[first - 1] != '\r');
  return bare ? message::to_crlf(text) : std::string(text);
}

/// Whether the first line is a field.
bool looks_like_message(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto name = trim(line.substr(0, colon));
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return is_printable_ascii(c) && c != ' ' && c != '<' && c != '{'; });
}

class Collector {
 public:
  explicit Collector(const ReadLimits& limits) : limits_(limits), budget_(limits.unpacked) {}

  /// What is in `octets`, into the list; false where that is nothing.
  bool read(std::string_view octets, const Report& around, unsigned depth) {
    if (depth > limits_.depth) return unreadable(around, "too-deep", "containers stand within too many others");
    switch (container_of(octets)) {
      case Container::gzip: return read_archive(octets, "gzip", around, depth);
      case Container::zip: return read_archive(octets, "zip", around, depth);
      case Container::none: break;
    }
    const auto text = without_preamble(octets);
    if (text.empty()) return unreadable(around, "empty", "there is nothing in it");
    if (text.starts_with('{')) return read_tls(text, around);
    // "From " is the first line of a message in an mbox file.
    if (!looks_like_message(text) && !text.starts_with("From ")) {
      if (text.starts_with('<') || looks_like_aggregate(octets)) return read_aggregate(octets, around);
      return unreadable(around, "no-report", "this is no report, message or archive that is known");
    }
    return read_message(with_crlf(text), around, depth);
  }

  std::vector<Report> finish() { return std::move(reports_); }

 private:
  template <typename T>
  bool keep(Report report, Result<T> read) {
    if (!read) return unreadable(std::move(report), "no-report", read.error().message);
    report.content = std::move(*read);
    reports_.push_back(std::move(report));
    return true;
  }

  bool unreadable(Report report, std::string_view code, std::string_view why) {
    report.notes.lost(code, why);
    reports_.push_back(std::move(report));
    return false;
  }

  bool read_aggregate(std::string_view octets, Report report) {
    auto read = parse_aggregate(octets, report.notes);
    return keep(std::move(report), std::move(read));
  }

  bool read_tls(std::string_view octets, Report report) {
    auto read = parse_tls_report(octets, report.notes);
    return keep(std::move(report), std::move(read));
  }

  bool read_archive(std::string_view octets, std::string_view name, Report around, unsigned depth) {
    around.containers.emplace_back(name);
    const auto members = unpack(octets, budget_, around.notes);
    bool any = false;
    for (const auto& member : members) any = read(member, around, depth + 1) || any;
    return members.empty() ? unreadable(std::move(around), "archive-empty", "the archive holds no file") : any;
  }

  bool read_message(std::string_view text, Report around, unsigned depth) {
    around.containers.emplace_back("message");
    if (text.starts_with("From ")) text.remove_prefix(std::min(text.find("\r\n") + 2, text.size()));
    const auto parts = message::walk_parts(text);
    if (!parts) return unreadable(std::move(around), "message-unreadable", parts.error().message);
    around.carrier = carrier_of(parts->front().header);
    if (const auto read = read_structured(*parts, around)) return *read;
    bool any = false;
    for (const auto& part : *parts)
      if (!is_under_message(*parts, part)) any = read_attachment(part, around, depth) || any;
    return any || read_words(*parts, std::move(around));
  }

  static Carrier carrier_of(const message::HeaderSection& header) {
    Notes ignored;
    const auto named = [&](std::string_view name) { return value_of(header.first(name), ignored); };
    return {.message_id = named("Message-ID"),
            .from = named("From"),
            .to = named("To"),
            .subject = named("Subject"),
            .date = named("Date")};
  }

  /// multipart/report of RFC 3464 and RFC 5965; nothing where it is neither.
  std::optional<bool> read_structured(const std::vector<Part>& parts, const Report& around) {
    std::string original;
    for (const auto& part : parts) {
      if (!is_original(part) || is_under_message(parts, part)) continue;
      original = part.decode();
      // Generators put empty lines before the original's header.
      original.erase(0, std::min(original.find_first_not_of("\r\n"), original.size()));
      break;
    }
    for (const auto& part : parts) {
      if (is_under_message(parts, part) || !(is_feedback(part) || is_delivery_status(part))) continue;
      Report report = around;
      const auto fields = with_crlf(part.decode());
      if (is_feedback(part)) {
        auto read = parse_feedback(fields, original, report.notes);
        return keep(std::move(report), std::move(read));
      }
      auto read = parse_delivery_status(fields, original, report.notes);
      return keep(std::move(report), std::move(read));
    }
    return std::nullopt;
  }

  /// False where it is not a report, without a word: most parts are not.
  bool read_attachment(const Part& part, const Report& around, unsigned depth) {
    const auto& type = part.content_type;
    if (type.type == "multipart") return false;
    const bool own_message = depth > 0 || part.depth > 0;
    if (type.is("message", "rfc822") && own_message) return read(part.decode(), around, depth + 1);
    const auto octets = part.decode();
    const auto text = without_preamble(octets);
    const bool tls = type.type == "application" && type.subtype.starts_with("tlsrpt");
    const bool json = text.starts_with('{') && (tls || text.contains("\"policies\""));
    const bool xml = text.starts_with('<') && looks_like_aggregate(text);
    if (container_of(octets) != Container::none || json || xml || (tls && !text.empty()) ||
        octets.starts_with("\xff\xfe"))
      return read(octets, around, depth + 1);
    return false;
  }

  bool read_words(const std::vector<Part>& parts, Report report) {
    for (const auto& part : parts) {
      if (part.content_type.type != "text" || is_under_message(parts, part)) continue;
      const auto text = part.decode();
      if (auto failed = parse_feedback_text(text, report.notes)) return keep(std::move(report), std::move(failed));
      auto read = parse_bounce_text(parts.front().header, text, report.notes);
      if (read) return keep(std::move(report), std::move(read));
    }
    return unreadable(std::move(report), "no-report", "the message holds no report and is no bounce that is known");
  }

  const ReadLimits& limits_;
  UnpackBudget budget_;
  std::vector<Report> reports_;
};

}  // namespace

std::vector<Report> read_reports(std::string_view octets, const ReadLimits& limits) {
  Collector collector(limits);
  collector.read(octets, {}, 0);
  return collector.finish();
}

}  // namespace ptarmigan::reports
