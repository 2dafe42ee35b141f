// auth/dkim/reduce.cpp - see reduce.hpp. Where blanks go is as good as random, so the vector form has no branch that
// depends on the text: a mispredicted one a line would cost as much as hashing half of it.
#include "auth/dkim/reduce.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ptarmigan::dkim {
namespace {

constexpr std::size_t word_octets = sizeof(std::uint64_t);

#if defined(__x86_64__)

/// For each set of octets of a word that go: the indices of those that stay, in order.
constexpr auto stay = [] {
  std::array<std::array<unsigned char, word_octets>, 256> table{};
  for (std::size_t goes = 0; goes < table.size(); ++goes) {
    std::size_t filled = 0;
    for (unsigned char i = 0; i < word_octets; ++i)
      if ((goes >> i & 1U) == 0) table[goes][filled++] = i;
  }
  return table;
}();

/// Writes the octets of the lower half of `text` that stay.
[[gnu::target("avx2,popcnt"), gnu::always_inline]] inline char* squeeze(__m128i text, unsigned goes, char* to) {
  const auto indices = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(stay[goes].data()));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(text, indices));
  return to + word_octets - std::popcount(goes);
}

[[gnu::target("avx2,popcnt")]] char* reduce_blocks_avx2(const char* from, std::size_t blocks, char* to) {
  const auto load = [](const char* at) __attribute__((target("avx2,popcnt"), always_inline)) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  };
  const auto space = _mm256_set1_epi8(' ');
  const auto tab = _mm256_set1_epi8('\t');
  for (; blocks > 0; --blocks, from += block_octets) {
    const auto text = load(from);
    const auto next = load(from + 1);
    const auto blank = _mm256_or_si256(_mm256_cmpeq_epi8(text, space), _mm256_cmpeq_epi8(text, tab));
    const auto before_blank = _mm256_or_si256(_mm256_cmpeq_epi8(next, space), _mm256_cmpeq_epi8(next, tab));
    const auto before_crlf = _mm256_and_si256(_mm256_cmpeq_epi8(next, _mm256_set1_epi8('\r')),
                                              _mm256_cmpeq_epi8(load(from + 2), _mm256_set1_epi8('\n')));
    const auto goes = static_cast<unsigned>(
        _mm256_movemask_epi8(_mm256_and_si256(blank, _mm256_or_si256(before_blank, before_crlf))));
    const auto spaced = _mm256_blendv_epi8(text, space, blank);
    const auto low = _mm256_castsi256_si128(spaced);
    const auto high = _mm256_extracti128_si256(spaced, 1);
    to = squeeze(low, goes & 0xff, to);
    to = squeeze(_mm_srli_si128(low, word_octets), goes >> 8U & 0xff, to);
    to = squeeze(high, goes >> 16U & 0xff, to);
    to = squeeze(_mm_srli_si128(high, word_octets), goes >> 24U, to);
  }
  return to;
}

#endif

constexpr bool is_zero(const unsigned char* marks) {
  std::uint64_t word = 0;
  std::memcpy(&word, marks, sizeof word);
  return word == 0;
}

char* reduce_block(const char* block, char* to) {
  std::array<unsigned char, block_octets> goes;
  std::array<char, block_octets> text;
  // No branches, so that compilers make vector code of it.
  for (std::size_t i = 0; i < block_octets; ++i) {
    const char c = block[i];
    const char next = block[i + 1];
    const bool blank = (c == ' ') | (c == '\t');
    goes[i] = static_cast<unsigned char>(blank &
                                         ((next == ' ') | (next == '\t') | ((next == '\r') & (block[i + 2] == '\n'))));
    text[i] = blank ? ' ' : c;
  }
  for (std::size_t at = 0; at < block_octets; at += word_octets) {
    if (is_zero(goes.data() + at)) {
      std::memcpy(to, text.data() + at, word_octets);
      to += word_octets;
    } else {
      for (std::size_t i = at; i < at + word_octets; ++i) {
        *to = text[i];
        to += 1 - goes[i];
      }
    }
  }
  return to;
}

}  // namespace

char* reduce_blocks_portably(const char* from, std::size_t blocks, char* to) {
  for (; blocks > 0; --blocks, from += block_octets) to = reduce_block(from, to);
  return to;
}

char* reduce_blocks(const char* from, std::size_t blocks, char* to) {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  if (fast) return reduce_blocks_avx2(from, blocks, to);
#endif
  return reduce_blocks_portably(from, blocks, to);
}

}  // namespace ptarmigan::dkim
