// net/tests/dns_responder.cpp - see dns_responder.hpp.
#include "net/tests/dns_responder.hpp"

#include <array>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <ldns/ldns.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::net::test {
namespace asio = boost::asio;

namespace {

ldns_rr* rr_of(const dns::Record& record) {
  ldns_rr* rr = nullptr;
  if (ldns_rr_new_frm_str(&rr, dns::zone_line(record).c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK)
    throw std::runtime_error("cannot build " + dns::zone_line(record));
  return rr;
}
}  // namespace

class DnsResponder::Impl {
 public:
  Impl(std::string_view zone_text, ResponderOptions options)
      : options_(std::move(options)),
        acceptor_(io_, asio::ip::tcp::endpoint(asio::ip::make_address(options_.address.text()), options_.port)),
        udp_(io_, asio::ip::udp::endpoint(acceptor_.local_endpoint().address(), acceptor_.local_endpoint().port())) {
    make_key();
    publish(zone_text);
    asio::co_spawn(io_, serve_udp(), asio::detached);
    asio::co_spawn(io_, serve_tcp(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    io_.stop();
    thread_.join();
    ldns_key_list_free(keys_);
    ldns_rr_free(dnskey_);
  }

  void publish(std::string_view zone_text) {
    auto records = dns::parse_zone(zone_text);
    if (!records) throw std::runtime_error(records.error().message);
    const std::lock_guard lock(mutex_);
    world_ = ZoneFacts(*records);
    soas_.clear();
    for (const auto& record : *records)
      if (record.type == dns::RecordType::soa) soas_.push_back(record);
  }

  ResponderOptions options_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::udp::socket udp_;
  std::array<std::atomic<std::size_t>, 2> queries_{};
  ldns_rr* dnskey_ = nullptr;

 private:
  void make_key() {
    ldns_key* key = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
    ldns_key_set_flags(key, LDNS_KEY_ZONE_KEY | LDNS_KEY_SEP_KEY);
    ldns_key_set_pubkey_owner(key, ldns_dname_new_frm_str("."));
    ldns_key_set_origttl(key, 60);
    dnskey_ = ldns_key2rr(key);
    ldns_rr_set_ttl(dnskey_, 60);
    ldns_key_set_keytag(key, ldns_calc_keytag(dnskey_));
    keys_ = ldns_key_list_new();
    ldns_key_list_push_key(keys_, key);
  }

  void push_set(ldns_pkt* packet, ldns_pkt_section section, const std::vector<dns::Record>& records,
                Behaviour behaviour) {
    if (records.empty()) return;
    ldns_rr_list* set = ldns_rr_list_new();
    for (const auto& record : records) ldns_rr_list_push_rr(set, rr_of(record));
    push_signed(packet, section, set, behaviour);
  }

  void push_signed(ldns_pkt* packet, ldns_pkt_section section, ldns_rr_list* set, Behaviour behaviour) {
    ldns_rr_list* signatures = options_.sign ? ldns_sign_public(set, keys_) : nullptr;
    ldns_pkt_push_rr_list(packet, section, set);
    ldns_rr_list_free(set);
    if (signatures == nullptr) return;
    if (behaviour == Behaviour::spoil_signature) {
      ldns_rdf* signature = ldns_rr_rdf(ldns_rr_list_rr(signatures, 0), 8);
      ldns_rdf_data(signature)[10] ^= 0x40;
    }
    ldns_pkt_push_rr_list(packet, section, signatures);
    ldns_rr_list_free(signatures);
  }

  void fill(ldns_pkt* packet, const Question& question, Behaviour behaviour) {
    if (question.name.is_root() &&
        ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(packet), 0)) == LDNS_RR_TYPE_DNSKEY) {
      ldns_rr_list* set = ldns_rr_list_new();
      ldns_rr_list_push_rr(set, ldns_rr_clone(dnskey_));
      return push_signed(packet, LDNS_SECTION_ANSWER, set, behaviour);
    }
    const std::lock_guard lock(mutex_);
    const Answer answer = world_.answer(question);
    for (const auto& alias : answer.aliases) push_set(packet, LDNS_SECTION_ANSWER, {alias}, behaviour);
    push_set(packet, LDNS_SECTION_ANSWER, answer.records, behaviour);
    if (answer.status == AnswerStatus::no_such_name) ldns_pkt_set_rcode(packet, LDNS_RCODE_NXDOMAIN);
    if (answer.found()) return;
    const dns::DomainName end =
        answer.aliases.empty() ? question.name : std::get<dns::Target>(answer.aliases.back().data).name;
    const dns::Record* closest = nullptr;
    for (const auto& soa : soas_)
      if (end.is_at_or_below(soa.owner) &&
          (closest == nullptr || soa.owner.label_count() > closest->owner.label_count()))
        closest = &soa;
    if (closest != nullptr) push_set(packet, LDNS_SECTION_AUTHORITY, {*closest}, behaviour);
  }

  /// The response, or nothing for a dropped question.
  std::string respond(std::string_view query, Transport transport) {
    ++queries_[static_cast<std::size_t>(transport)];
    ldns_pkt* asked = nullptr;
    if (ldns_wire2pkt(&asked, reinterpret_cast<const std::uint8_t*>(query.data()), query.size()) != LDNS_STATUS_OK)
      return {};
    const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> hold(asked, ldns_pkt_free);
    const ldns_rr* rr = ldns_rr_list_rr(ldns_pkt_question(asked), 0);
    char* text = ldns_rdf2str(ldns_rr_owner(rr));
    auto name = dns::DomainName::parse(text);
    std::free(text);
    if (!name) return {};
    const Question question{.name = *name, .type = static_cast<dns::RecordType>(ldns_rr_get_type(rr))};
    const Behaviour behaviour = options_.behaviour ? options_.behaviour(question, transport) : Behaviour::answer;
    if (behaviour == Behaviour::drop) return {};

    ldns_pkt* packet = ldns_pkt_new();
    const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> hold_packet(packet, ldns_pkt_free);
    ldns_pkt_set_id(packet, ldns_pkt_id(asked));
    ldns_pkt_set_qr(packet, true);
    ldns_pkt_set_aa(packet, true);
    ldns_pkt_set_rd(packet, ldns_pkt_rd(asked));
    ldns_pkt_set_ra(packet, true);
    ldns_pkt_set_edns_udp_size(packet, 1232);
    ldns_pkt_set_edns_do(packet, ldns_pkt_edns_do(asked));
    ldns_pkt_push_rr(packet, LDNS_SECTION_QUESTION, ldns_rr_clone(rr));
    if (behaviour == Behaviour::servfail) {
      ldns_pkt_set_rcode(packet, LDNS_RCODE_SERVFAIL);
    } else if (behaviour == Behaviour::refused) {
      ldns_pkt_set_rcode(packet, LDNS_RCODE_REFUSED);
    } else if (behaviour == Behaviour::truncate && transport == Transport::udp) {
      ldns_pkt_set_tc(packet, true);
    } else {
      fill(packet, question, behaviour);
    }
    std::uint8_t* octets = nullptr;
    std::size_t size = 0;
    ldns_pkt2wire(&octets, packet, &size);
    std::string wire(reinterpret_cast<const char*>(octets), size);
    std::free(octets);
    return wire;
  }

  asio::awaitable<void> serve_udp() {
    std::array<char, 4096> buffer{};
    while (true) {
      asio::ip::udp::endpoint peer;
      const std::size_t size = co_await udp_.async_receive_from(asio::buffer(buffer), peer, asio::use_awaitable);
      const std::string response = respond({buffer.data(), size}, Transport::udp);
      if (!response.empty()) co_await udp_.async_send_to(asio::buffer(response), peer, asio::use_awaitable);
    }
  }

  asio::awaitable<void> serve_tcp() {
    while (true) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      asio::co_spawn(io_, serve_connection(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket) {
    while (true) {
      std::array<unsigned char, 2> length{};
      co_await asio::async_read(socket, asio::buffer(length), asio::use_awaitable);
      std::string query(static_cast<std::size_t>(length[0] << 8 | length[1]), '\0');
      co_await asio::async_read(socket, asio::buffer(query), asio::use_awaitable);
      std::string response = respond(query, Transport::tcp);
      if (response.empty()) continue;
      response.insert(0, {static_cast<char>(response.size() >> 8), static_cast<char>(response.size() & 0xff)});
      co_await asio::async_write(socket, asio::buffer(response), asio::use_awaitable);
    }
  }

  std::mutex mutex_;
  ZoneFacts world_;
  std::vector<dns::Record> soas_;
  ldns_key_list* keys_ = nullptr;
  std::thread thread_;
};

DnsResponder::DnsResponder(std::string_view zone_text, ResponderOptions options)
    : impl_(std::make_unique<Impl>(zone_text, std::move(options))) {}
DnsResponder::~DnsResponder() = default;

Endpoint DnsResponder::endpoint() const {
  return {.address = impl_->options_.address, .port = impl_->acceptor_.local_endpoint().port()};
}
std::string DnsResponder::trust_anchor() const {
  char* text = ldns_rr2str(impl_->dnskey_);
  std::string out = text;
  std::free(text);
  return out;
}
void DnsResponder::publish(std::string_view zone_text) {
  impl_->publish(zone_text);
}
std::size_t DnsResponder::queries(Transport transport) const {
  return impl_->queries_[static_cast<std::size_t>(transport)];
}

}  // namespace ptarmigan::net::test
