// rulebook/requirements.hpp - what receivers ask for, judged: each function is the `judge` of one or more receivers'
// rules. Each answers holds, broken or unknown with one sentence that names the values, or Need. A field that the
// subject lacks, or a DNS answer that is temporary, makes it unknown.
#pragma once

#include "rulebook/case.hpp"
#include "rulebook/rule.hpp"

namespace ptarmigan::rulebook::requirements {

/// The EHLO argument is a fully qualified host name or an address literal (RFC 5321#4.1.4).
Known<Verdict> ehlo_name_is_valid(Case& c);
/// The address has a PTR record, and its name has the address (RFC 8601#2.7.3).
Known<Verdict> reverse_name_is_confirmed(Case& c);
/// SPF (RFC 7208) passes for the envelope, or at least one DKIM signature (RFC 6376) passes.
Known<Verdict> spf_or_dkim_passes(Case& c);
Known<Verdict> spf_passes(Case& c);
Known<Verdict> dkim_passes(Case& c);
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
Known<Verdict> hop_is_encrypted(Case& c);
/// Exactly one From field with exactly one mailbox (RFC 5322#3.6.2), its domain a name on the Internet.
Known<Verdict> one_author(Case& c);
/// Exactly one Message-ID of the form <left@right> (RFC 5322#3.6.4).
Known<Verdict> message_id_is_valid(Case& c);
/// Fields that may occur once (RFC 5322#3.6) occur once.
Known<Verdict> header_fields_are_single(Case& c);
/// Only the receiver knows: always unknown.
Known<Verdict> known_to_receiver_only(Case& c);

}  // namespace ptarmigan::rulebook::requirements
