// adapt/setup_finding.hpp - what is wrong with a mail server's configuration as it runs: one of the contradictions of
// docs/reference/beside.md, with its place and its remedy. Pure. Threads: free functions on values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "facts/facts.hpp"
#include "lint/lint.hpp"

namespace ptarmigan::adapt {

struct SetupFinding {
  std::string id;  ///< "M03"; append-only
  lint::Severity severity = lint::Severity::warning;
  std::string place;  ///< "/etc/postfix/main.cf:12", or the file alone
  std::string what;   ///< a sentence without a full stop
  std::string remedy;
};

/// The kinds of contradiction, for the reference: id and what it is about.
struct SetupKind {
  std::string_view id;
  std::string_view title;
};
[[nodiscard]] std::span<const SetupKind> setup_kinds();

/// What ptarmigan.toml says of this host; empty where it was not given.
struct OwnHouse {
  std::vector<IpAddress> sources;
};

/// Mistakes in the text itself, by the lints, as contradictions.
[[nodiscard]] std::vector<SetupFinding> findings_of_text(const std::vector<lint::Input>& inputs,
                                                         const lint::Options& options);

/// M03: a name that others reach over IPv6 while nothing listens there. `place` is what closes the listener.
[[nodiscard]] Known<std::vector<SetupFinding>> check_closed_listener(const std::string& host, const std::string& place,
                                                                     const std::string& setting, const Facts& facts);

/// M06: is `address`, from which mail is sent, a source that Ptarmigan judges, and does its name come back from DNS?
[[nodiscard]] Known<std::vector<SetupFinding>> check_sender_address(const IpAddress& address, const std::string& ehlo,
                                                                    const std::string& place, const OwnHouse& house,
                                                                    const Facts& facts);

/// "FILE:LINE" of a part of `text`.
[[nodiscard]] std::string place_in(const std::string& file, std::string_view text, std::string_view part);

[[nodiscard]] std::string text_of(const std::vector<SetupFinding>& findings);
/// docs/reference/beside.md.
[[nodiscard]] std::string json_of(const std::string& server, const std::vector<SetupFinding>& findings);

}  // namespace ptarmigan::adapt
