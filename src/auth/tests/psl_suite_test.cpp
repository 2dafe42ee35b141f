// auth/tests/psl_suite_test.cpp - the Public Suffix List's own checks, in place.
#include <sstream>

#include "auth/dmarc/public_suffix.hpp"
#include "auth/tests/suites.hpp"
#include "base/text.hpp"

namespace ptarmigan::dmarc {
namespace {

std::string whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string registrable(const PublicSuffixList& list, std::string_view input) {
  const auto name = dns::DomainName::from_unicode(input);
  if (!name) return "null";  // a leading dot, or the null input
  const auto domain = list.organizational_domain(*name);
  return domain ? domain->text() : "null";
}

std::string normal(std::string_view text) {
  const auto name = dns::DomainName::from_unicode(text);
  return name ? name->text() : std::string(text);
}

TEST(PublicSuffixSuite, official_checks) {
  const auto path = suites::folder("psl");
  PTARMIGAN_REQUIRE_SUITE(path / "public_suffix_list.dat");
  const auto list = PublicSuffixList::parse(whole(path / "public_suffix_list.dat"));
  ASSERT_TRUE(list) << list.error().text();
  const auto checks = whole(path / "tests.txt");
  std::size_t passed = 0;
  std::size_t total = 0;
  for (const auto line : split(checks, '\n')) {
    if (line.empty() || line.starts_with("//")) continue;
    const auto words = split(line, ' ');
    ASSERT_EQ(words.size(), 2U) << line;
    ++total;
    const auto found = words[0] == "null" ? "null" : registrable(*list, words[0]);
    EXPECT_EQ(found, normal(words[1])) << words[0];
    if (found == normal(words[1])) ++passed;
  }
  suites::report("Public Suffix List", passed, total, 78);
}

}  // namespace
}  // namespace ptarmigan::dmarc
