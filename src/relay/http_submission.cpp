// relay/http_submission.cpp - see http_submission.hpp.
#include "relay/http_submission.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "auth/dkim/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "message/address.hpp"
#include "message/build.hpp"
#include "message/header.hpp"
#include "message/lines.hpp"

namespace ptarmigan::relay {
namespace {

using Json = nlohmann::json;

constexpr std::size_t base64_line = 57;  // octets that make a line of 76 (RFC 2045#6.8)
constexpr std::array<std::string_view, 13> message_keys{"from",      "to",     "cc",         "bcc",     "reply_to",
                                                        "subject",   "text",   "html",       "headers", "attachments",
                                                        "mail_from", "stream", "unsubscribe"};
/// What is written here, or what others must write.
constexpr std::array<std::string_view, 13> own_fields{"From",
                                                      "To",
                                                      "Cc",
                                                      "Bcc",
                                                      "Reply-To",
                                                      "Subject",
                                                      "MIME-Version",
                                                      "Received",
                                                      "Return-Path",
                                                      "DKIM-Signature",
                                                      "Content-Type",
                                                      "Content-Transfer-Encoding",
                                                      "X-Ptarmigan-Stream"};

Json json_of(const Error& error) {
  Json out{{"error", error.message}};
  if (!error.remedy.empty()) out["remedy"] = error.remedy;
  return out;
}

net::HttpReply json_reply(unsigned status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

// --- Reading JSON ---

/// A text, or "" where it is absent.
Result<std::string> text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::string();
  if (!found->is_string()) return failure("\"" + std::string(key) + "\" is not a text");
  return found->get<std::string>();
}

/// A text or a list of texts.
Result<std::vector<std::string>> texts_of(const Json& object, const char* key) {
  std::vector<std::string> out;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return out;
  if (found->is_string()) return std::vector{found->get<std::string>()};
  if (!found->is_array()) return failure("\"" + std::string(key) + "\" is neither a text nor a list of texts");
  for (const auto& one : *found) {
    if (!one.is_string()) return failure("\"" + std::string(key) + "\" holds something that is not a text");
    out.push_back(one.get<std::string>());
  }
  return out;
}

struct Part {
  std::string headers;  ///< Content- fields, each with CRLF
  std::string body;     ///< encoded, ends with CRLF
};

std::string base64_lines(std::string_view octets) {
  std::string out;
  for (std::size_t at = 0; at < octets.size(); at += base64_line)
    out += base64_encode(octets.substr(at, base64_line)) + "\r\n";
  return out;
}

/// As it is where SMTP takes it as it is, else base64.
Part text_part(std::string_view subtype, const std::string& text) {
  auto lines = message::to_crlf(text);
  if (!lines.ends_with("\r\n")) lines += "\r\n";
  const auto report = message::examine_lines(lines);
  const bool plain = report.eight_bit == 0 && report.nul == 0 && !report.too_long();
  Part out;
  out.headers = "Content-Type: text/" + std::string(subtype) + "; charset=" + (plain ? "us-ascii" : "utf-8") +
                "\r\nContent-Transfer-Encoding: " + (plain ? "7bit" : "base64") + "\r\n";
  out.body = plain ? std::move(lines) : base64_lines(lines);
  return out;
}

bool is_mime_type(std::string_view text) {
  const auto slash = text.find('/');
  const auto is_token = [](std::string_view word) {
    return !word.empty() &&
           std::ranges::all_of(word, [](char c) { return is_alnum(c) || std::string_view("!#$&-^_.+").contains(c); });
  };
  return slash != std::string_view::npos && is_token(text.substr(0, slash)) && is_token(text.substr(slash + 1));
}

/// "; filename=..." (RFC 2183#2.3), or the form of RFC 2231#4 for what is not plain.
std::string file_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) { return is_printable_ascii(c) && c != '"' && c != '\\'; });
  if (plain && name.size() <= 60) return "; filename=\"" + std::string(name) + "\"";
  return "; filename*=utf-8''" + net::percent_encode(name);
}

Result<Part> attachment(const Json& json) {
  if (!json.is_object()) return failure("an attachment is not an object");
  const auto name = text_of(json, "name");
  const auto type = text_of(json, "type");
  const auto content = text_of(json, "content");
  const auto id = text_of(json, "content_id");
  for (const auto* text : {&name, &type, &content, &id})
    if (!*text) return std::unexpected(text->error());
  const auto octets = base64_decode(*content, Base64Blanks::ignore);
  if (!octets) return failure("the content of the attachment \"" + printable(*name, 80) + "\" is not base64");
  const auto mime_type = type->empty() ? std::string("application/octet-stream") : *type;
  if (!is_mime_type(mime_type) || istarts_with(mime_type, "multipart/") || istarts_with(mime_type, "message/"))
    return failure("\"" + printable(mime_type, 80) + "\" is not the type of an attachment",
                   "for example application/pdf");
  Part out;
  const std::string disposition = (id->empty() ? "attachment" : "inline") + (name->empty() ? "" : file_name(*name));
  for (const auto& [field, value] :
       std::initializer_list<std::pair<const char*, std::string>>{{"Content-Type", mime_type},
                                                                  {"Content-Transfer-Encoding", "base64"},
                                                                  {"Content-Disposition", disposition},
                                                                  {"Content-ID", id->empty() ? "" : "<" + *id + ">"}}) {
    if (value.empty()) continue;
    auto line = message::header_field(field, value);
    if (!line) return std::unexpected(line.error());
    out.headers += *line;
  }
  out.body = base64_lines(*octets);
  return out;
}

/// Parts under one roof. The boundary stands in none of them.
Part multipart(std::string_view subtype, const std::vector<Part>& parts) {
  std::string boundary;
  for (unsigned number = 0;; ++number) {
    boundary = "=_ptarmigan_" + std::string(subtype) + "_" + std::to_string(number);
    if (std::ranges::none_of(
            parts, [&](const Part& part) { return part.body.contains(boundary) || part.headers.contains(boundary); }))
      break;
  }
  Part out;
  out.headers = "Content-Type: multipart/" + std::string(subtype) + ";\r\n boundary=\"" + boundary + "\"\r\n";
  for (const auto& part : parts) out.body += "--" + boundary + "\r\n" + part.headers + "\r\n" + part.body;
  out.body += "--" + boundary + "--\r\n";
  return out;
}

Result<Part> body_of(const Json& json) {
  const auto text = text_of(json, "text");
  const auto html = text_of(json, "html");
  if (!text) return std::unexpected(text.error());
  if (!html) return std::unexpected(html.error());
  if (!message::is_utf8(*text) || !message::is_utf8(*html)) return failure("a text is not UTF-8");
  Part out;
  if (html->empty())
    out = text_part("plain", *text);
  else if (text->empty())
    out = text_part("html", *html);
  else
    out = multipart("alternative", {text_part("plain", *text), text_part("html", *html)});
  const auto found = json.find("attachments");
  if (found == json.end() || found->is_null()) return out;
  if (!found->is_array()) return failure("\"attachments\" is not a list");
  std::vector<Part> parts{std::move(out)};
  for (const auto& one : *found) {
    auto part = attachment(one);
    if (!part) return part;
    parts.push_back(*std::move(part));
  }
  return parts.size() == 1 ? std::move(parts.front()) : multipart("mixed", parts);
}

/// With `refused`, a text that is no address goes there and the others stay; else it is an error.
Result<std::vector<message::Mailbox>> mailboxes_of(const Json& json, const char* key,
                                                   std::vector<RefusedRecipient>* refused = nullptr) {
  const auto texts = texts_of(json, key);
  if (!texts) return std::unexpected(texts.error());
  std::vector<message::Mailbox> out;
  for (const auto& text : *texts) {
    auto list = message::parse_address_list(text);
    if (!list && refused != nullptr) {
      refused->push_back({text, list.error()});
      continue;
    }
    if (!list)
      return failure("\"" + std::string(key) + "\" holds \"" + printable(text, 80) +
                     "\", which is no address: " + list.error().message);
    for (auto& mailbox : *list) out.push_back(std::move(mailbox));
  }
  return out;
}

/// Appends one field; an empty value writes none.
Result<> put_field(std::string& out, std::string_view name, const std::string& value) {
  if (value.empty()) return {};
  auto field = message::header_field(name, value);
  if (!field) return std::unexpected(field.error());
  out += *field;
  return {};
}

/// Words of people. Not even encoded do they hold a line end: who decodes them may write it somewhere.
Result<> put_text(std::string& out, std::string_view name, const std::string& text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos || !message::is_utf8(text))
    return failure(printable(name, 80) + " holds a line end or NUL, or is not UTF-8");
  return put_field(out, name, message::encoded_text(text));
}

Result<> put_own_fields(std::string& out, const Json& json) {
  const auto found = json.find("headers");
  if (found == json.end() || found->is_null()) return {};
  if (!found->is_object()) return failure("\"headers\" is not an object of names and texts");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return failure("the header field " + printable(name, 80) + " is not a text");
    if (std::ranges::any_of(own_fields, [&](std::string_view own) { return iequals(own, name); }))
      return failure("\"headers\" may not hold " + printable(name, 80), "use the key of its own where there is one");
    if (auto put = put_text(out, name, value.get<std::string>()); !put) return put;
  }
  return {};
}

Result<std::string> header_of(const Json& json) {
  std::string out;
  std::vector<RefusedRecipient> left_out;
  for (const auto& [name, key] : std::initializer_list<std::pair<const char*, const char*>>{
           {"From", "from"}, {"To", "to"}, {"Cc", "cc"}, {"Reply-To", "reply_to"}}) {
    const bool recipients = std::string_view(key) == "to" || std::string_view(key) == "cc";
    const auto mailboxes = mailboxes_of(json, key, recipients ? &left_out : nullptr);
    if (!mailboxes) return std::unexpected(mailboxes.error());
    if (mailboxes->empty()) continue;
    const auto value = message::address_list(*mailboxes);
    if (!value) return std::unexpected(value.error());
    if (auto put = put_field(out, name, *value); !put) return std::unexpected(put.error());
  }
  const auto subject = text_of(json, "subject");
  const auto stream = text_of(json, "stream");
  const auto unsubscribe = text_of(json, "unsubscribe");
  for (const auto* text : {&subject, &stream, &unsubscribe})
    if (!*text) return std::unexpected(text->error());
  if (!stream->empty() && *stream != "bulk" && *stream != "transactional")
    return failure("\"stream\" is neither \"bulk\" nor \"transactional\"");
  if (!unsubscribe->empty() &&
      (!unsubscribe->starts_with("https://") || unsubscribe->find_first_of("<> ") != std::string::npos))
    return failure("\"unsubscribe\" is not an HTTPS address", "RFC 8058 asks for one that answers POST");
  if (auto put = put_text(out, "Subject", *subject); !put) return std::unexpected(put.error());
  const std::string uri = unsubscribe->empty() ? "" : "<" + *unsubscribe + ">";
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"X-Ptarmigan-Stream", *stream},
           {"List-Unsubscribe", uri},
           {"List-Unsubscribe-Post", uri.empty() ? "" : "List-Unsubscribe=One-Click"}})
    if (auto put = put_field(out, name, value); !put) return std::unexpected(put.error());
  if (auto put = put_own_fields(out, json); !put) return std::unexpected(put.error());
  return out + "MIME-Version: 1.0\r\n";
}

/// The envelope. What is no address is refused alone.
Result<> address(HttpMessage& out, std::string_view mail_from, const std::vector<std::string>& recipients,
                 std::size_t max_recipients) {
  if (!mail_from.empty() && mail_from != "<>") {
    auto sender = smtp::Mailbox::parse(mail_from);
    if (!sender)
      return failure("the sender \"" + printable(mail_from, 80) + "\" is no address: " + sender.error().message);
    out.envelope.mail_from.mailbox = *std::move(sender);
  }
  for (const auto& text : recipients) {
    auto mailbox = smtp::Mailbox::parse(text);
    if (!mailbox) {
      out.refused.push_back({text, mailbox.error()});
      continue;
    }
    if (!mailbox->is_ascii()) out.envelope.parameters.smtputf8 = true;
    out.envelope.recipients.push_back({.path = {*std::move(mailbox)}, .notify = {}, .original = {}});
  }
  if (out.envelope.mail_from.mailbox && !out.envelope.mail_from.mailbox->is_ascii())
    out.envelope.parameters.smtputf8 = true;
  if (out.envelope.recipients.empty()) return failure("there is no recipient", "give \"to\", \"cc\" or \"bcc\"");
  if (out.envelope.recipients.size() > max_recipients)
    return failure("more than " + std::to_string(max_recipients) + " recipients", "send several messages");
  return {};
}

Result<HttpMessage> message_of(const Json& json, std::size_t max_recipients) {
  if (!json.is_object()) return failure("a message is not an object");
  for (const auto& [key, value] : json.items())
    if (std::ranges::find(message_keys, key) == message_keys.end())
      return failure("\"" + printable(key, 80) + "\" is not known in a message");
  const auto from = mailboxes_of(json, "from");
  if (!from) return std::unexpected(from.error());
  if (from->size() != 1) return failure("\"from\" is not one address", "for example \"News <news@example.com>\"");
  HttpMessage out;
  std::vector<std::string> recipients;
  for (const char* key : {"to", "cc", "bcc"}) {
    const auto mailboxes = mailboxes_of(json, key, &out.refused);
    if (!mailboxes) return std::unexpected(mailboxes.error());
    for (const auto& mailbox : *mailboxes) recipients.push_back(mailbox.address());
  }
  const auto mail_from = text_of(json, "mail_from");
  if (!mail_from) return std::unexpected(mail_from.error());
  if (auto done = address(out, mail_from->empty() ? from->front().address() : *mail_from, recipients, max_recipients);
      !done)
    return std::unexpected(done.error());
  auto header = header_of(json);
  if (!header) return std::unexpected(header.error());
  auto body = body_of(json);
  if (!body) return std::unexpected(body.error());
  out.octets = *std::move(header) + body->headers + "\r\n" + body->body;
  return out;
}

Result<HttpMessage> raw_message(const net::HttpRequest& request, std::size_t max_recipients) {
  HttpMessage out;
  out.octets = request.body;
  const auto lines = message::examine_lines(out.octets);
  if (lines.nul != 0) return failure("the message holds NUL");
  if (lines.bare()) out.octets = message::to_crlf(out.octets);
  if (message::examine_lines(out.octets).too_long())
    return failure("a line of the message is longer than 998 octets", "encode it as quoted-printable or base64");
  std::vector<std::string> recipients;
  for (const auto& [name, value] : request.query)
    if (name == "to") recipients.push_back(value);
  const auto header = message::HeaderSection::parse(out.octets);
  if (!header) return std::unexpected(header.error());
  const auto addresses_in = [&](const char* name) {
    std::vector<std::string> found;
    for (const auto* field : header->all(name))
      if (const auto list = message::parse_address_list(field->body))
        for (const auto& mailbox : *list) found.push_back(mailbox.address());
    return found;
  };
  if (recipients.empty())
    for (const char* name : {"To", "Cc"}) std::ranges::move(addresses_in(name), std::back_inserter(recipients));
  std::string from(request.parameter("from").value_or(""));
  if (!request.parameter("from"))
    if (const auto authors = addresses_in("From"); !authors.empty()) from = authors.front();
  if (auto done = address(out, from, recipients, max_recipients); !done) return std::unexpected(done.error());
  return out;
}

}  // namespace

std::expected<HttpSubmission, net::HttpReply> read_submission(const net::HttpRequest& request,
                                                              std::size_t max_recipients) {
  const auto refuse = [](unsigned status, std::string message, std::string remedy) {
    return std::unexpected(submission_error(status, {std::move(message), std::move(remedy)}));
  };
  HttpSubmission out;
  const auto is_key = [](const auto& field) { return field.first == "idempotency-key"; };
  if (std::ranges::any_of(request.headers, is_key)) {
    const auto key = request.header("idempotency-key");
    if (!key || key->empty() || key->size() > max_idempotency_key || !std::ranges::all_of(*key, is_printable_ascii))
      return refuse(400, "the Idempotency-Key is not one of 1 to 255 printable characters", "a UUID is good");
    out.key = *key;
    out.fingerprint = fingerprint_of(request);
  }
  const auto type = to_lower(trim(
      request.header("content-type").value_or("").substr(0, request.header("content-type").value_or("").find(';'))));
  if (type == "message/rfc822") {
    out.messages.push_back(raw_message(request, max_recipients));
    return out;
  }
  if (type != "application/json")
    return refuse(415, "the Content-Type is neither application/json nor message/rfc822",
                  "say which of them the body is");
  const auto json = Json::parse(request.body, nullptr, false);
  if (json.is_discarded()) return refuse(400, "the body is not JSON", "");
  const auto batch = json.is_object() ? json.find("messages") : json.end();
  if (batch == json.end()) {
    out.messages.push_back(message_of(json, max_recipients));
    return out;
  }
  if (json.size() != 1 || !batch->is_array() || batch->empty())
    return refuse(400, "a batch is {\"messages\": [...]} and nothing beside it", "");
  if (batch->size() > max_http_messages)
    return refuse(413, "more than " + std::to_string(max_http_messages) + " messages", "send several batches");
  for (const auto& one : *batch) out.messages.push_back(message_of(one, max_recipients));
  return out;
}

net::HttpReply submission_reply(const std::vector<HttpOutcome>& outcomes) {
  Json messages = Json::array();
  bool accepted = false;
  for (const auto& outcome : outcomes) {
    if (outcome.error) {
      messages.push_back(json_of(*outcome.error));
      continue;
    }
    accepted = true;
    Json recipients = Json::array();
    for (const auto& address : outcome.recipients) recipients.push_back({{"address", address}, {"status", "queued"}});
    for (const auto& refused : outcome.refused) {
      auto one = json_of(refused.error);
      one["address"] = refused.address;
      one["status"] = "refused";
      recipients.push_back(std::move(one));
    }
    messages.push_back({{"id", outcome.id.text()}, {"recipients", std::move(recipients)}});
    if (!outcome.warnings.empty()) messages.back()["warnings"] = outcome.warnings;
  }
  return json_reply(accepted ? 202 : 422, {{"version", 1}, {"messages", std::move(messages)}});
}

net::HttpReply submission_error(unsigned status, const Error& error) {
  auto body = json_of(error);
  body["version"] = 1;
  return json_reply(status, body);
}

std::string recalled_key(std::string_view user, std::string_view key) {
  return std::to_string(user.size()) + ":" + std::string(user) + std::string(key);
}

std::string fingerprint_of(const net::HttpRequest& request) {
  dkim::Sha256 hash;
  const auto put = [&hash](std::string_view text) {
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  };
  put(to_lower(request.header("content-type").value_or("")));
  for (const auto& [name, value] : request.query) {
    put(name);
    put(value);
  }
  put("body");
  put(request.body);
  const auto digest = hash.finish();
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string remembered_text(std::string_view fingerprint, std::string_view reply_body) {
  return std::string(fingerprint) + "\n" + std::string(reply_body);
}

net::HttpReply replayed(std::string_view remembered, std::string_view fingerprint) {
  const auto end = remembered.find('\n');
  if (end == std::string_view::npos || remembered.substr(0, end) != fingerprint)
    return submission_error(422, {"this Idempotency-Key came before with another request",
                                  "give each request a key of its own, and send it again unchanged"});
  return {
      .status = 202,
      .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"Idempotent-Replayed", "true"}},
      .body = std::string(remembered.substr(end + 1))};
}

}  // namespace ptarmigan::relay
