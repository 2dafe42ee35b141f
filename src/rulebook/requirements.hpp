// rulebook/requirements.hpp - what receivers ask for, judged: each function is the `judge` of one or more receivers'
// rules. Each answers holds, broken or unknown with one sentence that names the values, or Need. A field that the
// subject lacks, or a DNS answer that is temporary, makes it unknown.
#pragma once

#include "auth/spf/record.hpp"
#include "rulebook/case.hpp"
#include "rulebook/rule.hpp"

namespace ptarmigan::rulebook::requirements {

/// The EHLO argument is a fully qualified host name or an address literal (RFC 5321#4.1.4).
Known<Verdict> ehlo_name_is_valid(Case& c);
/// The address has a PTR record, and its name has the address (RFC 8601#2.7.3).
Known<Verdict> reverse_name_is_confirmed(Case& c);
/// The address has a PTR record, wherever its name leads.
Known<Verdict> reverse_name_exists(Case& c);
/// The name in the PTR record is not one that a provider gives to every address: it neither spells out the address nor
/// says that the address is dynamic. An address without PTR record breaks it too.
Known<Verdict> reverse_name_is_own(Case& c);
/// The EHLO name is the name in the PTR record.
Known<Verdict> ehlo_name_is_reverse_name(Case& c);
/// The MAIL FROM domain, or the domain of From, is in DNS with an SOA, MX, A or AAAA record, and not with a null MX
/// (RFC 7505#3).
Known<Verdict> mail_from_domain_exists(Case& c);
Known<Verdict> author_domain_exists(Case& c);
/// SPF (RFC 7208) passes for the envelope, or at least one DKIM signature (RFC 6376) passes.
Known<Verdict> spf_or_dkim_passes(Case& c);
Known<Verdict> spf_passes(Case& c);
/// SPF does not give "fail", the outcome of -all; softfail, neutral and none hold.
Known<Verdict> spf_does_not_fail(Case& c);
Known<Verdict> dkim_passes(Case& c);
/// A DKIM signature passes whose d= is in the organization of From (RFC 9989#4.10.2, relaxed).
Known<Verdict> dkim_is_aligned(Case& c);
/// What receivers ask of bulk senders together: SPF passes, DKIM passes, a DMARC record is published, From is aligned.
Known<Verdict> fully_authenticated(Case& c);
/// The author's domain, or its organizational domain, publishes a valid DMARC record (RFC 9989).
Known<Verdict> dmarc_record_is_published(Case& c);
/// SPF or DKIM passes for a domain that is aligned with From (RFC 9989, relaxed or as the record says).
Known<Verdict> from_is_aligned(Case& c);
/// The author domain's own DMARC policy does not ask for rejection, or for quarantine, of this mail.
Known<Verdict> dmarc_does_not_reject(Case& c);
Known<Verdict> dmarc_does_not_quarantine(Case& c);
/// No mechanism of the SPF record lets through half the Internet: +all, or a network wider than /8 (IPv4) or /16
/// (IPv6).
Known<Verdict> spf_record_is_narrow(Case& c);
/// Why one mechanism lets through too much for that; "" where it does not.
[[nodiscard]] std::string too_wide(const spf::Mechanism& mechanism);
Known<Verdict> hop_is_encrypted(Case& c);
/// Exactly one From field with exactly one mailbox (RFC 5322#3.6.2), its domain a name on the Internet.
Known<Verdict> one_author(Case& c);
/// Exactly one Message-ID of the form <left@right> (RFC 5322#3.6.4).
Known<Verdict> message_id_is_valid(Case& c);
/// Fields that may occur once (RFC 5322#3.6) occur once.
Known<Verdict> header_fields_are_single(Case& c);
/// RFC 8058#3.1: one List-Unsubscribe with an HTTPS URI, and List-Unsubscribe-Post.
Known<Verdict> unsubscribe_is_one_click(Case& c);
/// One-click, or List-Unsubscribe with a mailto URI (RFC 2369#3.2).
Known<Verdict> unsubscribe_is_offered(Case& c);
/// Only the receiver knows: always unknown.
Known<Verdict> known_to_receiver_only(Case& c);

}  // namespace ptarmigan::rulebook::requirements
