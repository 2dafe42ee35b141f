// receive/test_book.cpp - see test_book.hpp.
#include "receive/test_book.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"

namespace ptarmigan::receive {
namespace {

constexpr int check_spam_tenths = 20;
constexpr int check_advice_tenths = 1;
constexpr int most_for_checks_tenths = 20;
constexpr int most_for_filters_tenths = 30;

constexpr std::array<std::pair<std::string_view, Fault>, 4> faults{
    {{"none", Fault::none}, {"greylist", Fault::greylist}, {"rate", Fault::rate}, {"stall", Fault::stall}}};

/// What is about this message and its sender, not about how the domain itself receives.
bool counts(const doctor::Check& check) {
  return check.group() != "transport" && check.group() != "brand";
}

}  // namespace

std::string_view to_string(Fault fault) {
  return std::ranges::find(faults, fault, &std::pair<std::string_view, Fault>::second)->first;
}

std::optional<Fault> parse_fault(std::string_view word) {
  const auto* at = std::ranges::find(faults, word, &std::pair<std::string_view, Fault>::first);
  return at == faults.end() ? std::nullopt : std::optional(at->second);
}

std::string TestScore::text() const {
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

TestScore score_of(const rehearsal::Score& rules, const doctor::Report& report,
                   const std::vector<FilterOpinion>& opinions) {
  TestScore out;
  for (const auto& deduction : rules.deductions)
    out.deductions.push_back({std::string(deduction.rule->id), deduction.tenths, deduction.why});
  int left = most_for_checks_tenths;
  std::set<std::string_view> seen;
  for (const auto& result : report.checks) {
    if (result.verdict.state != rulebook::State::broken || !counts(*result.check) ||
        !seen.insert(result.check->id).second)
      continue;
    const int cost =
        std::min(left, result.effect == rulebook::Effect::advice ? check_advice_tenths : check_spam_tenths);
    left -= cost;
    out.deductions.push_back({std::string(result.check->id), cost, result.verdict.why});
  }
  for (const auto& opinion : opinions) {
    if (!opinion.problem.empty() || opinion.threshold <= 0 || opinion.score < opinion.threshold) continue;
    out.deductions.push_back({opinion.filter, most_for_filters_tenths, opinion.filter + " would mark it as spam"});
    break;
  }
  for (const auto& deduction : out.deductions) out.tenths -= deduction.tenths;
  out.tenths = std::max(0, out.tenths);
  return out;
}

void TestBook::drop(const std::string& address) {
  const auto at = by_address_.find(address);
  if (at == by_address_.end()) return;
  address_of_secret_.erase(at->second.secret);
  by_age_.erase(age_of_address_[address]);
  age_of_address_.erase(address);
  by_address_.erase(at);
}

void TestBook::expire(WallTime now) {
  while (!by_age_.empty()) {
    const auto address = by_age_.begin()->second;
    if (now - by_address_.at(address).created < limits_.life) return;
    drop(address);
  }
}

Test& TestBook::open(std::string address, std::string secret, const IpAddress& owner, WallTime now) {
  expire(now);
  std::vector<std::string> own;
  for (const auto& [age, name] : by_age_)
    if (by_address_.at(name).owner == owner) own.push_back(name);
  if (own.size() >= limits_.tests_of_a_client) drop(own.front());
  if (by_address_.size() >= limits_.tests) drop(std::string(by_age_.begin()->second));
  const auto age = ++count_;
  by_age_[age] = address;
  age_of_address_[address] = age;
  address_of_secret_[secret] = address;
  Test test;
  test.address = address;
  test.secret = std::move(secret);
  test.owner = owner;
  test.created = now;
  return by_address_.insert_or_assign(std::move(address), std::move(test)).first->second;
}

Test* TestBook::by_address(std::string_view local_part, WallTime now) {
  expire(now);
  const auto at = by_address_.find(to_lower(local_part.substr(0, local_part.find('+'))));
  return at == by_address_.end() ? nullptr : &at->second;
}

Test* TestBook::by_secret(std::string_view secret, WallTime now) {
  expire(now);
  const auto at = address_of_secret_.find(std::string(secret));
  return at == address_of_secret_.end() ? nullptr : &by_address_.at(at->second);
}

void TestBook::add(Test& test, TestResult result) {
  if (test.results.size() >= limits_.results_of_a_test) test.results.erase(test.results.begin());
  test.results.push_back(std::move(result));
}

}  // namespace ptarmigan::receive
