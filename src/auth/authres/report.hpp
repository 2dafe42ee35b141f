// auth/authres/report.hpp - what each check found, as a result of Authentication-Results (RFC 8601#2.7, RFC 9989#9.1).
// Threads: free functions on values.
#pragma once

#include <vector>

#include "auth/arc/chain.hpp"
#include "auth/authres/authres.hpp"
#include "auth/dkim/verify.hpp"
#include "auth/dmarc/evaluate.hpp"
#include "auth/iprev/iprev.hpp"
#include "auth/spf/check_host.hpp"

namespace ptarmigan::authres {

/// policy.iprev is the address.
[[nodiscard]] MethodResult result_of(const iprev::Result& result);
/// smtp.mailfrom or smtp.helo, by the identity that was checked.
[[nodiscard]] MethodResult result_of(const spf::Result& result);
/// header.d, header.i, header.a, header.s and the beginning of header.b.
[[nodiscard]] MethodResult result_of(const dkim::SignatureResult& result);
/// header.from, and policy.dmarc: the policy that the author domain asks for.
[[nodiscard]] MethodResult result_of(const dmarc::Result& result);

/// header.oldest-pass for a pass.
[[nodiscard]] MethodResult result_of(const arc::ChainResult& result);

/// One result for each signature, or "dkim=none".
[[nodiscard]] std::vector<MethodResult> results_of(const std::vector<dkim::SignatureResult>& signatures);

}  // namespace ptarmigan::authres
