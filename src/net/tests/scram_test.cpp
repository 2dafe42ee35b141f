// net/tests/scram_test.cpp - SCRAM-SHA-256 as a server: the exchange of RFC 7677#3, and what must be refused.
#include "smtp/scram.hpp"

#include <gtest/gtest.h>

#include "net/password.hpp"

namespace ptarmigan::net {
namespace {

using smtp::ScramServer;

// RFC 7677#3: user "user", password "pencil".
constexpr std::string_view client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
constexpr std::string_view verifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

/// The server after its challenge, as in the RFC.
ScramServer challenged(const smtp::ScramVerifier& known) {
  ScramServer scram(scram_sha256(), std::string(server_nonce));
  EXPECT_TRUE(scram.begin(client_first));
  scram.challenge(known);
  return scram;
}

TEST(Scram, the_exchange_of_rfc_7677) {
  ScramServer scram(scram_sha256(), std::string(server_nonce));
  const auto hello = scram.begin(client_first);
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->user, "user");
  EXPECT_EQ(hello->authorization_id, "");
  EXPECT_EQ(scram.challenge(scram_verifier(verifier).value()), server_first);
  EXPECT_EQ(scram.finish(client_final), server_final);
}

TEST(Scram, a_wrong_proof_nonce_or_binding_is_refused) {
  const auto scram = challenged(scram_verifier(verifier).value());
  const auto changed = [](std::size_t at, char to) {
    std::string out(client_final);
    out[at] = to;
    return out;
  };
  EXPECT_TRUE(scram.finish(client_final));
  EXPECT_FALSE(scram.finish(changed(client_final.find("p=") + 2, 'e'))) << "proof";
  EXPECT_FALSE(scram.finish(changed(client_final.find("r=") + 2, 's'))) << "nonce";
  EXPECT_FALSE(scram.finish(changed(2, 'e'))) << "channel binding that was not the one of the first message";
  for (const std::string_view text : {"", "p=", "c=biws", "c=biws,p=AAAA", "c=biws,r=x,p=AAAA", ",,,"})
    EXPECT_FALSE(scram.finish(text)) << text;
}

TEST(Scram, an_unknown_user_gets_a_challenge_that_no_proof_answers) {
  const auto decoy = scram_decoy("nobody");
  EXPECT_EQ(decoy, scram_decoy("nobody"));
  EXPECT_NE(decoy.salt, scram_decoy("somebody").salt);
  EXPECT_EQ(decoy.salt.size(), 16U) << "as a real one";
  EXPECT_FALSE(challenged(decoy).finish(client_final));
}

TEST(Scram, names_are_decoded_and_malformed_hellos_refused) {
  const auto hello = [](std::string_view text) { return ScramServer(scram_sha256(), "nonce").begin(text); };
  EXPECT_EQ(hello("y,a=other,n=us=2Cer=3D,r=abc"), (smtp::ScramHello{"us,er=", "other"}));
  EXPECT_FALSE(hello("p=tls-unique,,n=user,r=abc")) << "channel binding was not offered";
  EXPECT_FALSE(hello("n,,m=must,n=user,r=abc")) << "an extension that must be understood";
  for (const std::string_view text :
       {"", "n,,", "n,,n=user", "n,,n=,r=abc", "n,,n=us=er,r=abc", "n,,n=user,r=", "n,,r=abc,n=user", "n,x,n=user,r=a"})
    EXPECT_FALSE(hello(text)) << text;
}

}  // namespace
}  // namespace ptarmigan::net
