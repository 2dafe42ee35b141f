// smtp/fuzz/command_fuzz.cpp - a command is read or refused with a 5xx; MAIL and RCPT are read again as they are
// printed.
#include "smtp/command.hpp"
#include "smtp/credentials.hpp"
#include "smtp/fuzz/pieces.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

namespace {

std::expected<Command, Reply> printed_and_read(std::string line) {
  fuzz::promise(line.ends_with("\r\n") && line.find_first_of(std::string_view("\r\n\0", 3)) == line.size() - 2);
  line.resize(line.size() - 2);
  return parse_command(line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto credentials = PlainCredentials::decode(line)) fuzz::promise(credentials->encode().reveal() == line);
  const auto command = parse_command(line);
  if (!command) {
    fuzz::promise(command.error().permanent() && command.error().enhanced.has_value());
    const auto again = Reply::parse(command.error().wire());
    fuzz::promise(again && again->code == command.error().code && again->lines.size() == 1);
    return 0;
  }
  if (const auto* mail = std::get_if<Mail>(&*command)) {
    const auto again = printed_and_read(mail_line(mail->mail_from, mail->parameters));
    fuzz::promise(again && std::get<Mail>(*again).mail_from == mail->mail_from);
    fuzz::promise(std::get<Mail>(*again).parameters == mail->parameters);
  } else if (const auto* rcpt = std::get_if<Rcpt>(&*command)) {
    const auto again = printed_and_read(rcpt_line(rcpt->recipient));
    fuzz::promise(again && std::get<Rcpt>(*again).recipient == rcpt->recipient);
  }
  return 0;
}
