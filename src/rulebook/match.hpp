// rulebook/match.hpp - from a receiver's reply back to the rules that it can mean.
//
// Many-to-one and one-to-many: "IPv6 sending guidelines regarding PTR records and authentication" names two rules, and
// enhanced codes alone do not identify a cause (5.7.1 stands for a dozen). So a reply is compared with every shape of
// every rule; the most specific phrase wins, ties keep all their rules. A shape without phrase counts only where no
// phrase matched, and it or a phrase that is common to many servers only where the receiver is known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rulebook/registry.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::rulebook {

struct Match {
  /// By the host name in `context` or by the reply's own marks ("gsmtp"); nullptr where neither is known.
  const Receiver* receiver = nullptr;
  /// Equally likely, in the receiver's order; empty where no rule is recognised.
  std::vector<const Rule*> rules;
  enum class By { nothing, code, phrase } by = By::nothing;
};

/// `context` is what surrounds the reply where that is known: an MX host name, or the log line or bounce that holds it.
[[nodiscard]] Match match(const smtp::Reply& reply, std::string_view context = {});

/// Text as phrases are compared with it: lower case, runs of blanks as one, typographic apostrophes plain.
[[nodiscard]] std::string normalized(std::string_view text);

}  // namespace ptarmigan::rulebook
