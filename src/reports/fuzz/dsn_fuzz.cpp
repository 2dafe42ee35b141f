// reports/fuzz/dsn_fuzz.cpp - whatever foreign text says, the notice stays wire text with our headers and three parts.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <fuzzer/FuzzedDataProvider.h>

#include "reports/dsn.hpp"
#include "reports/encode.hpp"

using namespace ptarmigan::reports;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t count(std::string_view text, std::string_view needle) {
  std::size_t found = 0;
  for (std::size_t at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) ++found;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const auto text = [&] { return input.ConsumeRandomLengthString(6000); };
  Dsn dsn;
  dsn.action = input.PickValueInArray({Action::failed, Action::delayed, Action::relayed});
  dsn.returned = input.PickValueInArray({Return::headers, Return::full});
  dsn.reporting_mta = text();
  dsn.from = "mailer-daemon@mail.example.com";
  dsn.to = "a" + text();
  dsn.message_id = "id@mail.example.com";
  dsn.boundary = "b0undary";
  dsn.envid = text();
  dsn.original_message_id = text();
  for (int recipients = input.ConsumeIntegralInRange(1, 3); recipients > 0; --recipients) {
    DsnRecipient recipient;
    recipient.address = text();
    recipient.orcpt = text();
    recipient.status = text();
    recipient.remote_mta = text();
    recipient.reply = text();
    recipient.reason = text();
    recipient.fix = text();
    if (input.ConsumeBool()) recipient.first_refusal = EarlierRefusal{.route = text(), .reply = text()};
    dsn.recipients.push_back(std::move(recipient));
  }
  const std::string original = input.ConsumeRemainingBytesAsString();
  const auto built = build(dsn, original);
  if (!built) return 0;  // the boundary occurs in foreign text

  require(is_wire_text(built->octets));
  require(built->eight_bit || built->smtputf8 || is_ascii(built->octets));
  require(count(built->octets, "\r\n--b0undary\r\n") == (original.empty() ? 2 : 3));
  require(count(built->octets, "\r\n--b0undary--\r\n") == 1);
  const std::string_view top = std::string_view(built->octets).substr(0, built->octets.find("\r\n\r\n") + 2);
  std::size_t fields = 0;
  for (std::size_t at = 0; at < top.size(); at = top.find("\r\n", at) + 2) fields += top[at] == ' ' ? 0 : 1;
  require(fields == (dsn.original_message_id.empty() ? 8U : 10U));
  return 0;
}
