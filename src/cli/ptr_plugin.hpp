// cli/ptr_plugin.hpp - a program that publishes PTR records through a hoster's own interface
// (docs/reference/ptr-plugin.md). It gets one JSON object on standard input and answers with one on standard output.
// Blocks; limits: plugin_time, 64 KiB of output.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "publish/change.hpp"

namespace ptarmigan::cli {

inline constexpr std::chrono::seconds plugin_time{60};

/// Makes one change of a PTR RRset. An error holds the program's own words. The program and what it started are ended
/// when the time is over.
[[nodiscard]] Result<> run_ptr_plugin(const std::string& program, const publish::Change& change,
                                      std::chrono::milliseconds longest = plugin_time);

}  // namespace ptarmigan::cli
