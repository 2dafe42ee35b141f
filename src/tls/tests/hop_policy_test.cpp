// tls/tests/hop_policy_test.cpp - what a hop must have, from DANE, MTA-STS and REQUIRETLS together.
#include "tls/hop_policy.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::tls {
namespace {

using dns::name;
using dns::RecordType;

Answer answer(RecordType type, std::vector<dns::Data> data, Dnssec dnssec) {
  Answer out{.status = data.empty() ? AnswerStatus::no_data : AnswerStatus::found, .dnssec = dnssec};
  for (auto& one : data) out.records.push_back({dns::DomainName(), type, 300, std::move(one)});
  return out;
}

Facts world(Dnssec dnssec, std::vector<dns::Data> tlsa = {}) {
  Facts facts;
  facts.add({name("example.com"), RecordType::mx},
            answer(RecordType::mx, {dns::Mx{10, name("mx.example.com")}}, dnssec));
  facts.add({name("mx.example.com"), RecordType::a}, answer(RecordType::a, {IpAddress::v4({203, 0, 113, 1})}, dnssec));
  facts.add({name("mx.example.com"), RecordType::aaaa}, answer(RecordType::aaaa, {}, dnssec));
  facts.add({name("_25._tcp.mx.example.com"), RecordType::tlsa}, answer(RecordType::tlsa, std::move(tlsa), dnssec));
  return facts;
}

const dns::Tlsa good{3, 1, 1, std::string(32, 'x')};
const dns::Tlsa unusable{0, 0, 1, std::string(32, 'x')};

StsPolicy sts(StsMode mode, std::string mx) {
  return {mode, seconds(86'400), {std::move(mx)}};
}

HopPolicy decide(const Facts& facts, std::optional<StsPolicy> policy = {}, DaneUse dane = DaneUse::on) {
  const auto hop = decide_hop(
      {.domain = name("example.com"), .host = name("mx.example.com"), .dane = dane, .sts = std::move(policy)}, facts);
  EXPECT_TRUE(hop.known());
  return hop.known() ? *hop : HopPolicy{};
}

TEST(HopPolicy, without_any_policy_tls_is_opportunistic) {
  const auto hop = decide(world(Dnssec::insecure));
  EXPECT_EQ(hop.tls, HopTls::opportunistic);
  EXPECT_EQ(hop.server_name, name("mx.example.com"));
  EXPECT_FALSE(hop.host_proved);
  EXPECT_FALSE(hop.finding);
}

TEST(HopPolicy, tlsa_records_demand_dane) {
  const auto hop = decide(world(Dnssec::secure, {good}));
  EXPECT_EQ(hop.tls, HopTls::dane);
  EXPECT_EQ(hop.associations, std::vector{good});
  EXPECT_TRUE(hop.other_names.empty()) << "a DANE-EE key counts whatever the names";
  const dns::Tlsa anchor{2, 0, 1, std::string(32, 'x')};
  EXPECT_EQ(decide(world(Dnssec::secure, {good, anchor})).other_names, std::vector{name("example.com")});
}

TEST(HopPolicy, dane_that_is_switched_off_asks_nothing) {
  EXPECT_EQ(decide(Facts(), {}, DaneUse::off).tls, HopTls::opportunistic);
}

TEST(HopPolicy, lost_tlsa_answer_refuses_the_host_whatever_mta_sts_says) {
  auto facts = world(Dnssec::secure);
  facts.add({name("_25._tcp.mx.example.com"), RecordType::tlsa}, {.status = AnswerStatus::timed_out});
  const auto hop = decide(facts, sts(StsMode::enforce, "mx.example.com"));
  EXPECT_EQ(hop.tls, HopTls::refuse);
  EXPECT_EQ(hop.finding, ResultType::dnssec_invalid);
}

// RFC 8461#2
TEST(HopPolicy, mta_sts_never_overrides_dane) {
  EXPECT_EQ(decide(world(Dnssec::secure, {good}), sts(StsMode::enforce, "mx.example.com")).tls, HopTls::dane);
  EXPECT_EQ(decide(world(Dnssec::secure, {good}), sts(StsMode::none, "x.example")).tls, HopTls::dane);
}

// RFC 8461#5
TEST(HopPolicy, enforced_mta_sts_demands_a_certificate_and_refuses_other_hosts) {
  const auto hop = decide(world(Dnssec::insecure), sts(StsMode::enforce, "*.example.com"));
  EXPECT_EQ(hop.tls, HopTls::pkix);
  EXPECT_EQ(hop.authority, HopAuthority::mta_sts);
  EXPECT_EQ(hop.server_name, name("mx.example.com"));
  const auto other = decide(world(Dnssec::insecure), sts(StsMode::enforce, "mx.example.net"));
  EXPECT_EQ(other.tls, HopTls::refuse);
  EXPECT_EQ(other.finding, ResultType::validation_failure);
}

TEST(HopPolicy, testing_and_none_deliver_as_without_a_policy) {
  EXPECT_EQ(decide(world(Dnssec::insecure), sts(StsMode::testing, "mx.example.com")).tls, HopTls::opportunistic);
  const auto other = decide(world(Dnssec::insecure), sts(StsMode::testing, "mx.example.net"));
  EXPECT_EQ(other.tls, HopTls::opportunistic);
  EXPECT_EQ(other.finding, ResultType::validation_failure) << "reported";
  EXPECT_EQ(decide(world(Dnssec::insecure), sts(StsMode::none, "mx.example.net")).tls, HopTls::opportunistic);
}

TEST(HopPolicy, unusable_tlsa_records_demand_encryption_and_leave_mta_sts_in_force) {
  const auto facts = world(Dnssec::secure, {unusable});
  EXPECT_EQ(decide(facts).tls, HopTls::encrypt);
  EXPECT_EQ(decide(facts).finding, ResultType::tlsa_invalid);
  EXPECT_EQ(decide(facts, sts(StsMode::testing, "mx.example.com")).tls, HopTls::encrypt);
  EXPECT_EQ(decide(facts, sts(StsMode::enforce, "mx.example.com")).tls, HopTls::pkix);
}

// RFC 8689#4.2.1
TEST(HopPolicy, requiretls_needs_a_proved_host_and_a_verified_peer) {
  EXPECT_EQ(with_requiretls(decide(world(Dnssec::insecure))).tls, HopTls::refuse);
  EXPECT_EQ(with_requiretls(decide(world(Dnssec::secure))).tls, HopTls::pkix);
  EXPECT_EQ(with_requiretls(decide(world(Dnssec::insecure), sts(StsMode::testing, "mx.example.com"))).tls,
            HopTls::pkix);
  EXPECT_EQ(with_requiretls(decide(world(Dnssec::insecure), sts(StsMode::testing, "mx.example.net"))).tls,
            HopTls::refuse);
  EXPECT_EQ(with_requiretls(decide(world(Dnssec::secure, {unusable}))).tls, HopTls::pkix);
  const auto dane = decide(world(Dnssec::secure, {good}));
  EXPECT_EQ(with_requiretls(dane), dane);
}

TEST(HopPolicy, sessions_are_alike_only_where_they_demand_the_same) {
  const auto opportunistic = decide(world(Dnssec::insecure));
  const auto enforced = decide(world(Dnssec::insecure), sts(StsMode::enforce, "mx.example.com"));
  EXPECT_FALSE(opportunistic.demands_as(enforced));
  EXPECT_TRUE(opportunistic.demands_as(decide(world(Dnssec::insecure), sts(StsMode::testing, "mx.example.com"))));
  EXPECT_TRUE(enforced.demands_as(with_requiretls(decide(world(Dnssec::secure)))));
  EXPECT_FALSE(decide(world(Dnssec::secure, {good})).demands_as(decide(world(Dnssec::secure, {unusable}))));
}

}  // namespace
}  // namespace ptarmigan::tls
