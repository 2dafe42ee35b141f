// reports/tests/samples.cpp - prints one sample notice: failed, full, hostile or delayed (for dsn_reads.py).
#include "reports/tests/samples.hpp"

#include <cstdio>
#include <string>

namespace {
using namespace ptarmigan::reports;  // NOLINT(google-build-using-namespace)
}

int main(int count, char** arguments) {
  const std::string name = count == 2 ? arguments[1] : "";
  Dsn dsn = samples::failed();
  if (name == "full") dsn.returned = Return::full;
  if (name == "hostile") dsn = samples::hostile();
  if (name == "delayed") dsn = samples::delayed_utf8();
  const auto built = build(dsn, samples::original);
  if (!built) return 1;
  std::fwrite(built->octets.data(), 1, built->octets.size(), stdout);
  return 0;
}
