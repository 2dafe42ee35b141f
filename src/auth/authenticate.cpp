// auth/authenticate.cpp - see authenticate.hpp.
#include "auth/authenticate.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "auth/authres/report.hpp"
#include "base/text.hpp"
#include "message/address.hpp"

namespace ptarmigan::auth {
namespace {

/// More than one distinct author domain is as bad as many.
constexpr std::size_t kept_author_domains = 2;

/// Equal for all ways of writing a domain.
std::string normal_domain(const std::string& domain) {
  const auto name = dns::DomainName::from_unicode(domain);
  return name ? name->text() : to_lower(domain);
}

dmarc::Authenticated authenticated(spf::Outcome outcome) {
  switch (outcome) {
    case spf::Outcome::pass: return dmarc::Authenticated::pass;
    case spf::Outcome::temperror: return dmarc::Authenticated::temperror;
    case spf::Outcome::none:
    case spf::Outcome::neutral:
    case spf::Outcome::fail:
    case spf::Outcome::softfail:
    case spf::Outcome::permerror: break;
  }
  return dmarc::Authenticated::fail;
}

dmarc::Authenticated authenticated(const dkim::SignatureResult& result) {
  if (result.counts()) return dmarc::Authenticated::pass;
  return result.outcome == dkim::Outcome::temperror ? dmarc::Authenticated::temperror : dmarc::Authenticated::fail;
}

ArcResult broken_chain(const std::string& reason) {
  return {.chain = {.outcome = arc::Outcome::fail, .reason = reason}, .sets = {}};
}

}  // namespace

Authenticator::Authenticator(Options options) : header_(options.limits.header.section_octets) {
  authentication_.options_ = std::move(options);
}

void Authenticator::feed(std::string_view chunk) {
  if (!header_read_) {
    const auto taken = header_.feed(chunk);
    if (!taken) {
      authentication_.defect_ = taken.error().message;
      header_read_ = true;
      return;
    }
    chunk.remove_prefix(*taken);
    if (!header_.complete()) return;
    read_header();
  }
  if (verifier_) verifier_->feed(chunk);
  if (validator_) validator_->feed(chunk);
}

Authentication Authenticator::finish() && {
  if (!header_read_) read_header();
  if (verifier_) authentication_.signatures_ = std::move(*verifier_).finish();
  if (validator_) authentication_.chain_ = std::move(*validator_).finish();
  return std::move(authentication_);
}

void Authenticator::read_header() {
  header_read_ = true;
  const auto& options = authentication_.options_;
  const auto header = message::HeaderSection::parse(header_.octets(), options.limits.header);
  if (!header) {
    authentication_.defect_ = header.error().message;
    return;
  }
  read_author(*header);
  verifier_.emplace(*header, options.limits.dkim);
  if (options.arc == ArcCheck::off) return;
  if (arc::next_instance(*header) > options.limits.arc_sets + 1)
    authentication_.chain_defect_ = "there are more than " + std::to_string(options.limits.arc_sets) + " sets";
  else
    validator_.emplace(*header);
}

void Authenticator::read_author(const message::HeaderSection& header) {
  std::vector<std::string> seen;
  for (const auto* field : header.all("From")) {
    const auto mailboxes = message::parse_address_list(field->body);
    if (!mailboxes) {
      authentication_.author_defect_ = "From cannot be read: " + mailboxes.error().message;
      return;
    }
    for (const auto& mailbox : *mailboxes) {
      if (seen.size() == kept_author_domains) return;
      auto domain = normal_domain(mailbox.domain);
      if (std::ranges::find(seen, domain) != seen.end()) continue;
      seen.push_back(std::move(domain));
      authentication_.author_domains_.push_back(mailbox.domain);
    }
  }
}

void Authentication::judge_connection(const Connection& connection, const Facts& facts, Gather& gather,
                                      Results& results) const {
  const auto iprev = iprev::check_iprev(*connection.client, facts);
  if (const auto* known = gather.take(iprev)) results.iprev = *known;
  spf::Query query{.client = *connection.client,
                   .helo = connection.helo,
                   .mail_from = connection.mail_from,
                   .receiver = connection.receiver,
                   .now = connection.received_at,
                   .elapsed = connection.elapsed,
                   .limits = options_.limits.spf,
                   .trace = options_.spf_trace};
  const auto mail_from = spf::check_host(query, facts);
  if (const auto* known = gather.take(mail_from)) results.spf_mail_from = *known;
  if (connection.helo.empty()) return;
  query.identity = spf::Identity::helo;
  query.explanation = spf::Explanation::leave;
  const auto helo = spf::check_host(query, facts);
  if (const auto* known = gather.take(helo)) results.spf_helo = *known;
}

/// Asks for every key without using one.
void Authentication::ask_keys(const Connection& connection, Gather& gather) const {
  const auto ask = [&](const auto& judged) {
    if (judged.known()) return;
    for (const auto& question : judged.need().questions()) gather.ask(question);
  };
  ask(signatures_.judge(Facts(), connection.received_at));
  if (chain_) ask(chain_->judge(Facts(), connection.received_at));
}

Known<dmarc::Result> Authentication::judge_dmarc(const Results& results, const Facts& facts) const {
  dmarc::Query query{.author_domains = author_domains_, .method = options_.dmarc};
  if (const auto& spf = results.spf_mail_from; spf && !spf->domain.is_root())
    query.spf = dmarc::Identifier{spf->domain, authenticated(spf->outcome)};
  for (const auto& one : results.dkim)
    if (one.signature) query.dkim.push_back({one.signature->domain, authenticated(one)});
  return dmarc::evaluate(query, facts);
}

Known<Results> Authentication::judge(const Connection& connection, const Facts& facts) const {
  Results results;
  results.dkim_ignored = signatures_.ignored();
  Gather gather(facts);
  if (connection.client) judge_connection(connection, facts, gather, results);
  const bool has_author = defect_.empty() && author_defect_.empty();
  if (has_author && author_domains_.size() == 1)
    gather.take(dmarc::discover_policy(author_domains_.front(), facts, options_.dmarc));
  ask_keys(connection, gather);
  if (gather.lacks()) return gather.need();

  results.dkim = signatures_.judge(facts, connection.received_at).value();
  if (chain_) results.arc = ArcResult{chain_->judge(facts, connection.received_at).value(), chain_->sets()};
  if (!chain_defect_.empty()) results.arc = broken_chain(chain_defect_);
  if (!defect_.empty()) {
    results.dkim = {{.outcome = dkim::Outcome::permerror, .reason = defect_}};
    if (options_.arc == ArcCheck::on) results.arc = broken_chain(defect_);
  }
  if (!has_author) {
    results.dmarc.outcome = dmarc::Outcome::permerror;
    results.dmarc.reason = defect_.empty() ? author_defect_ : defect_;
    return results;
  }
  auto judged = judge_dmarc(results, facts);
  if (!judged.known()) return judged.need();
  results.dmarc = std::move(judged).value();
  return results;
}

Known<Results> authenticate(std::string_view message, const Connection& connection, const Facts& facts,
                            const Options& options) {
  Authenticator authenticator(options);
  authenticator.feed(message);
  return std::move(authenticator).finish().judge(connection, facts);
}

Result<std::string> authentication_results(const Results& results, std::string_view authserv_id) {
  authres::Header header{.authserv_id = std::string(authserv_id)};
  auto& out = header.results;
  if (results.iprev) out.push_back(authres::result_of(*results.iprev));
  if (results.spf_helo) out.push_back(authres::result_of(*results.spf_helo));
  if (results.spf_mail_from) out.push_back(authres::result_of(*results.spf_mail_from));
  std::ranges::move(authres::results_of(results.dkim), std::back_inserter(out));
  if (results.arc) out.push_back(authres::result_of(results.arc->chain));
  out.push_back(authres::result_of(results.dmarc));
  return authres::build(header);
}

}  // namespace ptarmigan::auth
