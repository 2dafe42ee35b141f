// doctor/message_facts.hpp - what the named checks ask of a sample message, apart from the rulebook's HeaderFacts.
// Pure; values. RFC 5322#2.1.1, RFC 8058#3.1, RFC 6376#3.5.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/signature.hpp"
#include "base/result.hpp"

namespace ptarmigan::doctor {

struct MessageFacts {
  std::vector<std::string> display_names = {};  ///< of From, encoded words decoded where they are UTF-8
  std::string author = {};                      ///< the first mailbox of From
  std::string subject = {};                     ///< decoded as far as it is UTF-8
  std::vector<std::string> recipient_names = {};
  bool is_reply = false;  ///< In-Reply-To or References is there
  std::vector<std::string> dates = {};
  std::vector<std::string> feedback_ids = {};
  std::vector<std::string> list_unsubscribe = {};
  std::size_t octets = 0;
  std::size_t header_octets = 0;
  std::size_t longest_line = 0;  ///< without CRLF
  bool bare_line_ends = false;   ///< a CR or LF alone
  bool nul = false;
  bool raw_eight_bit_header = false;
  bool malformed_header = false;
  bool eight_bit_body = false;       ///< octets beyond ASCII behind the header
  bool from_line = false;            ///< a body line begins with "From ", which mailboxes turn into ">From "
  bool visible_unsubscribe = false;  ///< a text part speaks of unsubscribing and holds a link
  bool automatic = false;            ///< Precedence, List-Id or Auto-Submitted say that it is not written by hand
  std::vector<dkim::Signature> signatures = {};  ///< those that can be read

  /// An error where there is no header to read.
  static Result<MessageFacts> read(std::string_view message);
};

/// RFC 2047#2: encoded words in UTF-8, US-ASCII and ISO-8859-1 decoded; others stay.
[[nodiscard]] std::string decode_words(std::string_view text);

}  // namespace ptarmigan::doctor
