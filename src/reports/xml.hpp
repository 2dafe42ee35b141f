// reports/xml.hpp - XML as report generators write it, into a pugixml tree. Text that is no XML is mended first: a "<"
// that begins no tag is text, a closing tag without its opening one is dropped, a missing one is added. Entities and
// document types are never expanded, so nothing outside is fetched and nothing grows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "base/result.hpp"
#include "reports/notes.hpp"

namespace ptarmigan::reports {

/// A tree node takes 64 octets, whatever the text that makes it: this bounds them.
inline constexpr std::size_t max_xml_tags = 8'000'000;
inline constexpr std::size_t max_xml_depth = 64;

/// Fills `document`. An error where nothing of the text is XML, or a limit is exceeded.
[[nodiscard]] Result<> load_xml(std::string_view octets, pugi::xml_document& document, Notes& notes);

/// Well-formed as far as elements go; for load_xml and its tests.
struct MendedXml {
  std::string text;
  bool cut_off = false;  ///< it ended inside its outermost element's children
};
[[nodiscard]] MendedXml mend_xml(std::string_view text);

/// A name without its namespace prefix.
[[nodiscard]] std::string_view local_name(std::string_view name);
/// The first child element of that local name, compared without case; empty where there is none.
[[nodiscard]] pugi::xml_node child_of(const pugi::xml_node& parent, std::string_view name);

}  // namespace ptarmigan::reports
