// spool/tests/testing.hpp - what the tests of the spool share: a folder, one commit at a time, messages made from their
// id.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "spool/spool.hpp"

namespace ptarmigan::spool::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = ::testing::TempDir() + "spool-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::filesystem::path path() const { return path_; }
  [[nodiscard]] std::filesystem::path spool() const { return path_ / "spool"; }

 private:
  std::filesystem::path path_;
};

inline Committed commit(Spool& spool, Transaction transaction) {
  std::promise<Committed> promise;
  auto outcome = promise.get_future();
  spool.commit(std::move(transaction), [&](Committed done) { promise.set_value(std::move(done)); });
  return outcome.get();
}

inline GroupRecord group(std::uint32_t number, std::string domain) {
  GroupRecord record;
  record.number = number;
  record.recipients.push_back({.address = "user@" + domain, .notify = {}, .orcpt = ""});
  record.domain = std::move(domain);
  return record;
}

inline MessageRecord message(QueueId id) {
  MessageRecord record;
  record.id = id;
  record.mail_from = "sender@example.com";
  return record;
}

/// Octets that differ at each place and for each id.
inline std::string octets_for(QueueId id, std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t state = id.number() * 2 + 1;
  for (char& octet : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    octet = static_cast<char>(state >> 56);
  }
  return out;
}

inline Transaction adding(QueueId id, std::size_t size, std::vector<GroupRecord> groups) {
  Transaction transaction;
  transaction.add(message(id), std::move(groups), octets_for(id, size));
  return transaction;
}

inline Transaction adding(QueueId id, std::size_t size = 4096) {
  return adding(id, size, {group(0, "example.net")});
}

inline Transaction removing(QueueId id, std::uint32_t number) {
  Transaction transaction;
  transaction.remove(id, number);
  return transaction;
}

inline std::unique_ptr<Spool> open_or_fail(const Options& options) {
  auto opened = Spool::open(options);
  if (!opened) {
    ADD_FAILURE() << opened.error().text();
    return nullptr;
  }
  return std::move(*opened);
}

inline std::vector<Queued> list(const Reader& reader, const Query& query = {}) {
  std::vector<Queued> all;
  const auto walked = reader.for_each(query, [&](Queued queued) {
    all.push_back(std::move(queued));
    return Walk::go_on;
  });
  EXPECT_TRUE(walked) << walked.error().text();
  return all;
}

/// The message is there with all of the octets that octets_for gives.
inline void expect_whole(const Reader& reader, QueueId id) {
  const auto found = reader.find(id);
  ASSERT_TRUE(found) << found.error().text();
  ASSERT_TRUE(*found) << id.text() << " is lost";
  const auto octets = reader.octets((*found)->message);
  ASSERT_TRUE(octets) << octets.error().text();
  EXPECT_TRUE(*octets == octets_for(id, (*found)->message.size)) << id.text() << " has other octets";
}

}  // namespace ptarmigan::spool::testing
