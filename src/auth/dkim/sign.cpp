// auth/dkim/sign.cpp - see sign.hpp.
#include "auth/dkim/sign.hpp"

#include <algorithm>
#include <utility>

#include "auth/dkim/signature.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::dkim {
namespace {

constexpr std::size_t line_octets = 76;

std::string_view octets_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Lays out a tag list over several lines. A tag that does not fit begins a line; a long value is broken where its tag
/// allows blanks.
class FieldWriter {
 public:
  explicit FieldWriter(std::string_view name) : out_(std::string(name) + ":"), column_(out_.size()) {}

  void tag(std::string_view name, std::string_view value) {
    const auto size = name.size() + value.size() + 3;  // blank, "=", ";"
    if (column_ + size > line_octets)
      fold();
    else
      put(" ");
    put(name);
    put("=");
    put(value);
    put(";");
  }
  /// Breaks between names, before the colon.
  void names(std::string_view name, const std::vector<std::string>& names) {
    fold();
    put(name);
    put("=");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto piece = (i == 0 ? "" : ":") + names[i];
      if (column_ + piece.size() + 1 > line_octets) fold();
      put(piece);
    }
    put(";");
  }
  /// Ends with "b=", the value empty: what is hashed.
  std::string& begin_signature() {
    fold();
    put("b=");
    return out_;
  }
  void base64(std::string_view text) {
    while (!text.empty()) {
      if (column_ >= line_octets) fold();
      const auto size = std::min(line_octets - column_, text.size());
      put(text.substr(0, size));
      text.remove_prefix(size);
    }
  }
  std::string finish() { return std::move(out_) + "\r\n"; }

 private:
  void put(std::string_view text) {
    out_ += text;
    column_ += text.size();
  }
  void fold() {
    out_ += "\r\n ";
    column_ = 1;
  }
  std::string out_;
  std::size_t column_;
};

/// Each present instance, and one more of what is over-signed (RFC 6376#5.4.2).
std::vector<std::string> names_to_sign(const message::HeaderSection& header, const SigningSettings& settings) {
  std::vector<std::string> out;
  const auto oversigned = [&](std::string_view name) {
    return std::ranges::any_of(settings.oversigned_fields, [&](const std::string& one) { return iequals(one, name); });
  };
  const auto add = [&](const std::string& name) {
    if (std::ranges::any_of(out, [&](const std::string& one) { return iequals(one, name); })) return;
    const auto count = header.count(name) + (oversigned(name) ? 1 : 0);
    out.insert(out.end(), count, name);
  };
  add("From");
  std::ranges::for_each(settings.signed_fields, add);
  std::ranges::for_each(settings.oversigned_fields, add);
  return out;
}

Result<void> check_header(const message::HeaderSection& header) {
  if (header.count("From") != 1)
    return failure(header.count("From") == 0 ? "The message has no From field" : "The message has several From fields",
                   "a message has exactly one (RFC 5322)");
  for (const auto& field : header.fields()) {
    if (field.stray()) return failure("The header line \"" + printable(field.raw, 60) + "\" is not a field");
    for (auto at = field.raw.find_first_of("\r\n"); at != std::string_view::npos;
         at = field.raw.find_first_of("\r\n", at + 2))
      if (!field.raw.substr(at).starts_with("\r\n"))
        return failure("The header field " + printable(field.name, 60) + " holds a bare CR or LF");
    if (!field.raw.ends_with("\r\n")) return failure("The header does not end with a line end");
  }
  return {};
}

}  // namespace

std::vector<std::string> default_signed_fields() {
  return {"From",
          "Sender",
          "Reply-To",
          "Subject",
          "Date",
          "To",
          "Cc",
          "Message-ID",
          "In-Reply-To",
          "References",
          "MIME-Version",
          "Content-Type",
          "Content-Transfer-Encoding",
          "Content-ID",
          "Content-Description",
          "Resent-Date",
          "Resent-From",
          "Resent-Sender",
          "Resent-To",
          "Resent-Cc",
          "Resent-Message-ID",
          "List-Id",
          "List-Help",
          "List-Unsubscribe",
          "List-Unsubscribe-Post",
          "List-Subscribe",
          "List-Post",
          "List-Owner",
          "List-Archive",
          "Feedback-ID",
          "Auto-Submitted"};
}

std::vector<std::string> default_oversigned_fields() {
  return {"From", "Reply-To",   "Subject",      "Date",         "To",
          "Cc",   "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
}

Signer::Signer(SigningSettings settings) : settings_(std::move(settings)), hasher_(settings_.body) {}

Result<std::string> Signer::finish(const message::HeaderSection& header, std::span<const SigningKey> keys,
                                   WallTime signed_at) {
  const auto body_hash = base64_encode(octets_of(hasher_.finish().front()));
  if (auto fit = check_header(header); !fit) return std::unexpected(fit.error());
  std::string out;
  for (const auto& key : keys) {
    auto field = sign_header(header, body_hash, key, signed_at);
    if (!field) return field;
    out += *field;
  }
  return out;
}

Result<std::string> Signer::sign_header(const message::HeaderSection& header, const std::string& body_hash,
                                        const SigningKey& key, WallTime signed_at) {
  if (!dns::DomainName::parse(key.selector))
    return failure("\"" + printable(key.selector, 60) + "\" is not a DKIM selector");
  const auto names = names_to_sign(header, settings_);
  const auto now = std::chrono::floor<seconds>(signed_at).time_since_epoch().count();
  FieldWriter writer("DKIM-Signature");
  writer.tag("v", "1");
  writer.tag("a", to_string(algorithm_for(key.key.type())));
  writer.tag("c", std::string(to_string(settings_.header)) + "/" + std::string(to_string(settings_.body)));
  writer.tag("d", key.domain.text());
  writer.tag("s", key.selector);
  writer.tag("t", std::to_string(now));
  if (settings_.lifetime) writer.tag("x", std::to_string(now + settings_.lifetime->count()));
  writer.names("h", names);
  writer.tag("bh", body_hash);
  const std::string& unsigned_field = writer.begin_signature();

  canonical_.clear();
  FieldPicker(header).append(settings_.header, names, canonical_);
  const auto colon = unsigned_field.find(':');
  append_canonical(settings_.header,
                   {.name = std::string_view(unsigned_field).substr(0, colon),
                    .raw = unsigned_field,
                    .body = std::string_view(unsigned_field).substr(colon + 1)},
                   canonical_);
  if (canonical_.ends_with("\r\n")) canonical_.resize(canonical_.size() - 2);
  header_hash_.update(canonical_);
  const auto signature = key.key.sign(header_hash_.finish());
  if (!signature) return std::unexpected(signature.error());
  writer.base64(base64_encode(*signature));
  return writer.finish();
}

Result<std::string> sign_message(std::string_view message, std::span<const SigningKey> keys, WallTime signed_at,
                                 const SigningSettings& settings) {
  const auto header = message::HeaderSection::parse(message);
  if (!header) return std::unexpected(header.error());
  Signer signer(settings);
  signer.feed(message.substr(header->body_offset()));
  return signer.finish(*header, keys, signed_at);
}

}  // namespace ptarmigan::dkim
