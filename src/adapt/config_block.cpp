// adapt/config_block.cpp - see config_block.hpp.
#include "adapt/config_block.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/text.hpp"

namespace ptarmigan::adapt {
namespace {

constexpr std::string_view mark = "# Ptarmigan ";
constexpr std::string_view silenced_mark = "#ptarmigan ";
constexpr std::string_view begins = ": begin";
constexpr std::string_view begins_new_file = ": begin of a new file";
constexpr std::string_view ends = ": end";
constexpr std::size_t digest_size = 16;

/// FNV-1a: it notices accidents, nobody attacks his own configuration.
std::string digest(std::string_view text, const std::vector<std::string>& lines) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  const auto add = [&](std::string_view octets) {
    for (const char c : octets) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  };
  add(text);
  for (const auto& line : lines) {
    add(std::string_view("\0", 1));
    add(line);
  }
  std::string out;
  for (std::size_t i = 0; i < digest_size; ++i) out += "0123456789abcdef"[sum >> (60 - 4 * i) & 0xf];
  return out;
}

/// Lines with their ends.
std::vector<std::string_view> whole_lines(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto size = end == std::string_view::npos ? text.size() : end + 1;
    out.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

/// The digest of a mark that says `what`.
std::optional<std::string_view> digest_of_mark(std::string_view line, std::string_view what) {
  if (!line.starts_with(mark) || line.size() < mark.size() + digest_size) return std::nullopt;
  const auto found = line.substr(mark.size(), digest_size);
  const bool hex = std::ranges::all_of(found, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  return hex && line.substr(mark.size() + digest_size).starts_with(what) ? std::optional(found) : std::nullopt;
}

struct Marks {
  std::size_t begin = 0;  ///< index of its line
  std::size_t end = 0;
  std::string_view digest;
};

std::optional<Marks> marks_in(const std::vector<std::string_view>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto found = digest_of_mark(lines[i], begins);
    if (!found) continue;
    for (std::size_t j = i + 1; j < lines.size(); ++j)
      if (digest_of_mark(lines[j], ends) == found) return Marks{i, j, *found};
  }
  return std::nullopt;
}

}  // namespace

std::string with_block(std::string_view text, const Block& block, const std::vector<std::string_view>& silenced) {
  const auto sum = digest(text, block.lines);
  std::string written = std::string(mark) + sum +
                        std::string(block.original == Original::none ? begins_new_file : begins) + "; " +
                        block.taken_out_by + " takes these lines out\n";
  for (const auto& line : block.lines) written += line + "\n";
  written += std::string(mark) + sum + std::string(ends) + "\n";
  std::string rest;
  for (const auto line : whole_lines(text)) {
    const bool silent = std::ranges::any_of(silenced, [&](std::string_view stretch) {
      return stretch.data() < line.data() + line.size() && line.data() < stretch.data() + stretch.size();
    });
    if (silent) rest += std::string(silenced_mark) + sum + "# ";
    rest += line;
  }
  if (block.place == BlockPlace::front) return written + rest;
  if (!rest.empty() && rest.back() != '\n') rest += '\n';
  return rest + written;
}

WithoutBlock without_block(std::string_view text) {
  const auto lines = whole_lines(text);
  const auto marks = marks_in(lines);
  if (!marks) {
    const bool half = std::ranges::any_of(lines, [](std::string_view line) {
      return digest_of_mark(line, begins).has_value() || digest_of_mark(line, ends).has_value();
    });
    return {half ? WithoutBlock::State::damaged : WithoutBlock::State::none, std::string(text), Original::file};
  }
  WithoutBlock out;
  out.state = WithoutBlock::State::changed_since;
  if (digest_of_mark(lines[marks->begin], begins_new_file)) out.original = Original::none;
  const auto prefix = std::string(silenced_mark) + std::string(marks->digest) + "# ";
  std::vector<std::string> block;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto line = lines[i];
    if (i > marks->begin && i < marks->end) block.emplace_back(trim(line, "\n"));
    if (i >= marks->begin && i <= marks->end) continue;
    if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    out.text += line;
  }
  // The file may have lacked its last line end.
  for (const auto cut : {std::size_t{0}, std::size_t{1}}) {
    if (out.text.size() < cut || (cut == 1 && out.text.back() != '\n')) continue;
    const auto candidate = std::string_view(out.text).substr(0, out.text.size() - cut);
    if (digest(candidate, block) != marks->digest) continue;
    out.text.resize(candidate.size());
    out.state = WithoutBlock::State::exact;
    break;
  }
  return out;
}

}  // namespace ptarmigan::adapt
