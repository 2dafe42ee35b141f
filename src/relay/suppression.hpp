// relay/suppression.hpp - recipients who get no more mail from here: they complained, their mailbox is gone, or an
// operator said so. Kept in one text file of the spool's folder, a line for each change; the last one counts.
//
//   auto list = SuppressionList::open(folder);             // one process at a time
//   list->add({"user@example.net", Suppressed::Origin::complaint, "reported as spam", now});
//   if (const auto* entry = list->find("User@Example.net")) refuse(refusal_of(*entry));
//
// "@example.net" stands for everybody at that domain. Letter case does not matter: who is to be left alone is left
// alone under every spelling. Limits: max_suppressed entries, max_suppression_reason octets of a reason.
// Errors: the file's, with its path; a line that is not understood is left out and counted. add() and remove() return
// when the disk has the change. Threads: one object, one thread.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::relay {

inline constexpr std::size_t max_suppressed = 2'000'000;
inline constexpr std::size_t max_suppression_reason = 500;

struct Suppressed {
  enum class Origin { operator_word, complaint, bounce };

  std::string address;  ///< "user@example.net" or "@example.net", lower case
  Origin origin = Origin::operator_word;
  std::string reason;  ///< one line; may be empty
  WallTime since;
  friend bool operator==(const Suppressed&, const Suppressed&) = default;
};
[[nodiscard]] std::string_view to_string(Suppressed::Origin origin);
[[nodiscard]] std::optional<Suppressed::Origin> suppression_origin(std::string_view word);

/// As entries are kept: lower case, without angle brackets. An error for what is neither an address nor "@domain".
[[nodiscard]] Result<std::string> suppressible(std::string_view text);
/// 550 5.7.1 with the reason and how to take the entry off.
[[nodiscard]] smtp::Reply refusal_of(const Suppressed& entry);

/// One change as a line without its end: TIME, "+" or "-", ADDRESS, ORIGIN, REASON, parted by tabs.
[[nodiscard]] std::string suppression_line(const Suppressed& entry);
struct SuppressionChange {
  bool added = true;
  Suppressed entry;
};
[[nodiscard]] std::optional<SuppressionChange> parse_suppression_line(std::string_view line);

class SuppressionList {
 public:
  /// Locks the file against other processes and reads it. A last line without its end was never acknowledged.
  [[nodiscard]] static Result<SuppressionList> open(const std::filesystem::path& folder);
  SuppressionList(SuppressionList&& other) noexcept;
  SuppressionList& operator=(SuppressionList&&) = delete;
  SuppressionList(const SuppressionList&) = delete;
  SuppressionList& operator=(const SuppressionList&) = delete;
  ~SuppressionList();

  /// The entry for this recipient or for the whole of its domain; nullptr where there is none. Valid until a change.
  [[nodiscard]] const Suppressed* find(std::string_view recipient) const;
  /// How many were not there before. What is there keeps its date, origin and reason.
  [[nodiscard]] Result<std::size_t> add(std::vector<Suppressed> entries);
  /// How many were there.
  [[nodiscard]] Result<std::size_t> remove(const std::vector<std::string>& addresses, WallTime now);

  /// At most `limit` in the order of addresses, after `after`.
  [[nodiscard]] std::vector<Suppressed> page(std::string_view after, std::size_t limit) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Lines that were not understood.
  [[nodiscard]] std::size_t damaged() const { return damaged_; }

 private:
  SuppressionList() = default;
  Result<> read();
  Result<> append(const std::string& lines);
  Result<> rewrite();
  [[nodiscard]] bool mostly_history() const;

  std::filesystem::path path_;
  int file_ = -1;
  std::map<std::string, Suppressed, std::less<>> entries_;
  std::size_t lines_ = 0;
  std::size_t damaged_ = 0;
};

}  // namespace ptarmigan::relay
