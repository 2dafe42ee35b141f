// relay/tests/suppression_test.cpp - the suppression list in memory and in its file.
#include "relay/suppression.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "relay/transit.hpp"

namespace ptarmigan::relay {
namespace {

namespace fs = std::filesystem;

constexpr WallTime then{seconds(1'800'000'000)};

Suppressed complaint(std::string address) {
  return {std::move(address), Suppressed::Origin::complaint, "reported as abuse", then};
}

class SuppressionFile : public testing::Test {
 protected:
  SuppressionFile()
      : folder_(fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~SuppressionFile() override { fs::remove_all(folder_); }

  SuppressionList open() const {
    auto list = SuppressionList::open(folder_);
    EXPECT_TRUE(list) << list.error().text();
    return *std::move(list);
  }
  std::string text() const {
    std::ifstream file(folder_ / "suppressed.tsv");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

TEST(Suppressible, addresses_and_domains_in_one_spelling) {
  EXPECT_EQ(suppressible(" <User@Example.NET> ").value(), "user@example.net");
  EXPECT_EQ(suppressible("@Example.net").value(), "@example.net");
  for (const auto* text : {"", "@", "user", "user@", "@a b", "a\tb@example.net", "a\nb@example.net"})
    EXPECT_FALSE(suppressible(text)) << text;
}

TEST(SuppressionLine, says_all_of_an_entry_and_is_read_back) {
  auto entry = complaint("user@example.net");
  entry.reason = "a\tb\r\nc";
  const auto line = suppression_line(entry);
  EXPECT_EQ(line, "2027-01-15T08:00:00Z\t+\tuser@example.net\tcomplaint\ta b  c");
  const auto change = parse_suppression_line(line);
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->added);
  EXPECT_EQ(change->entry, (Suppressed{"user@example.net", Suppressed::Origin::complaint, "a b  c", then}));
  for (const auto* wrong :
       {"", "x", "2027-01-15T08:00:00Z\t*\tuser@example.net\tcomplaint\t", "2027-01-15T08:00:00Z\t+\tuser\tcomplaint\t",
        "yesterday\t+\tuser@example.net\tbounce\t", "2027-01-15T08:00:00Z\t+\tuser@example.net\tnobody\t"})
    EXPECT_FALSE(parse_suppression_line(wrong)) << wrong;
}

TEST_F(SuppressionFile, what_was_added_and_removed_is_there_after_a_restart) {
  {
    auto list = open();
    EXPECT_EQ(
        list.add({complaint("user@example.net"), complaint("@example.org"), complaint("user@example.net")}).value(),
        2U);
    EXPECT_EQ(list.add({complaint("user@example.net")}).value(), 0U) << "is there";
    EXPECT_EQ(list.add({complaint("gone@example.net")}).value(), 1U);
    EXPECT_EQ(list.remove({"gone@example.net", "nobody@example.net"}, then).value(), 1U);
  }
  const auto list = open();
  EXPECT_EQ(list.size(), 2U);
  ASSERT_NE(list.find("User@EXAMPLE.net"), nullptr) << "whatever the case";
  EXPECT_EQ(*list.find("user@example.net"), complaint("user@example.net"));
  ASSERT_NE(list.find("anybody@example.org"), nullptr);
  EXPECT_EQ(list.find("anybody@example.org")->address, "@example.org");
  EXPECT_EQ(list.find("gone@example.net"), nullptr);
  EXPECT_EQ(list.find("other@sub.example.org"), nullptr) << "another domain";
}

TEST_F(SuppressionFile, a_line_without_its_end_never_counted_and_others_that_are_damaged_cost_only_themselves) {
  {
    std::ofstream file(folder_ / "suppressed.tsv");
    file << suppression_line(complaint("a@example.net")) << "\ndamaged\n"
         << suppression_line(complaint("b@example.net")) << "\n"
         << suppression_line(complaint("torn@example.net"));
  }
  auto list = open();
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list.damaged(), 1U);
  EXPECT_EQ(list.find("torn@example.net"), nullptr);
  ASSERT_TRUE(list.add({complaint("c@example.net")}));
  EXPECT_TRUE(text().ends_with("\n" + suppression_line(complaint("c@example.net")) + "\n")) << text();
}

TEST_F(SuppressionFile, one_process_at_a_time) {
  const auto list = open();
  const auto second = SuppressionList::open(folder_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text().find("another process"), std::string::npos);
}

TEST_F(SuppressionFile, a_file_that_is_mostly_history_is_written_anew_and_stays_locked) {
  auto list = open();
  ASSERT_TRUE(list.add({complaint("stays@example.net")}));
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(list.add({complaint("user@example.net")}));
    ASSERT_TRUE(list.remove({"user@example.net"}, then));
  }
  EXPECT_LT(std::ranges::count(text(), '\n'), 500);
  EXPECT_FALSE(SuppressionList::open(folder_)) << "still ours";
  EXPECT_NE(list.find("stays@example.net"), nullptr);
}

TEST_F(SuppressionFile, pages_go_through_all_in_order) {
  auto list = open();
  ASSERT_TRUE(list.add({complaint("b@example.net"), complaint("a@example.net"), complaint("c@example.net")}));
  const auto first = list.page("", 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].address, "a@example.net");
  const auto rest = list.page(first.back().address, 2);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].address, "c@example.net");
}

TEST_F(SuppressionFile, mail_that_waits_for_who_complained_meanwhile_fails_before_it_is_tried) {
  auto list = open();
  ASSERT_TRUE(list.add({complaint("b@example.net")}));
  spool::MessageRecord message;
  message.mail_from = "news@example.com";
  spool::GroupRecord group;
  group.recipients = {{.address = "a@example.net", .notify = {}, .orcpt = {}},
                      {.address = "B@example.net", .notify = {}, .orcpt = {}}};
  const auto octets = std::make_shared<const std::string>("From: news@example.com\r\n\r\nx\r\n");
  const Moment now{then, {}};
  Transit transit(message, group, octets, now);
  transit.suppress(list);
  ASSERT_EQ(transit.failed().size(), 1U);
  EXPECT_EQ(transit.failed()[0].status, "5.7.1");
  EXPECT_EQ(transit.failed()[0].recipient.address, "B@example.net");
  EXPECT_FALSE(transit.settled());
  EXPECT_EQ(transit.envelope().recipients.size(), 1U);
  message.mail_from = "";
  Transit notice(message, group, octets, now);
  notice.suppress(list);
  EXPECT_TRUE(notice.failed().empty());
}

TEST(SuppressionRefusal, says_why_since_when_and_what_to_do) {
  const auto reply = refusal_of({"user@example.net", Suppressed::Origin::complaint, "reported as abuse", then});
  EXPECT_EQ(reply.code, 550);
  EXPECT_THAT(reply.words(), testing::HasSubstr("since 2027-01-15 (complaint: reported as abuse)"));
  EXPECT_THAT(reply.words(), testing::HasSubstr("ptarmigan suppress remove user@example.net"));
}

}  // namespace
}  // namespace ptarmigan::relay
