// dns/packet.cpp - see packet.hpp.
#include "dns/packet.hpp"

#include "dns/ldns_bridge.hpp"

namespace ptarmigan::dns {
namespace {

constexpr std::size_t max_packet_octets = 65535;
constexpr std::uint16_t edns_udp_octets = 1232;

std::vector<Record> records_of(const ldns_rr_list* list) {
  std::vector<Record> out;
  for (std::size_t i = 0; list != nullptr && i < ldns_rr_list_rr_count(list); ++i)
    if (auto record = from_ldns(*ldns_rr_list_rr(list, i))) out.push_back(*std::move(record));
  return out;
}

}  // namespace

std::string to_string(Rcode rcode) {
  switch (rcode) {
    case Rcode::noerror: return "NOERROR";
    case Rcode::formerr: return "FORMERR";
    case Rcode::servfail: return "SERVFAIL";
    case Rcode::nxdomain: return "NXDOMAIN";
    case Rcode::notimp: return "NOTIMP";
    case Rcode::refused: return "REFUSED";
  }
  return "RCODE " + std::to_string(static_cast<unsigned>(rcode));
}

Result<Packet> parse_packet(std::string_view wire) {
  if (wire.size() > max_packet_octets) return failure("the DNS message is longer than 65535 octets");
  ldns_pkt* raw = nullptr;
  const ldns_status status = ldns_wire2pkt(&raw, reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size());
  if (status != LDNS_STATUS_OK)
    return failure(std::string("malformed DNS message: ") + ldns_get_errorstr_by_id(status));
  const LdnsPtr<ldns_pkt> packet(raw);
  const ldns_rr_list* questions = ldns_pkt_question(packet.get());
  if (ldns_rr_list_rr_count(questions) != 1) return failure("the DNS message has not exactly one question");
  const ldns_rr& question = *ldns_rr_list_rr(questions, 0);
  auto question_name = name_from_ldns(*ldns_rr_owner(&question));
  if (!question_name) return failure("the DNS message asks for a name that is not one");
  Packet out;
  out.id = ldns_pkt_id(packet.get());
  out.rcode = static_cast<Rcode>(ldns_pkt_get_rcode(packet.get()));
  out.response = ldns_pkt_qr(packet.get());
  out.authoritative = ldns_pkt_aa(packet.get());
  out.truncated = ldns_pkt_tc(packet.get());
  out.authenticated = ldns_pkt_ad(packet.get());
  out.question = *std::move(question_name);
  out.question_type = static_cast<std::uint16_t>(ldns_rr_get_type(&question));
  out.answers = records_of(ldns_pkt_answer(packet.get()));
  out.authority = records_of(ldns_pkt_authority(packet.get()));
  out.additional = records_of(ldns_pkt_additional(packet.get()));
  return out;
}

std::string build_query(std::uint16_t id, const DomainName& name, RecordType type, Recursion recursion) {
  const auto flags = static_cast<std::uint16_t>(recursion == Recursion::desired ? LDNS_RD : 0);
  const LdnsPtr<ldns_pkt> packet(ldns_pkt_query_new(ldns_dname_new_frm_str(name.absolute().c_str()),
                                                    static_cast<ldns_rr_type>(type), LDNS_RR_CLASS_IN, flags));
  ldns_pkt_set_id(packet.get(), id);
  ldns_pkt_set_edns_udp_size(packet.get(), edns_udp_octets);
  std::uint8_t* raw = nullptr;
  std::size_t size = 0;
  ldns_pkt2wire(&raw, packet.get(), &size);
  const LdnsPtr<std::uint8_t> wire(raw);
  return {reinterpret_cast<const char*>(wire.get()), size};
}

}  // namespace ptarmigan::dns
