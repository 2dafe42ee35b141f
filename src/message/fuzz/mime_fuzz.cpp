// message/fuzz/mime_fuzz.cpp - every part lies within its parent's body, and decoding never grows.
#include <cstdint>
#include <cstdlib>

#include "message/mime.hpp"

using namespace ptarmigan::message;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto parts = walk_parts(message, {.parts = 50, .depth = 5});
  if (!parts) return 0;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const auto& part = (*parts)[i];
    if (part.decode().size() > part.body.size()) std::abort();
    if (part.parent.has_value() != (i > 0)) std::abort();
    const auto outer = part.parent ? (*parts)[*part.parent].body : message;
    if (part.body.data() < outer.data() || part.body.data() + part.body.size() > outer.data() + outer.size())
      std::abort();
    if (part.parent && (*part.parent >= i || part.depth != (*parts)[*part.parent].depth + 1)) std::abort();
  }
  return 0;
}
