// relay/tests/verp_test.cpp - reverse-paths that name the recipient.
#include "relay/verp.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

TEST(Verp, the_recipient_stands_behind_a_plus_sign) {
  // As Postfix writes it with its default delimiters "+=".
  EXPECT_EQ(verp_sender("owner-listname@origin.example", "user@domain.example"),
            "owner-listname+user=domain.example@origin.example");
}

TEST(Verp, it_is_read_back) {
  EXPECT_EQ(read_verp("owner-listname+user=domain.example@origin.example"),
            (Verp{"owner-listname@origin.example", "user@domain.example"}));
  EXPECT_EQ(read_verp(*verp_sender("news@example.com", "a+tag=x@example.net")),
            (Verp{"news@example.com", "a+tag=x@example.net"}));
}

TEST(Verp, what_is_no_such_address_gives_nothing) {
  for (const auto* const address :
       {"", "news@example.com", "news+@example.com", "news+a@example.com", "+a=b@example.com", "news+a=@example.com",
        "news+=b@example.com", "news=a+b@example.com"})
    EXPECT_FALSE(read_verp(address)) << address;
}

TEST(Verp, the_null_reverse_path_literals_and_what_is_too_long_stay_as_they_are) {
  EXPECT_FALSE(verp_sender("", "user@example.net"));
  EXPECT_FALSE(verp_sender("news@example.com", "user@[192.0.2.1]"));
  EXPECT_FALSE(verp_sender("news@example.com", "postmaster"));
  EXPECT_FALSE(verp_sender("news@example.com", std::string(64, 'a') + "@" + std::string(200, 'b')));
  EXPECT_FALSE(verp_sender("\"odd one\"@example.com", "user@example.net"));
}

}  // namespace
}  // namespace ptarmigan::relay
