// net/tests/password_test.cpp - verifiers of RFC 7677#3's own example; what is no verifier matches nothing.
#include "net/password.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::net {
namespace {

// User "user", password "pencil", salt and count of the RFC; the ServerKey gives the RFC's server signature.
constexpr std::string_view example =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

TEST(Password, the_example_of_rfc_7677_matches) {
  EXPECT_TRUE(password_matches(Secret("pencil"), example));
  EXPECT_FALSE(password_matches(Secret("Pencil"), example));
  EXPECT_FALSE(password_matches(Secret(""), example));
}

TEST(Password, a_fresh_verifier_matches_its_password_only) {
  const auto verifier = password_verifier(Secret("correct horse"), 4096);
  ASSERT_TRUE(verifier);
  EXPECT_TRUE(password_matches(Secret("correct horse"), *verifier));
  EXPECT_FALSE(password_matches(Secret("correct house"), *verifier));
  EXPECT_NE(verifier, password_verifier(Secret("correct horse"), 4096)) << "the salt is fresh";
}

TEST(Password, what_is_no_verifier_is_refused) {
  for (const std::string_view text :
       {"", "pencil", "SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AA==:AA==", "SCRAM-SHA-256$1:W22Z$AA==:AA==",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AA==:AA=="}) {
    EXPECT_FALSE(is_password_verifier(text)) << text;
    EXPECT_FALSE(password_matches(Secret("pencil"), text)) << text;
  }
}

}  // namespace
}  // namespace ptarmigan::net
