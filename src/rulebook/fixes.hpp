// rulebook/fixes.hpp - what to publish or change so that a broken requirement holds: the `fix` of rules. A fix names
// concrete records wherever the subject has the values, and keeps what is published already.
#pragma once

#include "rulebook/case.hpp"
#include "rulebook/rule.hpp"

namespace ptarmigan::rulebook::fixes {

/// The PTR record, and the A or AAAA record behind its name where it is missing.
Known<Fix> reverse_name(Case& c);
/// As reverse_name(), or a name of one's own where the EHLO name is a provider's, too.
Known<Fix> own_reverse_name(Case& c);
Known<Fix> mail_from_domain(Case& c);
Known<Fix> author_domain(Case& c);
/// An SPF record that also covers the sending address.
Known<Fix> spf(Case& c);
/// The key records of the intended signatures that do not pass, or that signing must be switched on.
Known<Fix> dkim(Case& c);
/// spf() and, unless it passes, dkim().
Known<Fix> authentication(Case& c);
/// A DMARC record with p=none at the author domain.
Known<Fix> dmarc_record(Case& c);
/// Sign with the author domain, or send with a MAIL FROM of it.
Known<Fix> alignment(Case& c);
/// Each of spf(), dkim(), dmarc_record() and alignment() that is needed for fully_authenticated().
Known<Fix> full_authentication(Case& c);
Known<Fix> unsubscribe(Case& c);
Known<Fix> ehlo(Case& c);
/// The SPF record without its terms that are too wide, and with the sending address.
Known<Fix> narrow_spf(Case& c);
Known<Fix> tls(Case& c);
Known<Fix> author(Case& c);
Known<Fix> message_id(Case& c);
Known<Fix> single_fields(Case& c);

enum class SpfPlace { before_all, first };
/// The SPF record `published` (may be "") with a term for `address` in front of its `all`, or as its first term.
[[nodiscard]] std::string spf_with(std::string_view published, const IpAddress& address,
                                   SpfPlace place = SpfPlace::before_all);

}  // namespace ptarmigan::rulebook::fixes
