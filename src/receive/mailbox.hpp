// receive/mailbox.hpp - accepted mail as files, and the journal of what a receiver saw. Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ptarmigan::receive {

/// Creates the folder (mode 0755, its parent must exist); an error where it cannot be written to.
[[nodiscard]] Result<> prepare_mailbox(const std::string& folder);
/// Writes a whole file under a hidden name, syncs it and renames it to `name`: a reader sees all of it or nothing.
/// Returns its path.
[[nodiscard]] Result<std::string> keep_message(const std::string& folder, const std::string& name,
                                               std::string_view octets);
/// Appends one line in one write.
[[nodiscard]] Result<> append_line(const std::string& file, std::string line);

}  // namespace ptarmigan::receive
