// smtp/data.cpp - see data.hpp.
#include "smtp/data.hpp"

#include <cstring>

namespace ptarmigan::smtp {
namespace {

constexpr std::string_view crlf = "\r\n";

enum class LineEnd {
  open,     // the text ends before the line does
  crlf,     //
  cr_last,  // the text ends with CR: the next octet decides
  bare_cr,
  bare_lf,
};

struct Line {
  std::size_t length;  // octets before what `end` names
  LineEnd end;
};

std::size_t position(std::string_view text, char c) {
  const void* at = text.empty() ? nullptr : std::memchr(text.data(), c, text.size());
  return at == nullptr ? text.size() : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

/// The rest of the line that `text` begins in.
Line scan_line(std::string_view text) {
  const std::size_t lf = position(text, '\n');
  const std::size_t cr = position(text.substr(0, lf), '\r');
  if (cr == lf) return {lf, lf == text.size() ? LineEnd::open : LineEnd::bare_lf};
  if (cr + 1 == text.size()) return {cr, LineEnd::cr_last};
  return {cr, cr + 1 == lf ? LineEnd::crlf : LineEnd::bare_cr};
}

}  // namespace

std::string_view to_string(DataFault fault) {
  switch (fault) {
    case DataFault::none: return "no fault";
    case DataFault::bare_cr: return "a CR without LF";
    case DataFault::bare_lf: return "an LF without CR";
    case DataFault::nul: return "a NUL octet";
    case DataFault::long_line: return "a line longer than 998 octets";
  }
  return "";
}

void DataReader::found(DataFault fault) {
  if (fault_ == DataFault::none) fault_ = fault;
}

bool DataReader::at_dot(std::string_view input) const {
  return framing_ == Framing::dot && state_ == State::line_start && input.front() == '.';
}

void DataReader::end_of_input() {
  if (state_ == State::cr) found(DataFault::bare_cr);
  state_ = State::finished;
}

/// Decides what the last octets of the chunk before were, now that one more is there.
std::string_view DataReader::resolve(std::string_view& input) {
  if (state_ == State::dot && input.front() == '\r') {
    input.remove_prefix(1);
    state_ = State::dot_cr;
    if (input.empty()) return {};
  }
  if (state_ == State::dot) {
    state_ = State::text;
    return {};
  }
  const bool ends = state_ == State::dot_cr;
  if (input.front() != '\n') {
    found(DataFault::bare_cr);
    state_ = State::text;
    return {};
  }
  input.remove_prefix(1);
  state_ = ends ? State::finished : State::line_start;
  line_length_ = 0;
  return ends ? std::string_view() : crlf;
}

/// Number of octets of content that `input` begins with; stops before a dot that begins a line, and before a fault.
std::size_t DataReader::take_lines(std::string_view input) {
  std::size_t taken = 0;
  while (taken < input.size()) {
    const auto rest = input.substr(taken);
    if (at_dot(rest)) return taken;
    const auto [length, end] = scan_line(rest);
    const std::size_t room = line_limit_ - crlf.size() - line_length_;
    if (length > room) {
      found(DataFault::long_line);
      state_ = State::text;
      return taken + room;
    }
    taken += length;
    line_length_ += length;
    if (length > 0) state_ = State::text;
    switch (end) {
      case LineEnd::crlf:
        taken += crlf.size();
        state_ = State::line_start;
        line_length_ = 0;
        break;
      case LineEnd::open: return taken;
      case LineEnd::cr_last: state_ = State::cr; return taken;
      case LineEnd::bare_cr: found(DataFault::bare_cr); return taken;
      case LineEnd::bare_lf: found(DataFault::bare_lf); return taken;
    }
  }
  return taken;
}

/// Only the end matters.
void DataReader::take_faulty(std::string_view& input) {
  if (framing_ == Framing::counted) input = {};
  while (!input.empty() && state_ != State::finished) {
    if (state_ == State::text) input.remove_prefix(position(input, '\r'));
    if (input.empty()) return;
    const char c = input.front();
    input.remove_prefix(1);
    if (c == '\n' && state_ == State::dot_cr)
      state_ = State::finished;
    else if (c == '\n' && state_ == State::cr)
      state_ = State::line_start;
    else if (c == '\r')
      state_ = state_ == State::dot ? State::dot_cr : State::cr;
    else if (c == '.' && state_ == State::line_start)
      state_ = State::dot;
    else
      state_ = State::text;
  }
}

std::string_view DataReader::next(std::string_view& input) {
  if (input.empty() || finished()) return {};
  if (fault_ != DataFault::none) {
    take_faulty(input);
    return {};
  }
  if (at_dot(input)) {
    input.remove_prefix(1);
    state_ = State::dot;
    line_length_ = 0;
    if (input.empty()) return {};
  }
  if (state_ != State::line_start && state_ != State::text) return resolve(input);
  std::string_view content = input.substr(0, take_lines(input));
  input.remove_prefix(content.size());
  if (state_ == State::cr) input.remove_prefix(1);
  if (const auto nul = position(content, '\0'); nul < content.size()) {
    fault_ = DataFault::nul;  // stands before any other fault that take_lines has found
    content = content.substr(0, nul);
  }
  return content;
}

DataFault DotStuffer::add(std::string_view chunk, std::vector<std::string_view>& out) {
  if (fault_ != DataFault::none || chunk.empty()) return fault_;
  if (position(chunk, '\0') < chunk.size()) return fault_ = DataFault::nul;
  if (state_ == State::cr) {
    if (chunk.front() != '\n') return fault_ = DataFault::bare_cr;
    out.push_back(crlf);
    chunk.remove_prefix(1);
    state_ = State::line_start;
  }
  std::size_t start = 0;
  std::size_t at = 0;
  const auto flush = [&] {
    if (at > start) out.push_back(chunk.substr(start, at - start));
    start = at;
  };
  while (at < chunk.size()) {
    if (state_ == State::line_start && chunk[at] == '.') {
      flush();
      out.push_back(".");
    }
    const auto [length, end] = scan_line(chunk.substr(at));
    at += length;
    state_ = State::text;
    switch (end) {
      case LineEnd::crlf:
        at += crlf.size();
        state_ = State::line_start;
        break;
      case LineEnd::open: break;
      case LineEnd::cr_last:
        flush();
        state_ = State::cr;
        return fault_;
      case LineEnd::bare_cr: flush(); return fault_ = DataFault::bare_cr;
      case LineEnd::bare_lf: flush(); return fault_ = DataFault::bare_lf;
    }
  }
  flush();
  return fault_;
}

DataFault DotStuffer::finish(std::vector<std::string_view>& out) {
  if (state_ == State::cr) fault_ = DataFault::bare_cr;
  if (fault_ == DataFault::none) out.push_back(state_ == State::line_start ? ".\r\n" : "\r\n.\r\n");
  return fault_;
}

}  // namespace ptarmigan::smtp
