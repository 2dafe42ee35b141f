// mta/milter.hpp - the Sendmail mail filter protocol, version 6: packets as they go over the socket. There is no RFC;
// the source is libmilter's own headers (mfdef.h) and Postfix's description of them. A packet is a length of 4 octets
// (big-endian, of what follows), a command octet, and data whose strings end with NUL.
// Pure: octets in, values out; split feed gives the same packets. Limits: max_packet; a packet beyond it breaks the
// conversation. Threads: one object, one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::mta::milter {

/// A field of header_size_limit (Postfix: 102,400 octets) with its name, and body pieces of 65,535 octets.
inline constexpr std::size_t max_packet = std::size_t{1} << 20;
inline constexpr std::uint32_t protocol_version = 6;
/// The oldest that is spoken: Sendmail 8.14 and Postfix 2.6 speak 6.
inline constexpr std::uint32_t oldest_version = 2;

/// What the mail server says (SMFIC_*).
enum class Command : char {
  abort = 'A',    ///< this message is over; the connection goes on
  body = 'B',     ///< a piece of the body, CRLF line ends
  connect = 'C',  ///< a client: read_client()
  macros = 'D',   ///< values for the step that follows: read_macros()
  end_of_body = 'E',
  helo = 'H',
  quit_new = 'K',  ///< the client is gone; another follows on this socket
  header = 'L',    ///< read_field()
  mail = 'M',      ///< arguments: read_strings()
  end_of_header = 'N',
  negotiate = 'O',  ///< read_options()
  quit = 'Q',
  rcpt = 'R',
  data = 'T',
  unknown = 'U',
};

/// What may be answered (SMFIR_*) to a step.
enum class Answer : char { accept = 'a', proceed = 'c', discard = 'd', reject = 'r', tempfail = 't' };

/// What a filter may do (SMFIF_*).
inline constexpr std::uint32_t may_add_headers = 0x01;
inline constexpr std::uint32_t may_change_headers = 0x10;
/// Steps that a filter does not want (SMFIP_NO*), and steps that it does not answer (SMFIP_NR_*).
inline constexpr std::uint32_t no_rcpt = 0x08;
inline constexpr std::uint32_t no_unknown = 0x100;
inline constexpr std::uint32_t no_data = 0x200;
inline constexpr std::uint32_t unanswered_header = 0x80;
inline constexpr std::uint32_t unanswered_connect = 0x1000;
inline constexpr std::uint32_t unanswered_helo = 0x2000;
inline constexpr std::uint32_t unanswered_mail = 0x4000;
inline constexpr std::uint32_t unanswered_rcpt = 0x8000;
inline constexpr std::uint32_t unanswered_data = 0x10000;
inline constexpr std::uint32_t unanswered_unknown = 0x20000;
inline constexpr std::uint32_t unanswered_end_of_header = 0x40000;
inline constexpr std::uint32_t unanswered_body = 0x80000;
/// Header values come, and are given, with the blank behind the colon.
inline constexpr std::uint32_t leading_space = 0x100000;

/// One packet; `data` is valid until the reader is fed again.
struct Packet {
  char command = 0;  ///< a Command, or one that we do not know
  std::string_view data;
};

class PacketReader {
 public:
  enum class State {
    incomplete,
    complete,  ///< packet() is there; the rest of the input waits
    broken,    ///< too long, or empty; stays so
  };
  /// Adds octets. Call with "" for what still waits.
  State feed(std::string_view octets);
  [[nodiscard]] const Packet& packet() const { return packet_; }

 private:
  std::string waiting_;
  std::size_t begin_ = 0;  ///< of what has not been taken
  Packet packet_;
  bool broken_ = false;
};

struct Options {
  std::uint32_t version = protocol_version;
  std::uint32_t actions = 0;
  std::uint32_t steps = 0;
  friend bool operator==(const Options&, const Options&) = default;
};
[[nodiscard]] Result<Options> read_options(std::string_view data);

/// Who is connected.
struct Client {
  std::string host_name;  ///< as the server knows it; "[192.0.2.1]" or "unknown" where it has none
  char family = 'U';      ///< '4', '6', 'L' (a unix socket), 'U' (not known)
  std::uint16_t port = 0;
  std::string address;  ///< without "IPv6:"; a path for 'L'
  friend bool operator==(const Client&, const Client&) = default;
};
[[nodiscard]] Result<Client> read_client(std::string_view data);

/// Strings that end with NUL, all of the data.
[[nodiscard]] Result<std::vector<std::string_view>> read_strings(std::string_view data);

struct Field {
  std::string_view name;
  std::string_view value;  ///< folds as LF or CRLF
};
[[nodiscard]] Result<Field> read_field(std::string_view data);

struct Macros {
  char step = 0;                                                      ///< the command that they are for
  std::vector<std::pair<std::string_view, std::string_view>> values;  ///< names without braces: "auth_authen", "i"
};
[[nodiscard]] Result<Macros> read_macros(std::string_view data);

// Packets to the server. Strings must hold no NUL: what holds one is an error of the caller's, and is cut there.

[[nodiscard]] std::string negotiate(const Options& options);
[[nodiscard]] std::string answer(Answer answer);
/// "550 5.7.1 words": a reply in place of the server's own.
[[nodiscard]] std::string reply(std::string_view text);
/// A new field at this place from the top, 0 the topmost. `value` has folds as LF, and where leading_space was agreed
/// the blank behind the colon.
[[nodiscard]] std::string insert_field(std::uint32_t place, std::string_view name, std::string_view value);
/// Removes the field of this name that is the `occurrence`th from the top, from 1 on.
[[nodiscard]] std::string delete_field(std::uint32_t occurrence, std::string_view name);

/// A packet as a server would write it: for tests.
[[nodiscard]] std::string packet(char command, std::string_view data);

}  // namespace ptarmigan::mta::milter
