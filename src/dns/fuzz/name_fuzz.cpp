// dns/fuzz/name_fuzz.cpp - a parsed name prints to a text that parses to the same name; its reverse form is consistent.
#include <cstdint>
#include <cstdlib>

#include "dns/name.hpp"
#include "dns/reverse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ptarmigan::dns::DomainName;
  const auto name = DomainName::parse({reinterpret_cast<const char*>(data), size});
  if (!name) return 0;
  if (DomainName::parse(name->text()) != name || DomainName::parse(name->absolute()) != name) std::abort();
  if (name->last_labels(name->label_count()) != *name || !name->is_at_or_below(name->parent())) std::abort();
  if (const auto address = ptarmigan::dns::address_of_reverse_name(*name))
    if (address->unmapped() == *address && ptarmigan::dns::reverse_name(*address) != *name) std::abort();
  return 0;
}
