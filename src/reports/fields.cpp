// reports/fields.cpp - see fields.hpp.
#include "reports/fields.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "message/lines.hpp"

namespace ptarmigan::reports {
namespace {

/// More groups than a notice has recipients; the rest is left out.
constexpr std::size_t max_groups = 10'000;

std::string with_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] != '\r' || at + 1 >= text.size() || text[at + 1] != '\n') out += text[at];
  return out;
}

}  // namespace

TypedValue TypedValue::parse(std::string_view text) {
  text = trim(text);
  const auto semicolon = text.find(';');
  // A type is one atom; a diagnostic without a type may hold a semicolon anywhere.
  if (semicolon == std::string_view::npos || trim(text.substr(0, semicolon)).find(' ') != std::string_view::npos)
    return {.type = {}, .value = std::string(text)};
  return {.type = to_lower(trim(text.substr(0, semicolon))), .value = std::string(trim(text.substr(semicolon + 1)))};
}

std::string value_of(const message::HeaderField* field, Notes& notes) {
  return field == nullptr ? std::string() : readable_text(field->value(), notes);
}

std::string value_without_comment(std::string_view value) {
  const auto comment = value.find('(');
  return std::string(trim(value.substr(0, comment)));
}

OriginalMail read_original(std::string_view text, Notes& notes) {
  OriginalMail out;
  const auto header = message::HeaderSection::parse(text);
  if (!header) {
    notes.lost("original-unreadable", "the original's header is beyond every limit");
    return out;
  }
  out.header = with_lf(readable_text(header->raw().substr(0, max_original_header), notes));
  const auto named = [&](std::string_view name) { return value_of(header->first(name), notes); };
  out.message_id = named("Message-ID");
  out.from = named("From");
  out.to = named("To");
  out.subject = named("Subject");
  out.date = named("Date");
  return out;
}

std::vector<message::HeaderSection> field_groups(std::string_view text, Notes& notes) {
  std::vector<message::HeaderSection> groups;
  while (!text.empty()) {
    if (text.starts_with("\r\n")) {
      text.remove_prefix(2);
      continue;
    }
    if (groups.size() == max_groups) {
      notes.lost("too-many-groups", "the report has more groups of fields than are read");
      break;
    }
    auto group = message::HeaderSection::parse(text);
    if (!group) {
      notes.lost("fields-unreadable", group.error().message);
      break;
    }
    text.remove_prefix(std::max<std::size_t>(group->body_offset(), 1));
    groups.push_back(std::move(*group));
  }
  return groups;
}

}  // namespace ptarmigan::reports
