// store/tests/views_test.cpp - what is recorded is counted and found, the same in SQLite and in PostgreSQL.
// PostgreSQL: where PTARMIGAN_TEST_POSTGRESQL names an empty database (tests/with_postgresql.sh).
#include "store/views.hpp"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/history.hpp"
#include "store/recorder.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr WallTime noon{milliseconds(1'795'435'200'000)};  // 2026-11-23T12:00:00Z
constexpr WallTime day{milliseconds(1'795'392'000'000)};   // 2026-11-23T00:00:00Z

class ViewsTest : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "views-test-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    where_ = folder_ / "history.db";
    if (GetParam() == Dialect::sqlite) return;
    const char* url = std::getenv("PTARMIGAN_TEST_POSTGRESQL");
    if (url == nullptr) GTEST_SKIP() << "PTARMIGAN_TEST_POSTGRESQL is not set: run tests/with_postgresql.sh";
    where_ = url;
    const auto database = Database::open(where_, Access::read_write);
    ASSERT_TRUE(database) << database.error().text();
    ASSERT_TRUE((*database)->execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Importer> importer() {
    auto opened = Importer::open(where_);
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  std::unique_ptr<Views> views() {
    auto opened = Views::open(where_);
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }

  std::filesystem::path folder_;
  std::string where_;
};

INSTANTIATE_TEST_SUITE_P(Databases, ViewsTest, ::testing::Values(Dialect::sqlite, Dialect::postgresql),
                         [](const auto& one) { return one.param == Dialect::sqlite ? "sqlite" : "postgresql"; });

Attempt attempt(std::uint64_t id, WallTime time, std::string site, std::string route, Outcome outcome) {
  Attempt out;
  out.queue_id = QueueId(id);
  out.time = time;
  out.duration = milliseconds(5);
  out.mail_from = "Sender@example.com";
  out.recipients = {"Someone@gmail.com"};
  out.site = std::move(site);
  out.family = route.find(':') == std::string::npos ? Family::ipv4 : Family::ipv6;
  out.route = std::move(route);
  out.from_domain = "example.com";
  out.outcome = outcome;
  if (outcome == Outcome::delivered) return out;
  out.reply_code = 550;
  out.enhanced_status = "5.7.25";
  out.reply_text = "The IP address sending this message does not have a PTR record " + std::to_string(id);
  out.cause = "sending_address";
  return out;
}

Range whole_day() {
  return {day, day + std::chrono::days(1)};
}

TEST_P(ViewsTest, matrix_counts_each_route_at_each_site_and_names_what_refusals_are_about) {
  ASSERT_EQ(importer()->add({attempt(1, noon, "gmail", "2001:db8::1", Outcome::rescued),
                             attempt(1, noon, "gmail", "192.0.2.1", Outcome::delivered),
                             attempt(2, noon, "gmail", "192.0.2.1", Outcome::delivered),
                             attempt(3, noon, "yahoo", "192.0.2.1", Outcome::deferred)}),
            4U);
  for (const auto& range : {whole_day(), Range{day - std::chrono::days(300), day + std::chrono::days(1)}}) {
    const auto cells = views()->matrix(range);
    ASSERT_TRUE(cells) << cells.error().text();
    ASSERT_EQ(cells->size(), 3U);
    EXPECT_EQ((*cells)[0].route, "2001:db8::1");
    EXPECT_EQ((*cells)[0].site, "gmail");
    EXPECT_EQ((*cells)[0].family, 6);
    EXPECT_EQ((*cells)[0].tally, (Tally{.rescued = 1}));
    EXPECT_EQ((*cells)[0].kind, "ptr");
    EXPECT_EQ((*cells)[1].tally, (Tally{.delivered = 2, .recipients = 2}));
    EXPECT_EQ((*cells)[1].kind, "");
    EXPECT_EQ((*cells)[2].site, "yahoo");
  }
  EXPECT_EQ(views()->matrix(whole_day(), 1)->size(), 2U);
}

TEST_P(ViewsTest, rates_are_by_hour_or_day_and_by_family_site_source_or_stream) {
  auto other = attempt(9, noon + std::chrono::hours(2), "yahoo", "2001:db8::1", Outcome::delivered);
  other.from_domain = "news.example.com";
  ASSERT_TRUE(importer()->add({attempt(1, noon, "gmail", "2001:db8::1", Outcome::delivered),
                               attempt(2, noon, "gmail", "192.0.2.1", Outcome::bounced), other}));
  const auto reading = views();
  const auto of = [&](RateQuery query) {
    std::string out;
    const auto points = reading->rates(query);
    EXPECT_TRUE(points) << points.error().text();
    for (const auto& point : *points)
      out += rfc3339(point.time).substr(11, 2) + " " + point.of + " " + std::to_string(point.tally.delivered) + "/" +
             std::to_string(point.tally.attempts()) + "; ";
    return out;
  };
  EXPECT_EQ(of({.range = whole_day()}), "12  1/2; 14  1/1; ");
  EXPECT_EQ(of({.range = whole_day(), .step = Step::day}), "00  2/3; ");
  EXPECT_EQ(of({.range = whole_day(), .by = By::family}), "12 IPv4 0/1; 12 IPv6 1/1; 14 IPv6 1/1; ");
  EXPECT_EQ(of({.range = whole_day(), .step = Step::day, .by = By::site}), "00 gmail 1/2; 00 yahoo 1/1; ");
  EXPECT_EQ(of({.range = whole_day(), .step = Step::day, .by = By::stream}),
            "00 example.com 1/2; 00 news.example.com 1/1; ");
  EXPECT_EQ(of({.range = whole_day(), .by = By::route, .site = "gmail"}), "12 192.0.2.1 0/1; 12 2001:db8::1 1/1; ");
  EXPECT_EQ(of({.range = whole_day(), .stream = "news.example.com"}), "14  1/1; ");
}

TEST_P(ViewsTest, attempts_of_a_log_count_once_however_often_it_is_read) {
  auto foreign = attempt(0, noon, "gmail", "192.0.2.1", Outcome::delivered);
  foreign.origin = "postfix";
  foreign.external_id = "4Fz1qX2bZ3";
  EXPECT_EQ(importer()->add({foreign, foreign}), 1U);
  EXPECT_EQ(importer()->add({foreign}), 0U);
  EXPECT_EQ(views()->rates({.range = whole_day()})->front().tally.delivered, 1U);
  EXPECT_EQ(views()->search({.id = "4Fz1qX2bZ3"})->size(), 1U);
}

TEST_P(ViewsTest, messages_are_found_by_id_sender_recipient_and_words_of_the_reply) {
  auto with_id = attempt(7, noon, "gmail", "192.0.2.1", Outcome::delivered);
  with_id.message_id = "abc@example.com";
  with_id.recipients = {"a@example.net", "B@example.net"};
  ASSERT_TRUE(importer()->add({with_id, attempt(8, noon, "gmail", "192.0.2.1", Outcome::bounced)}));
  const auto reading = views();
  const auto ids = [&](const Search& search) {
    std::vector<std::uint64_t> out;
    const auto found = reading->search(search);
    EXPECT_TRUE(found) << found.error().text();
    for (const auto& one : *found) out.push_back(one.queue_id.number());
    return out;
  };
  EXPECT_THAT(ids({.id = QueueId(7).text()}), ElementsAre(7));
  EXPECT_THAT(ids({.id = "<abc@example.com>"}), ElementsAre(7));
  EXPECT_THAT(ids({.sender = "sender@EXAMPLE.com"}), ElementsAre(8, 7));
  EXPECT_THAT(ids({.recipient = "b@example.net"}), ElementsAre(7));
  EXPECT_THAT(ids({.reply = "ptr RECORD"}), ElementsAre(8));
  EXPECT_THAT(ids({.reply = "100%"}), IsEmpty());
  EXPECT_THAT(ids({.sender = "sender@example.com", .recipient = "a@example.net"}), ElementsAre(7));
  EXPECT_THAT(ids({.site = "gmail"}), ElementsAre(8, 7));
  EXPECT_THAT(ids({.range = Range{day, noon}}), IsEmpty());
  EXPECT_EQ((*reading->message_of("<abc@example.com>", "", noon))->queue_id.number(), 7U);
  EXPECT_EQ((*reading->message_of("", "someone@gmail.com", noon))->queue_id.number(), 8U);
  EXPECT_FALSE(*reading->message_of("unknown@example.com", "", noon));
}

TEST_P(ViewsTest, refusals_with_the_same_words_are_one_group_and_unclassified_ones_can_be_listed) {
  auto strange = attempt(5, noon, "odd.example", "192.0.2.1", Outcome::bounced);
  strange.enhanced_status = "";
  strange.reply_text = "computer says no";
  strange.cause = "unknown";
  ASSERT_TRUE(importer()->add({attempt(1, noon, "gmail", "192.0.2.1", Outcome::bounced),
                               attempt(22, noon + seconds(5), "gmail", "192.0.2.1", Outcome::bounced), strange}));
  const auto all = views()->replies(Views::Replies::all, day);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().attempts, 2U);
  EXPECT_EQ(all->front().last_seen, noon + seconds(5));
  const auto unclassified = views()->replies(Views::Replies::unclassified, day);
  ASSERT_EQ(unclassified->size(), 1U);
  EXPECT_EQ(unclassified->front().sample, "computer says no");
}

TEST_P(ViewsTest, recipients_a_day_and_from_domain_give_the_estimate_of_bulk_status) {
  auto two = attempt(1, noon, "gmail", "192.0.2.1", Outcome::delivered);
  two.recipients = {"a@gmail.com", "b@gmail.com"};
  ASSERT_TRUE(importer()->add({two, attempt(2, noon, "gmail", "2001:db8::1", Outcome::delivered),
                               attempt(3, noon, "yahoo", "192.0.2.1", Outcome::delivered)}));
  const auto days = views()->senders("gmail", whole_day());
  ASSERT_EQ(days->size(), 1U);
  EXPECT_EQ(days->front().stream, "example.com");
  EXPECT_EQ(days->front().recipients, 3U);
}

FullReport aggregate() {
  FullReport out;
  out.report = {.identity = "dmarc google.com 1",
                .kind = "dmarc-aggregate",
                .organization = "google.com",
                .report_id = "1",
                .domain = "example.com",
                .begins = day,
                .ends = day + std::chrono::days(1),
                .received = noon,
                .messages = 15,
                .passed = 10,
                .source = "a.xml"};
  out.dmarc = {{.day = day,
                .domain = "example.com",
                .header_from = "example.com",
                .source_ip = "2001:db8::1",
                .family = 6,
                .own = true,
                .disposition = "none",
                .dkim = true,
                .spf = true,
                .messages = 10},
               {.day = day,
                .domain = "example.com",
                .header_from = "example.com",
                .source_ip = "203.0.113.9",
                .family = 4,
                .own = false,
                .disposition = "none",
                .messages = 5}};
  return out;
}

TEST_P(ViewsTest, the_same_report_counts_once) {
  const auto writing = importer();
  for (const bool fresh : {true, false})
    ASSERT_TRUE(writing->transact([&](Recorder& recorder) -> Result<> {
      const auto kept = recorder.keep(aggregate());
      EXPECT_TRUE(kept) << kept.error().text();
      EXPECT_EQ(*kept, fresh);
      return {};
    }));
  const auto days = views()->dmarc_days("example.com", whole_day());
  ASSERT_EQ(days->size(), 2U);
  EXPECT_EQ(days->front().family, 4);
  EXPECT_EQ(days->front().passed, 0U);
  EXPECT_EQ(days->back().messages, 10U);
  EXPECT_EQ(days->back().passed, 10U);
  EXPECT_TRUE(days->back().own);
  EXPECT_THAT(*views()->dmarc_days("other.example", whole_day()), IsEmpty());
  EXPECT_EQ(views()->dmarc_sources("", whole_day())->front().source_ip, "2001:db8::1");
  EXPECT_EQ(views()->reports(whole_day())->size(), 1U);
}

TEST_P(ViewsTest, of_a_report_about_a_foreign_domain_nothing_counts) {
  auto forged = aggregate();
  forged.report.ours = false;
  ASSERT_TRUE(importer()->transact([&](Recorder& recorder) -> Result<> {
    const auto kept = recorder.keep(forged);
    return kept ? Result<>() : std::unexpected(kept.error());
  }));
  EXPECT_THAT(*views()->dmarc_days("", whole_day()), IsEmpty());
  EXPECT_FALSE(views()->reports(whole_day())->front().ours);
}

TEST_P(ViewsTest, one_incident_of_a_key_is_open_and_a_closed_one_may_come_back) {
  const auto writing = importer();
  Incident incident{.key = "refusal ptr gmail", .kind = "refusal", .opened = noon, .last_seen = noon, .title = "a"};
  const auto save = [&] {
    std::int64_t id = 0;
    EXPECT_TRUE(writing->transact([&](Recorder& recorder) -> Result<> {
      const auto saved = recorder.save(incident);
      EXPECT_TRUE(saved) << saved.error().text();
      id = *saved;
      return recorder.add({.incident = id, .time = incident.last_seen, .what = "seen", .text = "again"});
    }));
    return id;
  };
  const auto first = save();
  incident.hits = 2;
  EXPECT_EQ(save(), first);
  incident.closed = noon + seconds(60);
  EXPECT_EQ(save(), first);
  EXPECT_THAT(*views()->incidents(Which::open), IsEmpty());
  EXPECT_EQ(views()->incidents(Which::closed)->front().hits, 2U);
  incident.closed.reset();
  const auto second = save();
  EXPECT_NE(second, first);
  EXPECT_EQ(views()->incidents(Which::all)->size(), 2U);
  EXPECT_EQ(views()->events(first)->size(), 3U);
  EXPECT_EQ((*views()->incident(second))->title, "a");
  EXPECT_FALSE(*views()->incident(999));
}

TEST_P(ViewsTest, snapshots_standings_figures_and_audit_come_back) {
  const Snapshot snapshot{.time = noon, .name = "example.com", .type = "TXT", .status = "found", .records = "v=spf1"};
  auto later = snapshot;
  later.time += seconds(1);
  later.diff = "- v=spf1";
  ASSERT_TRUE(importer()->transact([&](Recorder& recorder) -> Result<> {
    for (const auto& one : {snapshot, later})
      if (auto added = recorder.add(one); !added) return added;
    StandingRow row{.source = "192.0.2.1", .site = "gmail", .standing = "poor", .why = "PTR", .since = noon};
    if (auto saved = recorder.save(row); !saved) return saved;
    row.standing = "good";
    if (auto saved = recorder.save(row); !saved) return saved;
    if (auto saved = recorder.save({.provider = "google-postmaster",
                                    .subject = "example.com",
                                    .day = day,
                                    .metric = "SPAM_RATE",
                                    .millionths = 1200});
        !saved)
      return saved;
    return recorder.add({.time = noon, .who = "admin", .address = "127.0.0.1", .action = "queue.hold", .detail = "x"});
  }));
  EXPECT_THAT(*views()->snapshots("example.com"), ElementsAre(later, snapshot));
  EXPECT_THAT(*views()->last_snapshots(), ElementsAre(later));
  EXPECT_EQ(views()->standings()->front().standing, "good");
  EXPECT_EQ(views()->figures("google-postmaster", whole_day())->front().millionths, 1200);
  EXPECT_EQ(views()->audit()->front().action, "queue.hold");
}

TEST_P(ViewsTest, octets_that_are_no_text_do_not_break_the_history) {
  auto odd = attempt(1, noon, "gmail", "192.0.2.1", Outcome::bounced);
  odd.reply_text = std::string("bad \xff\xc0 reply\0", 13);
  ASSERT_EQ(importer()->add({odd}), 1U);
  EXPECT_THAT(views()->search({.id = QueueId(1).text()})->front().reply_text, HasSubstr("reply"));
}

TEST_P(ViewsTest, roll_ups_outlive_the_attempts_that_they_count) {
  {
    auto opened = History::open({.file = where_,
                                 .database = GetParam() == Dialect::postgresql ? where_ : "",
                                 .keep = {.attempts = std::chrono::days(1)}});
    ASSERT_TRUE(opened) << opened.error().text();
    (*opened)->record(attempt(1, day - std::chrono::days(5), "gmail", "192.0.2.1", Outcome::bounced));
    (*opened)->flush();
    (*opened)->record(attempt(2, noon, "gmail", "192.0.2.1", Outcome::bounced));
    (*opened)->post([](Recorder& recorder) -> Result<> {
      return recorder.add({.time = noon, .who = "test", .address = "", .action = "a", .detail = ""});
    });
    (*opened)->flush();
    EXPECT_EQ((*opened)->counts().dropped, 0U) << (*opened)->counts().last_error;
  }
  EXPECT_EQ(views()->search({.sender = "sender@example.com"})->size(), 1U);
  EXPECT_EQ(views()->search({.recipient = "someone@gmail.com"})->size(), 1U);
  const auto points =
      views()->rates({.range = {day - std::chrono::days(9), day + std::chrono::days(1)}, .step = Step::day});
  EXPECT_EQ(points->size(), 2U);
  EXPECT_EQ(views()->audit()->size(), 1U);
}

TEST_P(ViewsTest, a_backup_is_a_whole_history) {
  ASSERT_TRUE(importer()->add({attempt(1, noon, "gmail", "192.0.2.1", Outcome::delivered)}));
  const auto copy = (folder_ / "copy.db").string();
  const auto made = importer()->back_up(copy);
  if (GetParam() == Dialect::postgresql) {
    EXPECT_THAT(made.error().remedy, HasSubstr("pg_dump"));
    return;
  }
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ((*Views::open(copy))->search({.id = QueueId(1).text()})->size(), 1U);
  EXPECT_THAT(importer()->back_up(copy).error().message, HasSubstr("exists"));
}

TEST(WithoutPassword, leaves_it_out) {
  EXPECT_EQ(without_password("postgresql://mail:secret@db.example/history?sslmode=require"),
            "postgresql://mail@db.example/history");
  EXPECT_EQ(without_password("postgresql:///history"), "postgresql:///history");
}

}  // namespace
}  // namespace ptarmigan::store
