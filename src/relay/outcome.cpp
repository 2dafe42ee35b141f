// relay/outcome.cpp - see outcome.hpp.
#include "relay/outcome.hpp"

namespace ptarmigan::relay {

Outcome outcome_of(const smtp::client::Answer& answer, bool uncertain) {
  using smtp::Cause;
  if (answer.accepted()) return {.fate = Fate::delivered};
  if (uncertain && !answer.reply) return {.fate = Fate::wait};
  // A relay that does not let us in refuses our password, which the operator can mend, and not the message.
  if (answer.stage == smtp::Stage::auth) return {.fate = Fate::next_route};
  const auto failure = answer.failure();
  const bool permanent = failure.persistence == smtp::Persistence::permanent;
  switch (failure.cause) {
    case Cause::recipient:
    case Cause::content: return {.fate = permanent ? Fate::failed : Fate::wait, .permanent = permanent};
    case Cause::sending_address:
    case Cause::sender_authentication: return {.fate = Fate::next_route, .permanent = permanent, .blames_route = true};
    case Cause::tls: return {.fate = Fate::next_route, .permanent = permanent};
    case Cause::rate:
    case Cause::site:
    case Cause::protocol:
    case Cause::policy:
    case Cause::unknown: break;
  }
  // A refusal for good that does not say it is the recipient: another route may be welcome. A deferral with a reply is
  // the receiver's wish; one without a reply is the network's fault, and another route may work.
  if (permanent || !answer.reply) return {.fate = Fate::next_route, .permanent = permanent};
  return {.fate = Fate::wait};
}

}  // namespace ptarmigan::relay
