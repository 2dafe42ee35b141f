// auth/dmarc/fuzz/record_fuzz.cpp - a usable record, printed, is read as the same record; remarks aside, which tell of
// what was ignored.
#include <cstdint>
#include <cstdlib>

#include "auth/dmarc/record.hpp"
#include "base/text.hpp"

using namespace ptarmigan;
using namespace ptarmigan::dmarc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto record = Record::parse({reinterpret_cast<const char*>(data), size});
  if (!record) return 0;
  for (const auto& uri : record->rua)
    for (const char c : uri.address)
      if (!is_printable_ascii(c)) std::abort();
  if (record->usability != Usability::full) return 0;
  auto again = Record::parse(record_text(*record));
  if (!again || !again->remarks.empty()) std::abort();
  record->remarks.clear();
  if (!(*again == *record)) std::abort();
  return 0;
}
