// lint/lint.hpp - mistakes in mail configuration and published advice, found in the text itself: zone files, SPF, DKIM
// and DMARC text, Postfix and Exim configuration, transport maps, and documents that hold such snippets.
//
//   const auto findings = lint::examine({{"main.cf", text, lint::Kind::main_cf}});
//   const auto mended = lint::corrected(text, findings);
//
// Files given together are judged together: an address in one is the address that a reverse name in another means.
// Pure: no DNS, no files. Limits: max_octets a file, max_findings in all. Errors: none. Threads: free functions on
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::lint {

inline constexpr std::size_t max_octets = std::size_t{4} << 20;
inline constexpr std::size_t max_findings = 1000;

enum class Kind : std::uint8_t {
  zone,
  spf,
  dkim,
  dmarc,
  main_cf,
  master_cf,
  transport,  ///< the source of a Postfix transport map
  exim,
  document,  ///< prose with snippets: Markdown, a saved page, a shell transcript
};
/// "main.cf"
[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] std::optional<Kind> parse_kind(std::string_view text);
/// What the text looks like; `name` (a path, "-") is asked first where it says so.
[[nodiscard]] Kind guess_kind(std::string_view name, std::string_view text);

enum class Severity : std::uint8_t {
  error,    ///< does not do what it says, or mail is refused
  warning,  ///< mail is refused or lost in some cases
  advice,
};
[[nodiscard]] std::string_view to_string(Severity severity);

/// One row of the table of mistakes.
struct Rule {
  std::string_view id;     ///< "L01"; append-only
  std::string_view title;  ///< the mistake in a few words
  std::string_view why;    ///< sentences
  std::string_view remedy;
};
[[nodiscard]] std::span<const Rule> rules();
[[nodiscard]] const Rule& rule(std::string_view id);
/// The reference page, Markdown: docs/reference/lints.md.
[[nodiscard]] std::string reference();

/// Replaces `length` octets at `offset`.
struct Edit {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;
  friend bool operator==(const Edit&, const Edit&) = default;
};

struct Finding {
  const Rule* rule = nullptr;
  Severity severity = Severity::warning;
  std::size_t file = 0;  ///< index of the input
  std::size_t offset = 0;
  std::size_t line = 1;    ///< from 1
  std::size_t column = 1;  ///< octets, from 1
  std::string what;        ///< about this place: a sentence without a full stop
  std::string remedy;      ///< for this place; the rule's where this one needs no other
  std::optional<Edit> edit;
  std::string before;  ///< the line as it is
  std::string after;   ///< the line or lines with the edit; "" without one
};

/// What is on the disk for a Postfix map of type hash, btree or lmdb.
struct MapFile {
  std::string path;  ///< as main.cf names it
  enum class State : std::uint8_t { fresh, no_index, stale, no_source } state = State::fresh;
};

struct Input {
  std::string name;
  std::string text;
  Kind kind = Kind::document;
  /// Of a zone or fragment without $ORIGIN; "" where it is not known.
  std::string origin = {};
};

struct Options {
  /// What p= must hold, base64, where the private keys are known (L22).
  std::vector<std::string> public_keys = {};
  std::vector<MapFile> maps = {};
};

/// In the order of the files and their places.
[[nodiscard]] std::vector<Finding> examine(const std::vector<Input>& inputs, const Options& options = {});

/// `text` with the edits of the findings of input `file`; of two that overlap, the first counts.
[[nodiscard]] std::string corrected(std::string_view text, std::span<const Finding> findings, std::size_t file = 0);

}  // namespace ptarmigan::lint
