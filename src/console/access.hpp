// console/access.hpp - who may use the console, and for what. Programs and people show a token ("Authorization: Bearer
// ..."); behind a reverse proxy that is named in the settings, a header names the user. There are no cookies, so that
// no other site can act through a browser; what changes something is refused, too, where the browser says that another
// site asks (Sec-Fetch-Site, Origin).
//
// The token file has lines "name:role:hash:YYYY-MM-DD", made by `ptarmigan console token`. A token is 256 random bits,
// so that one SHA-256 is enough to keep it. Limits: max_tokens; max_failures a minute and client, then 429. Threads:
// one object, one thread.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/http_message.hpp"

namespace ptarmigan::console {

enum class Role {
  submit,   ///< submits mail, and sees nothing
  read,     ///< sees everything
  operate,  ///< and changes the queue, standings, incidents; submits mail
};
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> role_of_word(std::string_view word);
/// Whether who has one role may do what needs another.
[[nodiscard]] bool allows(Role has, Role needed);

inline constexpr std::size_t max_tokens = 1'000;
inline constexpr std::size_t token_octets = 32;
inline constexpr unsigned max_failures = 20;
inline constexpr milliseconds failure_window{60'000};

struct Token {
  std::string name;
  Role role = Role::read;
  std::string hash;  ///< hexadecimal SHA-256
  std::string made;  ///< the day
  friend bool operator==(const Token&, const Token&) = default;
};
/// An error names the line. Empty lines and lines that begin with # are skipped.
[[nodiscard]] Result<std::vector<Token>> parse_tokens(std::string_view text);
[[nodiscard]] std::string token_line(const Token& token);
/// What a person keeps: "ptm_" and 64 hexadecimal digits.
[[nodiscard]] std::string token_text(const std::array<unsigned char, token_octets>& random);
[[nodiscard]] std::string token_hash(std::string_view token);

struct Person {
  std::string name;
  Role role = Role::read;
};

struct ProxyLogin {
  std::vector<IpNetwork> trusted;  ///< peers whose header is believed; empty: none
  std::string header = "x-forwarded-user";
  Role role = Role::read;
};

class Access {
 public:
  Access(std::vector<Token> tokens, ProxyLogin proxy) : tokens_(std::move(tokens)), proxy_(std::move(proxy)) {}

  /// Who asks, with at least `needed`; else the reply: 401, 403 or 429.
  [[nodiscard]] std::expected<Person, net::HttpReply> admit(const net::HttpRequest& request, Role needed,
                                                            SteadyTime now);
  /// The same for a request's head, without counting a failure.
  [[nodiscard]] std::optional<Person> known(const net::HttpRequest& request) const;

 private:
  struct Failures {
    SteadyTime since = {};
    unsigned count = 0;
  };
  [[nodiscard]] bool blocked(const std::string& client, SteadyTime now) const;
  void failed(const std::string& client, SteadyTime now);

  std::vector<Token> tokens_;
  ProxyLogin proxy_;
  std::map<std::string, Failures> failures_;
};

/// {"version": 1, "error": "...", "remedy": "..."}
[[nodiscard]] net::HttpReply error_reply(unsigned status, const Error& error);

}  // namespace ptarmigan::console
