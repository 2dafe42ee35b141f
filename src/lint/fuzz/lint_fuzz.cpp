// lint/fuzz/lint_fuzz.cpp - any text as any kind: findings lie within the text, and the corrected text can be examined.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lint/lint.hpp"
#include "lint/render.hpp"

using namespace ptarmigan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr unsigned kinds = 9;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<lint::Input> inputs{
      {"f", text, static_cast<lint::Kind>(data[0] % kinds), data[0] >= 128 ? "example.com" : ""}};
  const auto findings = lint::examine(inputs);
  for (const auto& finding : findings) {
    if (finding.offset > text.size() || finding.line == 0 || finding.column == 0) std::abort();
    if (finding.edit &&
        (finding.edit->offset > text.size() || finding.edit->length > text.size() - finding.edit->offset))
      std::abort();
  }
  if (findings.empty() && lint::corrected(text, findings) != text) std::abort();
  (void)lint::json(inputs, findings);
  (void)lint::guess_kind("-", text);
  return 0;
}
