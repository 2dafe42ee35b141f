// mta/questions.hpp - how other mail servers ask a helper for a word: Postfix's socketmap (netstrings,
// socketmap_table(5)) and tcp_table (tcp_table(5)), and one plain line as Exim's ${readsocket} sends it. The first
// octets tell which it is, so one socket serves all three. Limits: max_question octets a question. Threads: one object,
// one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"

namespace ptarmigan::mta {

/// Postfix 3.12 sends at most 10,000 octets; a status with all reply lines can be long.
inline constexpr std::size_t max_question = 100'000;

enum class Protocol { unknown, socketmap, tcp_table, line };

struct Question {
  std::string map;  ///< socketmap: the name in front of the key; tcp_table and line: ""
  std::string key;
  friend bool operator==(const Question&, const Question&) = default;
};

/// Cuts questions out of octets that arrive in any pieces.
class QuestionReader {
 public:
  enum class State {
    incomplete,  ///< all of the input was taken, and more is needed
    complete,    ///< question() is there; the rest of the input waits
    broken,      ///< not one of the protocols, or over the limit; stays so
  };
  /// Adds octets. Call with "" for what still waits.
  State feed(std::string_view octets);
  [[nodiscard]] const Question& question() const { return question_; }
  [[nodiscard]] Protocol protocol() const { return protocol_; }

 private:
  State take_netstring();
  State take_line();

  Protocol protocol_ = Protocol::unknown;
  std::string waiting_;
  std::size_t begin_ = 0;  ///< of what has not been taken
  Question question_;
  bool broken_ = false;
};

/// An answer as `protocol` writes it. Nothing: there is no such entry, which for Postfix means "no change". A line's
/// answer has no line end: for Exim any octet counts.
[[nodiscard]] std::string answer(Protocol protocol, const std::optional<std::string>& found);

/// What smtp_dns_reply_filter asks: "mx.example.com. 60 IN AAAA 2001:db8::25".
struct DnsReply {
  std::string owner;  ///< lower case, without final dot
  std::uint32_t ttl = 0;
  std::string type;  ///< upper case
  std::string data;
  friend bool operator==(const DnsReply&, const DnsReply&) = default;
};
[[nodiscard]] std::optional<DnsReply> parse_dns_reply(std::string_view key);

/// What smtp_delivery_status_filter asks: "5.7.1 host mx.example.com[2001:db8::25] said: 550-5.7.1 words".
struct DeliveryStatus {
  std::string status;  ///< "5.7.1"
  std::string words;   ///< all behind it
  std::string host;    ///< lower case; "" where nobody is quoted
  std::optional<IpAddress> address;
  std::string reply;  ///< "550-5.7.1 words 550 5.7.1 more"
  friend bool operator==(const DeliveryStatus&, const DeliveryStatus&) = default;
};
[[nodiscard]] std::optional<DeliveryStatus> parse_delivery_status(std::string_view key);

}  // namespace ptarmigan::mta
