// rehearsal/authentication_results.cpp - the Authentication-Results field for a message that was received.
#include "auth/authres/report.hpp"
#include "rehearsal/decide.hpp"

namespace ptarmigan::rehearsal {
namespace {

std::optional<spf::Query> spf_query(const rulebook::Subject& subject) {
  if (!subject.sending_address || !subject.mail_from) return std::nullopt;
  spf::Query query;
  query.client = *subject.sending_address;
  query.helo = subject.ehlo_name.value_or("");
  if (subject.mail_from->mailbox) query.mail_from = subject.mail_from->mailbox->text();
  query.explanation = spf::Explanation::leave;
  return query;
}

dmarc::Authenticated outcome_of(spf::Outcome outcome) {
  if (outcome == spf::Outcome::pass) return dmarc::Authenticated::pass;
  return outcome == spf::Outcome::temperror ? dmarc::Authenticated::temperror : dmarc::Authenticated::fail;
}

dmarc::Authenticated outcome_of(const dkim::SignatureResult& result) {
  if (result.counts()) return dmarc::Authenticated::pass;
  return result.outcome == dkim::Outcome::temperror ? dmarc::Authenticated::temperror : dmarc::Authenticated::fail;
}

dmarc::Query dmarc_query(const rulebook::Subject& subject, const spf::Result* spf,
                         const std::vector<dkim::SignatureResult>& signatures) {
  dmarc::Query query;
  for (const auto& domain : *subject.header_from) query.author_domains.push_back(domain.text());
  if (spf != nullptr && !spf->domain.is_root()) query.spf = dmarc::Identifier{spf->domain, outcome_of(spf->outcome)};
  for (const auto& signature : signatures)
    if (signature.signature) query.dkim.push_back({signature.signature->domain, outcome_of(signature)});
  return query;
}

}  // namespace

Known<Result<std::string>> authentication_results(std::string_view authserv_id, const rulebook::Subject& subject,
                                                  const std::vector<dkim::SignatureResult>& signatures,
                                                  const Facts& facts) {
  authres::Header header{.authserv_id = std::string(authserv_id)};
  Gather gather(facts);
  if (subject.sending_address) {
    const auto judged = iprev::check_iprev(*subject.sending_address, facts);
    if (const auto* iprev = gather.take(judged)) header.results.push_back(authres::result_of(*iprev));
  }
  std::optional<spf::Result> spf;
  if (const auto query = spf_query(subject)) {
    const auto judged = spf::check_host(*query, facts);
    if (const auto* result = gather.take(judged)) spf = *result;
  }
  if (spf) header.results.push_back(authres::result_of(*spf));
  for (auto& result : authres::results_of(signatures)) header.results.push_back(std::move(result));
  if (gather.lacks()) return gather.need();
  if (subject.header_from && !subject.header_from->empty()) {
    const auto judged = dmarc::evaluate(dmarc_query(subject, spf ? &*spf : nullptr, signatures), facts);
    if (!judged) return judged.need();
    header.results.push_back(authres::result_of(*judged));
  }
  return authres::build(header);
}

}  // namespace ptarmigan::rehearsal
