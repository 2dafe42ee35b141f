// auth/tests/spf_suite_test.cpp - the openspf conformance suite for RFC 7208, in place.
#include "auth/spf/check_host.hpp"
#include "auth/tests/suites.hpp"
#include "base/text.hpp"
#include "facts/recording.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::spf {
namespace {

using nlohmann::json;

std::string text_at(const json& object, const char* key) {
  return object[key].is_string() ? object[key].get<std::string>() : std::string();
}

/// What is wrong with the result for this case, or "".
std::string disagreement(const json& test, const Recording& world) {
  const auto client = IpAddress::parse(text_at(test, "ip"));
  if (!client) return client.error().text();
  const Query query{.client = *client, .helo = text_at(test, "helo"), .mail_from = text_at(test, "mail_from")};
  const auto result = settle_with(world, [&](const Facts& facts) { return check_host(query, facts); });
  bool expected = false;
  for (const auto& name : test["results"]) expected |= name.get<std::string>() == to_string(result.outcome);
  if (!expected)
    return std::string(to_string(result.outcome)) + " (" + result.problem + "), not " + test["results"].dump();
  const auto explanation = text_at(test, "explanation");
  if (explanation.empty()) return "";
  if (explanation == "DEFAULT" ? result.explanation.empty() : result.explanation == explanation) return "";
  return "explanation '" + result.explanation + "', not '" + explanation + "'";
}

TEST(SpfSuite, rfc7208_openspf) {
  const auto path = suites::folder("spf-rfc7208-openspf") / "rfc7208-tests.yml";
  PTARMIGAN_REQUIRE_SUITE(path);
  const json suite = suites::converted("spf_cases.py", path);
  ASSERT_TRUE(suite.is_object()) << "tools/suites/spf_cases.py failed; it needs the package python3-yaml";
  std::vector<Recording> worlds;
  for (const auto& world : suite["worlds"]) {
    auto recording = read_recording(world.dump());
    ASSERT_TRUE(recording) << recording.error().text();
    worlds.push_back(*std::move(recording));
  }
  std::size_t passed = 0;
  for (const auto& test : suite["cases"]) {
    const auto wrong = disagreement(test, worlds[test["world"].get<std::size_t>()]);
    EXPECT_EQ(wrong, "") << text_at(test, "name");
    if (wrong.empty()) ++passed;
  }
  suites::report("SPF RFC 7208 (openspf)", passed, suite["cases"].size(), 203);
}

}  // namespace
}  // namespace ptarmigan::spf
