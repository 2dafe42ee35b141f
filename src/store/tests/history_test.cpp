// store/tests/history_test.cpp - rows come back as they were recorded; recording never waits; foreign files are
// refused.
#include "store/history.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/schema.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    std::string pattern = ::testing::TempDir() + "history-test-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~HistoryTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file() const { return folder_ / "history.sqlite"; }
  std::unique_ptr<History> open(std::chrono::days keep = std::chrono::days(90)) {
    auto opened = History::open({.file = file(), .keep = {.attempts = keep}});
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  std::unique_ptr<HistoryReader> reader() {
    auto opened = HistoryReader::open(file());
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  void execute(const std::string& sql) {
    auto database = Database::open(file(), Access::read_write);
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->execute(sql));
  }

  std::filesystem::path folder_;
};

Attempt full_attempt() {
  Attempt attempt;
  attempt.queue_id = QueueId(1ULL << 61);
  attempt.group = 4;
  attempt.time = WallTime(milliseconds(1'795'456'323'123));
  attempt.duration = milliseconds(417);
  attempt.mail_from = "sender@example.com";
  attempt.recipients = {"a@gmail.com", "b@gmail.com"};
  attempt.site = "google.com";
  attempt.route = "2001:db8::1";
  attempt.family = Family::ipv6;
  attempt.peer = *Endpoint::parse("[2001:db8:feed::1]:25");
  attempt.mx_host = "gmail-smtp-in.l.google.com";
  attempt.ehlo_name = "mail.example.com";
  attempt.tls = Tls{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .verified = "mta-sts"};
  attempt.reply_code = 550;
  attempt.enhanced_status = "5.7.1";
  attempt.reply_text = "Our system has detected ...\nIPv6 sending guidelines 'quoted' \xff";
  attempt.stage = "end_of_data";
  attempt.cause = "sending_address";
  attempt.rule_id = "gmail.ptr";
  attempt.outcome = Outcome::rescued;
  attempt.next_step = "the same message goes over 192.0.2.1 now";
  attempt.considered = R"([{"route":"2001:db8::1","verdict":"unknown"}])";
  attempt.from_domain = "example.com";
  attempt.message_id = "1@example.com";
  attempt.kind = "ipv6";
  attempt.origin = "postfix";
  attempt.external_id = "4Fz1qX2bZ3";
  return attempt;
}

Attempt small_attempt(std::uint64_t id, std::string site = "example.net", milliseconds time = milliseconds(0)) {
  Attempt attempt;
  attempt.queue_id = QueueId(id);
  attempt.site = std::move(site);
  attempt.kind = "unknown";
  attempt.time = WallTime(time);
  attempt.duration = milliseconds(0);
  return attempt;
}

std::vector<std::uint64_t> ids(const Result<std::vector<Attempt>>& attempts) {
  std::vector<std::uint64_t> out;
  EXPECT_TRUE(attempts);
  for (const Attempt& attempt : *attempts) out.push_back(attempt.queue_id.number());
  return out;
}

TEST_F(HistoryTest, full_and_empty_attempts_come_back_as_they_were) {
  const auto history = open();
  history->record(full_attempt());
  const Attempt empty = small_attempt(7, "", full_attempt().time.time_since_epoch());
  history->record(empty);
  history->flush();
  EXPECT_EQ(history->counts().written, 2U);
  const auto reading = reader();
  EXPECT_THAT(*reading->of_message(full_attempt().queue_id), ElementsAre(full_attempt()));
  EXPECT_THAT(*reading->of_message(QueueId(7)), ElementsAre(empty));
}

TEST_F(HistoryTest, selects_by_message_by_site_and_the_newest) {
  const auto history = open();
  for (const auto& [id, site] : {std::pair(1, "a"), std::pair(2, "b"), std::pair(1, "a"), std::pair(3, "a")})
    history->record(small_attempt(static_cast<std::uint64_t>(id), site));
  history->flush();
  const auto reading = reader();
  EXPECT_THAT(ids(reading->of_message(QueueId(1))), ElementsAre(1, 1));
  EXPECT_THAT(ids(reading->of_message(QueueId(9))), ElementsAre());
  EXPECT_THAT(ids(reading->last(3)), ElementsAre(3, 1, 2));
  EXPECT_THAT(ids(reading->of_site("a", 2)), ElementsAre(3, 1));
}

TEST_F(HistoryTest, reader_sees_new_rows_while_the_writer_is_open_and_all_of_them_after_closing) {
  auto history = open();
  const auto reading = reader();
  for (std::uint64_t id = 1; id <= 3; ++id) {
    history->record(small_attempt(id));
    history->flush();
    EXPECT_EQ(reading->last(10)->size(), id);
  }
  for (int count = 0; count < 5000; ++count) history->record(small_attempt(4));
  history.reset();
  EXPECT_EQ(reader()->of_message(QueueId(4))->size(), 5000U);
}

TEST_F(HistoryTest, rows_beyond_the_bound_are_dropped_and_counted_and_recording_does_not_wait) {
  auto opened = History::open({.file = file(), .max_waiting = 10, .batch_time = std::chrono::hours(1)});
  ASSERT_TRUE(opened);
  for (std::uint64_t id = 1; id <= 25; ++id) (*opened)->record(small_attempt(id));
  EXPECT_EQ((*opened)->counts().dropped, 15U);
  (*opened)->flush();
  EXPECT_EQ((*opened)->counts().written, 10U);
}

TEST_F(HistoryTest, batch_that_cannot_be_written_is_counted_and_later_ones_pass) {
  const auto history = open();
  execute("ALTER TABLE attempts RENAME TO away");
  history->record(small_attempt(1));
  history->flush();
  EXPECT_EQ(history->counts().dropped, 1U);
  EXPECT_THAT(history->counts().last_error, HasSubstr("no such table"));
  execute("ALTER TABLE away RENAME TO attempts");
  history->record(small_attempt(2));
  history->flush();
  EXPECT_EQ(history->counts().written, 1U);
  EXPECT_EQ(history->counts().last_error, "");
}

TEST_F(HistoryTest, old_rows_go_once_newer_ones_come) {
  const auto history = open(std::chrono::days(1));
  history->record(small_attempt(1, "a", std::chrono::hours(1)));
  history->record(small_attempt(2, "a", std::chrono::hours(30)));
  history->flush();
  history->record(small_attempt(3, "a", std::chrono::hours(31)));
  history->flush();
  EXPECT_THAT(ids(reader()->last(10)), ElementsAre(3, 2));
}

TEST_F(HistoryTest, file_is_for_its_owner_only) {
  open();
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(HistoryTest, newer_version_is_refused_with_both_versions_named) {
  open();
  execute("PRAGMA user_version = " + std::to_string(schema_version() + 1));
  for (const auto& message : {History::open({.file = file()}).error(), HistoryReader::open(file()).error()}) {
    EXPECT_THAT(message.message, HasSubstr("has version " + std::to_string(schema_version() + 1) +
                                           ", this program knows version " + std::to_string(schema_version())));
    EXPECT_THAT(message.remedy, HasSubstr("newer Ptarmigan"));
  }
}

TEST_F(HistoryTest, foreign_and_missing_files_have_clear_errors) {
  EXPECT_THAT(HistoryReader::open(file()).error().message, HasSubstr("unable to open database file"));
  EXPECT_THAT(History::open({.file = folder_ / "missing" / "h.sqlite"}).error().remedy, HasSubstr("create its folder"));
  execute("CREATE TABLE other (x)");
  EXPECT_THAT(History::open({.file = file()}).error().message, HasSubstr("of another program"));
  EXPECT_THAT(HistoryReader::open(file()).error().message, HasSubstr("of another program"));
  std::ofstream(file()) << "this is no database at all, but it is long enough to look like one";
  EXPECT_THAT(History::open({.file = file()}).error().message, HasSubstr("not a database"));
}

}  // namespace
}  // namespace ptarmigan::store
