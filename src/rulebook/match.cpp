// rulebook/match.cpp - match(): the most specific shape wins.
#include "rulebook/match.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::rulebook {
namespace {

bool is_word_char(char c) {
  return is_alnum(c) || c == '-' || c == '_';
}

/// `word` in `text` with no letter, digit or hyphen beside it.
bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool left = at == 0 || !is_word_char(text[at - 1]);
    const auto end = at + word.size();
    if (left && (end == text.size() || !is_word_char(text[end]))) return true;
  }
  return false;
}

/// How far back the beginning of a link is looked for.
constexpr std::size_t longest_link = 300;

/// A host name in `text` that belongs to one of the suffixes.
bool names_host(std::string_view text, std::span<const std::string_view> suffixes) {
  for (const auto suffix : suffixes) {
    for (auto at = text.find(suffix); at != std::string_view::npos; at = text.find(suffix, at + 1)) {
      const auto end = at + suffix.size();
      const bool ends =
          end == text.size() ||
          (!is_word_char(text[end]) && (text[end] != '.' || end + 1 == text.size() || !is_word_char(text[end + 1])));
      const bool begins =
          suffix.starts_with('.') ? at > 0 && is_word_char(text[at - 1]) : at == 0 || !is_word_char(text[at - 1]);
      // A link in the reply's own words is not the host that spoke.
      const auto front = text.substr(0, at);
      const auto near = front.substr(front.size() - std::min(front.size(), longest_link));
      const auto word = near.substr(near.find_last_of(" \t<>\"'(") + 1);
      const bool link = word.find("://") != std::string_view::npos;
      if (begins && ends && !link) return true;
    }
  }
  return false;
}

const Receiver* speaker(std::string_view words, std::string_view context) {
  for (const auto& receiver : receivers())
    for (const auto mark : receiver.reply_marks)
      if (has_word(words, mark)) return &receiver;
  for (const auto& receiver : receivers())
    if (names_host(context, receiver.mx_suffixes)) return &receiver;
  return nullptr;
}

bool enhanced_agrees(const smtp::Reply& reply, std::string_view wanted) {
  if (wanted.empty()) return true;
  if (!reply.enhanced) return false;
  const auto text = reply.enhanced->text();
  return wanted.starts_with("x.") ? std::string_view(text).substr(1) == wanted.substr(1) : text == wanted;
}

/// How specific the agreement is; 0 is none.
std::size_t agreement(const ReplyShape& shape, const smtp::Reply& reply, std::string_view words) {
  if (shape.code != 0 && shape.code != reply.code) return 0;
  if (!enhanced_agrees(reply, shape.enhanced)) return 0;
  if (words.find(shape.phrase) == std::string_view::npos) return 0;
  return 1 + shape.phrase.size();
}

}  // namespace

std::string normalized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else if (text.substr(at).starts_with("\xe2\x80\x99")) {  // U+2019
      out.push_back('\'');
      at += 2;
    } else {
      out.push_back(ascii_lower(c));
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Match match(const smtp::Reply& reply, std::string_view context) {
  const auto words = normalized(reply.words());
  Match out;
  out.receiver = speaker(words, normalized(context));
  std::size_t best = 0;
  for (const auto& receiver : receivers()) {
    if (out.receiver != nullptr && out.receiver != &receiver) continue;
    for (const auto& rule : receiver.rules) {
      std::size_t mine = 0;
      for (const auto& shape : rule.shapes) {
        const bool telling = !shape.phrase.empty() && shape.whose == Phrase::own;
        if (!telling && out.receiver == nullptr) continue;
        mine = std::max(mine, agreement(shape, reply, words));
      }
      if (mine == 0 || mine < best) continue;
      if (mine > best) out.rules.clear();
      best = mine;
      out.rules.push_back(&rule);
    }
  }
  if (best > 0) out.by = best > 1 ? Match::By::phrase : Match::By::code;
  return out;
}

}  // namespace ptarmigan::rulebook
