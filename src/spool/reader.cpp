// spool/reader.cpp - see reader.hpp.
#include "spool/reader.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "spool/codec.hpp"
#include "spool/storage.hpp"

namespace ptarmigan::spool {
namespace {

constexpr std::size_t scan_readahead = 1U << 20;

std::unexpected<Error> closed_now() {
  return failure("the spool is closed while it recovers from a full disk", "try again in a moment");
}

bool matches(const Query& query, const MessageRecord& message) {
  return !query.mail_from || iequals(*query.mail_from, message.mail_from);
}

bool matches(const Query& query, const GroupRecord& group) {
  const auto is_meant = [&](const Recipient& recipient) { return iequals(*query.recipient, recipient.address); };
  return (!query.domain || *query.domain == group.domain) && (!query.held || *query.held == group.held) &&
         (!query.site || *query.site == group.site) && (!query.cause || *query.cause == group.cause) &&
         (!query.recipient || std::ranges::any_of(group.recipients, is_meant));
}

/// The groups of `id`, from where `at` stands, which is left on the next message's first group.
Result<std::vector<GroupRecord>> groups_of(QueueId id, const Query& query, rocksdb::Iterator& at) {
  std::vector<GroupRecord> groups;
  for (; at.Valid() && id_of(at.key().ToStringView()) <= id; at.Next()) {
    const std::string_view key = at.key().ToStringView();
    if (id_of(key) < id) continue;
    auto group = decode_group(id, number_of(key), at.value().ToStringView());
    if (!group) return std::unexpected(std::move(group.error()));
    if (matches(query, *group)) groups.push_back(std::move(*group));
  }
  return groups;
}

}  // namespace

Result<> Reader::for_each(const Query& query, const std::function<Walk(Queued)>& visit) const {
  const QueueId after = query.after.value_or(QueueId());
  if (query.after && after.number() == UINT64_MAX) return {};
  const QueueId first = query.id.value_or(QueueId(query.after ? after.number() + 1 : 0));
  if (first < after) return {};

  const auto storage = storage_->get();
  if (!storage) return closed_now();
  rocksdb::ReadOptions options;
  options.fill_cache = query.id.has_value();
  if (!query.id) options.readahead_size = scan_readahead;
  const std::string end = parts_end(query.id.value_or(QueueId(UINT64_MAX)));
  const rocksdb::Slice bound(end);
  options.iterate_upper_bound = &bound;

  std::vector<rocksdb::Iterator*> opened;
  const auto status = storage->db->NewIterators(options, {storage->messages, storage->groups}, &opened);
  if (!status.ok()) return std::unexpected(storage_error("list the queue", status));
  const std::unique_ptr<rocksdb::Iterator> messages(opened[0]);
  const std::unique_ptr<rocksdb::Iterator> groups(opened[1]);

  groups->Seek(message_key(first));
  for (messages->Seek(message_key(first)); messages->Valid(); messages->Next()) {
    const QueueId id = id_of(messages->key().ToStringView());
    auto message = decode_message(id, messages->value().ToStringView());
    if (!message) return std::unexpected(std::move(message.error()));
    auto found = groups_of(id, query, *groups);
    if (!found) return std::unexpected(std::move(found.error()));
    if (found->empty() || !matches(query, *message)) continue;
    if (visit({std::move(*message), std::move(*found)}) == Walk::stop) return {};
  }
  for (const auto* iterator : {messages.get(), groups.get()})
    if (!iterator->status().ok()) return std::unexpected(storage_error("list the queue", iterator->status()));
  return {};
}

Result<std::optional<Queued>> Reader::find(QueueId id) const {
  std::optional<Queued> found;
  auto walked = for_each({.id = id}, [&](Queued queued) {
    found = std::move(queued);
    return Walk::stop;
  });
  if (!walked) return std::unexpected(std::move(walked.error()));
  return found;
}

Result<std::optional<std::string>> Reader::recall(std::string_view key, WallTime now) const {
  const auto storage = storage_->get();
  if (!storage) return closed_now();
  std::string stored;
  const auto status = storage->db->Get(rocksdb::ReadOptions(), storage->meta, remembered_key(key), &stored);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(storage_error("read what was remembered", status));
  const auto at = number_from(std::string_view(stored).substr(0, 8));
  if (!at || WallTime(milliseconds(static_cast<std::int64_t>(*at))) + remembered_for < now) return std::nullopt;
  return stored.substr(8);
}

Result<std::string> Reader::octets(const MessageRecord& message) const {
  std::string all;
  all.reserve(message.size);
  for (std::uint32_t index = 0; index < chunk_count(message.size); ++index) {
    auto piece = chunk(message, index);
    if (!piece) return piece;
    all += *piece;
  }
  return all;
}

Result<std::string> Reader::chunk(const MessageRecord& message, std::uint32_t index) const {
  const auto storage = storage_->get();
  if (!storage) return closed_now();
  std::string piece;
  const auto status = storage->db->Get(rocksdb::ReadOptions(), storage->octets, part_key(message.id, index), &piece);
  if (status.IsNotFound()) return failure("the message " + message.id.text() + " is no longer in the queue");
  if (!status.ok()) return std::unexpected(storage_error("read the message " + message.id.text(), status));
  return piece;
}

}  // namespace ptarmigan::spool
