// cli/message_file.cpp - see message_file.hpp.
#include "cli/message_file.hpp"

#include "cli/terminal.hpp"
#include "message/lines.hpp"
#include "net/clock.hpp"

namespace ptarmigan::cli {

Result<std::string> read_message(const std::string& path, Emptiness emptiness) {
  auto text = read_file(path);
  if (!text) return text;
  if (text->empty() && emptiness == Emptiness::refused)
    return failure((path == "-" ? "standard input" : path) + " holds no message");
  const auto end = text->find('\n');
  const bool local = end != std::string::npos && (end == 0 || (*text)[end - 1] != '\r');
  return local ? message::to_crlf(*text) : *std::move(text);
}

WallTime moment_of(const std::optional<std::uint64_t>& seconds_since_1970) {
  return seconds_since_1970 ? WallTime(seconds(*seconds_since_1970)) : net::now().wall;
}

}  // namespace ptarmigan::cli
