// rulebook/observe.cpp - a real message as fields of a subject.
#include "rulebook/observe.hpp"

#include <array>

#include "base/text.hpp"
#include "message/address.hpp"

namespace ptarmigan::rulebook {
namespace {

/// RFC 5322#3.6 and RFC 2045#3: at most once in a message. From has its own rule.
constexpr std::array<std::string_view, 14> single_fields{"Date",
                                                         "Sender",
                                                         "Reply-To",
                                                         "To",
                                                         "Cc",
                                                         "Bcc",
                                                         "Subject",
                                                         "Message-ID",
                                                         "In-Reply-To",
                                                         "References",
                                                         "MIME-Version",
                                                         "Content-Type",
                                                         "Content-Transfer-Encoding",
                                                         "Content-Disposition"};

}  // namespace

void observe_header(Subject& subject, const message::HeaderSection& section) {
  HeaderFacts header;
  std::vector<dns::DomainName> domains;
  for (const auto* field : section.all("From")) {
    ++header.from_fields;
    const auto mailboxes = message::parse_address_list(field->body);
    if (!mailboxes) {
      header.from_problem = mailboxes.error().message;
      continue;
    }
    for (const auto& mailbox : *mailboxes) {
      ++header.from_mailboxes;
      const auto domain = dns::DomainName::from_unicode(mailbox.domain);
      if (domain && domain->label_count() >= 2)
        domains.push_back(*domain);
      else
        header.from_problem = "\"" + printable(mailbox.domain, 80) + "\" is not a domain name on the Internet";
    }
  }
  for (const auto* field : section.all("Message-ID")) header.message_ids.push_back(field->value());
  for (const auto* field : section.all("List-Unsubscribe")) header.list_unsubscribe.push_back(field->value());
  for (const auto* field : section.all("List-Unsubscribe-Post")) header.list_unsubscribe_post.push_back(field->value());
  header.date_fields = section.count("Date");
  for (const auto name : single_fields)
    if (section.count(name) > 1) header.repeated.emplace_back(name);
  subject.header = std::move(header);
  subject.header_from = std::move(domains);
}

void observe_signatures(Subject& subject, const std::vector<dkim::SignatureResult>& results) {
  std::vector<Signature> signatures;
  for (const auto& result : results) {
    if (!result.signature) continue;
    ObservedSignature seen{result.signature->domain, result.signature->selector};
    seen.detail = result.reason;
    if (result.outcome == dkim::Outcome::temperror)
      seen.result = ObservedSignature::Result::temporary_error;
    else
      seen.result = result.counts() ? ObservedSignature::Result::pass : ObservedSignature::Result::fail;
    signatures.emplace_back(std::move(seen));
  }
  subject.signatures = std::move(signatures);
}

}  // namespace ptarmigan::rulebook
