// logs/tests/collate_test.cpp - what earlier lines tell about later ones.
#include "logs/collate.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::logs {
namespace {

Entry told(Collator& collator, std::uint32_t pid, std::string text) {
  const Line line{{}, "mail", "postfix/smtp", pid, std::move(text)};
  auto entry = *read_entry(line);
  collator.complete(line, entry);
  return entry;
}

std::string sent(const std::string& id, const std::string& use) {
  return id + ": to=<b@example.org>, relay=mx.example.org[203.0.113.25]:25, " + use +
         "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)";
}

TEST(LogCollate, sender_comes_from_the_queue_manager_until_the_message_is_removed) {
  Collator collator;
  told(collator, 1, "0F38D150: from=<a@example.com>, size=1, nrcpt=1 (queue active)");
  EXPECT_EQ(told(collator, 2, sent("0F38D150", "")).sender, "a@example.com");
  told(collator, 1, "0F38D150: removed");
  EXPECT_FALSE(told(collator, 2, sent("0F38D150", "")).has_sender);
}

TEST(LogCollate, tls_belongs_to_the_session_it_was_agreed_in) {
  Collator collator;
  told(collator, 2,
       "Trusted TLS connection established to mx.example.org[203.0.113.25]:25: TLSv1.3 with cipher C (1/1 bits)");
  EXPECT_TRUE(told(collator, 2, sent("0F38D150", "")).tls);
  EXPECT_TRUE(told(collator, 2, sent("0F38D151", "conn_use=2, ")).tls);
  EXPECT_FALSE(told(collator, 3, sent("0F38D152", "")).tls) << "another process";
  EXPECT_FALSE(told(collator, 2, sent("0F38D153", "")).tls) << "another session";
}

TEST(LogCollate, lines_of_other_programs_are_none_of_ours) {
  EXPECT_FALSE(read_entry({{}, "mail", "sshd", 1, "0F38D150: removed"}));
}

}  // namespace
}  // namespace ptarmigan::logs
