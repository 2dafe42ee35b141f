// auth/authres/fuzz/authres_fuzz.cpp - what the strict parser reads, the tolerant one reads as the same; what is built
// from anything read is one well-formed field that the strict parser reads; a field is always found to be a claim to
// the id that was read from it.
#include <cstdint>
#include <cstdlib>

#include "auth/authres/authres.hpp"

using namespace ptarmigan::authres;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto strict = parse(body, Strictness::strict);
  const auto tolerant = parse(body, Strictness::tolerant);
  if (strict && (!tolerant || !(*tolerant == *strict))) std::abort();
  if (!tolerant) return 0;
  if (!tolerant->authserv_id.empty() && !claims(body, tolerant->authserv_id)) std::abort();

  const auto field = build(*tolerant);
  if (!field) return 0;
  for (std::size_t at = field->find('\r'); at != std::string::npos; at = field->find('\r', at + 1))
    if ((*field)[at + 1] != '\n' || (at + 2 < field->size() && (*field)[at + 2] != '\t')) std::abort();
  if (field->find('\0') != std::string::npos) std::abort();
  const auto again = parse(std::string_view(*field).substr(field_name.size() + 1), Strictness::strict);
  if (!again || again->authserv_id != tolerant->authserv_id || build(*again) != field) std::abort();
  return 0;
}
