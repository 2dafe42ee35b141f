// tls/tests/dane_test.cpp - which TLSA records count, and where they are looked for (RFC 7672, RFC 7671).
#include "tls/dane.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::tls {
namespace {

using dns::name;
using dns::RecordType;
using dns::Tlsa;

// openssl req -x509 -newkey ed25519 -nodes -subj /CN=mx.example.com: the certificate and its public key, in DER.
constexpr std::string_view certificate_hex =
    "308201463081f9a003020102021441db4769c16e9a4867a29ae1c6fa762621a159cd300506032b6570301931173015060355"
    "04030c0e6d782e6578616d706c652e636f6d301e170d3236313132333139333134355a170d3336313132303139333134355a"
    "30193117301506035504030c0e6d782e6578616d706c652e636f6d302a300506032b6570032100b6a9ae047aaaf802729612"
    "8771295245d1725e198a9216238c74564c677dc334a3533051301d0603551d0e0416041420a1766ab22c4f127ceace97cb50"
    "e40d36972d4d301f0603551d2304183016801420a1766ab22c4f127ceace97cb50e40d36972d4d300f0603551d130101ff04"
    "0530030101ff300506032b6570034100ee7d8a4ac4f1095b9646ef2f8a23c9ededd39f2e24c1d9f856d4f82a16f882228964"
    "56bf5c1091d37df39cb34c7533a7a1953278e18fa886037362bb9435cf05";
constexpr std::string_view key_hex =
    "302a300506032b6570032100b6a9ae047aaaf8027296128771295245d1725e198a9216238c74564c677dc334";

std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

const std::string digest32(32, 'x');
const std::string digest64(64, 'y');

std::vector<Tlsa> usable(std::vector<Tlsa> records) {
  return usable_associations(records);
}

// RFC 7672#3.1
TEST(TlsaUsable, only_the_two_dane_usages_count) {
  for (const std::uint8_t usage : {0, 1, 4, 255}) EXPECT_TRUE(usable({{usage, 1, 1, digest32}}).empty()) << int{usage};
  for (const std::uint8_t usage : {2, 3}) EXPECT_EQ(usable({{usage, 1, 1, digest32}}).size(), 1U) << int{usage};
}

TEST(TlsaUsable, unknown_selectors_matching_types_and_lengths_do_not_count) {
  EXPECT_TRUE(
      usable({{3, 2, 1, digest32}, {3, 1, 3, digest32}, {3, 1, 1, digest64}, {3, 1, 2, digest32}, {3, 1, 1, ""}})
          .empty());
}

TEST(TlsaUsable, data_in_full_must_be_a_certificate_or_a_key) {
  const auto certificate = octets(certificate_hex);
  const auto key = octets(key_hex);
  EXPECT_EQ(usable({{3, 0, 0, certificate}, {3, 1, 0, key}, {2, 0, 0, certificate}}).size(), 3U);
  EXPECT_TRUE(usable({{3, 1, 0, certificate},
                      {3, 0, 0, key},
                      {3, 0, 0, certificate + "x"},
                      {3, 1, 0, key.substr(1)},
                      {3, 1, 0, ""}})
                  .empty());
}

// RFC 7671#9
TEST(TlsaUsable, strongest_digest_of_a_usage_and_selector_counts) {
  const Tlsa weak{3, 1, 1, digest32};
  const Tlsa strong{3, 1, 2, digest64};
  const Tlsa full{3, 1, 0, octets(key_hex)};
  const Tlsa other_selector{3, 0, 1, digest32};
  const Tlsa other_usage{2, 1, 1, digest32};
  EXPECT_EQ(usable({weak, strong, full, other_selector, other_usage}),
            (std::vector{strong, full, other_selector, other_usage}));
  EXPECT_EQ(usable({weak, {3, 1, 2, "too short"}}), std::vector{weak}) << "only a usable stronger one displaces";
}

TEST(TlsaName, port_and_protocol_stand_before_the_base) {
  EXPECT_EQ(tlsa_name(name("mail.example.com"), 25)->text(), "_25._tcp.mail.example.com");
}

/// A world in which everything is signed unless it says otherwise.
class World {
 public:
  World& put(std::string_view owner, RecordType type, std::vector<dns::Data> data, Dnssec dnssec = Dnssec::secure,
             std::vector<std::string> aliases = {}) {
    Answer answer{.status = data.empty() ? AnswerStatus::no_data : AnswerStatus::found, .dnssec = dnssec};
    auto at = name(owner);
    for (const auto& alias : aliases) {
      answer.aliases.push_back({at, RecordType::cname, 300, dns::Target{name(alias)}});
      at = name(alias);
    }
    for (auto& one : data) answer.records.push_back({at, type, 300, std::move(one)});
    facts.add({name(owner), type}, std::move(answer));
    return *this;
  }
  World& fail(std::string_view owner, RecordType type, AnswerStatus status = AnswerStatus::failed) {
    facts.add({name(owner), type}, {.status = status});
    return *this;
  }
  Facts facts;
};

const IpAddress v4 = IpAddress::v4({203, 0, 113, 25});

World signed_world() {
  World world;
  world.put("example.com", RecordType::mx, {dns::Mx{10, name("mx.example.com")}});
  world.put("mx.example.com", RecordType::aaaa, {});
  world.put("mx.example.com", RecordType::a, {v4});
  world.put("_25._tcp.mx.example.com", RecordType::tlsa, {Tlsa{3, 1, 1, digest32}});
  return world;
}

Dane found(const World& world, std::string_view host = "mx.example.com", std::string_view domain = "example.com") {
  const auto dane = find_dane(name(domain), name(host), 25, world.facts);
  EXPECT_TRUE(dane.known()) << dane.need().questions().front().text();
  return dane.known() ? *dane : Dane{};
}

TEST(DaneFind, signed_host_with_usable_records_is_required) {
  const auto dane = found(signed_world());
  EXPECT_EQ(dane.status, DaneStatus::required);
  EXPECT_EQ(dane.base_domain, name("mx.example.com"));
  EXPECT_EQ(dane.names, (std::vector{name("mx.example.com"), name("example.com")}));
  EXPECT_EQ(dane.associations, std::vector{(Tlsa{3, 1, 1, digest32})});
  EXPECT_TRUE(dane.mx_proved);
}

TEST(DaneFind, asks_for_what_it_lacks_and_for_no_more) {
  World world;
  auto need = find_dane(name("example.com"), name("mx.example.com"), 25, world.facts).need().questions();
  EXPECT_EQ(need, (std::vector{Question{name("example.com"), RecordType::mx}}));
  world = signed_world();
  world.facts.remove({name("_25._tcp.mx.example.com"), RecordType::tlsa});
  need = find_dane(name("example.com"), name("mx.example.com"), 25, world.facts).need().questions();
  EXPECT_EQ(need, (std::vector{Question{name("_25._tcp.mx.example.com"), RecordType::tlsa}}));
}

// RFC 7672#2.2.1
TEST(DaneFind, unsigned_mx_or_addresses_mean_none_without_a_tlsa_query) {
  auto world = signed_world();
  world.facts.remove({name("_25._tcp.mx.example.com"), RecordType::tlsa});
  world.put("mx.example.com", RecordType::a, {v4}, Dnssec::insecure)
      .put("mx.example.com", RecordType::aaaa, {}, Dnssec::insecure);
  EXPECT_EQ(found(world).status, DaneStatus::none);
  EXPECT_TRUE(found(world).mx_proved);
  world.put("example.com", RecordType::mx, {dns::Mx{10, name("mx.example.com")}}, Dnssec::insecure);
  EXPECT_EQ(found(world).status, DaneStatus::none);
  EXPECT_FALSE(found(world).mx_proved);
}

TEST(DaneFind, proof_that_there_are_no_records_means_none) {
  auto world = signed_world();
  world.put("_25._tcp.mx.example.com", RecordType::tlsa, {});
  EXPECT_EQ(found(world).status, DaneStatus::none);
  world.put("_25._tcp.mx.example.com", RecordType::tlsa, {Tlsa{3, 1, 1, digest32}}, Dnssec::insecure);
  EXPECT_EQ(found(world).status, DaneStatus::none);
}

// RFC 7672#2.1.2
TEST(DaneFind, lost_or_bogus_tlsa_answer_fails_the_host) {
  for (const auto status : {AnswerStatus::failed, AnswerStatus::timed_out}) {
    auto world = signed_world();
    EXPECT_EQ(found(world.fail("_25._tcp.mx.example.com", RecordType::tlsa, status)).status, DaneStatus::failed);
  }
}

// RFC 7672#2.2
TEST(DaneFind, unusable_records_alone_mean_encryption) {
  auto world = signed_world();
  world.put("_25._tcp.mx.example.com", RecordType::tlsa, {Tlsa{1, 1, 1, digest32}, Tlsa{3, 9, 9, "?"}});
  EXPECT_EQ(found(world).status, DaneStatus::encrypt);
}

// RFC 7672#2.2.2
TEST(DaneFind, domain_without_mx_is_its_own_host) {
  World world;
  world.put("example.com", RecordType::mx, {})
      .put("example.com", RecordType::aaaa, {})
      .put("example.com", RecordType::a, {v4});
  world.put("_25._tcp.example.com", RecordType::tlsa, {Tlsa{2, 0, 1, digest32}});
  const auto dane = found(world, "example.com");
  EXPECT_EQ(dane.status, DaneStatus::required);
  EXPECT_EQ(dane.names, std::vector{name("example.com")});
}

World aliased_host(Dnssec chain) {
  World world;
  world.put("example.com", RecordType::mx, {dns::Mx{10, name("mx.example.com")}});
  world.put("mx.example.com", RecordType::aaaa, {}, chain, {"real.example.net"});
  world.put("mx.example.com", RecordType::a, {v4}, chain, {"real.example.net"});
  return world;
}

// RFC 7672#2.2.3
TEST(DaneFind, signed_alias_is_looked_up_at_its_end_and_then_at_its_beginning) {
  auto world = aliased_host(Dnssec::secure);
  world.put("_25._tcp.real.example.net", RecordType::tlsa, {Tlsa{3, 1, 1, digest32}});
  EXPECT_EQ(found(world).base_domain, name("real.example.net"));
  world.put("_25._tcp.real.example.net", RecordType::tlsa, {});
  world.put("_25._tcp.mx.example.com", RecordType::tlsa, {Tlsa{3, 1, 1, digest32}});
  EXPECT_EQ(found(world).base_domain, name("mx.example.com"));
}

TEST(DaneFind, alias_out_of_the_signed_zones_leaves_the_name_that_holds_it) {
  auto world = aliased_host(Dnssec::insecure);
  world.put("mx.example.com", RecordType::cname, {dns::Target{name("real.example.net")}});
  world.put("_25._tcp.mx.example.com", RecordType::tlsa, {Tlsa{3, 1, 1, digest32}});
  EXPECT_EQ(found(world).base_domain, name("mx.example.com"));
  world.put("mx.example.com", RecordType::cname, {dns::Target{name("real.example.net")}}, Dnssec::insecure);
  EXPECT_EQ(found(world).status, DaneStatus::none);
}

// RFC 7672#3.2.2
TEST(DaneFind, aliased_domain_is_a_reference_name_under_both_its_names) {
  auto world = signed_world();
  world.put("www.example.org", RecordType::mx, {dns::Mx{10, name("mx.example.com")}}, Dnssec::secure, {"example.com"});
  EXPECT_EQ(found(world, "mx.example.com", "www.example.org").names,
            (std::vector{name("mx.example.com"), name("www.example.org"), name("example.com")}));
}

}  // namespace
}  // namespace ptarmigan::tls
