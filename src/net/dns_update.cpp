// net/dns_update.cpp - see dns_update.hpp. ldns makes, signs and reads the messages; its own sockets are not used, as
// they block.
#include "net/dns_update.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <ldns/ldns.h>
#include <re2/re2.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "net/stream.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;

namespace {

constexpr std::uint16_t tsig_fudge = 300;  // seconds, as RFC 8945 recommends
constexpr std::size_t tsig_mac_field = 3;
constexpr std::size_t tsig_error_field = 5;
constexpr std::size_t longest_message = 65'535;
constexpr std::array<std::string_view, 5> algorithms{"hmac-sha256", "hmac-sha1", "hmac-md5.sig-alg.reg.int",
                                                     "hmac-sha384", "hmac-sha512"};

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(std::uint8_t* octets) const { LDNS_FREE(octets); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

/// A record with its data; nothing where ldns cannot read what we wrote, which would be our defect.
ldns_rr* record_of(const dns::Record& record) {
  ldns_rr* out = nullptr;
  const auto line = dns::zone_line(record);
  if (ldns_rr_new_frm_str(&out, line.c_str(), record.ttl, nullptr, nullptr) != LDNS_STATUS_OK) return nullptr;
  return out;
}

/// A record without data: for "this RRset" (RFC 2136#2.4).
ldns_rr* empty_record(const dns::DomainName& owner, dns::RecordType type, ldns_rr_class rr_class) {
  ldns_rr* out = ldns_rr_new();
  ldns_rr_set_owner(out, ldns_dname_new_frm_str(owner.absolute().c_str()));
  ldns_rr_set_type(out, static_cast<ldns_rr_type>(std::to_underlying(type)));
  ldns_rr_set_class(out, rr_class);
  ldns_rr_set_ttl(out, 0);
  return out;
}

bool holds(const std::vector<dns::Record>& records, const dns::Record& record) {
  return std::ranges::any_of(records, [&](const dns::Record& other) { return other.data == record.data; });
}

bool push(ldns_rr_list& list, ldns_rr* rr) {
  return rr != nullptr && ldns_rr_list_push_rr(&list, rr);
}

bool add_change(const RrsetChange& change, ldns_rr_list& prerequisites, ldns_rr_list& updates) {
  if (change.before.empty() &&
      !push(prerequisites, empty_record(change.owner, change.type, LDNS_RR_CLASS_NONE)))  // RRset does not exist
    return false;
  for (const auto& record : change.before) {
    auto* exists = record_of(record);
    if (!push(prerequisites, exists)) return false;
    ldns_rr_set_ttl(exists, 0);
    if (holds(change.after, record)) continue;
    auto* gone = record_of(record);
    if (!push(updates, gone)) return false;
    ldns_rr_set_class(gone, LDNS_RR_CLASS_NONE);  // RFC 2136#2.5.4
    ldns_rr_set_ttl(gone, 0);
  }
  for (const auto& record : change.after)
    if (!holds(change.before, record) && !push(updates, record_of(record))) return false;
  return true;
}

Owned<ldns_pkt> packet_of(const dns::DomainName& zone, const std::vector<RrsetChange>& changes) {
  Owned<ldns_rr_list> prerequisites(ldns_rr_list_new());
  Owned<ldns_rr_list> updates(ldns_rr_list_new());
  for (const auto& change : changes)
    if (!add_change(change, *prerequisites, *updates)) return nullptr;
  auto* name = ldns_dname_new_frm_str(zone.absolute().c_str());
  Owned<ldns_pkt> out(ldns_update_pkt_new(name, LDNS_RR_CLASS_IN, prerequisites.get(), updates.get(), nullptr));
  if (!out) ldns_rdf_deep_free(name);
  if (out) ldns_pkt_set_random_id(out.get());
  return out;
}

std::string with_dot(const std::string& text) {
  return text + ".";
}

/// The answer carries the MAC of our own message in its own (RFC 8945#5.4).
bool is_signed_by(ldns_pkt& answer, const std::string& wire, const TsigKey& key, const ldns_rdf* request_mac) {
  return ldns_pkt_tsig(&answer) != nullptr &&
         ldns_pkt_tsig_verify(&answer, reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size(),
                              key.name.absolute().c_str(), std::string(key.secret.reveal()).c_str(), request_mac);
}

std::uint16_t tsig_error(const ldns_pkt& answer) {
  const auto* tsig = ldns_pkt_tsig(&answer);
  if (tsig == nullptr || ldns_rr_rd_count(tsig) <= tsig_error_field) return 0;
  return ldns_rdf2native_int16(ldns_rr_rdf(tsig, tsig_error_field));
}

std::string tsig_trouble(std::uint16_t error) {
  constexpr std::uint16_t badsig = 16;
  constexpr std::uint16_t badkey = 17;
  constexpr std::uint16_t badtime = 18;
  if (error == badsig) return "the server knows the key's name, and the secret is another (BADSIG): compare both files";
  if (error == badkey) return "the server does not know this key (BADKEY): compare its name and algorithm";
  if (error == badtime) return "the clocks of this host and of the server differ by more than 5 minutes (BADTIME)";
  return "the server refuses the key, TSIG error " + std::to_string(error);
}

UpdateReply judged(ldns_pkt& answer, bool is_proved, const std::string& zone) {
  if (const auto error = tsig_error(answer); error != 0) return {UpdateOutcome::bad_key, tsig_trouble(error)};
  switch (ldns_pkt_get_rcode(&answer)) {
    case LDNS_RCODE_NOERROR:
      if (is_proved) return {UpdateOutcome::applied, {}};
      return {UpdateOutcome::bad_key, "the answer is not signed with the key: it cannot be believed"};
    case LDNS_RCODE_NXRRSET:
    case LDNS_RCODE_YXRRSET:
    case LDNS_RCODE_NXDOMAIN:
    case LDNS_RCODE_YXDOMAIN:
      return {UpdateOutcome::prerequisite_failed,
              "the zone changed since it was looked at: nothing was changed; look again"};
    case LDNS_RCODE_REFUSED:
      return {UpdateOutcome::not_authorised,
              "the server does not let this key change " + zone + ": allow it there (update-policy, acl, TSIG-ALLOW)"};
    case LDNS_RCODE_NOTAUTH:
      return {UpdateOutcome::not_its_zone, "the server does not accept changes of " + zone +
                                               " from this sender (NOTAUTH): is it the primary, and was a key given?"};
    case LDNS_RCODE_NOTZONE: return {UpdateOutcome::not_its_zone, "a record lies outside of " + zone};
    case LDNS_RCODE_SERVFAIL:
      return {UpdateOutcome::failed, "the server failed (SERVFAIL): its log says why (a read-only zone file, for one)"};
    case LDNS_RCODE_FORMERR:
    case LDNS_RCODE_NOTIMPL: break;
  }
  return {UpdateOutcome::failed,
          "the server takes no dynamic updates (code " + std::to_string(ldns_pkt_get_rcode(&answer)) + ")"};
}

/// Two octets of length before each message (RFC 1035#4.2.2).
asio::awaitable<Result<std::string>> exchange(Endpoint server, std::string query, SteadyTime deadline) {
  auto stream = co_await connect(server, std::nullopt, deadline);
  if (!stream) co_return failure(server.text() + ": " + stream.error().message);
  std::string framed{static_cast<char>(query.size() >> 8), static_cast<char>(query.size() & 0xff)};
  framed += query;
  const auto written = co_await (*stream)->write(framed, deadline);
  if (!written) co_return failure(server.text() + ": " + written.error().message);
  std::string wire;
  while (true) {
    const auto octets = co_await (*stream)->read(deadline);
    if (!octets) co_return failure(server.text() + ": " + octets.error().message);
    wire += *octets;
    if (wire.size() < 2) continue;
    const auto octet = [&wire](std::size_t at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(wire[at]));
    };
    const std::size_t size = octet(0) << 8 | octet(1);
    if (wire.size() - 2 >= size) co_return wire.substr(2, size);
  }
}

}  // namespace

std::string_view to_string(UpdateOutcome outcome) {
  switch (outcome) {
    case UpdateOutcome::applied: return "applied";
    case UpdateOutcome::prerequisite_failed: return "prerequisite failed";
    case UpdateOutcome::bad_key: return "bad key";
    case UpdateOutcome::not_authorised: return "not authorised";
    case UpdateOutcome::not_its_zone: return "not its zone";
    case UpdateOutcome::failed: return "failed";
    case UpdateOutcome::no_answer: return "no answer";
  }
  return {};
}

Result<TsigKey> TsigKey::parse(std::string_view text) {
  const std::string remedy = "write it as ALGORITHM:NAME:SECRET in one line, or as tsig-keygen prints it";
  std::string algorithm;
  std::string name;
  std::string secret;
  static const RE2 bind(
      R"re((?s)^\s*key\s+"?([^"\s{]+)"?\s*\{\s*algorithm\s+"?([\w.-]+)"?\s*;\s*secret\s+"?([A-Za-z0-9+/=]+)"?\s*;)re");
  const auto bare = trim(text);
  if (!RE2::PartialMatch(text, bind, &name, &algorithm, &secret)) {
    const auto parts = split(bare, ':');
    constexpr std::size_t key_parts = 3;
    if (parts.size() != key_parts) return failure("this is no TSIG key", remedy);
    algorithm = parts[0];
    name = parts[1];
    secret = parts[2];
  }
  TsigKey out;
  const auto parsed = dns::DomainName::parse(name);
  if (!parsed || parsed->is_root()) return failure("the TSIG key's name is no name", remedy);
  out.name = *parsed;
  out.algorithm = to_lower(algorithm.ends_with('.') ? algorithm.substr(0, algorithm.size() - 1) : algorithm);
  if (out.algorithm == "hmac-md5") out.algorithm = algorithms[2];
  if (std::ranges::find(algorithms, out.algorithm) == algorithms.end())
    return failure("the TSIG algorithm '" + printable(algorithm) + "' is not known", "use hmac-sha256");
  if (secret.empty() || !base64_decode(secret)) return failure("the TSIG key's secret is no base64", remedy);
  out.secret = Secret(std::move(secret));
  return out;
}

asio::awaitable<UpdateReply> send_update(Endpoint server, dns::DomainName zone, std::vector<RrsetChange> changes,
                                         std::optional<TsigKey> key, SteadyTime deadline) {
  const auto packet = packet_of(zone, changes);
  if (!packet) co_return UpdateReply{UpdateOutcome::failed, "the records cannot be written as a DNS message"};
  Owned<ldns_rdf> mac;
  if (key) {
    const std::string secret(key->secret.reveal());
    const auto status = ldns_pkt_tsig_sign(packet.get(), key->name.absolute().c_str(), secret.c_str(), tsig_fudge,
                                           with_dot(key->algorithm).c_str(), nullptr);
    if (status != LDNS_STATUS_OK)
      co_return UpdateReply{UpdateOutcome::bad_key,
                            std::string("the message cannot be signed: ") + ldns_get_errorstr_by_id(status)};
    mac.reset(ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(packet.get()), tsig_mac_field)));
  }
  std::uint8_t* octets = nullptr;
  std::size_t size = 0;
  const auto written = ldns_pkt2wire(&octets, packet.get(), &size);
  const Owned<std::uint8_t> wire(octets);
  if (written != LDNS_STATUS_OK || size > longest_message)
    co_return UpdateReply{UpdateOutcome::failed, "the update is larger than a DNS message"};
  std::string query(reinterpret_cast<const char*>(octets), size);
  const auto said = co_await exchange(server, std::move(query), deadline);
  if (!said) co_return UpdateReply{UpdateOutcome::no_answer, said.error().message};
  ldns_pkt* raw = nullptr;
  const auto read = ldns_wire2pkt(&raw, reinterpret_cast<const std::uint8_t*>(said->data()), said->size());
  const Owned<ldns_pkt> answer(raw);
  if (read != LDNS_STATUS_OK || ldns_pkt_id(raw) != ldns_pkt_id(packet.get()) || !ldns_pkt_qr(raw))
    co_return UpdateReply{UpdateOutcome::no_answer, "what came back is no answer to the update"};
  const bool proved = !key || is_signed_by(*raw, *said, *key, mac.get());
  co_return judged(*raw, proved, zone.text());
}

}  // namespace ptarmigan::net
