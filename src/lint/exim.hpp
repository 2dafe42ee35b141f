// lint/exim.hpp - the text of an Exim configuration as options, macros and conditionals with their places (Exim
// specification, chapter 6). Any text parses. Views into the text, which must outlive them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::lint {

struct EximOption {
  std::string_view name;  ///< without hide, no_ and not_
  std::string value;      ///< continuation lines joined; "true" or "false" of a bare boolean
  std::string_view raw;   ///< of the value; empty where there is none
  std::string_view line;  ///< first line
  std::string section;    ///< "main", "acl", "routers", "transports" ...
  std::string driver;     ///< the instance that it belongs to; "" in main
  /// Indexes of the conditionals around it, outermost first.
  std::vector<std::size_t> within = {};
};

struct EximConditional {
  std::string_view macro;
  std::string_view line;
  bool wants_defined = true;  ///< .ifdef; false for .ifndef
  bool defined_before = false;
};

struct EximFile {
  std::vector<EximOption> options;
  std::vector<std::string_view> macros;
  std::vector<EximConditional> conditionals;
};
[[nodiscard]] EximFile parse_exim(std::string_view text);

}  // namespace ptarmigan::lint
