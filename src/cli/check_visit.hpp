// cli/check_visit.hpp - what `ptarmigan check` sees apart from the resolver's answers: own MX hosts, the MTA-STS policy
// file, authoritative servers, other resolvers, and what becomes of a real message. These block; Threads: one.
#pragma once

#include "cli/check_setup.hpp"

namespace ptarmigan::cli {

/// Connects to each address of the domain's MX hosts (at most max_visited) for STARTTLS and certificate, and fetches
/// the policy file where one is announced and the page behind each EHLO name; tries port 25 of `probe`'s mail hosts
/// from each own address. Fills setup.seen; what cannot be reached is part of it.
void visit(doctor::Setup& setup, World& world, const std::optional<dns::DomainName>& probe);
inline constexpr std::size_t max_visited = 16;

/// Asks the open questions of the report again: of the authoritative servers (options.authority) and of each resolver
/// of options.compare. Adds to report.views. An error where there is no live DNS to ask.
[[nodiscard]] Result<> compare(const CheckOptions& options, World& world, doctor::Report& report);

/// Sends one signed message from each own address to options.live, over the recipient's MX host of that family, and
/// prints route and reply. Returns an ExitCode: good where all were accepted.
[[nodiscard]] int send_canaries(const CheckOptions& options, World& world, const doctor::Setup& setup);

}  // namespace ptarmigan::cli
