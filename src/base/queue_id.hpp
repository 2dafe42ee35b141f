// base/queue_id.hpp - QueueId: the name of one accepted message, in replies, logs, the spool and explanations.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ptarmigan {

/// 64 bits, written as 13 characters of Crockford's base 32 ("01H9WZ3K4M5N6"). Later ids are greater.
class QueueId {
 public:
  QueueId() = default;
  explicit constexpr QueueId(std::uint64_t number) : number_(number) {}

  static Result<QueueId> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] constexpr std::uint64_t number() const { return number_; }

  friend auto operator<=>(const QueueId&, const QueueId&) = default;

 private:
  std::uint64_t number_ = 0;
};

}  // namespace ptarmigan

template <>
struct std::hash<ptarmigan::QueueId> {
  std::size_t operator()(const ptarmigan::QueueId& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.number());
  }
};
