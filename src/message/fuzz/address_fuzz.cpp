// message/fuzz/address_fuzz.cpp - every address that is read, once printed, is read as the same address.
#include <cstdint>
#include <cstdlib>

#include "message/build.hpp"

using namespace ptarmigan::message;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = parse_address_list({reinterpret_cast<const char*>(data), size});
  if (!list) return 0;
  for (const auto& mailbox : *list) {
    if (mailbox.domain.empty() || mailbox.address().find('\0') != std::string::npos) std::abort();
    const auto again = parse_mailbox(mailbox.address());
    if (!again || again->local_part != mailbox.local_part || again->domain != mailbox.domain) std::abort();
    if (!address_list({mailbox})) std::abort();
  }
  return 0;
}
