// relay/tests/queue_test.cpp - due times, one resolution a domain, shares of workers, and fairness between sites.
#include "relay/queue.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

constexpr SteadyTime at(int second) {
  return SteadyTime(seconds(second));
}

std::shared_ptr<const route::Destination> site(const std::string& key) {
  auto destination = std::make_shared<route::Destination>();
  destination->status = route::Destination::Status::found;
  destination->site.key = key;
  return destination;
}

Job job(int number) {
  return {QueueId(static_cast<std::uint64_t>(number)), 0};
}

TEST(Queue, nothing_is_due_before_its_time) {
  Queue queue({});
  queue.add(job(1), "a.example", at(10));
  EXPECT_TRUE(queue.take_due(at(9)).empty());
  EXPECT_EQ(queue.next_due(), at(10));
  EXPECT_EQ(queue.take_due(at(10)), std::vector<std::string>{"a.example"});
}

TEST(Queue, a_domain_is_resolved_once_for_all_that_wait) {
  Queue queue({});
  queue.add(job(1), "a.example", at(0));
  queue.add(job(2), "a.example", at(0));
  EXPECT_EQ(queue.take_due(at(0)).size(), 1U);
  queue.resolved("a.example", site("mx"), at(60));
  queue.add(job(3), "a.example", at(1));
  EXPECT_TRUE(queue.take_due(at(1)).empty()) << "the destination is still good";
  queue.add(job(4), "a.example", at(60));
  EXPECT_EQ(queue.take_due(at(60)).size(), 1U) << "and then it is not";
}

TEST(Queue, jobs_of_a_site_come_in_order) {
  Queue queue({});
  for (int i = 0; i < 3; ++i) queue.add(job(i), i == 1 ? "b.example" : "a.example", at(0));
  for (const auto& domain : queue.take_due(at(0))) queue.resolved(domain, site("same"), at(60));
  ASSERT_EQ(queue.start_worker(), "same");
  EXPECT_EQ(queue.waiting(), 3U);
  int count = 0;
  while (queue.next("same")) ++count;
  EXPECT_EQ(count, 3);
  EXPECT_EQ(queue.waiting(), 0U);
  queue.end_worker("same");
  EXPECT_EQ(queue.workers(), 0U);
}

TEST(Queue, a_busy_site_never_takes_the_places_of_others) {
  Queue queue({.workers_per_site = 2, .workers = 100});
  for (int i = 0; i < 50; ++i) queue.add(job(i), "slow.example", at(0));
  queue.add(job(99), "quick.example", at(0));
  for (const auto& domain : queue.take_due(at(0))) queue.resolved(domain, site(domain), at(60));
  std::vector<std::string> started;
  while (const auto key = queue.start_worker()) started.push_back(*key);
  EXPECT_EQ(std::count(started.begin(), started.end(), "slow.example"), 2);
  EXPECT_EQ(std::count(started.begin(), started.end(), "quick.example"), 1);
}

TEST(Queue, a_place_that_gets_free_is_offered_again) {
  Queue queue({.workers_per_site = 1, .workers = 1});
  queue.add(job(1), "a.example", at(0));
  queue.add(job(2), "b.example", at(0));
  for (const auto& domain : queue.take_due(at(0))) queue.resolved(domain, site(domain), at(60));
  const auto first = queue.start_worker();
  ASSERT_TRUE(first);
  EXPECT_FALSE(queue.start_worker());
  EXPECT_TRUE(queue.next(*first));
  queue.end_worker(*first);
  const auto second = queue.start_worker();
  ASSERT_TRUE(second);
  EXPECT_NE(*first, *second);
}

}  // namespace
}  // namespace ptarmigan::relay
