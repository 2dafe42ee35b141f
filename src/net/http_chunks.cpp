// net/http_chunks.cpp - see http_chunks.hpp.
#include "net/http_chunks.hpp"

#include <algorithm>
#include <charconv>

namespace ptarmigan::net {
namespace {

/// A size line behind its digits, or a trailer field: visible ASCII, blanks, and octets beyond ASCII.
bool is_text(std::string_view line) {
  return std::ranges::all_of(line,
                             [](unsigned char octet) { return octet == '\t' || (octet >= ' ' && octet != 0x7f); });
}

}  // namespace

std::size_t HttpChunks::put(std::string_view octets, std::string& body, std::size_t limit) {
  std::size_t at = 0;
  while (at < octets.size() && open()) {
    if (state_ == State::data) {
      const auto piece = octets.substr(at, left_);
      body += piece;
      at += piece.size();
      left_ -= piece.size();
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const char octet = octets[at++];
    if (octet != '\n') {
      line_ += octet;
      if (++overhead_ > max_chunk_overhead) state_ = State::failed;
      continue;
    }
    end_line(body.size(), limit);
    line_.clear();
  }
  return at;
}

void HttpChunks::end_line(std::size_t held, std::size_t limit) {
  if (!line_.ends_with('\r')) {
    state_ = State::failed;
    return;
  }
  const auto line = std::string_view(line_).substr(0, line_.size() - 1);
  if (!is_text(line)) {
    state_ = State::failed;
  } else if (state_ == State::size_line) {
    read_size(line, held, limit);
  } else if (state_ == State::data_end) {
    state_ = line.empty() ? State::size_line : State::failed;
  } else if (line.empty()) {
    state_ = State::done;  // the empty line behind the trailers
  }
}

void HttpChunks::read_size(std::string_view line, std::size_t held, std::size_t limit) {
  const auto digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
  const auto rest = line.substr(digits);
  const auto extension = rest.find_first_not_of(" \t");
  if (digits == 0 || digits > max_chunk_digits ||
      (!rest.empty() && (extension == rest.npos || rest[extension] != ';'))) {
    state_ = State::failed;
    return;
  }
  std::from_chars(line.data(), line.data() + digits, left_, 16);
  if (left_ > limit - std::min(held, limit)) {
    state_ = State::too_large;
    return;
  }
  overhead_ -= std::min(overhead_, digits + 2);  // and the two carriage returns
  state_ = left_ == 0 ? State::trailers : State::data;
}

}  // namespace ptarmigan::net
