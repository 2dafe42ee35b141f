// smtp/fuzz/pieces.hpp - a fuzzer's input as pieces: the octet 0xFF, which SMTP does not need, cuts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace ptarmigan::smtp::fuzz {

inline std::vector<std::string> pieces(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> out;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto piece : split(text, '\xff'))
    if (!piece.empty()) out.emplace_back(piece);
  return out;
}

inline std::vector<std::string> single_octets(const std::vector<std::string>& pieces) {
  std::vector<std::string> out;
  for (const auto& piece : pieces)
    for (const char c : piece) out.emplace_back(1, c);
  return out;
}

/// What a fuzz target promises.
inline void promise(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace ptarmigan::smtp::fuzz
