// auth/fuzz/authenticate_fuzz.cpp - a whole message in a small world: neither the chunks nor the order of the answers
// change the result, nothing is asked twice, the questions are bounded, and the field that is built is one field.
//
// Input: an octet that cuts the message, a line "address helo mail-from", and the message.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/authenticate.hpp"
#include "auth/authres/authres.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "auth/json.hpp"
#include "base/text.hpp"

using namespace ptarmigan;
using namespace ptarmigan::auth;

namespace {

/// Two SPF identities, iprev, 8 signatures, 50 ARC sets, and 11 tree walks.
constexpr std::size_t max_questions = 900;

/// One answer for each question, by its name alone.
Answer answer(const Question& question) {
  const auto text = question.name.text();
  Answer out{.status = AnswerStatus::found};
  const auto add = [&](dns::Data data) { out.records.push_back({question.name, question.type, 300, std::move(data)}); };
  if (text.starts_with('x')) return {.status = AnswerStatus::timed_out};
  if (text.starts_with('y')) return {.status = AnswerStatus::no_such_name};
  switch (question.type) {
    case dns::RecordType::a: add(IpAddress::v4({192, 0, 2, 1})); break;
    case dns::RecordType::ptr: add(dns::Target{dns::name("mail.example.com")}); break;
    case dns::RecordType::mx: add(dns::Mx{10, dns::name("mail.example.com")}); break;
    case dns::RecordType::txt:
      if (text.starts_with("_dmarc."))
        add(dns::txt_of("v=DMARC1; p=reject; sp=none"));
      else if (text.starts_with("t"))
        add(dns::txt_of(dkim::test::rfc8463_rsa_record));
      else if (text.find("_domainkey") != std::string::npos)
        add(dns::txt_of(dkim::test::rfc8463_ed25519_record));
      else
        add(dns::txt_of("v=spf1 a mx ptr include:y.example -all"));
      break;
    case dns::RecordType::aaaa:
    case dns::RecordType::ns:
    case dns::RecordType::cname:
    case dns::RecordType::soa:
    case dns::RecordType::tlsa:
    case dns::RecordType::spf: return {.status = AnswerStatus::no_data};
  }
  return out;
}

enum class Order { all_at_once, last_first };

Results judge(const Authentication& message, const Connection& connection, Order order) {
  Facts facts;
  auto known = message.judge(connection, facts);
  while (!known.known()) {
    const auto& questions = known.need().questions();
    const auto from = order == Order::all_at_once ? questions.begin() : questions.end() - 1;
    for (auto question = from; question != questions.end(); ++question) {
      if (facts.find(*question) != nullptr) std::abort();  // asked for what it has
      facts.add(*question, answer(*question));
    }
    if (facts.answers().size() > max_questions) std::abort();
    known = message.judge(connection, facts);
  }
  return std::move(known).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = 1U + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto words = split(text.substr(0, end), ' ');
  if (words.size() != 3) return 0;
  Connection connection{
      .helo = std::string(words[1]), .mail_from = std::string(words[2]), .received_at = dkim::test::rfc8463_time};
  if (const auto client = IpAddress::parse(words[0])) connection.client = *client;
  const auto message = text.substr(end + 1);

  Authenticator whole;
  whole.feed(message);
  const auto results = judge(std::move(whole).finish(), connection, Order::all_at_once);
  Authenticator pieces;
  for (std::size_t at = 0; at < message.size(); at += piece) pieces.feed(message.substr(at, piece));
  const auto again = judge(std::move(pieces).finish(), connection, Order::last_first);
  if (to_json(results) != to_json(again)) std::abort();
  if (results.dkim.size() > dkim::VerifyLimits{}.signatures) std::abort();

  const auto field = authentication_results(results, "mx.example.net");
  if (!field) std::abort();
  const auto header = message::HeaderSection::parse(*field);
  if (!header || header->fields().size() != 1 || header->malformed()) std::abort();
  if (!authres::parse(header->fields().front().body, authres::Strictness::strict)) std::abort();
  return 0;
}
