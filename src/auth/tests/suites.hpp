// auth/tests/suites.hpp - where the conformance suites are, and how their cases are read.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ptarmigan::suites {

/// The folder of one suite beside the project; it may be absent.
inline std::filesystem::path folder(std::string_view name) {
  return std::filesystem::path(PTARMIGAN_SOURCE_DIR).parent_path() / "shared" / "suites" / name;
}

/// The standard output of a converter in tools/suites, read as JSON; discarded where it failed. `arguments` as a shell
/// reads them.
inline nlohmann::json output_of(std::string_view converter, std::string_view arguments) {
  const std::string command = "/usr/bin/python3 '" PTARMIGAN_SOURCE_DIR "/tools/suites/" + std::string(converter) +
                              "' " + std::string(arguments);
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return nlohmann::json::value_t::discarded;
  char buffer[65536];
  for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, got);
  if (pclose(pipe) != 0) return nlohmann::json::value_t::discarded;
  return nlohmann::json::parse(output, nullptr, false);
}

inline nlohmann::json converted(std::string_view converter, const std::filesystem::path& input) {
  return output_of(converter, "'" + input.string() + "'");
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return nlohmann::json::parse(file, nullptr, false);
}

/// The one line that a suite prints, and its verdict.
inline void report(std::string_view suite, std::size_t passed, std::size_t total, std::size_t required) {
  std::printf("suite: %.*s: %zu of %zu\n", static_cast<int>(suite.size()), suite.data(), passed, total);
  EXPECT_GT(total, 0U) << "the suite holds no cases";
  EXPECT_GE(passed, required);
}

}  // namespace ptarmigan::suites

/// Leaves a test whose suite is not beside the project.
#define PTARMIGAN_REQUIRE_SUITE(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the suite is not there: " << (path).string()
