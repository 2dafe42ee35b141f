// rulebook/observe.hpp - what a real message says about a Subject. Pure; values.
#pragma once

#include <vector>

#include "auth/dkim/verify.hpp"
#include "message/header.hpp"
#include "rulebook/subject.hpp"

namespace ptarmigan::rulebook {

/// Sets `header` and `header_from`.
void observe_header(Subject& subject, const message::HeaderSection& section);
/// Sets `signatures` to what a verifier found.
void observe_signatures(Subject& subject, const std::vector<dkim::SignatureResult>& results);

}  // namespace ptarmigan::rulebook
