// auth/spf/fuzz/check_host_fuzz.cpp - over random small worlds: an evaluation ends within its limits, asks a bounded
// number of questions, and answers given one at a time lead to the same result as all of them at once.
//
// Input: lines. The first is "address helo mail-from"; each further one is the text of a TXT record of n0.example,
// n1.example, ... A line that begins with '@' makes the answers of its name fail instead, one with '#' gives it MX and
// address records alone.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/spf/check_host.hpp"
#include "base/text.hpp"

using namespace ptarmigan;
using namespace ptarmigan::spf;

namespace {

constexpr std::size_t max_lines = 16;
/// One for the domain, one for each term and its look-ahead, 10 for the hosts of each mx or ptr, one for exp.
constexpr std::size_t max_questions = 400;

struct World {
  std::vector<std::string_view> lines;

  [[nodiscard]] Answer answer(const Question& question) const {
    const auto text = question.name.text();
    Answer answer{.status = AnswerStatus::no_such_name};
    if (question.type == dns::RecordType::ptr) {
      answer.status = AnswerStatus::found;
      for (std::size_t i = 0; i < lines.size(); ++i)
        answer.records.push_back(
            {question.name, question.type, 300, dns::Target{dns::name("n" + std::to_string(i) + ".example")}});
      return answer;
    }
    if (!text.starts_with('n') || !text.ends_with(".example")) return answer;
    const auto index = parse_number<std::size_t>(std::string_view(text).substr(1, text.size() - 9));
    if (!index || *index >= lines.size()) return answer;
    const auto line = lines[*index];
    if (line.starts_with('@')) return {.status = AnswerStatus::timed_out};
    answer.status = AnswerStatus::found;
    if (question.type == dns::RecordType::txt) {
      if (line.starts_with('#')) return {.status = AnswerStatus::no_data};
      answer.records.push_back({question.name, question.type, 300, dns::txt_of(line)});
    } else if (question.type == dns::RecordType::mx) {
      for (std::size_t i = 0; i < *index; ++i)
        answer.records.push_back(
            {question.name, question.type, 300, dns::Mx{10, dns::name("n" + std::to_string(i) + ".example")}});
    } else if (question.type == dns::RecordType::a) {
      answer.records.push_back(
          {question.name, question.type, 300, IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(*index)})});
    }
    if (answer.records.empty()) answer.status = AnswerStatus::no_data;
    return answer;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto lines = split({reinterpret_cast<const char*>(data), size}, '\n');
  const auto words = split(lines.front(), ' ');
  if (words.size() < 3 || lines.size() > max_lines) return 0;
  const auto client = IpAddress::parse(words[0]);
  if (!client) return 0;
  const Query query{
      .client = *client, .helo = std::string(words[1]), .mail_from = std::string(words[2]), .trace = Trace::on};
  const World world{{lines.begin() + 1, lines.end()}};

  Facts all;
  auto judged = check_host(query, all);
  while (!judged.known()) {
    for (const auto& question : judged.need().questions()) {
      if (all.find(question) != nullptr) std::abort();  // asked for what it has
      all.add(question, world.answer(question));
    }
    if (all.answers().size() > max_questions) std::abort();
    judged = check_host(query, all);
  }
  if (judged->terms > query.limits.max_terms || judged->voids > query.limits.max_void_lookups + 1) std::abort();
  for (const char c : judged->explanation)
    if (!is_printable_ascii(c)) std::abort();

  Facts few;
  auto slow = check_host(query, few);
  while (!slow.known()) {
    const auto& question = slow.need().questions().back();
    few.add(question, world.answer(question));
    slow = check_host(query, few);
  }
  if (!(*slow == *judged)) std::abort();
  return 0;
}
