// net/http_chunks.hpp - a chunked body to its octets (RFC 9112#7.1). Feeding octets one by one or all at once gives the
// same. Extensions and trailer fields are read over.
//
// Limits: the body's is the caller's; a chunk's size has max_chunk_digits; what is neither data nor a
// size nor a line end is max_chunk_overhead octets in all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ptarmigan::net {

inline constexpr std::size_t max_chunk_digits = 8;
inline constexpr std::size_t max_chunk_overhead = 16'384;

class HttpChunks {
 public:
  enum class State {
    size_line,
    data,
    data_end,  ///< the line end behind a chunk's data
    trailers,
    done,
    too_large,  ///< the data is more than the limit
    failed,     ///< not RFC 9112
  };

  /// Reads from `octets` until they end, the body is whole, or it is known to be bad; data is added to `body`, which
  /// never grows beyond `limit` octets. Returns how many octets were read.
  std::size_t put(std::string_view octets, std::string& body, std::size_t limit);

  [[nodiscard]] State state() const { return state_; }

 private:
  [[nodiscard]] bool open() const { return state_ < State::done; }
  void end_line(std::size_t held, std::size_t limit);
  void read_size(std::string_view line, std::size_t held, std::size_t limit);

  State state_ = State::size_line;
  std::string line_;
  std::size_t left_ = 0;
  std::size_t overhead_ = 0;
};

}  // namespace ptarmigan::net
