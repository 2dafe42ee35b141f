// relay/tests/control_test.cpp - commands as text, and what they do to a spool that no server has open.
#include "relay/control.hpp"

#include <filesystem>
#include <future>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ptarmigan::relay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Verb = Command::Verb;

constexpr Moment now{WallTime(seconds(1'800'000'000)), SteadyTime(seconds(1))};

std::string complaint(std::string_view text) {
  const auto command = parse_command(text);
  return command ? std::string() : command.error().message;
}

TEST(ControlCommand, conditions_are_read) {
  const auto command = parse_command(
      R"({"do": "hold", "ids": ["0000000000007", "0000000000003", "0000000000007"], "domain": "Example.ORG",
          "site": "gmail", "sender": "", "recipient": "a@b", "cause": "rate", "held": false})");
  ASSERT_TRUE(command) << command.error().text();
  EXPECT_EQ(command->verb, Verb::hold);
  EXPECT_EQ(command->what.ids, (std::vector{QueueId(3), QueueId(7)}));
  const auto& query = command->what.query;
  EXPECT_EQ(query.domain, "example.org");
  EXPECT_EQ(query.site, "gmail");
  EXPECT_EQ(query.mail_from, "");
  EXPECT_EQ(query.recipient, "a@b");
  EXPECT_EQ(query.cause, "rate");
  EXPECT_EQ(query.held, false);
}

TEST(ControlCommand, a_change_without_a_condition_is_refused) {
  EXPECT_EQ(complaint(R"({"do": "delete"})"), "nothing was selected");
  EXPECT_EQ(complaint(R"({"do": "delete", "all": false})"), "nothing was selected");
  EXPECT_EQ(complaint(R"({"do": "delete", "all": true})"), "");
  EXPECT_EQ(complaint(R"({"do": "list"})"), "");
}

TEST(ControlCommand, what_is_not_understood_is_named) {
  EXPECT_NE(complaint("[]").find("no JSON object"), std::string::npos);
  EXPECT_NE(complaint("{}").find("nothing to do"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "hodl"})").find("hodl"), std::string::npos);
  EXPECT_EQ(parse_command(R"({"do": "hodl"})").error().remedy, "did you mean \"hold\"?");
  EXPECT_NE(complaint(R"({"do": "list", "sitt": "x"})").find("sitt"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "list", "ids": ["!"]})").find("queue id"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "list", "limit": 0})").find("limit"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "list", "limit": 1001})").find("limit"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "list", "held": 1})").find("held"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "standing-set", "site": "gmail"})").find("source"), std::string::npos);
  EXPECT_NE(complaint(R"({"do": "list", "domain": ")" + std::string(max_command, 'a') + R"("})").find("256 KiB"),
            std::string::npos);
}

/// A spool with three messages: two to gmail.com, one of them held, and one to two other domains.
class OfflineQueue : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "control-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    auto spool = spool::Spool::open({.folder = path(), .minimum_free_space = 0});
    ASSERT_TRUE(spool) << spool.error().text();
    add(**spool, "a@example.com", {group(0, "gmail.com", "gmail", "rate")});
    auto held = group(0, "gmail.com", "gmail", "site");
    held.held = true;
    add(**spool, "b@example.com", {held});
    add(**spool, "", {group(0, "x.example"), group(1, "y.example")});
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path path() const { return folder_ / "spool"; }

  static spool::GroupRecord group(std::uint32_t number, const std::string& domain, const std::string& site = {},
                                  const std::string& cause = {}) {
    spool::GroupRecord out;
    out.number = number;
    out.domain = domain;
    out.recipients = {{.address = "someone@" + domain, .notify = {}, .orcpt = {}}};
    out.next_attempt = now.wall + seconds(60);
    out.site = site;
    out.cause = cause;
    return out;
  }

  void add(spool::Spool& spool, const std::string& from, std::vector<spool::GroupRecord> groups) {
    spool::MessageRecord message;
    message.id = spool.next_id();
    message.mail_from = from;
    ids_.push_back(message.id.text());
    spool::Transaction change;
    change.add(std::move(message), std::move(groups), "Subject: x\r\n\r\n");
    std::promise<bool> done;
    spool.commit(std::move(change), [&](spool::Committed committed) { done.set_value(committed.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  }

  [[nodiscard]] json run(const json& command) const {
    const auto parsed = parse_command(command.dump());
    if (!parsed) return {{"error", parsed.error().message}};
    const auto answer = run_offline(path(), *parsed, now);
    return answer ? json::parse(*answer) : json{{"error", answer.error().message}};
  }
  [[nodiscard]] std::vector<std::string> listed(json command) const {
    command["do"] = "list";
    std::vector<std::string> out;
    for (const auto& message : run(command)["messages"]) out.push_back(message["id"]);
    return out;
  }

  fs::path folder_;
  std::vector<std::string> ids_;
};

TEST_F(OfflineQueue, lists_by_every_condition) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(listed(json::object()), ids_);
  EXPECT_EQ(listed({{"ids", {ids_[2], ids_[0]}}}), (Ids{ids_[0], ids_[2]}));
  EXPECT_EQ(listed({{"site", "gmail"}}), (Ids{ids_[0], ids_[1]}));
  EXPECT_EQ(listed({{"cause", "rate"}}), Ids{ids_[0]});
  EXPECT_EQ(listed({{"held", true}}), Ids{ids_[1]});
  EXPECT_EQ(listed({{"sender", "B@example.com"}}), Ids{ids_[1]});
  EXPECT_EQ(listed({{"sender", ""}}), Ids{ids_[2]});
  EXPECT_EQ(listed({{"recipient", "someone@y.example"}}), Ids{ids_[2]});
  EXPECT_EQ(listed({{"domain", "nowhere.example"}}), Ids{});
}

TEST_F(OfflineQueue, is_listed_page_by_page) {
  auto page = run({{"do", "list"}, {"limit", 2}});
  EXPECT_EQ(page["messages"].size(), 2U);
  ASSERT_EQ(page["next"], ids_[1]);
  page = run({{"do", "list"}, {"limit", 2}, {"after", ids_[1]}});
  ASSERT_EQ(page["messages"].size(), 1U);
  EXPECT_EQ(page["messages"][0]["id"], ids_[2]);
  EXPECT_FALSE(page.contains("next"));
}

TEST_F(OfflineQueue, is_summed_up_by_site_and_cause) {
  const auto sum = run({{"do", "summary"}});
  EXPECT_EQ(sum["messages"], 3);
  EXPECT_EQ(sum["groups"], 4);
  EXPECT_EQ(sum["held"], 1);
  ASSERT_EQ(sum["sites"].size(), 2U);
  const auto& gmail = sum["sites"][0]["site"] == "gmail" ? sum["sites"][0] : sum["sites"][1];
  EXPECT_EQ(gmail["causes"], (json{{"rate", 1}, {"site", 1}}));
  EXPECT_EQ(sum["server"]["running"], false);
}

TEST_F(OfflineQueue, is_held_released_retried_and_deleted) {
  EXPECT_EQ(run({{"do", "hold"}, {"site", "gmail"}})["groups"], 2);
  EXPECT_EQ(listed({{"held", true}}).size(), 2U);
  EXPECT_EQ(run({{"do", "release"}, {"ids", {ids_[0]}}})["messages"], 1);
  EXPECT_EQ(listed({{"held", true}}), std::vector{ids_[1]});
  EXPECT_EQ(run({{"do", "retry"}, {"domain", "x.example"}})["groups"], 1);
  const auto third = run({{"do", "list"}, {"ids", {ids_[2]}}})["messages"][0]["groups"];
  EXPECT_EQ(third[0]["next_attempt"], rfc3339(now.wall));
  EXPECT_EQ(third[1]["next_attempt"], rfc3339(now.wall + seconds(60)));
  EXPECT_EQ(run({{"do", "delete"}, {"domain", "x.example"}})["groups"], 1);
  EXPECT_EQ(listed(json::object()), ids_) << "another group of it waits";
  EXPECT_EQ(run({{"do", "delete"}, {"all", true}})["messages"], 3);
  EXPECT_TRUE(listed(json::object()).empty());
}

TEST_F(OfflineQueue, what_needs_a_server_says_so) {
  for (const auto* verb : {"drain", "resume", "standing"})
    EXPECT_NE(std::string(run({{"do", verb}})["error"]).find("no server runs"), std::string::npos) << verb;
}

TEST(ControlOffline, a_folder_that_is_no_spool_does_not_become_one) {
  const fs::path folder = ::testing::TempDir() + "no-spool-here";
  EXPECT_FALSE(run_offline(folder, parse_command(R"({"do": "delete", "all": true})").value(), now));
  EXPECT_FALSE(fs::exists(folder));
}

}  // namespace
}  // namespace ptarmigan::relay
