// cli/terminal.cpp - see terminal.hpp.
#include "cli/terminal.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/encoding.hpp"
#include "cli/run.hpp"
#include "smtp/path.hpp"

namespace ptarmigan::cli {
namespace {

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> system_failure(const std::string& what, const std::string& path) {
  const int code = errno;
  std::string remedy;
  if (code == EACCES) remedy = "run as a user that may use it, or change its owner";
  if (code == ENOENT) remedy = "check the path";
  return failure("cannot " + what + " " + path + ": " + std::strerror(code), remedy);
}

Result<> write_all(int descriptor, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const auto written = ::write(descriptor, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", path);
    done += static_cast<std::size_t>(written);
  }
  if (::fsync(descriptor) != 0) return system_failure("write", path);
  return {};
}

}  // namespace

Colour colour_of_output() {
  return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr ? Colour::yes : Colour::no;
}

std::string painted(Colour colour, Tint tint, std::string_view text) {
  const char* code = "";
  switch (tint) {
    case Tint::none: break;
    case Tint::good: code = "\x1b[32m"; break;
    case Tint::bad: code = "\x1b[31m"; break;
    case Tint::warn: code = "\x1b[33m"; break;
    case Tint::faint: code = "\x1b[2m"; break;
    case Tint::strong: code = "\x1b[1m"; break;
  }
  if (colour == Colour::no || tint == Tint::none) return std::string(text);
  return code + std::string(text) + "\x1b[0m";
}

std::string displayable(std::string_view text) {
  const bool utf8 = smtp::is_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    const bool c1 = utf8 && octet == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (octet == '\n' || octet == '\t') {
      out += ' ';
    } else if (octet == '\r') {
      continue;
    } else if (octet < 0x20 || octet == 0x7F || (octet >= 0x80 && !utf8) || c1) {
      out += "\\x" + hex_encode(text.substr(i, c1 ? 2 : 1));
      i += c1 ? 1 : 0;
    } else {
      out += text[i];
    }
  }
  return out;
}

int complain(const Error& error) {
  std::fprintf(stderr, "ptarmigan: %s\n", error.message.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  to mend it: %s\n", error.remedy.c_str());
  return unusable;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const File file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor() < 0) return system_failure("read", path);
  std::string text;
  std::string buffer(std::size_t{64} * 1024, '\0');
  while (true) {
    const auto count = ::read(file.descriptor(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("read", path);
    if (count == 0) return text;
    if (text.size() + static_cast<std::size_t>(count) > limit)
      return failure(path + " is larger than " + std::to_string(limit) + " octets");
    text.append(buffer, 0, static_cast<std::size_t>(count));
  }
}

Result<> write_file(const std::string& path, const std::string& text, unsigned mode, Existing existing) {
  if (existing == Existing::refuse && ::access(path.c_str(), F_OK) == 0)
    return failure(path + " exists already", "choose another name, or remove it first");
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const File file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.descriptor() < 0) return system_failure("write", path);
  if (auto done = write_all(file.descriptor(), text, path); !done) {
    ::unlink(draft.c_str());
    return done;
  }
  if (std::rename(draft.c_str(), path.c_str()) != 0) return system_failure("write", path);
  return {};
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace ptarmigan::cli
