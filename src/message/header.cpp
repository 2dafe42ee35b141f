// message/header.cpp - see header.hpp.
#include "message/header.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::message {
namespace {

constexpr std::string_view crlf = "\r\n";

/// The position after the CRLF that ends the line beginning at `from`; the text's end where there is none.
std::size_t line_end(std::string_view text, std::size_t from) {
  const auto at = text.find(crlf, from);
  return at == std::string_view::npos ? text.size() : at + crlf.size();
}

std::string_view without_crlf(std::string_view line) {
  if (line.ends_with(crlf)) line.remove_suffix(crlf.size());
  return line;
}

/// RFC 5322#3.6.8: ftext, any printable ASCII except the colon; the blanks of RFC 5322#4.5.8 are cut off.
std::string_view field_name(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const auto name = line.substr(0, line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1) + 1);
  const auto is_ftext = [](char c) { return is_printable_ascii(c) && c != ' ' && c != ':'; };
  return std::ranges::all_of(name, is_ftext) ? name : std::string_view{};
}

HeaderField make_field(std::string_view raw) {
  HeaderField field{.name = field_name(raw), .raw = raw, .body = without_crlf(raw)};
  if (!field.stray()) field.body.remove_prefix(field.body.find(':') + 1);
  return field;
}

}  // namespace

bool HeaderField::is(std::string_view wanted) const {
  return !stray() && iequals(name, wanted);
}

std::string HeaderField::value() const {
  return unfold(body);
}

std::string unfold(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  for (std::size_t from = 0; from < body.size();) {
    const auto at = body.find(crlf, from);
    const bool fold = at != std::string_view::npos && at + 2 < body.size() && is_wsp(body[at + 2]);
    const auto end = at == std::string_view::npos ? body.size() : at;
    out.append(body.substr(from, end - from));
    if (at != std::string_view::npos && !fold) out.append(crlf);
    from = at == std::string_view::npos ? body.size() : at + crlf.size();
  }
  return std::string(trim(std::string_view(out)));
}

Result<void> HeaderSection::append_line(std::string_view line, const HeaderLimits& limits) {
  if (is_wsp(line.front()) && !fields_.empty()) {
    auto& field = fields_.back();
    const auto size = field.raw.size() + line.size();
    if (size > limits.field_octets)
      return failure("Header field " + printable(field.name, 80) + " is longer than " +
                     std::to_string(limits.field_octets) + " octets");
    field.raw = {field.raw.data(), size};
    field.body =
        without_crlf({field.body.data(), static_cast<std::size_t>(line.data() + line.size() - field.body.data())});
    return {};
  }
  if (fields_.size() >= limits.fields)
    return failure("The header has more than " + std::to_string(limits.fields) + " fields");
  if (line.size() > limits.field_octets)
    return failure("A header line is longer than " + std::to_string(limits.field_octets) + " octets");
  fields_.push_back(make_field(line));
  malformed_ = malformed_ || fields_.back().stray();
  return {};
}

Result<HeaderSection> HeaderSection::parse(std::string_view message, const HeaderLimits& limits) {
  HeaderSection section;
  std::size_t at = 0;
  while (at < message.size() && !message.substr(at).starts_with(crlf)) {
    const auto next = line_end(message.substr(0, limits.section_octets + crlf.size()), at);
    if (next > limits.section_octets)
      return failure("The header is longer than " + std::to_string(limits.section_octets) + " octets");
    if (auto done = section.append_line(message.substr(at, next - at), limits); !done)
      return std::unexpected(done.error());
    at = next;
  }
  section.raw_ = message.substr(0, at);
  section.body_offset_ = std::min(message.size(), at + crlf.size());
  return section;
}

const HeaderField* HeaderSection::first(std::string_view name) const {
  const auto found = std::ranges::find_if(fields_, [&](const HeaderField& field) { return field.is(name); });
  return found == fields_.end() ? nullptr : &*found;
}

const HeaderField* HeaderSection::last(std::string_view name) const {
  const auto found =
      std::find_if(fields_.rbegin(), fields_.rend(), [&](const HeaderField& field) { return field.is(name); });
  return found == fields_.rend() ? nullptr : &*found;
}

std::vector<const HeaderField*> HeaderSection::all(std::string_view name) const {
  std::vector<const HeaderField*> out;
  for (const auto& field : fields_)
    if (field.is(name)) out.push_back(&field);
  return out;
}

std::size_t HeaderSection::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [&](const HeaderField& field) { return field.is(name); }));
}

Result<std::size_t> HeaderCollector::feed(std::string_view chunk) {
  if (complete_) return std::size_t{0};
  const auto before = octets_.size();
  // The boundary may begin in the last three octets that were kept.
  const auto from = before < 3 ? 0 : before - 3;
  octets_.append(chunk.substr(0, limit_ + 2 * crlf.size() - std::min(before, limit_ + 2 * crlf.size())));
  const auto boundary = octets_.starts_with(crlf) ? 0 : octets_.find("\r\n\r\n", from);
  if (boundary != std::string::npos) {
    complete_ = true;
    octets_.resize(boundary == 0 && octets_.starts_with(crlf) ? crlf.size() : boundary + 2 * crlf.size());
  }
  if (octets_.size() > limit_ + crlf.size()) {
    complete_ = false;
    return failure("The header is longer than " + std::to_string(limit_) + " octets");
  }
  return octets_.size() - before;
}

}  // namespace ptarmigan::message
