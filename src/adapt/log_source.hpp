// adapt/log_source.hpp - the lines of a log: a file, compressed or not (told by its first octets), standard input, or
// the journal; followed while it grows and is rotated. Decompression and the journal are other programs' work (gzip,
// xz, zstd, bzip2, journalctl), started without a shell. Limits: lines longer than logs::max_line are cut; memory does
// not grow with the file. Threads: blocks the caller's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::adapt {

enum class Follow { no, yes };

/// Gets each line without its end. False stops the reading.
using LineSink = std::function<bool(std::string_view)>;

/// `path` "-" is standard input. With Follow::yes it returns only when `sink` says so or the file cannot be read any
/// longer: a file that is replaced or truncated is read from its new beginning, `idle` is called while nothing comes.
/// Errors name the file: not there, not readable, damaged, its decompressor is missing.
[[nodiscard]] Result<> read_log(const std::string& path, Follow follow, const LineSink& sink,
                                const std::function<void()>& idle = {});

/// Lines in journalctl's JSON form. `since` as journalctl understands it; "" for all.
[[nodiscard]] Result<> read_journal(const std::string& since, Follow follow, const LineSink& sink);

}  // namespace ptarmigan::adapt
