// auth/dkim/tests/canonical_test.cpp - canonical forms, whatever the pieces.
#include "auth/dkim/canonical.hpp"

#include <gtest/gtest.h>

#include "auth/dkim/reduce.hpp"
#include "base/encoding.hpp"

namespace ptarmigan::dkim {
namespace {

struct Collect final : OctetSink {
  std::string octets;
  void take(std::string_view more) override { octets += more; }
};

std::string body(Canonicalization form, std::string_view text) {
  Collect out;
  BodyCanonicalizer canonicalizer(form);
  canonicalizer.feed(text, out);
  canonicalizer.finish(out);
  return out.octets;
}
std::string simple(std::string_view text) {
  return body(Canonicalization::simple, text);
}
std::string relaxed(std::string_view text) {
  return body(Canonicalization::relaxed, text);
}

std::string header(Canonicalization form, std::string_view text) {
  const auto section = message::HeaderSection::parse(text);
  std::string out;
  for (const auto& field : section->fields()) append_canonical(form, field, out);
  return out;
}

std::string base64(const Digest& digest) {
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// RFC 6376#3.4.5
TEST(Canonical, the_example_of_rfc_6376) {
  constexpr std::string_view fields = "A: X\r\nB : Y\t\r\n\tZ  \r\n";
  constexpr std::string_view text = " C \r\nD \t E\r\n\r\n\r\n";
  EXPECT_EQ(header(Canonicalization::relaxed, fields), "a:X\r\nb:Y Z\r\n");
  EXPECT_EQ(relaxed(text), " C\r\nD E\r\n");
  EXPECT_EQ(header(Canonicalization::simple, fields), fields);
  EXPECT_EQ(simple(text), " C \r\nD \t E\r\n");
}

// RFC 6376#3.4.3 and RFC 6376#3.4.4 give these hashes of an empty body.
TEST(Canonical, an_empty_body_is_crlf_in_simple_and_nothing_in_relaxed) {
  EXPECT_EQ(base64(BodyHasher(Canonicalization::simple).finish().front()),
            "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  EXPECT_EQ(base64(BodyHasher(Canonicalization::relaxed).finish().front()),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(CanonicalBody, empty_lines_at_the_end_are_dropped_and_a_final_crlf_is_added) {
  EXPECT_EQ(simple("a\r\n\r\n\r\n"), "a\r\n");
  EXPECT_EQ(simple("a"), "a\r\n");
  EXPECT_EQ(simple("\r\n\r\n"), "\r\n");
  EXPECT_EQ(simple("\r\n\r\na\r\n"), "\r\n\r\na\r\n");
  EXPECT_EQ(relaxed("a"), "a\r\n");
  EXPECT_EQ(relaxed("\r\n\r\n"), "");
  EXPECT_EQ(relaxed(" \r\n\t \r\n"), "");
  EXPECT_EQ(relaxed("a \r\n \r\nb\r\n"), "a\r\n\r\nb\r\n");
}

TEST(CanonicalBody, blanks_shrink_and_vanish_at_line_ends_in_relaxed_only) {
  EXPECT_EQ(relaxed("a\t\t b  c \t\r\n"), "a b c\r\n");
  EXPECT_EQ(relaxed("a\tb\r\n"), "a b\r\n");
  EXPECT_EQ(relaxed("\ta\r\n"), " a\r\n");
  EXPECT_EQ(relaxed("a  "), "a\r\n");
  EXPECT_EQ(simple("a  \r\n"), "a  \r\n");
}

TEST(CanonicalBody, only_sp_and_htab_are_blanks) {
  EXPECT_EQ(relaxed("a\v\v b\f\r\n\xa0\xa0\r\n"), "a\v\v b\f\r\n\xa0\xa0\r\n");
}

TEST(CanonicalBody, a_lone_cr_or_lf_is_content) {
  EXPECT_EQ(simple("a\n\n\r\n"), "a\n\n\r\n");
  EXPECT_EQ(simple("a\r\n\r"), "a\r\n\r\r\n");
  EXPECT_EQ(simple("a\r\r\n"), "a\r\r\n");
  EXPECT_EQ(relaxed("a \n \r \r\n"), "a \n \r\r\n");
  EXPECT_EQ(relaxed("a \r"), "a \r\r\n");
  EXPECT_EQ(relaxed("a\n\n"), "a\n\n\r\n");
  EXPECT_EQ(relaxed("a \r\r\n"), "a \r\r\n");
}

TEST(CanonicalBody, any_split_gives_the_same_octets) {
  const std::string text = "a \r\n \t\r\n\r\n b\t\tc \r d\r\r\n e \n f\r\n\r\n \r\n\r";
  for (const auto form : {Canonicalization::simple, Canonicalization::relaxed}) {
    const auto whole = body(form, text);
    for (std::size_t one = 0; one <= text.size(); ++one)
      for (std::size_t two = one; two <= text.size(); ++two) {
        Collect out;
        BodyCanonicalizer canonicalizer(form);
        canonicalizer.feed(std::string_view(text).substr(0, one), out);
        canonicalizer.feed(std::string_view(text).substr(one, two - one), out);
        canonicalizer.feed(std::string_view(text).substr(two), out);
        canonicalizer.finish(out);
        ASSERT_EQ(out.octets, whole) << one << ' ' << two;
      }
  }
}

// Long runs take another path than short ones.
TEST(CanonicalBody, long_lines_are_reduced_as_short_ones_are) {
  for (std::size_t size = 1; size < 200; ++size) {
    const std::string run(size, 'x');
    EXPECT_EQ(relaxed(run + "  " + run + "\t\r\n"), run + " " + run + "\r\n") << size;
    EXPECT_EQ(relaxed(run + " \r\n"), run + "\r\n") << size;
    EXPECT_EQ(relaxed(run + "\t" + run + " " + run), run + " " + run + " " + run + "\r\n") << size;
  }
}

TEST(CanonicalBody, megabytes_of_blank_lines_need_no_memory) {
  BodyHasher hasher(Canonicalization::relaxed);
  std::string blank_lines;
  for (int i = 0; i < 10000; ++i) blank_lines += " \t\r\n";
  hasher.feed("a\r\n");
  for (int i = 0; i < 100; ++i) hasher.feed(blank_lines);
  EXPECT_EQ(base64(hasher.finish().front()), base64(sha256("a\r\n")));
}

TEST(CanonicalHeader, relaxed_unfolds_before_it_shrinks) {
  EXPECT_EQ(header(Canonicalization::relaxed, "SUBJect \t:\r\n\r\n"), "subject:\r\n");
  EXPECT_EQ(header(Canonicalization::relaxed, "A:\r\n b\r\n"), "a:b\r\n");
  EXPECT_EQ(header(Canonicalization::relaxed, "A: b\r\n \r\n \r\n"), "a:b\r\n");
  EXPECT_EQ(header(Canonicalization::relaxed, "A: b \r\n \tc\r\n"), "a:b c\r\n");
  EXPECT_EQ(header(Canonicalization::relaxed, "A: \xc3\xb6\xff \v c\r\n"), "a:\xc3\xb6\xff \v c\r\n");
}

TEST(CanonicalHeader, simple_changes_nothing) {
  constexpr std::string_view text = "SuBJect : a \r\n\t b \r\n";
  EXPECT_EQ(header(Canonicalization::simple, text), text);
}

TEST(BodyHasher, each_limit_has_its_hash) {
  BodyHasher hasher(Canonicalization::simple, {whole_body, 0, 3, 100});
  hasher.feed("abc\r\n");
  hasher.feed("def\r\n\r\n");
  const auto digests = hasher.finish();
  EXPECT_EQ(digests[0], sha256("abc\r\ndef\r\n"));
  EXPECT_EQ(digests[1], sha256(""));
  EXPECT_EQ(digests[2], sha256("abc"));
  EXPECT_EQ(digests[3], digests[0]);
  EXPECT_EQ(hasher.canonical_octets(), 10U);
}

TEST(Reduce, every_ending_at_every_place_is_the_same_by_vectors_and_by_plain_code) {
  for (const std::string_view ending : {" \r\n", "  \r\n", "\t \r\n", " \t", "\t", "  ", " \r", " \r ", "\r\n", " \n"})
    for (std::size_t place = 0; place < 2 * block_octets; ++place) {
      std::string text(2 * block_octets + block_lookahead + ending.size(), 'x');
      text.replace(place, ending.size(), ending);
      std::string fast(2 * block_octets, '-');
      std::string plain = fast;
      fast.resize(static_cast<std::size_t>(reduce_blocks(text.data(), 2, fast.data()) - fast.data()));
      plain.resize(static_cast<std::size_t>(reduce_blocks_portably(text.data(), 2, plain.data()) - plain.data()));
      EXPECT_EQ(fast, plain) << place;
    }
}

TEST(Reduce, a_blank_before_a_blank_or_a_line_end_goes_and_every_other_is_a_space) {
  const std::string text = "one  two\tthree \t four \t\r\nfive\t\rsix \nseven \r\n";
  std::string padded = text + std::string(2 * block_octets + block_lookahead - text.size(), 'x');
  std::string out(2 * block_octets, '-');
  out.resize(static_cast<std::size_t>(reduce_blocks(padded.data(), 2, out.data()) - out.data()));
  EXPECT_EQ(out.substr(0, out.find_last_not_of('x') + 1), "one two three four\r\nfive \rsix \nseven\r\n");
}

}  // namespace
}  // namespace ptarmigan::dkim
