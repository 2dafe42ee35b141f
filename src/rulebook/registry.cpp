// rulebook/registry.cpp - the receivers, their host names and marks.
#include "rulebook/registry.hpp"

#include <algorithm>
#include <array>

#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr std::array<std::string_view, 2> google_hosts{".google.com", ".googlemail.com"};
constexpr std::array<std::string_view, 2> google_marks{"gsmtp", "gcdp"};
constexpr std::array<std::string_view, 1> outlook_hosts{".olc.protection.outlook.com"};
constexpr std::array<std::string_view, 2> exchange_hosts{".mail.protection.outlook.com", ".mx.microsoft"};
constexpr std::array<std::string_view, 1> yahoo_hosts{".yahoodns.net"};
constexpr std::array<std::string_view, 3> yahoo_marks{"postmaster.yahooinc.com", "senders.yahooinc.com",
                                                      "postmaster.yahoo.com"};
constexpr std::array<std::string_view, 1> apple_hosts{".icloud.com"};
constexpr std::array<std::string_view, 1> apple_marks{"support.apple.com"};
constexpr std::array<std::string_view, 4> gmx_hosts{".gmx.net", ".gmx.com", ".web.de", ".mail.com"};
constexpr std::array<std::string_view, 4> gmx_marks{"postmaster.gmx.net", "postmaster.gmx.com", "postmaster.web.de",
                                                    "postmaster.mail.com"};
constexpr std::array<std::string_view, 1> orange_hosts{".orange.fr"};

}  // namespace

std::span<const Receiver> receivers() {
  static const std::array all{
      Receiver{"gmail", "Gmail", google_hosts, google_marks, gmail_rules(),
               "Google Postmaster Tools, https://postmaster.google.com"},
      Receiver{"outlook", "Outlook.com", outlook_hosts, {}, outlook_rules(), "Microsoft SNDS and JMRP"},
      Receiver{"exchange-online", "Exchange Online", exchange_hosts, {}, exchange_online_rules(), "Microsoft SNDS"},
      Receiver{"yahoo", "Yahoo and AOL", yahoo_hosts, yahoo_marks, yahoo_rules(),
               "Yahoo Sender Hub, https://senders.yahooinc.com"},
      Receiver{"apple", "Apple iCloud", apple_hosts, apple_marks, apple_rules(), ""},
      Receiver{"gmx", "GMX, WEB.DE and mail.com", gmx_hosts, gmx_marks, gmx_rules(), ""},
      Receiver{"orange", "Orange", orange_hosts, {}, {}, ""},
  };
  return all;
}

const Receiver* find_receiver(std::string_view id) {
  if (id == strict().id) return &strict();
  const auto at = std::ranges::find(receivers(), id, &Receiver::id);
  return at == receivers().end() ? nullptr : &*at;
}

const Receiver* receiver_of_mx(const dns::DomainName& host) {
  const auto name = host.text();
  for (const auto& receiver : receivers())
    for (const auto suffix : receiver.mx_suffixes)
      if (suffix.starts_with('.') ? name.ends_with(suffix) : name == suffix) return &receiver;
  return nullptr;
}

const Rule* find_rule(std::string_view id) {
  const auto* receiver = find_receiver(id.substr(0, id.find('.')));
  if (receiver == nullptr) return nullptr;
  const auto at = std::ranges::find(receiver->rules, id, &Rule::id);
  return at == receiver->rules.end() ? nullptr : &*at;
}

}  // namespace ptarmigan::rulebook
