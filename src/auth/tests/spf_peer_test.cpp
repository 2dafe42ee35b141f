// auth/tests/spf_peer_test.cpp - the same verdicts as pyspf on generated worlds.
#include "auth/spf/check_host.hpp"
#include "auth/tests/suites.hpp"
#include "facts/recording.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::spf {
namespace {

using nlohmann::json;

constexpr std::string_view worlds_and_seed = "2000 7208";

/// RFC 7208#4.6.4 limits void look-ups by term; pyspf counts each query, those for the hosts of one mx and for PTR too.
/// So it may stop a little earlier.
bool differs_in_void_count(const json& test, const Result& result) {
  return test["results"][0] == "permerror" &&
         test["words"].get<std::string>().find("Void lookup limit") != std::string::npos &&
         result.voids <= Limits{}.max_void_lookups;
}

TEST(SpfPeer, agrees_with_pyspf_on_generated_worlds) {
  const json generated = suites::output_of("spf_peer_cases.py", worlds_and_seed);
  if (!generated.is_object()) GTEST_SKIP() << "pyspf is not installed (Debian: python3-spf)";
  std::size_t agreed = 0;
  std::size_t voids = 0;
  for (const auto& test : generated["cases"]) {
    const auto recording = read_recording(generated["worlds"][test["world"].get<std::size_t>()].dump());
    ASSERT_TRUE(recording) << recording.error().text();
    const Query query{.client = *IpAddress::parse(test["ip"].get<std::string>()),
                      .helo = test["helo"].get<std::string>(),
                      .mail_from = test["mail_from"].get<std::string>()};
    const auto result = settle_with(*recording, [&](const Facts& facts) { return check_host(query, facts); });
    if (test["results"][0] == to_string(result.outcome)) {
      ++agreed;
    } else if (differs_in_void_count(test, result)) {
      ++voids;
    } else {
      ADD_FAILURE() << test["name"] << ": " << to_string(result.outcome) << " (" << result.problem << ", "
                    << result.mechanism << "), pyspf says " << test["results"][0] << " (" << test["words"] << ") for "
                    << test["ip"] << " from " << test["mail_from"] << "\n"
                    << write_recording(recording->facts);
    }
  }
  std::printf("peer: SPF against pyspf: %zu of %zu agree, %zu differ in how void look-ups are counted\n", agreed,
              generated["cases"].size(), voids);
  EXPECT_LT(voids * 50, generated["cases"].size());
}

}  // namespace
}  // namespace ptarmigan::spf
