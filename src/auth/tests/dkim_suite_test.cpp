// auth/tests/dkim_suite_test.cpp - the examples of shared/suites/dkim-misc, read in place: real mail with its keys
// (mail-auth) and the files of dkimpy's tests.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "auth/dkim/sign.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "auth/dkim/verify.hpp"
#include "auth/tests/suites.hpp"
#include "base/text.hpp"
#include "message/lines.hpp"

namespace ptarmigan::dkim {
namespace {

using namespace test;
namespace fs = std::filesystem;

const fs::path folder = suites::folder("dkim-misc");

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  EXPECT_TRUE(in) << path;
  return out.str();
}
std::string line(const fs::path& path) {
  return std::string(trim(std::string_view(read(path))));
}

struct Tally {
  std::size_t passed = 0;
  std::size_t total = 0;
  void check(bool good, std::string_view what) {
    ++total;
    passed += good ? 1 : 0;
    EXPECT_TRUE(good) << what;
  }
};

std::vector<SignatureResult> results_of(std::string_view message, const Facts& known, WallTime at) {
  const auto judged = verify_message(message)->judge(known, at);
  if (!judged.known()) return {};
  return *judged;
}
bool all_pass(const std::vector<SignatureResult>& results, std::size_t count) {
  return results.size() == count &&
         std::ranges::all_of(results, [](const SignatureResult& one) { return one.outcome == Outcome::pass; });
}

/// "name record" lines, an empty line, the message.
void check_real_mail(const fs::path& path, Tally& tally) {
  const auto text = read(path);
  const auto end = text.find("\n\n");
  Facts known;
  for (const auto one : split(std::string_view(text).substr(0, end), '\n')) {
    const auto blank = one.find(' ');
    known.merge(txt_facts({{std::string(one.substr(0, blank)), std::string(one.substr(blank + 1))}}));
  }
  const auto message = message::to_crlf(std::string_view(text).substr(end + 2));
  const auto section = message::HeaderSection::parse(message);
  std::uint64_t signed_at = 0;
  for (const auto* field : section->all("DKIM-Signature"))
    if (const auto parsed = Signature::parse(field->body))
      signed_at = std::max(signed_at, parsed->signed_at.value_or(0));
  const auto results = results_of(message, known, WallTime(seconds(signed_at)));
  tally.check(all_pass(results, section->count("DKIM-Signature")),
              path.string() + (results.empty() ? "" : ": " + results.front().reason));
}

/// Signs dkimpy's test message with its key and judges it with one of its key files.
Outcome sign_and_judge(std::string_view message_file, std::string_view record_file) {
  const auto dkimpy = folder / "dkimpy";
  const auto message = message::to_crlf(read(dkimpy / message_file));
  const std::vector<SigningKey> keys = {
      {PrivateKey::parse(read(dkimpy / "test.private")).value(), dns::name("example.com"), "test"}};
  const auto field = sign_message(message, keys, rfc8463_time);
  if (!field) return Outcome::neutral;
  return results_of(*field + message, txt_facts({{"test._domainkey.example.com", line(dkimpy / record_file)}}),
                    rfc8463_time)
      .front()
      .outcome;
}

void check_dkimpy(Tally& tally) {
  const auto dkimpy = folder / "dkimpy";
  const auto rfc8463 = txt_facts({{"brisbane._domainkey.football.example.com", std::string(rfc8463_ed25519_record)},
                                  {"test._domainkey.football.example.com", line(dkimpy / "test.txt")}});
  tally.check(all_pass(results_of(message::to_crlf(read(dkimpy / "rfc6376.signed.msg")), rfc8463, rfc8463_time), 2),
              "rfc6376.signed.msg");
  tally.check(all_pass(results_of(message::to_crlf(read(dkimpy / "ed25519test2.msg")),
                                  txt_facts({{"sed._domainkey.test.ex", line(dkimpy / "eximtest.dns")}}), rfc8463_time),
                       1),
              "ed25519test2.msg");
  tally.check(matches(*KeyRecord::parse(line(dkimpy / "ed25519test.dns")),
                      *PrivateKey::parse(read(dkimpy / "ed25519test.key"))),
              "ed25519test.key");
  tally.check(matches(*KeyRecord::parse(rfc8463_ed25519_record), *PrivateKey::parse(read(dkimpy / "rfc8032_7_1.key"))),
              "rfc8032_7_1.key");
  tally.check(sign_and_judge("test.message", "test.txt") == Outcome::pass, "test.txt");
  tally.check(sign_and_judge("test_extra.message", "test.txt") == Outcome::pass, "test_extra.message");
  tally.check(sign_and_judge("rfc6376.msg", "test2.txt") == Outcome::pass, "test2.txt: no k=");
  tally.check(sign_and_judge("test.message", "badk.txt") == Outcome::permerror, "badk.txt");
  tally.check(sign_and_judge("test.message", "badversion.txt") == Outcome::permerror, "badversion.txt");
  tally.check(sign_and_judge("test.message", "test_bad.txt") == Outcome::permerror, "test_bad.txt");
  tally.check(sign_and_judge("test.message", "test_tlsrpt.txt") == Outcome::permerror, "test_tlsrpt.txt");
  tally.check(sign_and_judge("test_nofrom.message", "test.txt") == Outcome::neutral,
              "test_nofrom.message is not signed");
  for (const auto* name : {"test2.message", "message.mbox"}) {
    // Their keys are not in the folder: the body hash is what can be judged.
    const auto judged = verify_message(message::to_crlf(read(dkimpy / name)))->judge({}, rfc8463_time);
    tally.check(!judged.known() && judged.need().questions().size() == 1, std::string(name) + ": the body hash holds");
  }
}

TEST(DkimSuite, dkim_misc) {
  PTARMIGAN_REQUIRE_SUITE(folder);
  Tally tally;
  for (int i = 1; i <= 6; ++i) check_real_mail(folder / "mail-auth/dkim" / ("00" + std::to_string(i) + ".txt"), tally);
  check_dkimpy(tally);
  suites::report("DKIM examples (dkim-misc)", tally.passed, tally.total, 20);
}

}  // namespace
}  // namespace ptarmigan::dkim
