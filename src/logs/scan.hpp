// logs/scan.hpp - a cursor over one log line. Inside src/logs only. Threads: values; views into the line.
#pragma once

#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace ptarmigan::logs {

class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  /// True: `word` stood here and is behind the cursor now.
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  /// What stands before the next `mark`; the cursor is behind the mark then. Nothing, and unmoved, where it is absent.
  std::optional<std::string_view> until(std::string_view mark) {
    const auto at = rest_.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    const auto found = rest_.substr(0, at);
    rest_.remove_prefix(at + mark.size());
    return found;
  }
  /// Characters up to the next blank or the end, without it.
  std::string_view word() {
    const auto found = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(found.size());
    return found;
  }
  void skip_blanks() {
    while (!rest_.empty() && is_wsp(rest_.front())) rest_.remove_prefix(1);
  }

 private:
  std::string_view rest_;
};

}  // namespace ptarmigan::logs
