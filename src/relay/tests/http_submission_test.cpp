// relay/tests/http_submission_test.cpp - requests to messages and outcomes to replies.
#include "relay/http_submission.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "message/header.hpp"
#include "message/mime.hpp"

namespace ptarmigan::relay {
namespace {

using Json = nlohmann::json;

net::HttpRequest request(std::string type, std::string body, net::HttpFields query = {}) {
  net::HttpRequest out{.method = "POST", .path = "/api/v1/messages", .segments = {"api", "v1", "messages"}};
  out.headers = {{"content-type", std::move(type)}};
  out.body = std::move(body);
  out.query = std::move(query);
  return out;
}
/// The one message of a JSON request.
Result<HttpMessage> message(const Json& json) {
  auto read = read_submission(request("application/json; charset=utf-8", json.dump()), 100);
  if (!read) return failure("status " + std::to_string(read.error().status));
  return std::move(read->messages.at(0));
}
std::string problem(const Json& json) {
  const auto got = message(json);
  return got ? "" : got.error().message;
}

const Json plain{{"from", "News <news@example.com>"},
                 {"to", {"a@example.net", "B <b@example.net>"}},
                 {"subject", "Hi"},
                 {"text", "Hello\n.\nbye"}};

Json with(const char* key, Json value) {
  Json out = plain;
  out[key] = std::move(value);
  return out;
}

TEST(HttpSubmission, a_message_of_parts_is_built) {
  const auto got = message(plain);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->envelope.mail_from.text(), "<news@example.com>");
  ASSERT_EQ(got->envelope.recipients.size(), 2U);
  EXPECT_EQ(
      got->octets,
      "From: News <news@example.com>\r\nTo: a@example.net, B <b@example.net>\r\nSubject: Hi\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n.\r\nbye\r\n");
}

TEST(HttpSubmission, text_html_and_attachments_come_out_as_they_went_in) {
  auto json = with("html", "<p>Gr\u00fc\u00dfe</p>");
  json["subject"] = "Gr\u00fc\u00dfe";
  json["attachments"] = {{{"name", "r\u00e9sum\u00e9.pdf"}, {"type", "application/pdf"}, {"content", "JVBERi0A"}}};
  const auto got = message(json);
  ASSERT_TRUE(got) << got.error().message;
  const auto parts = message::walk_parts(got->octets);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 5U) << "mixed, alternative, text, html, attachment";
  EXPECT_TRUE((*parts)[0].content_type.is("multipart", "mixed"));
  EXPECT_EQ((*parts)[2].decode(), "Hello\r\n.\r\nbye");
  EXPECT_EQ((*parts)[3].decode(), "<p>Gr\xc3\xbc\xc3\x9f\x65</p>\r\n");
  EXPECT_EQ((*parts)[4].decode(), std::string("%PDF-\0", 6));
  EXPECT_NE(got->octets.find("filename*=utf-8''r%C3%A9sum%C3%A9.pdf"), std::string::npos) << got->octets;
  EXPECT_TRUE(std::ranges::none_of(got->octets, [](char c) { return static_cast<unsigned char>(c) > 0x7f; }));
}

TEST(HttpSubmission, a_recipient_that_is_no_address_is_refused_alone) {
  const auto got = message(with("to", {"a@example.net", "nobody", "B <b@example.net>, c@example.net"}));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->envelope.recipients.size(), 3U);
  ASSERT_EQ(got->refused.size(), 1U);
  EXPECT_EQ(got->refused[0].address, "nobody");
  EXPECT_EQ(got->octets.find("nobody"), std::string::npos);
  EXPECT_EQ(problem(with("to", "nobody")), "there is no recipient");
}

TEST(HttpSubmission, bcc_is_in_the_envelope_only) {
  const auto got = message(with("bcc", "secret@example.net"));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->envelope.recipients.size(), 3U);
  EXPECT_EQ(got->octets.find("secret"), std::string::npos);
}

TEST(HttpSubmission, nothing_can_add_a_field_or_end_the_header) {
  EXPECT_NE(problem(with("subject", "x\r\nBcc: evil@example.org")).size(), 0U);
  EXPECT_NE(problem(with("headers", {{"X-A", "b\r\n\r\nbody"}})).size(), 0U);
  EXPECT_NE(problem(with("headers", {{"X A", "b"}})).size(), 0U);
  EXPECT_NE(problem(with("headers", {{"bcc", "evil@example.org"}})).size(), 0U);
  EXPECT_NE(problem(with("headers", {{"DKIM-Signature", "v=1"}})).size(), 0U);
  EXPECT_NE(problem(with("attachments", {{{"type", "text/x\r\nBcc: evil@example.org"}, {"content", ""}}})).size(), 0U);
  EXPECT_NE(problem(with("attachments", {{{"type", "multipart/mixed; boundary=x"}, {"content", ""}}})).size(), 0U);
  EXPECT_NE(problem(with("unsubscribe", "https://example.com/>,<mailto:x@example.org")).size(), 0U);
}

TEST(HttpSubmission, bulk_mail_gets_its_unsubscribe_fields) {
  auto json = with("unsubscribe", "https://example.com/u/1");
  json["stream"] = "bulk";
  const auto got = message(json);
  ASSERT_TRUE(got);
  EXPECT_NE(got->octets.find("List-Unsubscribe: <https://example.com/u/1>\r\nList-Unsubscribe-Post: "
                             "List-Unsubscribe=One-Click\r\n"),
            std::string::npos);
  EXPECT_NE(got->octets.find("X-Ptarmigan-Stream: bulk\r\n"), std::string::npos);
}

TEST(HttpSubmission, what_is_wrong_is_said) {
  EXPECT_EQ(problem(with("form", "x")), "\"form\" is not known in a message");
  EXPECT_EQ(problem(with("from", "a@example.com, b@example.com")), "\"from\" is not one address");
  EXPECT_EQ(problem(with("to", Json::array())), "there is no recipient");
  EXPECT_EQ(problem(with("to", 7)), "\"to\" is neither a text nor a list of texts");
  EXPECT_EQ(problem(with("attachments", {{{"name", "a"}, {"content", "%%%"}}})),
            "the content of the attachment \"a\" is not base64");
}

TEST(HttpSubmission, a_raw_message_is_taken_with_its_envelope) {
  const std::string raw = "From: news@example.com\nTo: shown@example.net\n\nhello\n";
  const auto read = read_submission(
      request("message/rfc822", raw, {{"from", "bounce@example.com"}, {"to", "a@example.net"}, {"to", "nobody"}}), 100);
  ASSERT_TRUE(read);
  const auto& got = read->messages.at(0);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->envelope.mail_from.text(), "<bounce@example.com>");
  ASSERT_EQ(got->envelope.recipients.size(), 1U);
  ASSERT_EQ(got->refused.size(), 1U) << "what is no address is refused alone";
  EXPECT_EQ(got->octets, "From: news@example.com\r\nTo: shown@example.net\r\n\r\nhello\r\n");
  const auto own = read_submission(request("message/rfc822", raw), 100);
  EXPECT_EQ(own->messages.at(0)->envelope.recipients.at(0).path.text(), "<shown@example.net>");
}

TEST(HttpSubmission, a_batch_goes_on_where_one_message_is_wrong) {
  const Json batch{{"messages", {plain, with("to", "nobody"), plain}}};
  const auto read = read_submission(request("application/json", batch.dump()), 100);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->messages.size(), 3U);
  EXPECT_TRUE(read->messages[0] && !read->messages[1] && read->messages[2]);
  HttpOutcome good{.id = QueueId(7), .recipients = {"a@example.net"}};
  good.refused = {{"nobody", {"no domain", ""}}};
  HttpOutcome bad{.error = Error{"there is no recipient", "give one"}};
  const auto reply = submission_reply({good, bad});
  EXPECT_EQ(reply.status, 202U);
  const auto json = Json::parse(reply.body);
  EXPECT_EQ(json["messages"][0]["id"], QueueId(7).text());
  EXPECT_EQ(json["messages"][0]["recipients"][0], (Json{{"address", "a@example.net"}, {"status", "queued"}}));
  EXPECT_EQ(json["messages"][0]["recipients"][1]["status"], "refused");
  EXPECT_EQ(json["messages"][1], (Json{{"error", "there is no recipient"}, {"remedy", "give one"}}));
  EXPECT_EQ(submission_reply({bad}).status, 422U);
}

TEST(HttpSubmission, requests_that_are_none_get_their_status) {
  const auto status = [](const net::HttpRequest& asked) {
    const auto read = read_submission(asked, 100);
    return read ? 0U : read.error().status;
  };
  EXPECT_EQ(status(request("text/plain", "x")), 415U);
  EXPECT_EQ(status(request("application/json", "{")), 400U);
  EXPECT_EQ(status(request("application/json", R"({"messages": []})")), 400U);
  EXPECT_EQ(status(request("application/json", R"({"messages": [{}], "x": 1})")), 400U);
  auto keyed = request("application/json", plain.dump());
  keyed.headers.emplace_back("idempotency-key", std::string(300, 'x'));
  EXPECT_EQ(status(keyed), 400U);
  keyed.headers.back().second = "0b8a3c52";
  EXPECT_EQ(read_submission(keyed, 100)->key, "0b8a3c52");
  keyed.headers.emplace_back("idempotency-key", "another");
  EXPECT_EQ(status(keyed), 400U) << "two keys are none";
  EXPECT_NE(recalled_key("ab", "c"), recalled_key("a", "bc"));
}

TEST(HttpSubmission, a_known_key_gets_the_first_reply_for_the_same_request_only) {
  const auto first = request("application/json", plain.dump());
  const auto kept = remembered_text(fingerprint_of(first), "{\"version\": 1}\n");
  const auto again = replayed(kept, fingerprint_of(request("Application/JSON", plain.dump())));
  EXPECT_EQ(again.status, 202U);
  EXPECT_EQ(again.body, "{\"version\": 1}\n");
  EXPECT_NE(std::ranges::find(again.headers, std::pair<std::string, std::string>("Idempotent-Replayed", "true")),
            again.headers.end());
  EXPECT_EQ(replayed(kept, fingerprint_of(request("application/json", with("subject", "x").dump()))).status, 422U);
  EXPECT_EQ(replayed(kept, fingerprint_of(request("message/rfc822", plain.dump()))).status, 422U);
  EXPECT_NE(fingerprint_of(request("message/rfc822", "", {{"to", "a"}, {"to", "b"}})),
            fingerprint_of(request("message/rfc822", "", {{"to", "b"}, {"to", "a"}})));
  EXPECT_NE(fingerprint_of(request("message/rfc822", "x", {{"to", "a"}})),
            fingerprint_of(request("message/rfc822", "", {{"to", "ax"}})));
}

}  // namespace
}  // namespace ptarmigan::relay
