// auth/iprev/iprev.cpp - see iprev.hpp.
#include "auth/iprev/iprev.hpp"

#include <algorithm>

#include "dns/reverse.hpp"

namespace ptarmigan::iprev {
namespace {

std::string failed_text(const Question& question, const Answer& answer) {
  std::string text = "the query " + question.text();
  text += answer.status == AnswerStatus::timed_out ? " was not answered in time" : " failed";
  return answer.detail.empty() ? text : text + " (" + answer.detail + ")";
}

std::string names_text(const Result& result) {
  std::string text;
  for (const auto& candidate : result.candidates) {
    if (!text.empty()) text += ", ";
    text += candidate.name.text();
  }
  return text;
}

/// Outcome and problem from the candidates, of which there is at least one.
void conclude(Result& result) {
  const auto confirmed = std::ranges::find_if(result.candidates, &Candidate::confirmed);
  if (confirmed != result.candidates.end()) {
    result.outcome = Outcome::pass;
    result.name = confirmed->name;
    return;
  }
  const auto failed = std::ranges::find_if(result.candidates, [](const Candidate& candidate) {
    return candidate.status == AnswerStatus::failed || candidate.status == AnswerStatus::timed_out;
  });
  if (failed != result.candidates.end()) {
    result.outcome = Outcome::temperror;
    result.problem = "the addresses of " + failed->name.text() + " could not be looked up";
    return;
  }
  result.outcome = Outcome::fail;
  result.problem =
      "none of the names that " + result.address.text() + " points to has that address: " + names_text(result);
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
    case Outcome::temperror: return "temperror";
    case Outcome::permerror: return "permerror";
  }
  return "";
}

Known<Result> check_iprev(const IpAddress& address, const Facts& facts) {
  Result result;
  result.address = address.unmapped();
  result.reverse_name = dns::reverse_name(result.address);

  Gather gather(facts);
  const Question reverse{result.reverse_name, dns::RecordType::ptr};
  const Answer* pointers = gather.ask(reverse);
  if (pointers == nullptr) return gather.need();
  if (pointers->temporary()) {
    result.outcome = Outcome::temperror;
    result.problem = failed_text(reverse, *pointers);
    return result;
  }
  auto targets = pointers->all<dns::Target>();
  if (targets.empty()) {
    result.problem = result.address.text() + " has no PTR record";
    return result;
  }
  targets.resize(std::min(targets.size(), max_names));

  const auto type = result.address.is_v4() ? dns::RecordType::a : dns::RecordType::aaaa;
  for (auto& target : targets) {
    Candidate candidate;
    candidate.name = std::move(target.name);
    if (const Answer* answer = gather.ask({candidate.name, type})) {
      candidate.status = answer->status;
      candidate.addresses = answer->all<IpAddress>();
      candidate.confirmed = std::ranges::find(candidate.addresses, result.address) != candidate.addresses.end();
    }
    result.candidates.push_back(std::move(candidate));
  }
  if (gather.lacks()) return gather.need();
  conclude(result);
  return result;
}

}  // namespace ptarmigan::iprev
