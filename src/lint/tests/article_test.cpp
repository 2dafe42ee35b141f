// lint/tests/article_test.cpp - The advice that administrators really follow, snippet by snippet as it was published:
// every mistake that it holds is found, each at its own line.
#include <map>

#include <gtest/gtest.h>

#include "lint/lint.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::string_view article =
    R"(# 550-5.7.1 Our system has detected that this message does not meet IPv6 sending guidelines

Some data centres want the AAAA record first before you may set a PTR record, which is an obstacle.

```zone
mail.example.com. IN A 192.0.2.1
mail.example.com. IN AAAA 2001:db8::1
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mail.example.com.
```

The sister article writes:

```zone
1.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mail.example.com.
```

Check it with `dig -x 2001:db8::1 +short`. Any address of the /64 may be used for sending.

Use explicit SPF includes for both IP versions, and always use `-all`:

```zone
example.com. IN TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"
_dmarc.example.com. IN TXT "v=DMARC1; p=none; pct=100"
default._domainkey.example.com IN TXT "v=DKIM1; k=rsa; t=y; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
```

Verify the key: `openssl dgst -sha256 -verify public.pem -signature sig.bin mail.txt`

Or switch IPv6 off. Postfix:

```main.cf
myhostname = localhost
inet_protocols = ipv4
```

then `systemctl reload postfix`. Exim:

```exim
disable_ipv6 = true
.ifdef DISABLE_IPV6
disable_ipv6 = true
.endif
```

Only for Gmail, in /etc/postfix/transport:

```transport
gmail.com smtp4:
```

```main.cf
transport_maps = hash:/etc/postfix/transport
```

Or use a relay:

```main.cf
relayhost = smtp.sendgrid.example
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
```

Test it: `swaks --to you@gmail.com --from me@example.com --server mail.example.com`

Are you on a list? `host 1.0.0.0.0.0.db8.2001.zen.spamhaus.org`

```zone
1.2.0.192.in-addr.arpa. IN PTR mail.example.com.
1.2.0.192.in-addr.arpa. IN PTR 192-0-2-1.static.example.net.
```

Reputation needs 24-48 hours after the change. Watch the reputation in Google Postmaster Tools.
)";

TEST(Article, every_mistake_is_found) {
  const auto findings = examine({{"article.md", std::string(article), Kind::document, {}}});
  std::map<std::string, std::size_t> found;
  for (const auto& finding : findings) ++found[std::string(finding.rule->id)];
  for (const auto& row : rules()) EXPECT_TRUE(found.contains(std::string(row.id))) << row.id << ": " << row.title;
  EXPECT_EQ(found["L01"], 2u);
  EXPECT_EQ(found["L02"], 2u);
}

TEST(Article, each_finding_names_its_own_line) {
  const std::string text(article);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  for (const auto& finding : examine({{"article.md", text, Kind::document, {}}})) {
    ASSERT_LE(finding.line, lines.size());
    EXPECT_EQ(finding.before, lines[finding.line - 1]);
    EXPECT_LE(finding.column, finding.before.size() + 1);
    EXPECT_FALSE(finding.remedy.empty());
  }
}

TEST(Article, the_corrected_zones_and_settings_have_only_what_a_person_must_decide) {
  const auto first = examine({{"article.md", std::string(article), Kind::document, {}}});
  const auto mended = corrected(article, first);
  EXPECT_TRUE(mended.contains("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR"));
  EXPECT_TRUE(mended.contains("relayhost = [smtp.sendgrid.example]:587"));
  EXPECT_TRUE(mended.contains("systemctl restart postfix"));
  EXPECT_TRUE(mended.contains("ip6:2001:db8::1 ~all"));
  for (const auto& finding : examine({{"article.md", mended, Kind::document, {}}}))
    EXPECT_TRUE(finding.rule->id != "L01" && finding.rule->id != "L14" && finding.rule->id != "L23") << finding.what;
}

}  // namespace
}  // namespace ptarmigan::lint
