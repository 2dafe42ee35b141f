// facts/facts.hpp - what the world says: questions, answers with provenance, and judgements that may lack an answer.
//
//   Known<iprev::Outcome> check_iprev(const IpAddress&, const Facts&);   // a judgement is a function of facts
//
// A judgement that lacks an answer returns Need with its questions; whoever drives it gets the answers, adds them to
// Facts and calls again (restart). So a judgement has no sockets, no clock and no state, and the facts it used are its
// evidence.
#pragma once

#include <cassert>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "dns/record.hpp"

namespace ptarmigan {

/// One DNS question; class IN.
struct Question {
  dns::DomainName name;
  dns::RecordType type = dns::RecordType::a;

  /// "example.com MX"
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const Question&, const Question&) = default;
};

/// What came of a question. The five are never folded together: a name that does not exist, a name without such data, a
/// server that failed and one that did not answer lead to different RFC outcomes and different advice.
enum class AnswerStatus {
  found,
  no_data,       ///< NOERROR without such records (RFC 2308#2.2)
  no_such_name,  ///< NXDOMAIN (RFC 2308#2.1, RFC 8020#2)
  failed,        ///< SERVFAIL, REFUSED, bogus DNSSEC, malformed answer
  timed_out,
};
[[nodiscard]] std::string_view to_string(AnswerStatus status);

enum class Dnssec { insecure, secure, bogus };
[[nodiscard]] std::string_view to_string(Dnssec dnssec);

struct Answer {
  AnswerStatus status = AnswerStatus::failed;
  /// Records of the asked type at the end of the CNAME chain, owners included; empty unless found.
  std::vector<dns::Record> records = {};
  /// CNAMEs that were followed, in order; empty where the name itself answered.
  std::vector<dns::Record> aliases = {};
  /// How long this answer may be believed, in seconds from `asked_at`: the smallest TTL, or the negative TTL (RFC
  /// 2308#5).
  std::uint32_t ttl = 0;
  Dnssec dnssec = Dnssec::insecure;
  WallTime asked_at = {};
  /// "resolver", "zone file", "recording", or the address of the authoritative server.
  std::string source = {};
  /// For failed answers: what the resolver said ("SERVFAIL", "bogus: signature expired").
  std::string detail = {};

  [[nodiscard]] bool found() const { return status == AnswerStatus::found; }
  /// no_data or no_such_name: an answer, and it is "nothing there".
  [[nodiscard]] bool absent() const { return status == AnswerStatus::no_data || status == AnswerStatus::no_such_name; }
  /// failed or timed_out: try again later.
  [[nodiscard]] bool temporary() const { return status == AnswerStatus::failed || status == AnswerStatus::timed_out; }
  /// The data of all records that hold a T, in answer order.
  template <typename T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> out;
    for (const auto& record : records)
      if (const auto* data = std::get_if<T>(&record.data)) out.push_back(*data);
    return out;
  }
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// A set of answers, one for each question. A plain value: copy it to ask "what if".
class Facts {
 public:
  /// Replaces an answer to the same question.
  void add(Question question, Answer answer) { answers_.insert_or_assign(std::move(question), std::move(answer)); }
  void remove(const Question& question) { answers_.erase(question); }
  /// Answers of `other` win.
  void merge(const Facts& other);
  /// The answer, or nullptr when the question has not been asked. Valid until *this changes.
  [[nodiscard]] const Answer* find(const Question& question) const;
  [[nodiscard]] const std::map<Question, Answer>& answers() const { return answers_; }
  [[nodiscard]] bool empty() const { return answers_.empty(); }
  friend bool operator==(const Facts&, const Facts&) = default;

 private:
  std::map<Question, Answer> answers_;
};

/// The questions whose answers would take a judgement further. Never empty; without duplicates.
class Need {
 public:
  explicit Need(Question question) { questions_.push_back(std::move(question)); }
  explicit Need(std::vector<Question> questions);
  void add(const Need& other);
  [[nodiscard]] const std::vector<Question>& questions() const { return questions_; }
  friend bool operator==(const Need&, const Need&) = default;

 private:
  std::vector<Question> questions_;
};

/// A judgement's result, or what it still has to know.
template <typename T>
class Known {
 public:
  Known(T value) : state_(std::in_place_index<0>, std::move(value)) {}   // NOLINT(google-explicit-constructor)
  Known(Need need) : state_(std::in_place_index<1>, std::move(need)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool known() const { return state_.index() == 0; }
  explicit operator bool() const { return known(); }
  [[nodiscard]] const T& value() const& {
    assert(known());
    return std::get<0>(state_);
  }
  [[nodiscard]] T&& value() && {
    assert(known());
    return std::get<0>(std::move(state_));
  }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const Need& need() const {
    assert(!known());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Need> state_;
};

/// Collects the questions that are missing, so that independent ones are asked together:
///   Gather gather(facts);
///   const Answer* a = gather.ask({name, RecordType::a});       // nullptr: noted as needed
///   const Answer* b = gather.ask({name, RecordType::aaaa});
///   if (gather.lacks()) return gather.need();
class Gather {
 public:
  explicit Gather(const Facts& facts) : facts_(&facts) {}
  explicit Gather(Facts&&) = delete;
  /// The answer, valid while the facts are; nullptr notes the question.
  const Answer* ask(Question question);
  /// The value of a nested judgement, or nullptr after noting what it needs. `judged` must outlive the pointer.
  template <typename T>
  const T* take(const Known<T>& judged) {
    if (judged.known()) return &judged.value();
    for (const auto& question : judged.need().questions()) missing_.push_back(question);
    return nullptr;
  }
  [[nodiscard]] bool lacks() const { return !missing_.empty(); }
  [[nodiscard]] Need need() const { return Need(missing_); }

 private:
  const Facts* facts_;
  std::vector<Question> missing_;
};

}  // namespace ptarmigan
