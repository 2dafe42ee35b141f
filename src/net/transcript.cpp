// net/transcript.cpp - see transcript.hpp.
#include "net/transcript.hpp"

#include "base/text.hpp"

namespace ptarmigan::net {
namespace {

constexpr std::size_t longest_shown = 2'048;
constexpr std::string_view mask = "********";

}  // namespace

void Transcript::forget_partial_lines() {
  client_.clear();
  server_.clear();
}

void Transcript::take(Line who, std::string& partial, std::string_view octets) {
  if (!show_) return;
  while (!octets.empty()) {
    const auto end = octets.find('\n');
    const auto piece = octets.substr(0, end);
    if (partial.size() < longest_shown) partial += piece.substr(0, longest_shown - partial.size());
    if (end == std::string_view::npos) return;
    octets.remove_prefix(end + 1);
    if (partial.ends_with('\r')) partial.pop_back();
    std::string line = masked(who, partial);
    partial.clear();
    show_(who, printable(line, longest_shown));
  }
}

std::string Transcript::masked(Line who, std::string_view line) {
  if (who == Line::server) {
    secret_next_ = line.starts_with("334");
    return std::string(line);
  }
  if (secret_next_) {
    secret_next_ = false;
    return line == "*" ? "*" : std::string(mask);
  }
  if (!istarts_with(line, "AUTH ")) return std::string(line);
  const auto initial_response = line.find(' ', std::string_view("AUTH ").size());
  if (initial_response == std::string_view::npos) return std::string(line);
  return std::string(line.substr(0, initial_response + 1)) + std::string(mask);
}

}  // namespace ptarmigan::net
