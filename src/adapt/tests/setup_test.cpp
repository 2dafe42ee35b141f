// adapt/tests/setup_test.cpp - contradictions of Postfix's and Exim's configurations, and the text of the patches.
#include <algorithm>

#include <gtest/gtest.h>

#include "adapt/config_block.hpp"
#include "adapt/exim_setup.hpp"
#include "adapt/postfix_setup.hpp"
#include "dns/reverse.hpp"

namespace ptarmigan::adapt {
namespace {

using Ids = std::vector<std::string>;

dns::DomainName name(std::string_view text) {
  return *dns::DomainName::parse(text);
}
IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

/// mail.example.com with both addresses, and PTR records for those in `named`.
Facts world(const std::vector<std::string>& named) {
  Facts facts;
  const auto host = name("mail.example.com");
  const auto add = [&](Question question, std::vector<dns::Record> records) {
    Answer answer;
    answer.status = records.empty() ? AnswerStatus::no_such_name : AnswerStatus::found;
    answer.records = std::move(records);
    facts.add(std::move(question), std::move(answer));
  };
  add({host, dns::RecordType::a}, {{host, dns::RecordType::a, 60, address("192.0.2.1")}});
  add({host, dns::RecordType::aaaa}, {{host, dns::RecordType::aaaa, 60, address("2001:db8::1")}});
  for (const std::string text : {"192.0.2.1", "2001:db8::1"}) {
    const auto owner = dns::reverse_name(address(text));
    std::vector<dns::Record> records;
    if (std::ranges::find(named, text) != named.end())
      records.push_back({owner, dns::RecordType::ptr, 60, dns::Target{host}});
    add({owner, dns::RecordType::ptr}, std::move(records));
  }
  return facts;
}

const std::string main_cf = R"(myhostname = mail.example.com
inet_interfaces = all
inet_protocols = all
smtp_bind_address = 192.0.2.1
smtp_bind_address6 = 2001:db8::1
smtp_bind_address_enforce = yes
smtp_tls_security_level = may
)";
const std::string master_cf = R"(smtp      inet  n       -       y       -       -       smtpd
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
)";

PostfixSetup postfix(std::map<std::string, std::string> changes = {}, std::string extra = "",
                     std::string master = master_cf) {
  PostfixSetup out;
  out.folder = "/etc/postfix";
  out.main_cf = main_cf + extra;
  out.master_cf = std::move(master);
  out.map_types = {"hash", "socketmap", "texthash"};
  out.values = {{"myhostname", "mail.example.com"},  {"smtp_helo_name", "mail.example.com"},
                {"inet_interfaces", "all"},          {"inet_protocols", "all"},
                {"smtp_bind_address", "192.0.2.1"},  {"smtp_bind_address6", "2001:db8::1"},
                {"smtp_bind_address_enforce", "yes"}};
  for (auto& [key, value] : changes) out.values[key] = value;
  return out;
}

const OwnHouse house{{address("192.0.2.1"), address("2001:db8::1")}};
const std::vector<std::string> both{"192.0.2.1", "2001:db8::1"};

Ids ids(const Known<std::vector<SetupFinding>>& judged) {
  Ids out;
  if (!judged) return {"lacks facts"};
  for (const auto& finding : *judged) out.push_back(finding.id + " " + finding.place);
  return out;
}

TEST(PostfixInspection, a_sound_configuration_gives_no_finding) {
  EXPECT_EQ(ids(inspect_postfix(postfix(), house, world(both))), Ids());
}

TEST(PostfixInspection, a_source_without_reverse_name_is_M06_at_its_line) {
  EXPECT_EQ(ids(inspect_postfix(postfix(), house, world({"192.0.2.1"}))), Ids{"M06 /etc/postfix/main.cf:5"});
}

TEST(PostfixInspection, a_source_that_is_not_judged_is_M06) {
  const OwnHouse other{{address("192.0.2.1"), address("2001:db8::2")}};
  EXPECT_EQ(ids(inspect_postfix(postfix(), other, world(both))), Ids{"M06 /etc/postfix/main.cf:5"});
}

TEST(PostfixInspection, another_name_in_ehlo_than_in_dns_is_M06) {
  auto setup = postfix({{"smtp_helo_name", "web.example.com"}});
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))),
            (Ids{"M06 /etc/postfix/main.cf:4", "M06 /etc/postfix/main.cf:5"}));
}

TEST(PostfixInspection, a_pinned_address_of_a_family_that_is_off_is_M01) {
  const auto master = master_cf + "  -o inet_protocols=ipv4\n";
  EXPECT_EQ(ids(inspect_postfix(postfix({}, "", master), house, world(both))), Ids{"M01 /etc/postfix/main.cf:5"});
}

TEST(PostfixInspection, an_ipv4_only_service_under_an_ipv6_interface_is_M01_because_it_cannot_start) {
  const auto master = master_cf + "smtp4 unix - - n - - smtp\n  -o inet_protocols=ipv4\n  -o smtp_bind_address6=\n";
  const auto setup = postfix({{"inet_interfaces", "192.0.2.1, 2001:db8::1"}}, "", master);
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids{"M01 /etc/postfix/master.cf:5"});
}

TEST(PostfixInspection, a_closed_listener_under_a_published_aaaa_record_is_M03) {
  auto setup = postfix({{"inet_interfaces", "192.0.2.1"}});
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids{"M03 /etc/postfix/main.cf:2"});
}

TEST(PostfixInspection, a_listener_that_was_only_reloaded_is_M04) {
  auto setup = postfix();
  setup.ipv6_listener = PostfixSetup::Listener::closed;
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids{"M04 /etc/postfix/main.cf:2"});
  setup.ipv6_listener = PostfixSetup::Listener::open;
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids());
}

TEST(PostfixInspection, a_table_of_a_missing_type_or_that_is_not_compiled_is_M04) {
  EXPECT_EQ(ids(inspect_postfix(postfix({}, "transport_maps = lmdb:/etc/postfix/t\n"), house, world(both))),
            Ids{"M04 /etc/postfix/main.cf:8"});
  auto stale = postfix({}, "transport_maps = hash:/etc/postfix/t\n");
  stale.maps = {{"/etc/postfix/t", lint::MapFile::State::stale}};
  EXPECT_EQ(ids(inspect_postfix(stale, house, world(both))), Ids{"M04 /etc/postfix/main.cf:8"});
}

TEST(PostfixInspection, a_transport_past_the_relay_is_M05) {
  auto setup = postfix({{"relayhost", "[relay.example.net]:587"}});
  setup.transports = {
      {"/etc/postfix/transport", "# x\nexample.org relay:\nexample.net relay:[mx.example.net]\nlocal.example :\n"}};
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids{"M05 /etc/postfix/transport:2"});
  setup.values["relayhost"] = "";
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids());
}

TEST(PostfixInspection, a_relay_without_brackets_is_M07) {
  const auto setup = postfix({{"relayhost", "relay.example.net"}},
                             "relayhost = relay.example.net\nsmtpd_milters = inet:localhost:8891\n");
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))), Ids{"M07 /etc/postfix/main.cf:8"});
}

TEST(PostfixInspection, a_unix_socket_that_the_chroot_hides_is_M01) {
  const auto setup = postfix({{"smtp_dns_reply_filter", "socketmap:unix:/run/map:dns"}});
  EXPECT_EQ(ids(inspect_postfix(setup, house, world(both))),
            (Ids{"M01 /etc/postfix/main.cf", "M01 /etc/postfix/main.cf"}));  // of smtp and of relay
}

TEST(PostfixInspection, what_dns_must_tell_is_asked_for) {
  EXPECT_FALSE(inspect_postfix(postfix(), house, Facts()).known());
}

TEST(PostfixPatchText, applied_twice_changes_nothing_and_taken_out_leaves_what_was_there) {
  const auto text = main_cf + "smtp_dns_reply_filter =\n  regexp:/etc/postfix/old\nrelayhost =";
  const auto once = patched_main_cf(text, {});
  EXPECT_EQ(patched_main_cf(once, {}), once);
  EXPECT_NE(once.find("\nsmtp_dns_reply_filter = socketmap:inet:127.0.0.1:7225:dns\n"), std::string::npos);
  EXPECT_EQ(once.find("\nsmtp_dns_reply_filter =\n"), std::string::npos);
  EXPECT_EQ(without_block(once).text, text);
  const auto with_rescue = patched_main_cf(once, {.rescue = PostfixPatch::Rescue::same_delivery});
  EXPECT_NE(with_rescue, once);
  EXPECT_EQ(without_block(with_rescue).text, text);
  EXPECT_EQ(patched_main_cf(with_rescue, {}), once);
}

TEST(PostfixPatchText, a_unix_socket_is_asked_by_way_of_proxymap) {
  EXPECT_EQ(socketmap("/run/ptarmigan/map", "dns"), "proxy:socketmap:unix:/run/ptarmigan/map:dns");
  EXPECT_EQ(socketmap("[::1]:7225", "dsn"), "socketmap:inet:[::1]:7225:dsn");
}

TEST(PostfixPatchText, an_override_of_one_service_is_told_as_not_in_force) {
  auto setup = postfix();
  for (const auto& [key, value] : postfix_settings({})) setup.values[key] = value;
  EXPECT_TRUE(unlike_patch(setup, {}).empty());
  setup.master_cf += "  -o smtp_dns_reply_filter=\n";
  ASSERT_EQ(unlike_patch(setup, {}).size(), 1);
  EXPECT_EQ(unlike_patch(setup, {}).front().place, "/etc/postfix/master.cf:3");
}

const std::string exim_text = R"(primary_hostname = mail.example.com
begin routers
dns:
  driver = dnslookup
  transport = out
begin transports
out:
  driver = smtp
  interface = <; 192.0.2.1 ; 2001:db8::1
)";

EximSetup exim(std::string text = exim_text) {
  EximSetup out;
  out.file = "/etc/exim4/exim4.conf";
  out.text = std::move(text);
  out.main = parse_exim_options("primary_hostname = mail.example.com\nno_disable_ipv6\nlocal_interfaces = \n");
  out.routers = parse_exim_drivers("\ndns router:\ndriver = dnslookup\nmore\nignore_target_hosts = \n");
  out.transports = parse_exim_drivers("\nout transport:\ndriver = smtp\ninterface = <; 192.0.2.1 ; 2001:db8::1\n");
  return out;
}

TEST(EximInspection, what_exim_prints_becomes_options) {
  const auto drivers =
      parse_exim_drivers("\nall router:\naddress_test\nno_more\ndata = a=b\n\nnext router:\ndriver = accept\n");
  ASSERT_EQ(drivers.size(), 2);
  EXPECT_EQ(drivers[0].options, (EximOptions{{"address_test", "true"}, {"more", "false"}, {"data", "a=b"}}));
  EXPECT_EQ(drivers[1].name, "next");
}

TEST(EximInspection, a_sound_configuration_gives_no_finding) {
  EXPECT_EQ(ids(inspect_exim(exim(), house, world(both))), Ids());
}

TEST(EximInspection, a_source_without_reverse_name_is_M06_at_its_line) {
  EXPECT_EQ(ids(inspect_exim(exim(), house, world({"192.0.2.1"}))), Ids{"M06 /etc/exim4/exim4.conf:9"});
}

TEST(EximInspection, disable_ipv6_under_a_published_aaaa_record_is_M03) {
  auto setup = exim("disable_ipv6 = true\n" + exim_text);
  setup.main["disable_ipv6"] = "true";
  const auto found = ids(inspect_exim(setup, house, world(both)));
  EXPECT_EQ(std::ranges::count(found, "M03 /etc/exim4/exim4.conf:1"), 2);  // the text, and what DNS says of it
  EXPECT_EQ(std::ranges::count(found, "M01 /etc/exim4/exim4.conf:10"), 1);
}

TEST(EximInspection, a_guard_that_is_not_met_is_M02) {
  const auto found =
      ids(inspect_exim(exim(".ifdef NOT_THERE\ndisable_ipv6 = true\n.endif\n" + exim_text), house, world(both)));
  EXPECT_NE(std::ranges::find(found, "M02 /etc/exim4/exim4.conf:2"), found.end());
}

TEST(EximInspection, a_router_that_declines_into_one_with_ipv6_is_M02) {
  auto setup = exim();
  setup.routers = parse_exim_drivers(
      "four router:\ndriver = dnslookup\nignore_target_hosts = <; 0.0.0.0 ; ::0/0\nmore\n\nall router:\ndriver = "
      "dnslookup\n");
  EXPECT_EQ(ids(inspect_exim(setup, house, world(both))), Ids{"M02 /etc/exim4/exim4.conf"});
  setup.routers[0].options["more"] = "false";
  EXPECT_EQ(ids(inspect_exim(setup, house, world(both))), Ids());
}

TEST(EximInspection, a_socket_in_ipv4_only_without_its_cure_is_M02) {
  auto setup = exim();
  setup.routers[0].options["ipv4_only"] = "${readsocket{inet:127.0.0.1:1}{$domain}{1s}{}{0}}";
  EXPECT_EQ(ids(inspect_exim(setup, house, world(both))), Ids{"M02 /etc/exim4/exim4.conf"});
  setup.routers[0].options["ipv4_only"] += "${lookup{x}lsearch{/etc/hostname}{}{}}";
  EXPECT_EQ(ids(inspect_exim(setup, house, world(both))), Ids());
}

TEST(EximInspection, a_login_without_tls_is_M07) {
  auto setup = exim();
  setup.transports[0].options["hosts_require_auth"] = "*";
  EXPECT_EQ(ids(inspect_exim(setup, house, world(both))), Ids{"M07 /etc/exim4/exim4.conf"});
  setup.transports[0].options["hosts_require_tls"] = "*";
  EXPECT_EQ(ids(inspect_exim(setup, house, world(both))), Ids());
}

TEST(EximPatchText, applied_twice_changes_nothing_and_taken_out_leaves_what_was_there) {
  const auto once = patched_exim(exim_text, {});
  EXPECT_EQ(patched_exim(once, {}), once);
  EXPECT_NE(once.find("\ndns_ipv4_lookup = ${readsocket{inet:127.0.0.1:7225}{exim-ipv4-hosts $domain\\n}{5s}{}"
                      "{*.google.com : *.googlemail.com}}\n"),
            std::string::npos);
  EXPECT_EQ(without_block(once).text, exim_text);
}

TEST(EximPatchText, a_list_that_was_there_counts_while_nobody_answers) {
  const auto text = "dns_ipv4_lookup = *.example.net\n" + exim_text;
  const auto patched = patched_exim(text, {});
  EXPECT_NE(patched.find("{}{*.example.net}}\n"), std::string::npos);
  EXPECT_EQ(patched.find("\ndns_ipv4_lookup = *"), std::string::npos);
  EXPECT_EQ(patched_exim(patched, {}), patched);
  EXPECT_EQ(without_block(patched).text, text);
}

}  // namespace
}  // namespace ptarmigan::adapt
