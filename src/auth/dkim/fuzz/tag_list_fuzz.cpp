// auth/dkim/fuzz/tag_list_fuzz.cpp - a tag list that is read, once printed, is read as the same tags; the readers above
// it do not fall over.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/signature.hpp"

using namespace ptarmigan::dkim;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto signature = Signature::parse(text);
  const auto record = KeyRecord::parse(text);
  const auto list = TagList::parse(text);
  if (!list) {
    if (signature || record) std::abort();
    return 0;
  }
  std::string printed;
  for (const auto& tag : list->tags()) printed += std::string(tag.name) + "=" + std::string(tag.value) + "; ";
  const auto again = TagList::parse(printed);
  if (!again || again->tags().size() != list->tags().size()) std::abort();
  for (const auto& tag : list->tags())
    if (again->value(tag.name) != tag.value) std::abort();
  if (signature && !signature->identity_domain.is_at_or_below(signature->domain)) std::abort();
  if (record && record->key && record->key->type() != record->type) std::abort();
  return 0;
}
