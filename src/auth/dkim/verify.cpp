// auth/dkim/verify.cpp - see verify.hpp.
#include "auth/dkim/verify.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "message/address.hpp"

namespace ptarmigan::dkim {
namespace {

constexpr std::string_view signature_field = "DKIM-Signature";
/// From addresses that the order of signatures looks at.
constexpr std::size_t max_from_domains = 10;

/// Fields that RFC 5322#3.6 allows once and that readers show or act on.
constexpr std::array<std::string_view, 9> single_fields = {"From",    "Sender", "Reply-To",   "To",          "Cc",
                                                           "Subject", "Date",   "Message-ID", "Content-Type"};

bool sign_of(const Signature& signature, std::string_view name) {
  return std::ranges::any_of(signature.names, [&](const std::string& one) { return iequals(one, name); });
}

/// Domains of the From fields.
std::vector<dns::DomainName> from_domains(const message::HeaderSection& header) {
  std::vector<dns::DomainName> out;
  for (const auto* field : header.all("From")) {
    const auto mailboxes = message::parse_address_list(field->body);
    if (!mailboxes) continue;
    for (const auto& mailbox : *mailboxes)
      if (auto name = dns::DomainName::from_unicode(mailbox.domain); name && out.size() < max_from_domains)
        out.push_back(std::move(*name));
  }
  return out;
}

/// 0: d= is a From domain; 1: one is below the other; 2: unrelated or unreadable.
int distance(const SignatureResult& result, const std::vector<dns::DomainName>& from) {
  if (!result.signature) return 2;
  const auto& domain = result.signature->domain;
  int least = 2;
  for (const auto& one : from) {
    if (one == domain) return 0;
    if (one.is_at_or_below(domain) || domain.is_at_or_below(one)) least = 1;
  }
  return least;
}

/// Why no signature of this message can be believed, or "".
std::string message_defect(const message::HeaderSection& header) {
  if (header.count("From") != 1)
    return header.count("From") == 0 ? "the message has no From" : "the message has several From fields";
  // The first line of a mailbox file is the one stray line that readers agree on.
  const auto& fields = header.fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].stray() && (i != 0 || !fields[i].body.starts_with("From "))) return "a header line is not a field";
  return {};
}

void note_fields(const message::HeaderSection& header, SignatureResult& result) {
  for (const auto name : single_fields)
    if (header.count(name) > 1) {
      result.concerns.push_back(Concern::repeated_field);
      break;
    }
  for (const std::string_view name : {"Subject", "Date", "To", "Content-Type"})
    if (!sign_of(*result.signature, name) && header.first(name) != nullptr) {
      result.concerns.push_back(Concern::unsigned_field);
      break;
    }
}

SignatureResult decided(SignatureResult result, Outcome outcome, std::string reason) {
  result.outcome = outcome;
  result.reason = std::move(reason);
  return result;
}

/// What the record forbids; "" where it may be used.
std::string record_defect(const KeyRecord& record, const Signature& signature) {
  if (!record.key) return "the key was revoked (p= is empty)";
  if (record.type != key_type(signature.algorithm)) return "the key is of another type than a= says";
  if (!record.allows_sha256) return "the key does not allow SHA-256 (h=)";
  if (!record.allows_email) return "the key is not for mail (s=)";
  if (record.strict_domain && signature.identity_domain != signature.domain)
    return "the key does not allow a subdomain in i= (t=s)";
  return {};
}

/// By one record of the answer.
KeyVerdict judge_with_record(const Signature& signature, const Digest& header_hash, const KeyRecord& record) {
  KeyVerdict verdict{.reason = record_defect(record, signature), .testing = record.testing};
  if (!verdict.reason.empty()) return verdict;
  verdict.key_bits = record.key->bits();
  if (record.key->too_small()) {
    verdict.outcome = Outcome::policy;
    verdict.reason = "the RSA key has less than 1024 bits (RFC 8301)";
  } else if (record.key->verify(header_hash, signature.octets)) {
    verdict.outcome = Outcome::pass;
  } else {
    verdict.outcome = Outcome::fail;
    verdict.reason = "the signature does not match the header or the key";
  }
  return verdict;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
    case Outcome::policy: return "policy";
    case Outcome::neutral: return "neutral";
    case Outcome::temperror: return "temperror";
    case Outcome::permerror: return "permerror";
  }
  return "";
}

std::string_view to_string(Concern concern) {
  switch (concern) {
    case Concern::partial_body: return "the signature covers only a part of the body (l=)";
    case Concern::body_limit: return "the signature uses l=";
    case Concern::weak_key: return "the RSA key has less than 2048 bits";
    case Concern::testing: return "the domain is testing DKIM (t=y)";
    case Concern::repeated_field: return "a header field that may stand once is repeated";
    case Concern::unsigned_field: return "Subject, Date, To or Content-Type is not signed";
  }
  return "";
}

bool SignatureResult::has(Concern concern) const {
  return std::ranges::find(concerns, concern) != concerns.end();
}

bool SignatureResult::covers(std::string_view name) const {
  return signature && sign_of(*signature, name);
}

Verifier::Verifier(const message::HeaderSection& header, const VerifyLimits& limits) {
  verification_.limits_ = limits;
  choose(header);
  if (verification_.none()) return;
  prepare(header);
  share_hashers();
}

/// Reads the signature fields and keeps those that are nearest to From.
void Verifier::choose(const message::HeaderSection& header) {
  auto& chosen = verification_.signatures_;
  const auto& limits = verification_.limits_;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < header.fields().size(); ++i) {
    const auto& field = header.fields()[i];
    if (!field.is(signature_field)) continue;
    if (++seen > limits.fields) continue;
    Verification::Prepared one;
    one.result.field = i;
    auto signature = Signature::parse(field.body);
    if (signature) {
      one.result.signature = std::move(*signature);
    } else {
      one.result = decided(std::move(one.result), Outcome::permerror, signature.error().message);
      one.decided = true;
    }
    chosen.push_back(std::move(one));
  }
  if (chosen.size() > 1) {
    const auto from = from_domains(header);
    for (auto& one : chosen) one.distance = distance(one.result, from);
    std::ranges::sort(chosen, {},
                      [](const Verification::Prepared& one) { return std::pair(one.distance, one.result.field); });
  }
  if (chosen.size() > limits.signatures) chosen.resize(limits.signatures);
  verification_.ignored_ = seen - chosen.size();
}

/// Hashes what each signature covers of the header.
void Verifier::prepare(const message::HeaderSection& header) {
  const auto defect = message_defect(header);
  const FieldPicker picker(header);
  Sha256 hash;
  std::string canonical;
  for (auto& one : verification_.signatures_) {
    if (one.decided) continue;
    if (!defect.empty()) {
      one.result = decided(std::move(one.result), Outcome::permerror, defect);
      one.decided = true;
      continue;
    }
    const auto& signature = *one.result.signature;
    const auto& field = header.fields()[one.result.field];
    note_fields(header, one.result);
    canonical.clear();
    picker.append(signature.header, signature.names, canonical);
    const auto tags = TagList::parse(field.body);
    append_unsigned(signature.header, field, tags->find("b")->raw_value, canonical);
    hash.update(canonical);
    one.header_hash = hash.finish();
  }
}

/// Signatures of one canonicalization and limit share one hash of the body.
void Verifier::share_hashers() {
  std::array<std::vector<std::uint64_t>, 2> limits;
  for (auto& one : verification_.signatures_) {
    if (one.decided) continue;
    auto& mine = limits[static_cast<std::size_t>(one.result.signature->body)];
    auto found = std::ranges::find(mine, one.result.signature->body_limit);
    if (found == mine.end()) found = mine.insert(mine.end(), one.result.signature->body_limit);
    one.hash = static_cast<std::size_t>(found - mine.begin());
  }
  std::array<std::size_t, 2> position = {};
  for (const auto form : {Canonicalization::simple, Canonicalization::relaxed}) {
    auto& mine = limits[static_cast<std::size_t>(form)];
    position[static_cast<std::size_t>(form)] = hashers_.size();
    if (!mine.empty()) hashers_.emplace_back(form, std::move(mine));
  }
  for (auto& one : verification_.signatures_)
    if (!one.decided) one.hasher = position[static_cast<std::size_t>(one.result.signature->body)];
}

void Verifier::feed(std::string_view body_chunk) {
  for (auto& hasher : hashers_) hasher.feed(body_chunk);
}

Verification Verifier::finish() && {
  std::vector<std::vector<Digest>> digests;
  for (auto& hasher : hashers_) digests.push_back(hasher.finish());
  for (auto& one : verification_.signatures_) {
    if (one.decided) continue;
    const auto& signature = *one.result.signature;
    const auto& digest = digests[one.hasher][one.hash];
    const auto octets = hashers_[one.hasher].canonical_octets();
    if (signature.body_limit != whole_body)
      one.result.concerns.push_back(signature.body_limit < octets ? Concern::partial_body : Concern::body_limit);
    one.decided = true;
    if (signature.body_limit != whole_body && signature.body_limit > octets) {
      one.result = decided(std::move(one.result), Outcome::permerror, "l= is longer than the body");
    } else if (!std::ranges::equal(digest, signature.body_hash, {}, {},
                                   [](char c) { return static_cast<unsigned char>(c); })) {
      one.result = decided(std::move(one.result), Outcome::fail, "the body was changed after signing (bh=)");
    } else {
      one.decided = false;
    }
  }
  return std::move(verification_);
}

Known<std::vector<SignatureResult>> Verification::judge(const Facts& facts, WallTime received_at) const {
  Gather gather(facts);
  std::vector<SignatureResult> out;
  for (const auto& one : signatures_) {
    if (one.decided) {
      out.push_back(one.result);
      continue;
    }
    if (auto defect = time_defect(*one.result.signature, received_at, limits_.clock_skew); !defect.empty()) {
      out.push_back(decided(one.result, Outcome::fail, std::move(defect)));
      continue;
    }
    const auto name = key_name(one.result.signature->selector, one.result.signature->domain);
    if (!name) {
      out.push_back(decided(one.result, Outcome::permerror, "s= and d= make no domain name"));
      continue;
    }
    const auto* answer = gather.ask({*name, dns::RecordType::txt});
    if (answer == nullptr) continue;
    auto verdict = judge_with_key(*one.result.signature, one.header_hash, *answer, limits_.key_records);
    auto result = decided(one.result, verdict.outcome, std::move(verdict.reason));
    result.key_bits = verdict.key_bits;
    if (verdict.testing) result.concerns.push_back(Concern::testing);
    if (verdict.key_bits > 0 && verdict.key_bits < strong_rsa_bits &&
        result.signature->algorithm == Algorithm::rsa_sha256)
      result.concerns.push_back(Concern::weak_key);
    out.push_back(std::move(result));
  }
  if (gather.lacks()) return gather.need();
  return out;
}

std::string time_defect(const Signature& signature, WallTime received_at, seconds clock_skew) {
  const auto now = std::chrono::floor<seconds>(received_at).time_since_epoch().count();
  if (signature.expires && now >= 0 && static_cast<std::uint64_t>(now) > *signature.expires)
    return "the signature has expired (x=)";
  if (signature.signed_at && static_cast<std::int64_t>(*signature.signed_at) > now + clock_skew.count())
    return "the signature is dated in the future (t=)";
  return {};
}

KeyVerdict judge_with_key(const Signature& signature, const Digest& header_hash, const Answer& answer,
                          std::size_t max_records) {
  if (answer.temporary()) return {.outcome = Outcome::temperror, .reason = "the key could not be looked up"};
  KeyVerdict verdict{.reason = "there is no key record"};
  std::size_t tried = 0;
  for (const auto& text : answer.all<dns::Txt>()) {
    const auto record = KeyRecord::parse(text.joined());
    if (!record) {
      if (tried == 0) verdict.reason = "the key record cannot be used: " + record.error().message;
      continue;
    }
    if (++tried > max_records) break;
    verdict = judge_with_record(signature, header_hash, *record);
    if (verdict.outcome == Outcome::pass) break;
  }
  return verdict;
}

Result<Verification> verify_message(std::string_view message, const VerifyLimits& limits) {
  const auto header = message::HeaderSection::parse(message);
  if (!header) return std::unexpected(header.error());
  Verifier verifier(*header, limits);
  verifier.feed(message.substr(header->body_offset()));
  return std::move(verifier).finish();
}

}  // namespace ptarmigan::dkim
