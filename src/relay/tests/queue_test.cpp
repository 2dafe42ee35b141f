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

/// A job of one of two senders.
Job job_of(std::uint32_t sender, int number) {
  return {QueueId(static_cast<std::uint64_t>(number)), 0, sender};
}

/// All jobs are due and their site, "mx", is known.
Queue with_jobs(const std::vector<Job>& jobs) {
  Queue queue({});
  for (const auto& one : jobs) queue.add(one, "a.example", at(0));
  for (const auto& domain : queue.take_due(at(0))) queue.resolved(domain, site("mx"), at(1'000'000));
  return queue;
}

TEST(Queue, senders_of_a_site_take_turns) {
  auto queue = with_jobs({job_of(1, 1), job_of(1, 2), job_of(1, 3), job_of(2, 4)});
  std::vector<std::uint32_t> order;
  while (const auto work = queue.next("mx")) order.push_back(work->job.stream);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 2, 1, 1}));
}

TEST(Queue, a_stream_that_is_stopped_holds_only_itself_and_keeps_its_order) {
  auto queue = with_jobs({job_of(1, 1), job_of(1, 2), job_of(2, 3)});
  const auto first = queue.next("mx");
  ASSERT_EQ(first->job.message, QueueId(1));
  queue.put_back("mx", *first, {at(600), "one.example", "refused"});
  EXPECT_EQ(queue.next("mx")->job.message, QueueId(3));
  EXPECT_FALSE(queue.next("mx")) << "the other job of the stream waits too";
  EXPECT_EQ(queue.waiting(), 2U);
  const auto held = queue.held();
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].jobs, 2U);
  EXPECT_EQ(held[0].wait.why, "refused");
  EXPECT_EQ(held[0].domains, std::vector<std::string>{"a.example"});
  EXPECT_EQ(queue.next_due(), at(600));
  (void)queue.take_due(at(599));
  EXPECT_FALSE(queue.next("mx"));
  (void)queue.take_due(at(600));
  EXPECT_EQ(queue.next("mx")->job.message, QueueId(1)) << "what was given back goes first";
  EXPECT_EQ(queue.next("mx")->job.message, QueueId(2));
}

TEST(Queue, a_worker_is_started_when_the_wait_is_over) {
  auto queue = with_jobs({job_of(1, 1)});
  ASSERT_TRUE(queue.start_worker());
  queue.put_back("mx", *queue.next("mx"), {at(600), {}, {}});
  queue.end_worker("mx");
  EXPECT_FALSE(queue.start_worker());
  (void)queue.take_due(at(600));
  EXPECT_EQ(queue.start_worker(), "mx");
}

TEST(Queue, a_job_that_comes_for_a_stopped_stream_waits_behind_it) {
  auto queue = with_jobs({job_of(1, 1)});
  queue.put_back("mx", *queue.next("mx"), {at(600), {}, {}});
  queue.add(job_of(1, 2), "a.example", at(1));
  (void)queue.take_due(at(1));
  EXPECT_FALSE(queue.next("mx"));
  EXPECT_EQ(queue.held()[0].jobs, 2U);
}

TEST(Queue, a_stream_that_waits_for_a_place_goes_on_when_one_is_freed) {
  auto queue = with_jobs({job_of(1, 1), job_of(1, 2), job_of(1, 3)});
  const auto running = queue.next("mx");
  queue.put_back("mx", *queue.next("mx"), {std::nullopt, {}, "full"});
  EXPECT_FALSE(queue.next("mx"));
  queue.place_freed("mx", Queue::More::no);
  EXPECT_EQ(queue.next("mx")->job.message, QueueId(2));
}

TEST(Queue, of_two_waits_the_later_counts) {
  auto queue = with_jobs({job_of(1, 1), job_of(1, 2)});
  const auto first = queue.next("mx");
  const auto second = queue.next("mx");
  queue.put_back("mx", *first, {at(600), {}, {}});
  queue.put_back("mx", *second, {at(30), {}, {}});
  (void)queue.take_due(at(30));
  EXPECT_FALSE(queue.next("mx"));
  (void)queue.take_due(at(600));
  EXPECT_TRUE(queue.next("mx"));
}

TEST(StreamOf, is_one_for_each_pair_of_domains) {
  EXPECT_EQ(stream_of("a@bounce.example", "example.com"), stream_of("b@bounce.example", "example.com"));
  EXPECT_NE(stream_of("a@bounce.example", "example.com"), stream_of("a@other.example", "example.com"));
  EXPECT_NE(stream_of("a@bounce.example", "example.com"), stream_of("a@bounce.example", "example.net"));
}

}  // namespace
}  // namespace ptarmigan::relay
