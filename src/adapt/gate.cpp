// adapt/gate.cpp - see gate.hpp.
#include "adapt/gate.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "route/destination.hpp"
#include "rulebook/registry.hpp"
#include "smtp/failure.hpp"

namespace ptarmigan::adapt {
using mta::DeliveryStatus;
using mta::Protocol;
using mta::Question;

namespace {

/// Postfix asks A before AAAA within one delivery; a record counts at least so long.
constexpr milliseconds shortest_memory{60'000};
constexpr milliseconds longest_memory{3'600'000};

std::string site_of(const std::string& host) {
  const auto name = dns::DomainName::parse(host);
  return name ? route::site_of({*name}).key : std::string();
}

bool blames_address(const DeliveryStatus& status) {
  const auto reply = smtp::Reply::parse(status.reply);
  return reply && reply->permanent() &&
         smtp::classify(*reply, smtp::Stage::end_of_data).cause == smtp::Cause::sending_address;
}

}  // namespace

std::optional<std::string> Gate::answer(Protocol protocol, const Question& question, SteadyTime now) {
  if (protocol == Protocol::line) return answer_line(question.key, now);
  if (protocol == Protocol::tcp_table || question.map == "dns") return filter_record(question.key, now);
  if (question.map == "dsn") return filter_status(question.key, now);
  return std::nullopt;
}

std::vector<Notice> Gate::take_notices() {
  return std::exchange(notices_, {});
}

void Gate::notice(Notice notice) {
  if (notices_.size() < max_notices) notices_.push_back(std::move(notice));
}

Gate::Ipv4 Gate::ipv4_of(const std::string& host, SteadyTime now) const {
  if (const auto seen = seen_a_.find(host); seen != seen_a_.end() && seen->second > now) return Ipv4::has;
  const auto told = closed_->has_ipv4.find(host);
  if (told == closed_->has_ipv4.end()) return Ipv4::unknown;
  return told->second ? Ipv4::has : Ipv4::lacks;
}

bool Gate::closed(const std::string& host, SteadyTime now) {
  if (closed_->sites.empty() || !closed_->sites.contains(site_of(host))) return false;
  const auto ipv4 = ipv4_of(host, now);
  if (ipv4 == Ipv4::unknown) notice({.host = host});
  return ipv4 == Ipv4::has;
}

std::optional<std::string> Gate::filter_record(std::string_view key, SteadyTime now) {
  const auto record = mta::parse_dns_reply(key);
  if (!record) return std::nullopt;
  if (record->owner == canary_host) return record->type == "AAAA" ? std::optional<std::string>("IGNORE") : std::nullopt;
  if (record->type == "A") {
    if (seen_a_.size() >= max_hosts) seen_a_.clear();
    const auto lasts = std::clamp(milliseconds(std::int64_t{record->ttl} * 1000), shortest_memory, longest_memory);
    seen_a_[record->owner] = now + lasts;
    return std::nullopt;
  }
  if (record->type != "AAAA" || !closed(record->owner, now)) return std::nullopt;
  return "IGNORE";
}

std::optional<std::string> Gate::filter_status(std::string_view key, SteadyTime now) {
  const auto status = mta::parse_delivery_status(key);
  if (!status || !status->status.starts_with('5') || !status->address || status->reply.empty()) return std::nullopt;
  const auto softened = [&] {
    return "4" + status->status.substr(1) + " IPv6 refused, IPv4 is next: " + status->words;
  };
  if (status->host == canary_host) return softened();
  if (!blames_address(*status)) return std::nullopt;
  notice({Notice::Kind::refused, status->host, status->address, status->reply});
  // IPv4 must be there to be gone over; else the sender is told at once.
  if (!status->address->is_v6() || ipv4_of(status->host, now) != Ipv4::has) return std::nullopt;
  return softened();
}

std::optional<std::string> Gate::answer_line(std::string_view key, SteadyTime now) {
  const auto blank = key.find(' ');
  const auto verb = key.substr(0, blank);
  const auto rest = blank == std::string_view::npos ? std::string_view() : key.substr(blank + 1);
  if (verb == "exim-ipv4-hosts") return rest == canary_host ? std::string(rest) : exim_hosts(*closed_);
  if (verb == "ipv4-only") {
    auto host = to_lower(rest);
    if (host.ends_with('.')) host.pop_back();
    return closed(host, now) ? "1" : "0";
  }
  if (verb == "exim-refused") {
    const auto words = split(rest, ' ');
    if (words.size() < 3) return std::nullopt;
    const auto address = IpAddress::parse(words[1]);
    const auto reply = rest.substr(words[0].size() + words[1].size() + 2);
    if (address) notice({Notice::Kind::refused, to_lower(words[0]), *address, std::string(reply)});
  }
  return std::nullopt;
}

std::string exim_hosts(const Closed& closed) {
  std::vector<std::string> hosts;
  for (const auto& receiver : rulebook::receivers()) {
    if (!closed.sites.contains(std::string(receiver.id))) continue;
    for (const auto suffix : receiver.mx_suffixes)
      hosts.push_back((suffix.starts_with('.') ? "*" : "") + std::string(suffix));
  }
  for (const auto& [host, has] : closed.has_ipv4) {
    if (!closed.sites.contains(site_of(host))) continue;
    // The first item that matches decides, so exceptions go to the front.
    if (!has) hosts.insert(hosts.begin(), "!" + host);
    const auto name = dns::DomainName::parse(host);
    if (has && name && rulebook::receiver_of_mx(*name) == nullptr) hosts.push_back(host);
  }
  const bool only_exceptions = std::ranges::all_of(hosts, [](const std::string& host) { return host[0] == '!'; });
  return only_exceptions ? "" : join(hosts, " : ");
}

}  // namespace ptarmigan::adapt
