// reports/tests/intake_test.cpp - reports of others, read: what is promised beyond the suites.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include "base/encoding.hpp"
#include "message/lines.hpp"
#include "reports/dates.hpp"
#include "reports/json.hpp"
#include "reports/xml.hpp"

namespace ptarmigan::reports {
namespace {

// The report of RFC 7489#C in the least form that says something.
std::string aggregate_xml(std::string_view record_extra = "", std::string_view begin = "1536105600") {
  return "<?xml version=\"1.0\"?>\n<feedback><report_metadata><org_name>receiver.example</org_name>"
         "<email>dmarc@receiver.example</email><report_id>r1</report_id><date_range><begin>" +
         std::string(begin) +
         "</begin><end>1536191999</end></date_range></report_metadata>"
         "<policy_published><domain>example.com</domain><p>none</p></policy_published>"
         "<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated><disposition>none</"
         "disposition>"
         "<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.com</header_from>"
         "</identifiers><auth_results>" +
         std::string(record_extra) + "</auth_results></record></feedback>";
}

std::string gzip_of(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string little(std::uint32_t value, int width) {
  std::string out;
  for (int i = 0; i < width; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
  return out;
}

/// One member that is stored, as in APPNOTE.TXT 4.3.7; no directory.
std::string zip_member(std::string_view name, std::string_view data) {
  return "PK\x03\x04" + little(10, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(0, 4) +
         little(static_cast<std::uint32_t>(data.size()), 4) + little(static_cast<std::uint32_t>(data.size()), 4) +
         little(static_cast<std::uint32_t>(name.size()), 2) + little(0, 2) + std::string(name) + std::string(data);
}

std::string mail_with(std::string_view type, std::string_view encoding, std::string_view body) {
  return "From: dmarc@receiver.example\r\nSubject: Report Domain: example.com\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\n"
         "Content-Type: " +
         std::string(type) + "\r\nContent-Transfer-Encoding: " + std::string(encoding) + "\r\n\r\n" +
         std::string(body) + "\r\n--b--\r\n";
}

Report only(std::string_view octets) {
  auto reports = read_reports(octets);
  EXPECT_EQ(reports.size(), 1U);
  return std::move(reports.front());
}

const AggregateReport& aggregate_of(const Report& report) {
  static const AggregateReport none;
  const auto* found = std::get_if<AggregateReport>(&report.content);
  EXPECT_NE(found, nullptr) << json(report, "");
  return found == nullptr ? none : *found;
}

TEST(ReportsRead, same_report_in_every_container) {
  const auto xml = aggregate_xml();
  const auto want = aggregate_of(only(xml)).records.front();
  EXPECT_EQ(want.count, 3U);
  EXPECT_EQ(want.dkim, "pass");
  const std::string inputs[] = {
      gzip_of(xml),
      zip_member("report.xml", xml),
      zip_member("report.xml.gz", gzip_of(xml)),
      mail_with("application/gzip", "base64", base64_encode(gzip_of(xml))),
      mail_with("application/octet-stream", "base64", base64_encode(zip_member("../../etc/x", xml))),
      mail_with("text/xml", "8bit", xml),
      mail_with("application/x-zip-compressed", "base64", base64_encode(gzip_of(xml))),  // gzip named zip
      "Subject: Fwd\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\nContent-Type: "
      "message/rfc822\r\n\r\n" +
          mail_with("application/gzip", "base64", base64_encode(gzip_of(xml))) + "--outer--\r\n",
  };
  for (const auto& input : inputs) {
    const auto report = only(input);
    EXPECT_EQ(aggregate_of(report).records.size(), 1U);
    EXPECT_EQ(aggregate_of(report).policy.domain, "example.com");
  }
}

TEST(ReportsRead, line_ends_of_a_file_do_not_matter) {
  auto mail = mail_with("application/gzip", "base64", base64_encode(gzip_of(aggregate_xml())));
  std::erase(mail, '\r');
  EXPECT_EQ(aggregate_of(only(mail)).org_name, "receiver.example");
  EXPECT_EQ(only(mail).carrier.from, "dmarc@receiver.example");
}

TEST(ReportsRead, two_members_are_two_reports) {
  EXPECT_EQ(read_reports(zip_member("a", aggregate_xml()) + zip_member("b", aggregate_xml())).size(), 2U);
}

TEST(ReportsRead, archive_bomb_is_bounded_and_noted) {
  const auto bomb = gzip_of(std::string(std::size_t{8} << 20, ' '));
  ReadLimits limits;
  limits.unpacked.octets = 1U << 20;
  const auto reports = read_reports(bomb, limits);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_FALSE(reports.front().readable());
  EXPECT_TRUE(reports.front().notes.has("unpacked-too-large"));
}

TEST(ReportsRead, containers_within_containers_end) {
  auto nested = aggregate_xml();
  for (int i = 0; i < 20; ++i) nested = gzip_of(nested);
  const auto report = only(nested);
  EXPECT_FALSE(report.readable());
  EXPECT_TRUE(report.notes.has("too-deep"));
}

TEST(ReportsRead, what_is_nothing_says_so) {
  for (const std::string input : {"", "   ", "hello", "<html><body>feedback</body></html>", "{}", "{\"a\":[",
                                  "\x1f\x8b", "PK\x03\x04", "Subject: lunch\r\n\r\nAt noon?\r\n"}) {
    const auto reports = read_reports(input);
    ASSERT_FALSE(reports.empty());
    EXPECT_FALSE(reports.front().readable()) << input;
    EXPECT_TRUE(reports.front().notes.any_loss()) << input;
  }
}

TEST(ReportsAggregate, dates_that_are_no_whole_seconds_are_read) {
  for (const std::string_view begin :
       {"1536105600.0", "1536105600000", "2018-09-05T00:00:00Z", "2018-09-05 00:00:00"}) {
    const auto report = only(aggregate_xml("", begin));
    EXPECT_EQ(aggregate_of(report).begin, WallTime(seconds(1536105600))) << begin;
    EXPECT_TRUE(report.notes.has("date-not-seconds"));
    EXPECT_FALSE(report.notes.any_loss());
  }
  EXPECT_TRUE(only(aggregate_xml("", "yesterday")).notes.has("date-unreadable"));
}

TEST(ReportsAggregate, words_in_upper_case_are_read_and_noted) {
  auto xml = aggregate_xml("<dkim><domain>example.com</domain><result>PASS</result></dkim>");
  xml.replace(xml.find("<dkim>pass"), 10, "<dkim>Pass");
  xml.replace(xml.find("<p>none"), 7, "<p>NONE");
  const auto report = only(xml);
  EXPECT_EQ(aggregate_of(report).records.at(0).dkim, "pass");
  EXPECT_EQ(aggregate_of(report).records.at(0).dkim_results.at(0).result, "pass");
  EXPECT_EQ(aggregate_of(report).policy.p, "none");
  EXPECT_TRUE(report.notes.has("upper-case-word"));
  EXPECT_FALSE(report.notes.any_loss());
}

TEST(ReportsAggregate, octets_that_are_no_text_and_a_second_spf_element_lose_nothing_else) {
  const auto report =
      only(aggregate_xml("<spf><domain>caf\xe9.example</domain><result>pass</result></spf>"
                         "<spf><domain>b.example</domain><result>fail</result></spf>"));
  EXPECT_EQ(aggregate_of(report).records.at(0).spf_results.size(), 2U);
  EXPECT_EQ(aggregate_of(report).records[0].spf_results[1].domain, "b.example");
  EXPECT_TRUE(report.notes.has("invalid-text"));
}

TEST(ReportsXml, tags_deeper_than_the_limit_are_text) {
  std::string deep = "<feedback>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  const auto mended = mend_xml(deep).text;
  std::size_t opened = 0;
  for (auto at = mended.find("<a>"); at != std::string::npos; at = mended.find("<a>", at + 1)) ++opened;
  EXPECT_EQ(opened, max_xml_depth - 1);
  EXPECT_TRUE(only(deep).notes.has("xml-mended"));
}

TEST(ReportsAggregate, namespaces_and_prefixes_do_not_matter) {
  const auto report = only(
      "<r:feedback xmlns:r=\"urn:ietf:params:xml:ns:dmarc-2.0\"><r:policy_published><r:domain>example.com</r:domain>"
      "<r:np>reject</r:np><r:testing>y</r:testing></r:policy_published></r:feedback>");
  EXPECT_EQ(aggregate_of(report).xml_namespace, "urn:ietf:params:xml:ns:dmarc-2.0");
  EXPECT_EQ(aggregate_of(report).policy.np, "reject");
  EXPECT_EQ(aggregate_of(report).policy.testing, "y");
}

TEST(ReportsAggregate, entities_and_document_types_do_not_grow_or_fetch) {
  const auto report = only(
      "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
      "<feedback><policy_published><domain>&b;&f;</domain></policy_published></feedback>");
  EXPECT_EQ(aggregate_of(report).policy.domain, "&b;&f;");
}

TEST(ReportsAggregate, cut_off_report_gives_what_it_had) {
  const auto xml = aggregate_xml();
  const auto report = only(std::string_view(xml).substr(0, xml.find("<identifiers>")));
  EXPECT_EQ(aggregate_of(report).records.at(0).count, 3U);
  EXPECT_TRUE(report.notes.has("xml-cut-off"));
  EXPECT_TRUE(report.notes.any_loss());
}

TEST(ReportsAggregate, html_in_fields_stays_text) {
  const auto report = only(aggregate_xml("<dkim><domain>&lt;script&gt;alert(1)&lt;/script&gt;</domain></dkim>"));
  EXPECT_EQ(aggregate_of(report).records.at(0).dkim_results.at(0).domain, "<script>alert(1)</script>");
}

TEST(ReportsAggregate, many_oddities_are_one_note_each) {
  std::string xml = "<feedback><policy_published><domain>example.com</domain></policy_published>";
  for (int i = 0; i < 1000; ++i) xml += "<record><row><source_ip>x</source_ip><count>y</count></row></record>";
  const auto report = only(xml + "</feedback>");
  EXPECT_EQ(aggregate_of(report).records.size(), 1000U);
  EXPECT_LT(report.notes.all().size(), 10U);
}

TEST(ReportsAggregate, utf_16_and_latin_1_are_read) {
  std::string wide = "\xff\xfe";
  for (const char c : aggregate_xml()) wide += {c, '\0'};
  EXPECT_EQ(aggregate_of(only(wide)).policy.domain, "example.com");
  const auto latin = only(
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><feedback><report_metadata><org_name>Caf\xe9"
      "</org_name></report_metadata></feedback>");
  EXPECT_EQ(aggregate_of(latin).org_name, "Caf\xc3\xa9");
}

TEST(ReportsXml, mending_closes_drops_and_escapes) {
  EXPECT_EQ(mend_xml("<a><b>1 < 2</c></a>").text, "<a><b>1 &lt; 2</b></a>");
  EXPECT_EQ(mend_xml("<a><x@y.z></a>").text, "<a>&lt;x@y.z></a>");
  EXPECT_TRUE(mend_xml("<a><b>").cut_off);
}

TEST(ReportsFeedback, rfc9991_identity_alignment_is_a_list_with_comments) {
  Notes notes;
  const auto report = parse_feedback(
      "Feedback-Type: auth-failure\r\nVersion: 1\r\nUser-Agent: x\r\nAuth-Failure: dmarc\r\n"
      "Identity-Alignment: dkim (not aligned),\r\n spf\r\nSource-Port: 40112\r\nX-New: y\r\n",
      "", notes);
  ASSERT_TRUE(report);
  EXPECT_THAT(report->identity_alignment, testing::ElementsAre("dkim", "spf"));
  EXPECT_EQ(report->source_port, 40112U);
  EXPECT_EQ(report->other.at(0).name, "X-New");
  EXPECT_TRUE(notes.all().empty());
}

TEST(ReportsFeedback, failure_report_of_exim_in_words_alone) {
  const auto report = only(
      "Content-Type: multipart/report; boundary=b\nFrom: no-reply@node.example.net\n\n--b\nContent-Type: text/plain\n\n"
      "A message claiming to be from you has failed the published DMARC policy for your domain.\n\n"
      "  Sender Domain: Example.com\n  Sender IP Address: 203.0.113.68\n  Received date: Mon, 07 Apr 2025 23:16:09 "
      "+0200\n"
      "  SPF Alignment: no\n  DKIM Alignment: yes\n  DMARC Results: None, Accept\n\n"
      "------ This is a copy of the headers that were received before the error was detected.\n\n"
      "From: <user@example.com>\nMessage-Id: <134117F8@example.com>\n\n--b--\n");
  const auto* feedback = std::get_if<FeedbackReport>(&report.content);
  ASSERT_NE(feedback, nullptr);
  EXPECT_EQ(feedback->feedback_type, "auth-failure");
  EXPECT_EQ(feedback->auth_failure, "dmarc");
  EXPECT_THAT(feedback->reported_domains, testing::ElementsAre("example.com"));
  EXPECT_EQ(feedback->source_ip, "203.0.113.68");
  EXPECT_EQ(feedback->arrived, WallTime(seconds(1744060569)));
  EXPECT_THAT(feedback->identity_alignment, testing::ElementsAre("spf"));
  EXPECT_EQ(feedback->original.message_id, "<134117F8@example.com>");
}

TEST(ReportsTls, wrong_types_are_read_and_noted) {
  Notes notes;
  const auto report = parse_tls_report(
      R"({"policies":[{"policy":{"policy-type":"STS","policy-domain":"example.com","mx-host":"mx.example.com"},
      "summary":{"total-successful-session-count":"7"}}]})",
      notes);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->policies.at(0).policy_type, "sts");
  EXPECT_EQ(report->policies.at(0).successful_sessions, 7U);
  EXPECT_THAT(report->policies.at(0).mx_host, testing::ElementsAre("mx.example.com"));
  EXPECT_TRUE(notes.has("json-type"));
}

TEST(ReportsTls, deep_json_is_refused) {
  Notes notes;
  EXPECT_FALSE(parse_tls_report("{\"policies\":" + std::string(100'000, '['), notes));
}

const DeliveryReport& delivery_of(const Report& report) {
  static const DeliveryReport none;
  const auto* found = std::get_if<DeliveryReport>(&report.content);
  EXPECT_NE(found, nullptr) << json(report, "");
  return found == nullptr ? none : *found;
}

// The layout of https://cr.yp.to/proto/qsbmf.txt.
TEST(ReportsDelivery, qmail_bounce) {
  const auto report = only(
      "Return-Path: <>\nFrom: MAILER-DAEMON@example.org\nSubject: failure notice\n\n"
      "Hi. This is the qmail-send program at example.org.\nI'm afraid I wasn't able to deliver your message to the "
      "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
      "<bob@example.net>:\n192.0.2.25 does not like recipient.\nRemote host said: 550 5.7.1 No PTR record\n"
      "Giving up on 192.0.2.25.\n\n--- Below this line is a copy of the message.\n\n"
      "Return-Path: <alice@example.com>\nMessage-ID: <m1@example.com>\n\nHello\n");
  const auto& delivery = delivery_of(report);
  EXPECT_EQ(delivery.form, BounceForm::qmail);
  ASSERT_EQ(delivery.recipients.size(), 1U);
  EXPECT_EQ(delivery.recipients[0].address, "bob@example.net");
  EXPECT_EQ(delivery.recipients[0].reply_code, "550");
  EXPECT_EQ(delivery.recipients[0].status, "5.7.1");
  EXPECT_EQ(delivery.original.message_id, "<m1@example.com>");
}

TEST(ReportsDelivery, exim_bounce) {
  const auto report = only(
      "X-Failed-Recipients: bob@example.net\nFrom: Mail Delivery System <Mailer-Daemon@example.org>\n"
      "Subject: Mail delivery failed: returning message to sender\n\n"
      "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
      "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
      "  bob@example.net\n    host mx.example.net [192.0.2.25]\n    SMTP error from remote mail server after RCPT TO:"
      "<bob@example.net>:\n    550 5.1.1 no such user\n\n------ This is a copy of the message, including all the "
      "headers. ------\n\nMessage-ID: <m2@example.com>\n\nx\n");
  const auto& delivery = delivery_of(report);
  EXPECT_EQ(delivery.form, BounceForm::exim);
  ASSERT_EQ(delivery.recipients.size(), 1U);
  EXPECT_EQ(delivery.recipients[0].enhanced_code, "5.1.1");
  EXPECT_EQ(delivery.recipients[0].reply_code, "550");
}

TEST(ReportsDelivery, recipients_without_an_empty_line_between_them) {
  Notes notes;
  const auto report = parse_delivery_status(
      "Reporting-MTA: dns; a.example\r\nFinal-Recipient: rfc822; x@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
      "Final-Recipient: rfc822; y@example.com\r\nAction: Failed\r\nStatus: 5.2.2\r\n",
      "", notes);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->recipients.size(), 2U);
  EXPECT_EQ(report->reporting_mta.value, "a.example");
  EXPECT_EQ(report->recipients[1].status, "5.2.2");
  EXPECT_TRUE(notes.has("recipients-in-one-group"));
}

TEST(ReportsDelivery, reply_codes_are_found_where_replies_begin) {
  EXPECT_EQ(find_reply_codes("550-5.7.1 [2001:db8::1] Our system").enhanced, "5.7.1");
  EXPECT_EQ(find_reply_codes("host mx[192.0.2.1] said: 552 5.2.2 over quota").code, "552");
  EXPECT_EQ(find_reply_codes("waited 450 seconds").code, "");
  EXPECT_EQ(find_reply_codes("mx.example.com #<mx.example.com #5.1.1 smtp>").enhanced, "5.1.1");
  EXPECT_EQ(find_reply_codes("connect to 5.1.1.9 failed").enhanced, "");
}

TEST(ReportsDates, forms_of_rfc5322_and_its_past) {
  // 2005-03-08T18:00:00Z and others by date(1).
  EXPECT_EQ(parse_mail_date("Thu, 8 Mar 2005 14:00:00 EDT"), WallTime(seconds(1110304800)));
  EXPECT_EQ(parse_mail_date("8 Oct 2011 20:15:58 +0000 (GMT)"), WallTime(seconds(1318104958)));
  EXPECT_EQ(parse_mail_date("Thu, 02 Jul 26 18:55:38 UTC"), WallTime(seconds(1783018538)));
  EXPECT_EQ(parse_mail_date("Fri, May 09 2017 16:54:30 -0800"), WallTime(seconds(1494377670)));
  EXPECT_EQ(parse_mail_date("31 Feb 2020 00:00:00 +0000"), std::nullopt);
  EXPECT_EQ(parse_mail_date(""), std::nullopt);
  EXPECT_EQ(parse_rfc3339("2016-04-01T02:00:00.5+02:00"), WallTime(seconds(1459468800)));
}

TEST(ReportsJson, is_one_line_whatever_the_report_says) {
  const auto line = json(only(aggregate_xml("<spf><domain>a\n\x01\x1b[31m</domain></spf>")), "a\nb");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  const auto read = nlohmann::json::parse(line);
  EXPECT_EQ(read["version"], 1);
  EXPECT_EQ(read["kind"], "dmarc-aggregate");
  EXPECT_EQ(read["report"]["record"][0]["row"]["count"], 3);
}

}  // namespace
}  // namespace ptarmigan::reports
