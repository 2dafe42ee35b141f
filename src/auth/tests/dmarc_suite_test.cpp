// auth/tests/dmarc_suite_test.cpp - the RFC 9989 cases of three implementations, in place. The one that its own README
// calls disputed (a psd=y record with neither p nor rua) is judged as RFC 9989#4.7 says: no DMARC processing.
#include "auth/dmarc/evaluate.hpp"
#include "auth/tests/suites.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::dmarc {
namespace {

using nlohmann::json;

/// The suite's own rules for answers: a name that is not there is NXDOMAIN, a type that is not there NODATA.
class World {
 public:
  explicit World(const json& test) {
    for (const auto& [name, types] : test["zone"].items()) {
      names_.push_back(dns::name(name));
      for (const auto& [type, values] : types.items())
        for (const auto& value : values) {
          const auto text = value.get<std::string>();
          auto record = dns::parse_record(name + ". 300 IN " + type + " " +
                                          (type == "TXT" ? dns::data_text(dns::txt_of(text)) : text));
          EXPECT_TRUE(record) << record.error().text();
          if (record) records_.push_back(*record);
        }
    }
    if (test.contains("servfail"))
      for (const auto& name : test["servfail"]) failing_.push_back(dns::name(name.get<std::string>()));
  }
  [[nodiscard]] Answer answer(const Question& question) const {
    if (std::ranges::find(failing_, question.name) != failing_.end()) return {.status = AnswerStatus::failed};
    if (std::ranges::find(names_, question.name) == names_.end()) return {.status = AnswerStatus::no_such_name};
    Answer answer{.status = AnswerStatus::no_data};
    for (const auto& record : records_) {
      if (record.owner != question.name || record.type != question.type) continue;
      answer.status = AnswerStatus::found;
      answer.records.push_back(record);
    }
    return answer;
  }

 private:
  std::vector<dns::DomainName> names_;
  std::vector<dns::DomainName> failing_;
  std::vector<dns::Record> records_;
};

Query query_of(const json& test) {
  Query query{.author_domains = {test["from"].get<std::string>()}};
  for (const auto& domain : test["spf_pass"]) query.spf = {dns::name(domain.get<std::string>()), Authenticated::pass};
  for (const auto& domain : test["dkim_pass"])
    query.dkim.push_back({dns::name(domain.get<std::string>()), Authenticated::pass});
  return query;
}

std::vector<std::string> author_queries(const Result& result) {
  std::vector<std::string> out;
  for (const auto& step : result.discovery.walk.steps) out.push_back("_dmarc." + step.name.text());
  return out;
}

/// Each expectation that does not hold. Query orders are compared for the author's own walk, as the README asks.
std::string disagreements(const json& expected, const Result& result) {
  std::string out;
  const auto compare = [&](const char* key, const json& actual) {
    if (expected.contains(key) && expected[key] != actual)
      out += std::string(key) + " is " + actual.dump() + ", not " + expected[key].dump() + "; ";
  };
  const auto& policy = result.discovery.policy;
  compare("result", to_string(result.outcome));
  compare("policy", policy ? json(to_string(policy->effective)) : json());
  compare("policy_domain", policy ? json(policy->domain.text()) : json());
  compare("org", result.discovery.organizational_domain ? json(result.discovery.organizational_domain->text())
                                                        : json(result.discovery.author.text()));
  compare("spf_aligned", result.spf_aligned);
  compare("dkim_aligned", result.dkim_aligned);
  compare("test_mode", policy && policy->record.test_mode == TestMode::on);
  const auto queries = author_queries(result);
  for (const char* key : {"queries", "queries_prefix"}) {
    if (!expected.contains(key)) continue;
    const auto wanted = expected[key].get<std::vector<std::string>>();
    const auto common = std::min(queries.size(), wanted.size());
    if (!std::equal(queries.begin(), queries.begin() + static_cast<std::ptrdiff_t>(common), wanted.begin()) ||
        queries.size() < (key == std::string("queries") ? 1 : common))
      out += std::string(key) + " are " + json(queries).dump() + "; ";
  }
  return out;
}

TEST(DmarcSuite, rfc9989_unified) {
  const auto path = suites::folder("dmarc-rfc9989-unified") / "cases.json";
  PTARMIGAN_REQUIRE_SUITE(path);
  const json suite = suites::read_json(path);
  ASSERT_TRUE(suite.is_object()) << path;
  std::size_t passed = 0;
  for (const auto& test : suite["cases"]) {
    const World world(test);
    const auto query = query_of(test);
    const auto result = settle_with(world, [&](const Facts& facts) { return evaluate(query, facts); });
    const auto wrong = disagreements(test["expect"], result);
    const auto name = test["name"].get<std::string>();
    if (name.find("DISPUTED") == std::string::npos) {
      EXPECT_EQ(wrong, "") << name;
    } else {
      EXPECT_EQ(result.outcome, Outcome::none) << name;
    }
    if (wrong.empty()) ++passed;
  }
  suites::report("DMARC RFC 9989 (unified)", passed, suite["cases"].size(), 76);
}

}  // namespace
}  // namespace ptarmigan::dmarc
