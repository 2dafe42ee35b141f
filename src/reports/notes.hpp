// reports/notes.hpp - what was odd about a report that was read all the same. Readers never refuse what they can still
// use: each oddity is told once, with how often it was seen, so that a hostile report cannot grow the list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::reports {

enum class Gravity {
  oddity,  ///< not as the RFC says, and everything was understood
  loss,    ///< something of the report could not be read
};

[[nodiscard]] std::string_view to_string(Gravity gravity);

struct Note {
  Gravity gravity = Gravity::oddity;
  std::string code;  ///< for programs: "upper-case-word"; the list is docs/reference/watch-json.md
  std::string text;  ///< for people, of the first time; foreign text in it is printable ASCII
  std::uint64_t count = 1;

  friend bool operator==(const Note&, const Note&) = default;
};

class Notes {
 public:
  /// `code` is one of our own words, never foreign text: this bounds the list.
  void odd(std::string_view code, std::string_view text) { add(Gravity::oddity, code, text); }
  void lost(std::string_view code, std::string_view text) { add(Gravity::loss, code, text); }
  [[nodiscard]] const std::vector<Note>& all() const { return notes_; }
  [[nodiscard]] bool has(std::string_view code) const;
  /// Something of the report could not be read.
  [[nodiscard]] bool any_loss() const;

 private:
  void add(Gravity gravity, std::string_view code, std::string_view text);

  std::vector<Note> notes_;
};

/// Well-formed UTF-8: every octet that is none, and every control character but tab and line ends, as U+FFFD; tells of
/// it.
[[nodiscard]] std::string readable_text(std::string_view octets, Notes& notes);

}  // namespace ptarmigan::reports
