// reports/fuzz/read_fuzz.cpp - whatever a file holds: there is a report, its JSON is one line that reads back, what is
// not readable says why, and nothing beyond the budget is unpacked.
#include <cstdint>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "reports/json.hpp"

using namespace ptarmigan::reports;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ReadLimits limits;
  limits.unpacked = {.octets = 1U << 20, .members = 20};
  const auto reports = read_reports({reinterpret_cast<const char*>(data), size}, limits);
  require(!reports.empty());
  for (const auto& report : reports) {
    const auto line = json(report, "fuzz");
    require(line.find('\n') == std::string::npos);
    const auto read = nlohmann::json::parse(line, nullptr, false);
    require(!read.is_discarded() && read["kind"] == kind_of(report));
    require(report.readable() || report.notes.any_loss());
    require(report.notes.all().size() < 60);
  }
  return 0;
}
