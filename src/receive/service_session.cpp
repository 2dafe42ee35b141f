// receive/service_session.cpp - see service_session.hpp.
#include "receive/service_session.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "auth/dkim/verify.hpp"
#include "net/clock.hpp"
#include "net/settle.hpp"
#include "rulebook/observe.hpp"

namespace ptarmigan::receive {
namespace asio = boost::asio;
namespace {

constexpr milliseconds dns_patience{15'000};
constexpr milliseconds filter_patience{20'000};

asio::awaitable<void> wait(milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

std::string text_of(const smtp::Reply& reply) {
  std::string out;
  for (const char c : reply.wire())
    if (c != '\r') out += c;
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

/// What the doctor would examine for this one delivery: the peer as the only source, the message as the sample.
std::optional<doctor::Setup> setup_of(const rulebook::Subject& subject, std::string_view message) {
  const auto author = subject.author_domain();
  if (!author || !subject.sending_address) return std::nullopt;
  doctor::Setup out;
  out.domain = *author;
  doctor::Source source;
  (subject.sending_address->is_v4() ? source.ipv4 : source.ipv6) = subject.sending_address;
  source.ehlo_name = subject.ehlo_name.value_or("");
  out.sources = {source};
  out.mail_from = subject.mail_from;
  out.signatures = subject.signatures;
  out.hop = subject.hop;
  out.header = subject.header;
  if (auto facts = doctor::MessageFacts::read(message)) out.message = *std::move(facts);
  out.stream = subject.stream;
  for (const auto& receiver : rulebook::receivers())
    if (!receiver.rules.empty()) out.receivers.push_back(&receiver);
  out.receivers.push_back(&rulebook::strict());
  for (const auto list : doctor::usual_address_lists())
    out.address_lists.push_back(dns::DomainName::parse(list).value());
  for (const auto list : doctor::usual_domain_lists()) out.domain_lists.push_back(dns::DomainName::parse(list).value());
  return out;
}

}  // namespace

ServiceSession::ServiceSession(const ServiceParts& parts, Endpoint peer) : parts_(parts), peer_(peer) {
  subject_.sending_address = peer.address.unmapped();
}

void ServiceSession::note(net::Line kind, const std::string& line) {
  if (transcript_.size() + line.size() > max_transcript_octets) return;
  transcript_ += (kind == net::Line::client ? "-> " : kind == net::Line::server ? "<- " : "== ") + line + "\n";
}

asio::awaitable<smtp::server::CredentialsVerdict> ServiceSession::check_credentials(smtp::PlainCredentials) {
  co_return smtp::server::CredentialsVerdict::refused;
}

asio::awaitable<std::optional<smtp::Reply>> ServiceSession::decide(smtp::Stage stage,
                                                                   const smtp::server::Session& session) {
  if (!session.ehlo_name.empty()) subject_.ehlo_name = session.ehlo_name;
  subject_.hop = session.security == smtp::server::Security::tls ? rulebook::Hop::tls : rulebook::Hop::clear;
  if (stage == smtp::Stage::mail) {
    subject_.mail_from = session.envelope.mail_from;
    test_.clear();
  }
  if (stage == smtp::Stage::rcpt) {
    const auto& mailbox = session.envelope.recipients.back().path.mailbox;
    if (mailbox.domain != parts_.domain)
      co_return smtp::Reply(550, {5, 7, 1}, "This server takes mail for its tests only");
    co_return co_await at_rcpt(mailbox.local_part);
  }
  if (stage == smtp::Stage::end_of_data) co_return co_await at_end();
  co_return std::nullopt;
}

asio::awaitable<std::optional<smtp::Reply>> ServiceSession::at_rcpt(std::string local_part) {
  const auto now = net::now().wall;
  auto* test = parts_.book.by_address(local_part, now);
  if (test == nullptr) co_return smtp::Reply(550, {5, 1, 1}, "There is no such test, or it has expired");
  if (!test_.empty() && test_ != test->address) co_return smtp::Reply(452, {4, 5, 3}, "One test a message");
  test_ = test->address;
  ++test->attempts;
  switch (test->fault) {
    case Fault::none: break;
    case Fault::greylist:
      if (test->attempts == 1) test->created = std::max(test->created, now);
      if (now - test->created < greylist_time || test->attempts == 1) {
        const smtp::Reply reply(451, {4, 7, 1}, "Greylisted, come back in 10 seconds");
        keep(*test, {}, reply);
        co_return reply;
      }
      break;
    case Fault::rate:
      if (test->attempts <= rate_refusals) {
        const smtp::Reply reply(421, {4, 7, 28},
                                "Our system has detected an unusual rate of mail from your IP address");
        keep(*test, {}, reply);
        co_return reply;
      }
      break;
    case Fault::stall: co_await wait(stall_time); break;
  }
  co_return std::nullopt;
}

asio::awaitable<void> ServiceSession::observe_message() {
  if (const auto header = message::HeaderSection::parse(body_)) rulebook::observe_header(subject_, *header);
  std::vector<dkim::SignatureResult> signatures;
  if (const auto verification = dkim::verify_message(body_)) {
    const auto received_at = net::now().wall;
    const auto judge = [&](const Facts& facts) { return verification->judge(facts, received_at); };
    auto settled = co_await net::settle(judge, std::move(facts_), parts_.dns, net::in(dns_patience));
    facts_ = std::move(settled.facts);
    if (settled.value) signatures = *std::move(settled.value);
  }
  rulebook::observe_signatures(subject_, signatures);
}

std::optional<smtp::Reply> ServiceSession::refusal(const Test& test, const doctor::Report& report) const {
  const auto at = std::ranges::find_if(report.deliveries,
                                       [&](const doctor::Delivery& d) { return d.receiver->id == test.profile; });
  if (at == report.deliveries.end()) return std::nullopt;
  return at->words;
}

void ServiceSession::keep(Test& test, TestResult result, const std::optional<smtp::Reply>& reply) {
  result.at = net::now().wall;
  result.peer = *subject_.sending_address;
  result.reply = reply ? text_of(*reply) : "250 2.0.0 Taken for the test";
  result.transcript = transcript_;
  parts_.tell(peer_.address.text() + " for test " + test.address + ": " +
              result.reply.substr(0, result.reply.find('\n')));
  parts_.book.add(test, std::move(result));
}

asio::awaitable<std::optional<smtp::Reply>> ServiceSession::at_end() {
  co_await observe_message();
  const std::string message = std::exchange(body_, {});
  TestResult result;
  std::optional<smtp::Reply> reply;
  auto subject = subject_;
  auto facts = std::move(facts_);
  auto* test = parts_.book.by_address(test_, net::now().wall);
  if (test == nullptr) co_return smtp::Reply(550, {5, 1, 1}, "The test has expired");
  const bool stalls = test->fault == Fault::stall;
  if (const auto setup = setup_of(subject, message)) {
    const auto judge = [&](const Facts& known) { return doctor::examine(*setup, known); };
    auto settled = co_await net::settle(judge, std::move(facts), parts_.dns, net::in(dns_patience));
    const auto points = [&](const Facts& known) { return rehearsal::score(rulebook::strict(), subject, known); };
    auto scored = co_await net::settle(points, std::move(settled.facts), parts_.dns, net::in(dns_patience));
    for (const auto& [kind, filter] : parts_.filters)
      result.opinions.push_back(co_await ask_filter(kind, filter, message, net::in(filter_patience)));
    if (settled.value && scored.value) {
      result.score = score_of(*scored.value, *settled.value, result.opinions);
      result.report = *std::move(settled.value);
    }
  } else {
    result.score.tenths = 0;
    result.score.deductions.push_back(
        {"content.header", rehearsal::best_score_tenths, "From names no author that can be judged"});
  }
  if (stalls) co_await wait(stall_time);
  // The book may have changed while this waited.
  test = parts_.book.by_address(test_, net::now().wall);
  if (test == nullptr) co_return smtp::Reply(550, {5, 1, 1}, "The test has expired");
  if (result.report) reply = refusal(*test, *result.report);
  const auto answer = reply.value_or(smtp::Reply(250, {2, 0, 0}, "Taken for the test"));
  keep(*test, std::move(result), reply);
  co_return answer;
}

}  // namespace ptarmigan::receive
