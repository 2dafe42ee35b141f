// rulebook/reply_for.cpp - reply_for(): the receiver's words with this subject's values in them.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "rulebook/judge.hpp"

namespace ptarmigan::rulebook {
namespace {

/// Longest value put into a reply; names and addresses are shorter, what a client says in EHLO need not be.
constexpr std::size_t max_value = 255;

std::string field_named(const Subject& subject) {
  if (!subject.header) return "From";
  if (subject.header->repeated.empty()) return "From";
  return subject.header->repeated.front();
}

std::string filled(std::string_view line, const Subject& subject, std::string_view id) {
  const auto author = subject.author_domain();
  const auto& sender = subject.mail_from;
  const std::array<std::pair<std::string_view, std::string>, 7> values{{
      {"{ip}", subject.sending_address ? subject.sending_address->text() : std::string()},
      {"{ehlo}", subject.ehlo_name.value_or("")},
      {"{mail_from}", sender && sender->mailbox ? sender->mailbox->text() : std::string()},
      {"{mail_from_domain}", subject.spf_domain()},
      {"{header_from_domain}", author ? author->text() : std::string("From")},
      {"{field}", field_named(subject)},
      {"{id}", std::string(id)},
  }};
  std::string out;
  while (!line.empty()) {
    const auto at = std::ranges::find_if(values, [&](const auto& value) { return line.starts_with(value.first); });
    if (at == values.end()) {
      out.push_back(line.front());
      line.remove_prefix(1);
    } else {
      out += printable(at->second, max_value);
      line.remove_prefix(at->first.size());
    }
  }
  return out;
}

}  // namespace

std::optional<smtp::Reply> reply_for(const Rule& rule, const Subject& subject, std::string_view id) {
  const auto family = subject.sending_address ? subject.sending_address->family() : Family::ipv4;
  const auto at =
      std::ranges::find_if(rule.refusals, [&](const Refusal& refusal) { return covers(refusal.families, family); });
  if (at == rule.refusals.end()) return std::nullopt;
  smtp::Reply reply;
  reply.code = at->code;
  if (at->enhanced.cls != 0) reply.enhanced = at->enhanced;
  for (const auto line : split(at->text, '\n')) reply.lines.push_back(filled(line, subject, id));
  return reply;
}

}  // namespace ptarmigan::rulebook
