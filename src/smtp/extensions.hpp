// smtp/extensions.hpp - what a server offers in its answer to EHLO (RFC 5321#4.1.1.1). Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/reply.hpp"

namespace ptarmigan::smtp {

struct Extensions {
  bool pipelining = false;                 ///< RFC 2920
  bool eight_bit_mime = false;             ///< RFC 6152
  bool enhanced_status_codes = false;      ///< RFC 2034
  bool starttls = false;                   ///< RFC 3207
  bool smtputf8 = false;                   ///< RFC 6531
  bool dsn = false;                        ///< RFC 3461
  bool chunking = false;                   ///< RFC 3030
  bool binary_mime = false;                ///< RFC 3030
  bool require_tls = false;                ///< RFC 8689
  std::optional<std::uint64_t> size = {};  ///< RFC 1870; 0 where the server states no limit
  std::vector<std::string> auth = {};      ///< RFC 4954: mechanisms in upper case

  /// From the positive answer to EHLO. Unknown keywords and malformed lines say nothing; the old "AUTH=" form counts.
  static Extensions parse(const Reply& ehlo_answer);
  /// The answer to EHLO: "250-<greeting>", then one line a keyword.
  [[nodiscard]] Reply answer(std::string_view greeting) const;
  [[nodiscard]] bool offers_auth(std::string_view mechanism) const;

  friend bool operator==(const Extensions&, const Extensions&) = default;
};

}  // namespace ptarmigan::smtp
