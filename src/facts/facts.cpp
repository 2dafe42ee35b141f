// facts/facts.cpp - see facts.hpp.
#include "facts/facts.hpp"

#include <algorithm>

namespace ptarmigan {

std::string Question::text() const {
  return name.text() + " " + std::string(dns::to_string(type));
}

std::string_view to_string(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::found: return "found";
    case AnswerStatus::no_data: return "no data";
    case AnswerStatus::no_such_name: return "no such name";
    case AnswerStatus::failed: return "failed";
    case AnswerStatus::timed_out: return "timed out";
  }
  return "";
}

std::string_view to_string(Dnssec dnssec) {
  switch (dnssec) {
    case Dnssec::insecure: return "insecure";
    case Dnssec::secure: return "secure";
    case Dnssec::bogus: return "bogus";
  }
  return "";
}

void Facts::merge(const Facts& other) {
  for (const auto& [question, answer] : other.answers_) answers_.insert_or_assign(question, answer);
}

const Answer* Facts::find(const Question& question) const {
  const auto found = answers_.find(question);
  return found == answers_.end() ? nullptr : &found->second;
}

Need::Need(std::vector<Question> questions) {
  assert(!questions.empty());
  for (auto& question : questions)
    if (std::ranges::find(questions_, question) == questions_.end()) questions_.push_back(std::move(question));
}

void Need::add(const Need& other) {
  for (const auto& question : other.questions_)
    if (std::ranges::find(questions_, question) == questions_.end()) questions_.push_back(question);
}

const Answer* Gather::ask(Question question) {
  const Answer* answer = facts_->find(question);
  if (answer == nullptr) missing_.push_back(std::move(question));
  return answer;
}

}  // namespace ptarmigan
