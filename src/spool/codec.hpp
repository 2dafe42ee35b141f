// spool/codec.hpp - records as octets on disk: one version octet, then the fields in order.
// Numbers are LEB128, times are milliseconds since 1970 (zigzag), strings and lists carry their length first.
// A field is never removed or moved; a change raises record_version, and decode keeps reading every older one, whose
// missing fields are empty. Version 2 added stream to messages, site and cause to groups.
// Limits: max_record_size. Errors: a record that is cut, too long, from a newer version, or not canonical (so that
// encode(decode(x)) is x for every x of this version). Threads: free functions on values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "spool/records.hpp"

namespace ptarmigan::spool {

inline constexpr unsigned char record_version = 3;
/// Far above what 1,000 recipients of RFC 5321#4.5.3.1.8 with all their parameters need.
inline constexpr std::size_t max_record_size = 4U << 20;

/// Without the id, which is the key.
[[nodiscard]] std::string encode(const MessageRecord& record);
/// Without message and number, which are the key.
[[nodiscard]] std::string encode(const GroupRecord& record);

[[nodiscard]] Result<MessageRecord> decode_message(QueueId id, std::string_view octets);
[[nodiscard]] Result<GroupRecord> decode_group(QueueId message, std::uint32_t number, std::string_view octets);

}  // namespace ptarmigan::spool
