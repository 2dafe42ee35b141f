// auth/spf/received_spf.hpp - the Received-SPF field (RFC 7208#9.1). Values that hold anything but printable ASCII are
// left out. Threads: free functions on values.
#pragma once

#include <string>

#include "auth/spf/check_host.hpp"

namespace ptarmigan::spf {

/// The whole field, folded, with its name and final CRLF. `query.receiver` names who checked.
[[nodiscard]] std::string received_spf(const Result& result, const Query& query);

}  // namespace ptarmigan::spf
