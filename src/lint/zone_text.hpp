// lint/zone_text.hpp - the entries of zone text with their places (RFC 1035#5.1), as far as they can be read: fragments
// and broken lines too, which dns::parse_zone refuses. Views into the text, which must outlive them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::lint {

struct ZoneToken {
  std::string_view text;  ///< with its quotes
  bool quoted = false;
};

struct ZoneEntry {
  std::string_view owner_text;     ///< as written; empty where the line begins with a blank
  std::string owner;               ///< absolute, lower-case, without final dot; as written where no origin is known
  bool owner_is_complete = false;  ///< a final dot, or an origin was known
  std::string origin;              ///< of this line, without final dot; "" where it is not known
  std::string type;                ///< upper-case
  std::string_view type_text;
  std::vector<ZoneToken> data;
  std::string_view line;     ///< from the owner to the last datum
  std::string_view comment;  ///< after ; on its last line
};

/// `origin` holds until the first $ORIGIN. Lines that are no record are left out.
[[nodiscard]] std::vector<ZoneEntry> parse_zone_text(std::string_view text, std::string_view origin = {});

}  // namespace ptarmigan::lint
