// auth/dkim/canonical.cpp - see canonical.hpp.
#include "auth/dkim/canonical.hpp"

#include <algorithm>
#include <cstring>

#include "auth/dkim/reduce.hpp"
#include "base/text.hpp"

namespace ptarmigan::dkim {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t reduced_octets = 4096;

/// A blank that relaxed form changes: HTAB, or SP before another blank or CR.
constexpr bool changes(char c, char next) {
  return c == '\t' || (c == ' ' && (next == ' ' || next == '\t' || next == '\r'));
}

/// The first blank at or after `from` that may change, the last octet of `text` included where it is a blank.
std::size_t find_changing_blank(std::string_view text, std::size_t from) {
  for (; from + 1 < text.size(); ++from)
    if (changes(text[from], text[from + 1])) return from;
  return from < text.size() && !is_wsp(text[from]) ? text.size() : from;
}

}  // namespace

std::string_view to_string(Canonicalization canonicalization) {
  switch (canonicalization) {
    case Canonicalization::simple: return "simple";
    case Canonicalization::relaxed: return "relaxed";
  }
  return "";
}

void append_canonical(Canonicalization canonicalization, const message::HeaderField& field, std::string& out) {
  if (canonicalization == Canonicalization::simple) {
    out += field.raw;
    return;
  }
  for (const char c : field.name) out += ascii_lower(c);
  out += ':';
  const auto begin = out.size();
  bool blank = false;
  for (std::size_t i = 0; i < field.body.size(); ++i) {
    const char c = field.body[i];
    if (is_wsp(c)) {
      blank = true;
    } else if (c == '\r' && field.body.substr(i).starts_with(crlf)) {
      ++i;  // a fold: the blank after it counts
    } else {
      if (blank && out.size() > begin) out += ' ';
      blank = false;
      out += c;
    }
  }
  out += crlf;
}

void BodyCanonicalizer::feed(std::string_view chunk, OctetSink& sink) {
  if (chunk.empty()) return;
  if (canonicalization_ == Canonicalization::relaxed)
    reduce_blanks(chunk, sink);
  else
    hold_empty_lines(chunk, sink);
}

void BodyCanonicalizer::finish(OctetSink& sink) {
  // Blanks that are still held end the last line. A CR after them is content, for no LF followed.
  if (held_ == Held::blanks_and_cr) hold_empty_lines(" \r", sink);
  if (cr_) {
    cr_ = false;
    release(sink);
    sink.take("\r");
    any_ = true;
  }
  if (any_ || canonicalization_ == Canonicalization::simple) sink.take(crlf);
  *this = BodyCanonicalizer(canonicalization_);
}

/// Reads on where blanks are held: the position of the next octet to pass on, or npos where the chunk decided nothing.
std::size_t BodyCanonicalizer::after_blanks(std::string_view chunk, std::size_t at, OctetSink& sink) {
  if (held_ == Held::blanks_and_cr) {
    held_ = Held::nothing;
    if (chunk[at] != '\n') {
      hold_empty_lines(" \r", sink);
      return at;
    }
    hold_empty_lines(crlf, sink);
    return at + 1;
  }
  while (at < chunk.size() && is_wsp(chunk[at])) ++at;
  if (at == chunk.size()) return std::string_view::npos;
  if (chunk[at] == '\r') {
    if (at + 1 == chunk.size()) {
      held_ = Held::blanks_and_cr;
      return std::string_view::npos;
    }
    held_ = Held::nothing;
    if (chunk[at + 1] == '\n') return at;
  }
  held_ = Held::nothing;
  hold_empty_lines(" ", sink);
  return at;
}

/// Passes on whole blocks, as many as their lookahead allows: the position behind them.
std::size_t BodyCanonicalizer::reduce_whole_blocks(std::string_view chunk, std::size_t at, OctetSink& sink) {
  std::array<char, reduced_octets> reduced;
  while (chunk.size() - at >= block_octets + block_lookahead) {
    const auto blocks = std::min(chunk.size() - at - block_lookahead, reduced.size()) / block_octets;
    const char* end = reduce_blocks(chunk.data() + at, blocks, reduced.data());
    if (end != reduced.data()) hold_empty_lines({reduced.data(), end}, sink);
    at += blocks * block_octets;
  }
  return at;
}

void BodyCanonicalizer::reduce_blanks(std::string_view chunk, OctetSink& sink) {
  std::size_t at = 0;
  while (at < chunk.size()) {
    if (held_ != Held::nothing) {
      at = after_blanks(chunk, at, sink);
      if (at == std::string_view::npos) return;
      continue;
    }
    at = reduce_whole_blocks(chunk, at, sink);
    const auto blank = find_changing_blank(chunk, at);
    if (blank > at) hold_empty_lines(chunk.substr(at, blank - at), sink);
    if (blank == chunk.size()) return;
    held_ = Held::blanks;
    at = blank + 1;
  }
}

/// Passes `run` on without the CRLFs at its end, which wait until it is known that a line with content follows.
void BodyCanonicalizer::hold_empty_lines(std::string_view run, OctetSink& sink) {
  if (cr_) {
    cr_ = false;
    if (run.front() == '\n') {
      ++empty_lines_;
      run.remove_prefix(1);
    } else {
      release(sink);
      sink.take("\r");
      any_ = true;
    }
  }
  std::size_t end = run.size();
  if (end > 0 && run[end - 1] == '\r') {
    cr_ = true;
    --end;
  }
  std::uint64_t lines = 0;
  while (end >= crlf.size() && run[end - 1] == '\n' && run[end - 2] == '\r') {
    end -= crlf.size();
    ++lines;
  }
  if (end > 0) {
    release(sink);
    sink.take(run.substr(0, end));
    any_ = true;
  }
  empty_lines_ += lines;
}

void BodyCanonicalizer::release(OctetSink& sink) {
  static constexpr std::string_view some = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
  for (std::uint64_t left = empty_lines_ * crlf.size(); left > 0;) {
    const auto size = std::min<std::uint64_t>(left, some.size());
    sink.take(some.substr(0, size));
    left -= size;
  }
  empty_lines_ = 0;
}

BodyHasher::BodyHasher(Canonicalization canonicalization, std::vector<std::uint64_t> limits)
    : canonicalizer_(canonicalization) {
  for (const auto limit : limits) hashes_.push_back({limit, Sha256()});
}

void BodyHasher::take(std::string_view octets) {
  octets_ += octets.size();
  if (octets.size() > stage_.size() - staged_) flush();
  if (octets.size() >= stage_.size() / 4) {
    flush();
    hash(octets);
    return;
  }
  std::memcpy(stage_.data() + staged_, octets.data(), octets.size());
  staged_ += octets.size();
}

void BodyHasher::flush() {
  if (staged_ > 0) hash({stage_.data(), staged_});
  staged_ = 0;
}

void BodyHasher::hash(std::string_view octets) {
  for (auto& one : hashes_) {
    const auto size = std::min<std::uint64_t>(one.left, octets.size());
    if (size > 0) one.hash.update(octets.substr(0, size));
    one.left -= size;
  }
}

std::vector<Digest> BodyHasher::finish() {
  canonicalizer_.finish(*this);
  flush();
  std::vector<Digest> out;
  for (auto& one : hashes_) out.push_back(one.hash.finish());
  return out;
}

}  // namespace ptarmigan::dkim
