// relay/tests/submission_gate_test.cpp - which message breaks which rule, and what its submitter is told.
#include "relay/submission_gate.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

using config::GateAction;

GateVerdict judge(const std::string& header, Signing signing = Signing::aligned, const config::Gate& settings = {},
                  bool smtputf8 = false) {
  const std::string text = header + "\r\n";
  const auto section = message::HeaderSection::parse(text);
  return judge_submission(settings, {section.value(), signing, smtputf8});
}
std::string rules(const GateVerdict& verdict) {
  std::string out;
  for (const auto& finding : verdict.findings) out += (out.empty() ? "" : " ") + finding.rule;
  return out;
}

const std::string good =
    "From: A <a@example.com>\r\nTo: b@example.net\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 17:52:03 +0000\r\n"
    "Message-ID: <1@example.com>\r\n";
const std::string one_click =
    "List-Unsubscribe: <https://example.com/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";

TEST(SubmissionGate, a_good_message_passes) {
  EXPECT_EQ(judge(good).action(), GateAction::off);
  EXPECT_EQ(rules(judge("From: a@example.com\r\n")), "") << "Date and Message-ID are added, not asked for";
}

TEST(SubmissionGate, there_is_one_author) {
  EXPECT_EQ(rules(judge("Subject: x\r\n")), "gate.one_author");
  EXPECT_EQ(rules(judge(good + "From: c@example.com\r\n")), "gate.one_author");
  EXPECT_EQ(rules(judge("From: a@example.com, b@example.com\r\n")), "gate.one_author");
  EXPECT_EQ(rules(judge("From: undisclosed:;\r\n")), "gate.one_author");
  EXPECT_EQ(rules(judge("From: a@localhost\r\n")), "gate.one_author");
}

TEST(SubmissionGate, fields_that_stand_once_stand_once) {
  EXPECT_EQ(rules(judge(good + "Subject: y\r\n")), "gate.single_fields");
  EXPECT_EQ(rules(judge("From: a@example.com\r\nMessage-ID: none\r\n")), "gate.message_id");
}

TEST(SubmissionGate, the_from_domain_has_a_key) {
  EXPECT_EQ(rules(judge(good, Signing::missing)), "gate.signed_domain");
  EXPECT_EQ(rules(judge(good, Signing::nobody)), "") << "who signs nothing is not asked to sign this";
  for (const auto signing : {Signing::missing, Signing::nobody}) {
    const auto verdict = judge("From: Shop <shop@gmail.com>\r\n", signing);
    EXPECT_EQ(rules(verdict), "gate.signed_domain") << "freemail is never ours to send from";
    EXPECT_NE(verdict.refusal().text().find("Reply-To"), std::string::npos) << verdict.refusal().text();
  }
}

TEST(SubmissionGate, bulk_mail_has_one_click_unsubscribe) {
  EXPECT_EQ(rules(judge(good + "Precedence: bulk\r\n")), "gate.unsubscribe");
  EXPECT_EQ(rules(judge(good + "X-Ptarmigan-Stream: Bulk\r\n")), "gate.unsubscribe");
  EXPECT_EQ(rules(judge(good + "Precedence: bulk\r\nList-Unsubscribe: <mailto:u@example.com>\r\n")),
            "gate.unsubscribe");
  EXPECT_EQ(rules(judge(good + "Precedence: bulk\r\n" + one_click)), "");
  EXPECT_EQ(judge(good + "Precedence: bulk\r\n" + one_click).stream, spool::Stream::bulk);
  EXPECT_EQ(judge(good + "Precedence: bulk\r\nX-Ptarmigan-Stream: transactional\r\n").stream,
            spool::Stream::transactional)
      << "what the submitter says goes first";
  EXPECT_EQ(judge(good).stream, spool::Stream::unspecified);
}

TEST(SubmissionGate, a_header_beyond_ascii_needs_smtputf8) {
  const std::string utf8 = "From: a@example.com\r\nSubject: gr\xc3\xbc\xc3\x9f\x65\r\n";
  EXPECT_EQ(rules(judge(utf8)), "gate.encoded_header");
  EXPECT_EQ(rules(judge(utf8, Signing::aligned, {}, true)), "");
}

TEST(SubmissionGate, each_rule_does_what_is_configured_and_the_worst_wins) {
  config::Gate settings;
  settings.single_fields = GateAction::warn;
  settings.signed_domain = GateAction::hold;
  settings.one_author = GateAction::off;
  const auto verdict = judge(good + "Subject: y\r\n", Signing::missing, settings);
  EXPECT_EQ(verdict.action(), GateAction::hold);
  EXPECT_EQ(rules(verdict), "gate.signed_domain gate.single_fields");
  ASSERT_EQ(verdict.warnings().size(), 2U);
  EXPECT_TRUE(verdict.warnings().front().starts_with("Held: No DKIM key is configured for the From domain example.com"))
      << verdict.warnings().front();
  EXPECT_TRUE(verdict.warnings().back().starts_with("Warning: These fields occur more than once: Subject"));
  EXPECT_EQ(judge("Subject: x\r\n", Signing::aligned, settings).action(), GateAction::off);
}

TEST(SubmissionGate, a_refusal_names_the_setting_and_the_fix) {
  const auto reply = judge("Subject: x\r\n").refusal();
  EXPECT_EQ(reply.wire(),
            "550-5.6.0 The message has no From field (gate.one_author)\r\n"
            "550 5.6.0 Fix: Write exactly one From field with exactly one address whose domain exists.\r\n");
}

}  // namespace
}  // namespace ptarmigan::relay
