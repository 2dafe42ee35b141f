// net/fuzz/http_request_fuzz.cpp - a request read octet by octet is the request read at once, and what came of it is
// bounded and clean.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/http_request_parser.hpp"

using namespace ptarmigan::net;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t max_body = 64;

void promise(bool kept) {
  if (!kept) std::abort();
}

void allow(HttpRequestParser& parser) {
  if (parser.state() == HttpRequestParser::State::body_wanted) parser.allow_body(max_body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using State = HttpRequestParser::State;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  HttpRequestParser whole;
  whole.put(octets);
  allow(whole);
  HttpRequestParser split;
  for (const char octet : octets) {
    if (split.state() == State::done || split.state() == State::failed) break;
    split.put({&octet, 1});
    allow(split);
  }
  promise(whole.state() == split.state());
  if (whole.state() == State::failed)
    promise(whole.error().status == split.error().status && whole.error().status >= 400);
  if (whole.state() != State::done) return 0;
  promise(whole.connection() == split.connection());
  const auto a = whole.take();
  const auto b = split.take();
  promise(a.method == b.method && a.path == b.path && a.query == b.query && a.headers == b.headers && a.body == b.body);
  promise(a.path.starts_with('/') && a.body.size() <= max_body);
  for (const auto& segment : a.segments)
    promise(segment != "." && segment != ".." && segment.find('\0') == segment.npos);
  for (const auto& [name, value] : a.headers) promise(value.find_first_of("\r\n") == value.npos && !name.empty());
  return 0;
}
