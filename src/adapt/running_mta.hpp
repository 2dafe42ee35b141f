// adapt/running_mta.hpp - Postfix and Exim on this host, asked by their own programs (postconf, postmap, postfix, exim)
// and changed so that they themselves find the result right. Nothing is written that their own check refuses. Threads:
// blocks the caller's.
#pragma once

#include <string>

#include "adapt/exim_setup.hpp"
#include "adapt/postfix_setup.hpp"
#include "base/result.hpp"

namespace ptarmigan::adapt {

/// `folder` "" is Postfix's own choice. Errors: postconf is not there, or cannot read it.
[[nodiscard]] Result<PostfixSetup> read_postfix(const std::string& folder);

/// Where Exim is, and which file it is to read; "" is its own choice.
struct EximHome {
  std::string program;  ///< "exim4", or "exim" where that is not there
  std::string file;
};
[[nodiscard]] EximHome find_exim(const EximHome& wished);
[[nodiscard]] Result<EximSetup> read_exim(const EximHome& home);

/// What a patch of one file is about.
struct FileChange {
  std::string path;
  Original original = Original::file;  ///< whether it is there now
  std::string before;
  std::string after;
  bool remove = false;  ///< `after` is that there is no such file
};

/// The file in which Exim's main section can be given a line: the configuration itself, or on Debian the source that
/// update-exim4.conf makes it of.
[[nodiscard]] Result<FileChange> exim_source(const EximSetup& setup);

/// As `diff -u` tells it; "" where nothing changes.
[[nodiscard]] Result<std::string> difference(const FileChange& change);

/// Writes the change, after the mail server's own programs found it right; where they object afterwards, what was there
/// is put back. Errors hold their words.
[[nodiscard]] Result<> apply_to_postfix(const PostfixSetup& setup, const FileChange& change);
[[nodiscard]] Result<> apply_to_exim(const EximHome& home, const EximSetup& setup, const FileChange& change);

/// `postfix reload`, or SIGHUP to Exim's daemon. Errors: it does not run.
[[nodiscard]] Result<> reload_postfix(const PostfixSetup& setup);
[[nodiscard]] Result<> reload_exim(const EximSetup& setup);

/// What `postmap -q` finds; "" for nothing.
[[nodiscard]] Result<std::string> ask_by_postmap(const PostfixSetup& setup, const std::string& key,
                                                 const std::string& map);
/// What `exim -be` makes of an expansion.
[[nodiscard]] Result<std::string> expand_by_exim(const EximHome& home, const std::string& expansion);

}  // namespace ptarmigan::adapt
