// logs/fuzz/line_fuzz.cpp - any lines.
// Property: each line gives the same entry twice, whatever came before; what is called an attempt has a status.
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "logs/collate.hpp"
#include "logs/exim.hpp"
#include "logs/postfix.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ptarmigan;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const logs::Stamps stamps{WallTime(milliseconds(1'795'000'000'000)),
                            [](std::chrono::local_seconds local) { return WallTime(local.time_since_epoch()); }};
  logs::Collator collator;
  for (const auto octets : split(text, '\n')) {
    const auto line = logs::parse_line(octets, stamps);
    for (auto entry : {logs::read_entry(line), std::optional(logs::parse_exim(line.text)),
                       std::optional(logs::parse_postfix("postfix/smtp", line.text))}) {
      if (!entry) continue;
      if (entry->kind == logs::Kind::attempt && entry->mailer == logs::Mailer::postfix && entry->fields.size() < 2) {
        std::fprintf(stderr, "an attempt without its fields\n");
        std::abort();
      }
      collator.complete(line, *entry);
    }
    if (logs::parse_line(octets, stamps) != line || logs::read_entry(line) != logs::read_entry(line)) {
      std::fprintf(stderr, "the same line was read in two ways\n");
      std::abort();
    }
  }
  return 0;
}
