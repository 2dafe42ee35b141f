// lint/postfix.hpp - the text of Postfix's main.cf and master.cf as values with their places (postconf(5), master(5)).
// Any text parses: what is no setting is in `strays`. Views into the text, which must outlive them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::lint {

struct Setting {
  std::string_view name;
  /// From the first to the last octet of the value, continuation lines and comments within included.
  std::string_view raw;
  std::string value;      ///< lines joined by one blank, comments left out
  std::string_view line;  ///< first line
};

struct MainCf {
  std::vector<Setting> settings;  ///< in file order; the last of one name counts
  std::vector<std::string_view> strays;
  [[nodiscard]] const Setting* find(std::string_view name) const;
  /// The value of the last setting; `otherwise` where there is none.
  [[nodiscard]] std::string value(std::string_view name, std::string_view otherwise = {}) const;
};
[[nodiscard]] MainCf parse_main_cf(std::string_view text);

struct Service {
  std::string_view name;
  std::string_view type;
  std::string_view command;        ///< "smtp"
  std::vector<Setting> overrides;  ///< of -o
  std::string_view line;
  std::string_view chroot = {};  ///< "y", "n" or "-"
};
struct MasterCf {
  std::vector<Service> services;
  std::vector<std::string_view> strays;
};
[[nodiscard]] MasterCf parse_master_cf(std::string_view text);

}  // namespace ptarmigan::lint
