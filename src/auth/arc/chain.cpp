// auth/arc/chain.cpp - see chain.hpp.
#include "auth/arc/chain.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::arc {
namespace {

using dkim::TagList;
using message::HeaderField;
using message::HeaderSection;

constexpr std::array<std::string_view, 3> field_names = {"ARC-Authentication-Results", "ARC-Message-Signature",
                                                         "ARC-Seal"};
enum Kind : std::size_t { results, message_signature, seal };

std::string in_set(std::string_view what, std::size_t instance) {
  return std::string(what) + " of set " + std::to_string(instance);
}

/// "i=1; authserv-id ..." (RFC 8617#4.1.1): the instance and what follows the semicolon.
std::optional<std::pair<unsigned, std::string_view>> split_results(std::string_view body) {
  const auto end = body.find(';');
  const auto equals = body.find('=');
  if (end == std::string_view::npos || equals > end || trim(body.substr(0, equals)) != "i") return std::nullopt;
  const auto instance = instance_of(trim(body.substr(equals + 1, end - equals - 1)));
  if (instance == 0) return std::nullopt;
  return std::pair(instance, body.substr(end + 1));
}

/// The field's instance; 0 where it has none that is right.
unsigned field_instance(const HeaderField& field, Kind kind) {
  if (kind == results) {
    const auto parts = split_results(field.body);
    return parts ? parts->first : 0;
  }
  const auto tags = TagList::parse(field.body);
  return tags ? instance_of(tags->value("i").value_or("")) : 0;
}

}  // namespace

/// Where a set's three fields are.
struct Validator::Fields {
  std::array<std::optional<std::size_t>, 3> at;
};

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::none: return "none";
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
  }
  return "";
}

unsigned instance_of(std::string_view digits) {
  if (digits.size() > 2 || digits.starts_with('0')) return 0;
  const auto number = parse_number<unsigned>(digits).value_or(0);
  return number <= max_sets ? number : 0;
}

unsigned next_instance(const HeaderSection& header) {
  unsigned highest = 0;
  for (const auto& field : header.fields())
    if (field.is(field_names[seal])) highest = std::max(highest, field_instance(field, seal));
  return highest + 1;
}

Validator::Validator(const HeaderSection& header) {
  std::vector<Fields> sets;
  if (collect(header, sets) && read(header, sets)) hash(header, sets);
}

void Validator::fail(std::string reason) {
  chain_.decided_ = {.outcome = Outcome::fail, .reason = std::move(reason)};
  chain_.undecided_ = false;
  chain_.sets_.clear();
}

/// Steps 1 and 3A of RFC 8617#5.2: complete sets 1 to N, each field once. False where the outcome is decided.
bool Validator::collect(const HeaderSection& header, std::vector<Fields>& sets) {
  bool any = false;
  for (std::size_t i = 0; i < header.fields().size(); ++i) {
    const auto& field = header.fields()[i];
    for (const auto kind : {results, message_signature, seal}) {
      if (!field.is(field_names[kind])) continue;
      any = true;
      const auto instance = field_instance(field, kind);
      if (instance == 0) {
        fail("the i= of " + std::string(field_names[kind]) + " is not a number from 1 to 50");
        return false;
      }
      if (sets.size() < instance) sets.resize(instance);
      auto& at = sets[instance - 1].at[kind];
      if (at) {
        fail("there are two " + in_set(field_names[kind], instance));
        return false;
      }
      at = i;
    }
  }
  for (std::size_t k = 0; k < sets.size(); ++k)
    for (const auto kind : {results, message_signature, seal})
      if (!sets[k].at[kind]) {
        fail("there is no " + in_set(field_names[kind], k + 1));
        return false;
      }
  return any;
}

/// Steps 2 and 3B, and the tags of every signature.
bool Validator::read(const HeaderSection& header, const std::vector<Fields>& sets) {
  const auto field = [&](std::size_t k, Kind kind) -> const HeaderField& { return header.fields()[*sets[k].at[kind]]; };
  for (std::size_t k = sets.size(); k-- > 0;) {
    const auto tags = TagList::parse(field(k, seal).body);
    const auto status = tags->value("cv").value_or("");
    if (k + 1 == sets.size() && iequals(status, "fail")) {
      fail("the chain was found broken before (cv=fail)");
      chain_.decided_.ended = true;
      return false;
    }
    if (!iequals(status, k == 0 ? "none" : "pass")) {
      fail("cv= is wrong in " + in_set("the seal", k + 1));
      return false;
    }
  }
  for (std::size_t k = 0; k < sets.size(); ++k) {
    auto message =
        dkim::Signature::parse(*TagList::parse(field(k, message_signature).body), dkim::Dialect::arc_message);
    auto seal_tags = dkim::Signature::parse(*TagList::parse(field(k, seal).body), dkim::Dialect::arc_seal);
    for (const auto* one : {&message, &seal_tags})
      if (!*one) {
        fail(one->error().message + " in " + in_set(one == &message ? "the message signature" : "the seal", k + 1));
        return false;
      }
    chain_.sets_.push_back({.sealer = seal_tags->domain,
                            .selector = seal_tags->selector,
                            .authentication_results = message::unfold(split_results(field(k, results).body)->second)});
    chain_.messages_.push_back({.signature = std::move(*message)});
    chain_.seals_.push_back({.signature = std::move(*seal_tags)});
  }
  chain_.undecided_ = true;
  return true;
}

/// Hashes what each message signature and each seal covers of the header (RFC 8617#4.1.2, RFC 8617#5.1.1).
void Validator::hash(const HeaderSection& header, const std::vector<Fields>& sets) {
  const auto field = [&](std::size_t k, Kind kind) -> const HeaderField& { return header.fields()[*sets[k].at[kind]]; };
  const auto append_own = [](dkim::Canonicalization form, const HeaderField& own, std::string& out) {
    dkim::append_unsigned(form, own, TagList::parse(own.body)->find("b")->raw_value, out);
  };
  const dkim::FieldPicker picker(header);
  std::string canonical;
  std::string sealed;  // all sets below, as every seal covers them
  std::vector<dkim::Canonicalization> forms;
  for (std::size_t k = 0; k < sets.size(); ++k) {
    auto& message = chain_.messages_[k];
    canonical.clear();
    picker.append(message.signature.header, message.signature.names, canonical);
    append_own(message.signature.header, field(k, message_signature), canonical);
    message.header_hash = dkim::sha256(canonical);

    dkim::append_canonical(dkim::Canonicalization::relaxed, field(k, results), sealed);
    dkim::append_canonical(dkim::Canonicalization::relaxed, field(k, message_signature), sealed);
    const auto below = sealed.size();
    append_own(dkim::Canonicalization::relaxed, field(k, seal), sealed);
    chain_.seals_[k].header_hash = dkim::sha256(sealed);
    sealed.resize(below);
    dkim::append_canonical(dkim::Canonicalization::relaxed, field(k, seal), sealed);

    message.hasher = static_cast<std::size_t>(std::ranges::find(forms, message.signature.body) - forms.begin());
    if (message.hasher == forms.size()) forms.push_back(message.signature.body);
  }
  for (const auto form : forms) hashers_.emplace_back(form);
}

void Validator::feed(std::string_view body_chunk) {
  for (auto& hasher : hashers_) hasher.feed(body_chunk);
}

Chain Validator::finish() && {
  std::vector<dkim::Digest> digests;
  for (auto& hasher : hashers_) digests.push_back(hasher.finish().front());
  for (auto& message : chain_.messages_) {
    if (!chain_.undecided_) break;
    const auto& limit = message.signature.body_limit;
    const auto& digest = digests[message.hasher];
    // l= is believed only where it covers the whole body: a part proves nothing about the message that is delivered.
    message.body_holds =
        (limit == dkim::whole_body || limit == hashers_[message.hasher].canonical_octets()) &&
        message.signature.body_hash == std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  return std::move(chain_);
}

Chain::Judged Chain::judge_one(const Signed& one, const Answer& answer, WallTime received_at) {
  if (!one.body_holds) return {.defect = "the body was changed"};
  if (auto defect = dkim::time_defect(one.signature, received_at); !defect.empty())
    return {.defect = std::move(defect)};
  auto verdict = dkim::judge_with_key(one.signature, one.header_hash, answer);
  return {.defect = std::move(verdict.reason), .temporary = verdict.outcome == dkim::Outcome::temperror};
}

/// Steps 4 to 7 of RFC 8617#5.2: the newest message signature, then every seal from the newest down; older message
/// signatures only for oldest_pass.
Known<ChainResult> Chain::judge(const Facts& facts, WallTime received_at) const {
  if (!undecided_) return decided_;
  Gather gather(facts);
  const auto ask = [&](const Signed& one) -> const Answer* {
    const auto name = dkim::key_name(one.signature.selector, one.signature.domain);
    static const Answer no_name{.status = AnswerStatus::no_such_name};
    return name ? gather.ask({*name, dns::RecordType::txt}) : &no_name;
  };
  std::vector<const Answer*> message_keys;
  std::vector<const Answer*> seal_keys;
  for (const auto& one : messages_) message_keys.push_back(ask(one));
  for (const auto& one : seals_) seal_keys.push_back(ask(one));
  if (gather.lacks()) return gather.need();

  const auto count = messages_.size();
  const auto failed = [](Judged judged, std::string where) {
    return ChainResult{
        .outcome = Outcome::fail, .reason = std::move(where) + ": " + judged.defect, .temporary = judged.temporary};
  };
  if (auto judged = judge_one(messages_.back(), *message_keys.back(), received_at); !judged.defect.empty())
    return failed(std::move(judged), in_set("message signature", count));
  for (std::size_t k = count; k-- > 0;)
    if (auto judged = judge_one(seals_[k], *seal_keys[k], received_at); !judged.defect.empty())
      return failed(std::move(judged), in_set("seal", k + 1));
  ChainResult result{.outcome = Outcome::pass};
  for (std::size_t k = count - 1; k-- > 0 && result.oldest_pass == 0;)
    if (!judge_one(messages_[k], *message_keys[k], received_at).defect.empty())
      result.oldest_pass = static_cast<unsigned>(k + 2);
  return result;
}

Result<Chain> validate_message(std::string_view message) {
  const auto header = HeaderSection::parse(message);
  if (!header) return std::unexpected(header.error());
  Validator validator(*header);
  validator.feed(message.substr(header->body_offset()));
  return std::move(validator).finish();
}

}  // namespace ptarmigan::arc
