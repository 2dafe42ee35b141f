// logs/collate.cpp - see collate.hpp.
#include "logs/collate.hpp"

#include "logs/exim.hpp"
#include "logs/postfix.hpp"

namespace ptarmigan::logs {

std::optional<Entry> read_entry(const Line& line) {
  if (is_postfix(line.program)) return parse_postfix(line.program, line.text);
  if (is_exim(line.program)) return parse_exim(line.text);
  if (!line.program.empty()) return std::nullopt;
  if (is_exim_id(std::string_view(line.text).substr(0, line.text.find(' ')))) return parse_exim(line.text);
  return parse_postfix(line.program, line.text);
}

template <typename T>
T& Collator::Memory<T>::at(const std::string& key, std::size_t most) {
  const auto [place, fresh] = items.try_emplace(key);
  if (fresh) {
    order.push_back(key);
    // What was removed still stands in the order; it goes with the oldest.
    while (order.size() > most) {
      if (order.front() != key) items.erase(order.front());
      order.pop_front();
    }
  }
  return place->second;
}

void Collator::complete(const Line& line, Entry& entry) {
  if (!entry.queue_id.empty() && entry.queue_id != "NOQUEUE") {
    const auto key = line.host + ' ' + entry.queue_id;
    if (entry.kind == Kind::removed) {
      messages_.items.erase(key);
    } else {
      auto& message = messages_.at(key, max_messages);
      if (entry.has_sender) {
        message.sender = entry.sender;
        message.has_sender = true;
      } else if (message.has_sender) {
        entry.sender = message.sender;
        entry.has_sender = true;
      }
      if (!entry.message_id.empty())
        message.message_id = entry.message_id;
      else
        entry.message_id = message.message_id;
    }
  }
  if (!line.pid || !entry.relay) return;
  const auto session = line.host + ' ' + line.program + ' ' + std::to_string(*line.pid);
  if (entry.kind == Kind::tls) {
    sessions_.at(session, max_sessions) = {*entry.relay, *entry.tls, {}};
  } else if (entry.kind == Kind::attempt && entry.mailer == Mailer::postfix && entry.relay->address) {
    const auto found = sessions_.items.find(session);
    if (found == sessions_.items.end() || found->second.peer.address != entry.relay->address) return;
    auto& known = found->second;
    if (known.queue_id.empty()) known.queue_id = entry.queue_id;
    // Another message without conn_use= came over a session of its own, about which no line spoke of TLS.
    if (known.queue_id == entry.queue_id || entry.connection_use > 1)
      entry.tls = known.tls;
    else
      sessions_.items.erase(found);
  } else if (entry.kind == Kind::connect_failed || entry.kind == Kind::tls_failed) {
    sessions_.items.erase(session);
  }
}

}  // namespace ptarmigan::logs
