// base/secret.hpp - Secret: a password or key in memory, wiped when it goes; comparison that takes the same time
// always.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace ptarmigan {

/// True where both are equal; the time taken depends on the lengths only.
[[nodiscard]] inline bool constant_time_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

/// Overwrites `text` (all that it has reserved up to its size) in a way that the compiler keeps, and empties it.
inline void wipe(std::string& text) {
  volatile char* octets = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) octets[i] = 0;
  text.clear();
}

/// Printed by nothing: no operator<<, and reveal() names each place that reads it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(other.text_.data(), other.text_.size()) { wipe(other.text_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
      wipe(other.text_);
    }
    return *this;
  }
  ~Secret() { wipe(text_); }

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string_view reveal() const { return text_; }
  friend bool operator==(const Secret& a, const Secret& b) { return constant_time_equal(a.text_, b.text_); }

 private:
  std::string text_;
};

}  // namespace ptarmigan
