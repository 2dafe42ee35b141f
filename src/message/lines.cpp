// message/lines.cpp - see lines.hpp.
#include "message/lines.hpp"

#include <algorithm>

namespace ptarmigan::message {

void LineScanner::feed(std::string_view chunk) {
  report_.octets += chunk.size();
  for (const char c : chunk) {
    if (c == '\n' && after_cr_) {
      ++report_.lines;
      report_.longest = std::max(report_.longest, line_);
      line_ = 0;
      after_cr_ = false;
      continue;
    }
    if (after_cr_) {
      ++report_.bare_cr;
      ++line_;
    }
    after_cr_ = c == '\r';
    if (after_cr_) continue;
    ++line_;
    if (c == '\n') ++report_.bare_lf;
    if (c == '\0') ++report_.nul;
    if (static_cast<unsigned char>(c) > 127) ++report_.eight_bit;
  }
}

LineReport LineScanner::report() const {
  LineReport out = report_;
  const auto last = line_ + (after_cr_ ? 1U : 0U);
  if (after_cr_) ++out.bare_cr;
  out.longest = std::max(out.longest, last);
  out.ends_with_crlf = out.lines > 0 && last == 0;
  return out;
}

LineReport examine_lines(std::string_view text) {
  LineScanner scanner;
  scanner.feed(text);
  return scanner.report();
}

std::string to_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t from = 0; from < text.size();) {
    const auto at = text.find_first_of("\r\n", from);
    if (at == std::string_view::npos) return out.append(text.substr(from));
    out.append(text.substr(from, at - from)).append("\r\n");
    from = at + (text.substr(at).starts_with("\r\n") ? 2 : 1);
  }
  return out;
}

}  // namespace ptarmigan::message
