// adapt/config_block.hpp - our lines within another program's configuration file, so that they can be taken out again
// octet for octet: a block between two marks, and lines that it takes the place of as comments. The marks carry a
// digest of what the file was and of the block, so that a change by somebody else is noticed. Works where "#" begins a
// comment line (main.cf, Exim's configuration). Pure. Threads: free functions on values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::adapt {

enum class BlockPlace { front, end };
/// Whether there was such a file before.
enum class Original { file, none };

struct Block {
  std::vector<std::string> lines;  ///< without line ends
  BlockPlace place = BlockPlace::end;
  Original original = Original::file;
  std::string taken_out_by;  ///< a command, for whoever reads the file
};

/// `text`, which holds no block, with the block. Each of `silenced` is a part of `text`; its lines become comments.
[[nodiscard]] std::string with_block(std::string_view text, const Block& block,
                                     const std::vector<std::string_view>& silenced);

struct WithoutBlock {
  enum class State {
    none,           ///< there was no block
    exact,          ///< `text` is what was there before, octet for octet
    changed_since,  ///< the file or the block was changed after it was written: that change stays in `text`
    damaged,        ///< a mark has no counterpart; `text` is as it was given
  };
  State state = State::none;
  std::string text;
  Original original = Original::file;
};
[[nodiscard]] WithoutBlock without_block(std::string_view text);

}  // namespace ptarmigan::adapt
