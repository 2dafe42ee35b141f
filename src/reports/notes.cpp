// reports/notes.cpp - see notes.hpp.
#include "reports/notes.hpp"

#include <algorithm>

#include "message/address.hpp"

namespace ptarmigan::reports {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool is_forbidden_control(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return (octet < 0x20 && c != '\t' && c != '\r' && c != '\n') || octet == 0x7f;
}

/// How many octets a sequence has that begins with this one; 0 where none does.
std::size_t sequence_length(char first) {
  const auto octet = static_cast<unsigned char>(first);
  if (octet < 0x80) return 1;
  if (octet >= 0xc2 && octet < 0xe0) return 2;
  if (octet >= 0xe0 && octet < 0xf0) return 3;
  return octet >= 0xf0 && octet < 0xf5 ? 4 : 0;
}

}  // namespace

std::string_view to_string(Gravity gravity) {
  switch (gravity) {
    case Gravity::oddity: return "oddity";
    case Gravity::loss: return "loss";
  }
  return {};
}

bool Notes::has(std::string_view code) const {
  return std::ranges::any_of(notes_, [&](const Note& note) { return note.code == code; });
}

bool Notes::any_loss() const {
  return std::ranges::any_of(notes_, [](const Note& note) { return note.gravity == Gravity::loss; });
}

void Notes::add(Gravity gravity, std::string_view code, std::string_view text) {
  const auto found = std::ranges::find_if(notes_, [&](const Note& note) { return note.code == code; });
  if (found != notes_.end())
    ++found->count;
  else
    notes_.push_back({.gravity = gravity, .code = std::string(code), .text = std::string(text)});
}

std::string readable_text(std::string_view octets, Notes& notes) {
  if (message::is_utf8(octets) && std::ranges::none_of(octets, is_forbidden_control)) return std::string(octets);
  std::string out;
  out.reserve(octets.size());
  for (std::size_t at = 0; at < octets.size();) {
    const auto length = sequence_length(octets[at]);
    const auto sequence = octets.substr(at, length);
    const bool good = length > 0 && sequence.size() == length && !is_forbidden_control(octets[at]) &&
                      (length == 1 || message::is_utf8(sequence));
    out += good ? sequence : replacement;
    at += good ? length : 1;
  }
  notes.odd("invalid-text", "octets that are no UTF-8 text were replaced by U+FFFD");
  return out;
}

}  // namespace ptarmigan::reports
