// watch/fuzz/figures_fuzz.cpp - what receivers' services reply gives figures that can be kept and shown: a provider, a
// subject and a metric each, no value below nothing, nothing unprintable from SNDS; and the judge takes them all.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "watch/figures.hpp"
#include "watch/postmaster.hpp"
#include "watch/snds.hpp"

namespace {

using namespace ptarmigan;

void need(bool good) {
  if (!good) std::abort();
}

void look(const std::vector<watch::Figure>& figures, std::string_view provider) {
  for (const auto& figure : figures) {
    need(figure.provider == provider && !figure.subject.empty() && !figure.metric.empty() && figure.millionths >= 0);
    if (provider != watch::snds) continue;
    need(IpAddress::parse(figure.subject.substr(0, figure.subject.find('-'))).has_value());
    for (const char c : figure.text) need(is_printable_ascii(c));
  }
  need(watch::wrong_figures(figures).size() <= figures.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const WallTime day{std::chrono::days(20'000)};
  if (const auto figures = watch::parse_snds_data(text, day)) look(*figures, watch::snds);
  if (const auto figures = watch::parse_snds_status(text, day)) look(*figures, watch::snds);
  if (const auto page = watch::parse_stats(text, "example.com")) look(page->figures, watch::google_postmaster);
  if (const auto figures = watch::parse_compliance(text, "example.com", day)) look(*figures, watch::google_postmaster);
  const std::vector<std::string> domains{"a.example", "b.example"};
  if (const auto pages = watch::parse_batch(text, domains)) {
    need(pages->size() == domains.size());
    for (const auto& page : *pages) look(page.figures, watch::google_postmaster);
  }
  if (const auto page = watch::parse_domains(text))
    for (const auto& domain : page->domains) need(domain.find_first_of("/?#%\r\n ") == std::string::npos);
  if (const auto token = watch::parse_token(text))
    for (const char c : token->token) need(is_printable_ascii(c) && c != ' ');
  static_cast<void>(watch::error_of(text));
  return 0;
}
