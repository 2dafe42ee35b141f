// relay/outcome.hpp - what one recipient's answer means for the message: the rules of rescue, in one place.
// Pure. ARCHITECTURE.md section 3, step 7.
#pragma once

#include "smtp/client_machine.hpp"

namespace ptarmigan::relay {

enum class Fate {
  delivered,
  failed,      ///< about the recipient or the content: no other route would help
  next_route,  ///< about our address, the sender's authentication, or this route: try another one now
  wait,        ///< the receiver asks to come later, whatever the route
};

struct Outcome {
  Fate fate = Fate::wait;
  bool permanent = false;     ///< next_route: with no route left this is a failure, not a deferral
  bool blames_route = false;  ///< next_route: the standing of the route must learn it
};

/// `uncertain`: the whole message was sent and its answer was lost, so another route now could deliver it twice.
[[nodiscard]] Outcome outcome_of(const smtp::client::Answer& answer, bool uncertain);

}  // namespace ptarmigan::relay
