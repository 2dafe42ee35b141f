// spool/codec.cpp - see codec.hpp.
#include "spool/codec.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace ptarmigan::spool {
namespace {

class Writer {
 public:
  Writer() { out_.push_back(static_cast<char>(record_version)); }

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void time(WallTime value) {
    const auto count = static_cast<std::int64_t>(value.time_since_epoch().count());
    number(static_cast<std::uint64_t>(count) << 1 ^ static_cast<std::uint64_t>(count >> 63));
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  void flags(std::initializer_list<bool> values) {
    std::uint64_t bits = 0;
    unsigned at = 0;
    for (const bool value : values) bits |= static_cast<std::uint64_t>(value) << at++;
    number(bits);
  }
  void address(const std::optional<IpAddress>& value) {
    if (!value) return text({});
    const auto octets = value->octets();
    text({reinterpret_cast<const char*>(octets.data()), octets.size()});
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads what Writer writes. After the first fault every read gives an empty value, and ok() stays false.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets), ok_(octets.size() <= max_record_size) {}

  std::uint64_t number(std::uint64_t max = UINT64_MAX) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t octet = next();
      const std::uint64_t bits = octet & 0x7f;
      if (shift == 63 && bits > 1) break;
      value |= bits << shift;
      if ((octet & 0x80) == 0) {
        const bool shortest = bits != 0 || shift == 0;
        if (!ok_ || !shortest || value > max) break;
        return value;
      }
    }
    ok_ = false;
    return 0;
  }
  WallTime time() {
    const std::uint64_t value = number();
    return WallTime(milliseconds(static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1))));
  }
  std::string text() {
    const std::uint64_t size = number();
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  std::uint64_t flags(unsigned count) { return number((std::uint64_t{1} << count) - 1); }
  std::optional<IpAddress> address() {
    const std::string octets = text();
    if (octets.empty()) return std::nullopt;
    if (octets.size() == 4) return IpAddress::v4(array<4>(octets));
    if (octets.size() == 16) return IpAddress::v6(array<16>(octets));
    ok_ = false;
    return std::nullopt;
  }
  /// A list length: each element takes at least one octet, so a longer list than the rest is a fault.
  std::uint64_t length() { return number(rest_.size()); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::uint8_t next() {
    if (!ok_ || rest_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto octet = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return octet;
  }
  template <std::size_t size>
  static std::array<std::uint8_t, size> array(const std::string& octets) {
    std::array<std::uint8_t, size> out;
    std::memcpy(out.data(), octets.data(), size);
    return out;
  }

  std::string_view rest_;
  bool ok_;
};

bool bit(std::uint64_t flags, unsigned at) {
  return (flags >> at & 1) != 0;
}

/// From this version on records have a stream, and groups a site and a cause.
constexpr unsigned version_with_site = 2;
/// From this version on messages have the flag of VERP.
constexpr unsigned version_with_verp = 3;

Result<unsigned> version_of(std::string_view octets, std::string_view what, QueueId id) {
  const unsigned version = octets.empty() ? 0 : static_cast<unsigned char>(octets.front());
  if (version >= 1 && version <= record_version) return version;
  const std::string place = "the " + std::string(what) + " of " + id.text();
  if (version == 0) return failure(place + " is damaged", "restore the spool from a backup, or delete this message");
  return failure(place + " has record version " + std::to_string(version) + ", this program reads up to " +
                     std::to_string(record_version),
                 "use the newer Ptarmigan that wrote it");
}

std::unexpected<Error> damaged(std::string_view what, QueueId id) {
  return failure("the " + std::string(what) + " of " + id.text() + " is damaged",
                 "restore the spool from a backup, or delete this message");
}

void write(Writer& out, const Recipient& recipient) {
  out.text(recipient.address);
  const Notify& notify = recipient.notify;
  out.flags({notify.never, notify.success, notify.failure, notify.delay});
  out.text(recipient.orcpt);
}

Recipient read_recipient(Reader& in) {
  Recipient recipient;
  recipient.address = in.text();
  const std::uint64_t notify = in.flags(4);
  recipient.notify = {
      .never = bit(notify, 0), .success = bit(notify, 1), .failure = bit(notify, 2), .delay = bit(notify, 3)};
  recipient.orcpt = in.text();
  return recipient;
}

}  // namespace

std::string encode(const MessageRecord& record) {
  Writer out;
  out.time(record.accepted_at);
  out.text(record.mail_from);
  out.number(record.size);
  out.text(record.header_from_domain);
  out.address(record.submitter.client);
  out.text(record.submitter.ehlo_name);
  out.text(record.submitter.user);
  out.flags({record.eight_bit, record.smtputf8, record.requiretls, record.verp});
  out.number(static_cast<std::uint64_t>(record.ret));
  out.text(record.envid);
  out.number(static_cast<std::uint64_t>(record.stream));
  return out.take();
}

std::string encode(const GroupRecord& record) {
  Writer out;
  out.text(record.domain);
  out.number(record.recipients.size());
  for (const Recipient& recipient : record.recipients) write(out, recipient);
  out.time(record.created);
  out.time(record.next_attempt);
  out.number(record.attempts);
  out.flags({record.held, record.delay_notified, record.first_refusal.has_value()});
  out.text(record.last_reply);
  if (record.first_refusal) {
    out.text(record.first_refusal->route);
    out.text(record.first_refusal->reply);
  }
  out.number(record.tried_routes.size());
  for (const std::string& route : record.tried_routes) out.text(route);
  out.text(record.site);
  out.text(record.cause);
  return out.take();
}

Result<MessageRecord> decode_message(QueueId id, std::string_view octets) {
  auto version = version_of(octets, "message record", id);
  if (!version) return std::unexpected(std::move(version.error()));
  Reader in(octets.substr(1));
  MessageRecord record;
  record.id = id;
  record.accepted_at = in.time();
  record.mail_from = in.text();
  record.size = in.number();
  record.header_from_domain = in.text();
  record.submitter.client = in.address();
  record.submitter.ehlo_name = in.text();
  record.submitter.user = in.text();
  const std::uint64_t flags = in.flags(*version >= version_with_verp ? 4 : 3);
  record.verp = bit(flags, 3);
  record.eight_bit = bit(flags, 0);
  record.smtputf8 = bit(flags, 1);
  record.requiretls = bit(flags, 2);
  record.ret = static_cast<Ret>(in.number(static_cast<std::uint64_t>(Ret::headers)));
  record.envid = in.text();
  if (*version >= version_with_site)
    record.stream = static_cast<Stream>(in.number(static_cast<std::uint64_t>(Stream::bulk)));
  if (!in.finished()) return damaged("message record", id);
  return record;
}

Result<GroupRecord> decode_group(QueueId message, std::uint32_t number, std::string_view octets) {
  auto version = version_of(octets, "group record", message);
  if (!version) return std::unexpected(std::move(version.error()));
  Reader in(octets.substr(1));
  GroupRecord record;
  record.message = message;
  record.number = number;
  record.domain = in.text();
  for (auto left = in.length(); left > 0 && in.ok(); --left) record.recipients.push_back(read_recipient(in));
  record.created = in.time();
  record.next_attempt = in.time();
  record.attempts = static_cast<std::uint32_t>(in.number(UINT32_MAX));
  const std::uint64_t flags = in.flags(3);
  record.held = bit(flags, 0);
  record.delay_notified = bit(flags, 1);
  record.last_reply = in.text();
  if (bit(flags, 2)) {
    record.first_refusal.emplace();
    record.first_refusal->route = in.text();
    record.first_refusal->reply = in.text();
  }
  for (auto left = in.length(); left > 0 && in.ok(); --left) record.tried_routes.push_back(in.text());
  if (*version >= version_with_site) {
    record.site = in.text();
    record.cause = in.text();
  }
  if (!in.finished()) return damaged("group record", message);
  return record;
}

}  // namespace ptarmigan::spool
