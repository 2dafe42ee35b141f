// auth/dkim/reduce.hpp - blanks of a body in relaxed form (RFC 6376#3.4.4), a block at a time: the inner loop of
// canonicalization. Stateless: what becomes of an octet is decided by it and the two that follow. Threads: free
// functions.
#pragma once

#include <cstddef>

namespace ptarmigan::dkim {

inline constexpr std::size_t block_octets = 32;
/// Octets behind the last block that are read, to decide whether its last blank stays.
inline constexpr std::size_t block_lookahead = 2;

/// Writes `blocks` blocks from `from` to `to` in relaxed form: a blank before a blank or CRLF goes, every other becomes
/// SP. `to` has room for all of them; octets between the end that is returned and that room are left in any state.
[[nodiscard]] char* reduce_blocks(const char* from, std::size_t blocks, char* to);
/// The same in plain C++, which reduce_blocks() is on machines without AVX2.
[[nodiscard]] char* reduce_blocks_portably(const char* from, std::size_t blocks, char* to);

}  // namespace ptarmigan::dkim
