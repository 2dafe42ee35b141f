// smtp/client_transaction.cpp - one message through the client machine (client_machine.hpp).
#include <algorithm>
#include <utility>

#include "smtp/client_machine.hpp"
#include "smtp/command.hpp"

namespace ptarmigan::smtp {

using namespace client;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

bool needs_smtputf8(const Envelope& envelope) {
  const auto& from = envelope.mail_from.mailbox;
  return envelope.parameters.smtputf8 || (from && !from->is_ascii()) ||
         std::ranges::any_of(envelope.recipients,
                             [](const Recipient& recipient) { return !recipient.path.mailbox.is_ascii(); });
}

}  // namespace

/// What the message needs and the server does not offer.
std::optional<Problem> ClientMachine::unmet(const Envelope& envelope) const {
  const auto& needs = envelope.parameters;
  if (needs_smtputf8(envelope) && !extensions_.smtputf8) return Problem::needs_smtputf8;
  if (needs.body == BodyType::binary_mime) return Problem::needs_binarymime;  // only BDAT could carry it
  if (needs.body == BodyType::eight_bit_mime && !extensions_.eight_bit_mime && options_.eight_bit == EightBit::refuse)
    return Problem::needs_8bitmime;
  if (needs.require_tls && (!extensions_.require_tls || security_ == Security::plain)) return Problem::needs_requiretls;
  const auto limit = extensions_.size.value_or(0);
  if (limit != 0 && needs.size.value_or(0) > limit) return Problem::too_large;
  return std::nullopt;
}

/// The parameters of MAIL: what the message has, as far as the server offers to hear it.
MailParameters ClientMachine::parameters_for(const Envelope& envelope) const {
  MailParameters out = envelope.parameters;
  if (!extensions_.size) out.size.reset();
  if (!extensions_.eight_bit_mime) out.body = BodyType::seven_bit;
  out.smtputf8 = needs_smtputf8(envelope);
  if (extensions_.auth.empty()) out.auth.reset();
  if (!extensions_.dsn) {
    out.ret.reset();
    out.envelope_id.reset();
  }
  return out;
}

void ClientMachine::on(const Deliver& event) {
  const auto count = event.envelope->recipients.size();
  transaction_ = {std::vector<Answer>(count), false};
  answered_.assign(count, false);
  expected_.clear();
  taken_ = next_recipient_ = 0;
  mail_sent_ = data_sent_ = mail_refused_ = early_ = body_sent_ = false;
  envelope_ = event.envelope;
  state_ = State::transaction;
  if (const auto problem = unmet(*envelope_)) {
    const bool reset_was_due = reset_due_;
    answer_open(Stage::mail, std::nullopt, problem);
    finish();
    reset_due_ = reset_was_due;
    return;
  }
  write_batch();
}

/// As many commands as may be sent before an answer is there: one, or a batch.
void ClientMachine::write_batch() {
  if (unasked_octets()) return fail(Problem::protocol);
  const bool pipelining = extensions_.pipelining && options_.pipelining == Pipelining::when_offered;
  std::size_t room = pipelining ? std::max<std::size_t>(options_.max_pipelined, 1) : 1;
  const auto put = [&](Step step, std::size_t recipient, std::string_view line) {
    out_ += line;
    expected_.push_back({step, recipient});
    --room;
  };
  if (reset_due_) {
    reset_due_ = false;
    put(Step::rset, 0, "RSET\r\n");
  }
  if (room > 0 && !mail_sent_) {
    mail_sent_ = true;
    put(Step::mail, 0, mail_line(envelope_->mail_from, parameters_for(*envelope_)));
  }
  for (; room > 0 && next_recipient_ < envelope_->recipients.size(); ++next_recipient_) {
    Recipient recipient = envelope_->recipients[next_recipient_];
    if (!extensions_.dsn) {
      recipient.notify.reset();
      recipient.original.reset();
    }
    put(Step::rcpt, next_recipient_, rcpt_line(recipient));
  }
  const bool somebody =
      taken_ > 0 || std::ranges::any_of(expected_, [](const Expected& e) { return e.step == Step::rcpt; });
  if (room > 0 && next_recipient_ == envelope_->recipients.size() && somebody) {
    data_sent_ = true;
    put(Step::data, 0, "DATA\r\n");
  }
}

void ClientMachine::handle_transaction(Reply reply) {
  if (reply.code == 421) return fail(std::move(reply));
  const auto [step, recipient] = expected_.front();
  if (step == Step::data) return handle_data(std::move(reply));
  if (reply.intermediate() || (step == Step::rset && !reply.positive())) return fail(Problem::protocol);
  expected_.pop_front();
  if (step == Step::mail && !reply.positive()) {
    mail_refused_ = true;
    answer_open(Stage::mail, reply, std::nullopt);
  } else if (step == Step::rcpt && !mail_refused_) {
    taken_ += reply.positive() ? 1 : 0;
    answered_[recipient] = !reply.positive();
    transaction_.recipients[recipient] = {Stage::rcpt, std::move(reply), std::nullopt};
  }
  next_in_transaction();
}

void ClientMachine::next_in_transaction() {
  if (!expected_.empty()) return;
  const bool all_asked = next_recipient_ == envelope_->recipients.size();
  if (mail_refused_ || (all_asked && taken_ == 0)) return finish();
  write_batch();
}

void ClientMachine::handle_data(Reply reply) {
  if (reply.positive()) return fail(Problem::protocol);
  expected_.pop_front();
  if (reply.intermediate()) {
    if (taken_ > 0 && !mail_refused_) {
      state_ = State::body;
      return;
    }
    // RFC 2920#3.1: DATA went out before we knew that nobody is there to receive.
    return send(State::empty_body, ".");
  }
  answer_open(Stage::data, reply, std::nullopt);
  finish();
}

void ClientMachine::on(const BodySent&) {
  state_ = State::end_of_data;
  body_sent_ = true;
  early_ = unasked_octets();
}

void ClientMachine::on(const BodyFailed& event) {
  state_ = State::end_of_data;
  early_ = true;
  if (event.fault == BodyFault::source) fail(Problem::message_unreadable);
}

void ClientMachine::handle_end_of_data(Reply reply) {
  // A refusal may come early, an acceptance of what was not yet sent may not; neither leaves a usable session.
  if (reply.intermediate() || (early_ && reply.positive())) return fail(Problem::protocol);
  if (early_ || reply.code == 421) return fail(std::move(reply));
  answer_open(Stage::end_of_data, reply, std::nullopt);
  finish();
  reset_due_ = false;
}

/// Gives this answer to every recipient that has no final one.
void ClientMachine::answer_open(Stage stage, const std::optional<Reply>& reply, std::optional<Problem> problem) {
  for (std::size_t i = 0; i < answered_.size(); ++i) {
    if (answered_[i]) continue;
    answered_[i] = true;
    transaction_.recipients[i] = {stage, reply, problem};
  }
}

void ClientMachine::finish() {
  envelope_ = nullptr;
  reset_due_ = true;
  report_ = true;
  state_ = State::ready;
}

}  // namespace ptarmigan::smtp
