// auth/dkim/tests/signature_test.cpp - the tags of a signature, and which fields it picks.
#include "auth/dkim/signature.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dkim {
namespace {

constexpr std::string_view hash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

/// A good signature with tags replaced (`x=...`) or removed (`-x`).
Result<Signature> with(std::initializer_list<std::string_view> changes) {
  std::vector<std::pair<std::string, std::string>> tags = {{"v", "1"},   {"a", "rsa-sha256"}, {"d", "example.com"},
                                                           {"s", "sel"}, {"h", "From:To"},    {"bh", std::string(hash)},
                                                           {"b", "AAAA"}};
  for (const auto change : changes) {
    const std::string name(change.starts_with('-') ? change.substr(1) : change.substr(0, change.find('=')));
    std::erase_if(tags, [&](const auto& tag) { return tag.first == name; });
    if (!change.starts_with('-')) tags.emplace_back(name, change.substr(change.find('=') + 1));
  }
  std::string text;
  for (const auto& [name, value] : tags) text += " " + name + "=" + value + ";";
  return Signature::parse(text);
}

TEST(Signature, reads_every_tag) {
  const auto parsed =
      with({"c=relaxed/simple", "i=joe@mail.Example.COM", "t=10", "x=20", "l=5", "q=dns/txt", "z=From:a|To:b"});
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->header, Canonicalization::relaxed);
  EXPECT_EQ(parsed->body, Canonicalization::simple);
  EXPECT_EQ(parsed->domain.text(), "example.com");
  EXPECT_EQ(parsed->identity, "joe@mail.Example.COM");
  EXPECT_EQ(parsed->identity_domain.text(), "mail.example.com");
  EXPECT_EQ(parsed->names, (std::vector<std::string>{"From", "To"}));
  EXPECT_EQ(parsed->body_limit, 5U);
  EXPECT_EQ(parsed->signed_at, 10U);
  EXPECT_EQ(parsed->expires, 20U);
}

// RFC 6376#3.5
TEST(Signature, defaults) {
  const auto parsed = with({});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header, Canonicalization::simple);
  EXPECT_EQ(parsed->body, Canonicalization::simple);
  EXPECT_EQ(parsed->identity, "@example.com");
  EXPECT_EQ(parsed->body_limit, whole_body);
  EXPECT_EQ(with({"c=relaxed"})->body, Canonicalization::simple);
}

TEST(Signature, each_required_tag_is_required) {
  for (const std::string_view tag : {"-v", "-a", "-d", "-s", "-h", "-bh", "-b"}) EXPECT_FALSE(with({tag})) << tag;
  for (const std::string_view tag : {"v=", "a=", "d=", "s=", "h=", "bh=", "b="}) EXPECT_FALSE(with({tag})) << tag;
}

TEST(Signature, refuses_wrong_values) {
  for (const std::string_view tag : {"v=2",
                                     "v=1.0",
                                     "a=rsa-sha1",
                                     "a=rsa",
                                     "a=ed25519-sha1",
                                     "c=nowsp",
                                     "c=relaxed/",
                                     "c=relaxed/relaxed/simple",
                                     "d=localhost",
                                     "d=exa mple.com",
                                     "d=example.com(x)",
                                     "d=example..com",
                                     "s=a b",
                                     "s=a..b",
                                     "i=joe",
                                     "i=joe@example.org",
                                     "i=joe@xexample.com",
                                     "h=To",
                                     "h=From:",
                                     "h=From::To",
                                     "h=From:T o",
                                     "l=-1",
                                     "l=1x",
                                     "l=",
                                     "l=99999999999999999999",
                                     "t=x",
                                     "t=-1",
                                     "x=1234567890123",
                                     "q=dns/other",
                                     "bh=AAAA",
                                     "bh=!",
                                     "b=A!",
                                     "b=A"})
    EXPECT_FALSE(with({tag})) << tag;
}

TEST(Signature, expires_after_it_was_signed) {
  EXPECT_TRUE(with({"t=10", "x=11"}));
  EXPECT_FALSE(with({"t=10", "x=10"}));
  EXPECT_FALSE(with({"t=10", "x=9"}));
}

TEST(Signature, a_tag_given_twice_is_an_error) {
  EXPECT_FALSE(Signature::parse(
      "v=1; a=rsa-sha256; d=example.com; d=example.org; s=s; h=From; bh=" + std::string(hash) + "; b=AAAA"));
}

// RFC 8616#4
TEST(Signature, u_labels_become_a_labels) {
  const auto parsed =
      with({"d=b\xc3\xbc"
            "cher.example",
            "i=x@mail.b\xc3\xbc"
            "cher.example"});
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->domain.text(), "xn--bcher-kva.example");
}

TEST(Signature, the_number_of_names_is_bounded) {
  std::string names = "h=From";
  for (std::size_t i = 1; i < max_signed_names; ++i) names += ":X";
  EXPECT_TRUE(with({names}));
  EXPECT_FALSE(with({names + ":X"}));
}

std::string pick(std::string_view header, const std::vector<std::string>& names) {
  const auto section = message::HeaderSection::parse(header);
  std::string out;
  FieldPicker(*section).append(Canonicalization::simple, names, out);
  return out;
}

// RFC 6376#5.4.2
TEST(FieldPicker, takes_instances_from_the_bottom_up_and_then_nothing) {
  constexpr std::string_view header = "A: 1\r\nB: 1\r\na: 2\r\nb: 2\r\nA: 3\r\n";
  EXPECT_EQ(pick(header, {"a"}), "A: 3\r\n");
  EXPECT_EQ(pick(header, {"a", "B", "A"}), "A: 3\r\nb: 2\r\na: 2\r\n");
  EXPECT_EQ(pick(header, {"A", "a", "A", "a", "c"}), "A: 3\r\na: 2\r\nA: 1\r\n");
  EXPECT_EQ(pick(header, {}), "");
}

TEST(FieldPicker, stray_lines_are_never_signed) {
  EXPECT_EQ(pick("no colon\r\nA: 1\r\n", {"no colon", "", "A"}), "A: 1\r\n");
}

std::string emptied(Canonicalization form, std::string_view text) {
  const auto section = message::HeaderSection::parse(text);
  const auto& field = section->fields().at(0);
  std::string out;
  append_unsigned(form, field, TagList::parse(field.body)->find("b")->raw_value, out);
  return out;
}

// RFC 6376#3.7: only the value of b= goes, with the blanks around it
TEST(AppendUnsigned, empties_b_and_nothing_else) {
  EXPECT_EQ(emptied(Canonicalization::simple, "DKIM-Signature: bh=b=; n= b=x ; b= AB\r\n CD ;\r\n z=b=1\r\n"),
            "DKIM-Signature: bh=b=; n= b=x ; b=;\r\n z=b=1");
  EXPECT_EQ(emptied(Canonicalization::relaxed, "DKIM-Signature : a=1;\r\n b=AB\r\n CD  \r\n"),
            "dkim-signature:a=1; b=");
  EXPECT_EQ(emptied(Canonicalization::simple, "DKIM-Signature: b = AB"), "DKIM-Signature: b =");
}

}  // namespace
}  // namespace ptarmigan::dkim
