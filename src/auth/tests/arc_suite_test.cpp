// auth/tests/arc_suite_test.cpp - the ValiMail suites for ARC, validation and sealing, in place.
#include <set>

#include "auth/arc/chain.hpp"
#include "auth/arc/seal.hpp"
#include "auth/tests/suites.hpp"
#include "base/text.hpp"
#include "dns/record.hpp"
#include "message/lines.hpp"

namespace ptarmigan::arc {
namespace {

using nlohmann::json;

/// The cases that follow the drafts and not RFC 8617: h= must sign From (RFC 8617#4.1.2 with RFC 6376#3.5), and c= is
/// simple/simple where it is absent (RFC 6376#3.5).
const std::set<std::string> of_the_drafts = {"ams_fields_h_empty", "ams_fields_c_na"};

std::string text_at(const json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
}

ChainResult validate(const json& test, std::string_view message) {
  const auto chain = validate_message(message);
  Facts facts;
  for (int round = 0; round < 3; ++round) {
    const auto judged = chain->judge(facts, WallTime(seconds(12345)));
    if (judged.known()) return *judged;
    for (const auto& question : judged.need().questions()) {
      const auto text = text_at(test["records"], question.name.text().c_str());
      if (text.empty())
        facts.add(question, {.status = AnswerStatus::no_such_name});
      else
        facts.add(question, {.status = AnswerStatus::found,
                             .records = {{question.name, dns::RecordType::txt, 300, dns::txt_of(text)}}});
    }
  }
  return {};
}

TEST(ArcSuite, validation) {
  const auto path = suites::folder("arc-valimail") / "arc-draft-validation-tests.yml";
  PTARMIGAN_REQUIRE_SUITE(path);
  const json cases = suites::converted("arc_cases.py", path);
  ASSERT_TRUE(cases.is_array()) << "tools/suites/arc_cases.py failed; it needs the package python3-yaml";
  std::size_t passed = 0;
  for (const auto& test : cases) {
    const auto name = text_at(test, "name");
    // An empty expectation: a seal of the chain says cv=fail.
    const auto expected = text_at(test, "cv").empty() ? "fail" : to_lower(text_at(test, "cv"));
    const auto result = validate(test, message::to_crlf(text_at(test, "message")));
    const bool agrees = to_string(result.outcome) == expected;
    if (agrees) ++passed;
    EXPECT_EQ(agrees, !of_the_drafts.contains(name))
        << name << ": " << text_at(test, "description") << ": " << to_string(result.outcome) << " (" << result.reason
        << "), expected " << expected;
  }
  suites::report("ARC validation (valimail)", passed, cases.size(), 169);
}

/// Words of a tag list or of results, blanks and folds as one blank.
std::string normalized(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_wsp(c) || c == '\r' || c == '\n') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  }
  return std::string(trim(std::string_view(out)));
}

/// Tags in their order, blanks inside b= and h= removed, as the suite's values are laid out.
std::vector<std::string> tags_of(std::string_view text) {
  const auto line = normalized(text);
  const auto list = dkim::TagList::parse(line);
  std::vector<std::string> out;
  if (!list) return {list.error().text()};
  for (const auto& tag : list->tags()) out.push_back(std::string(tag.name) + "=" + dkim::without_blanks(tag.value));
  std::ranges::sort(out);
  return out;
}

/// The results that our server gave, of all its Authentication-Results fields, in order.
std::string own_results(const message::HeaderSection& header, const std::string& authserv_id) {
  std::string out = authserv_id;
  for (const auto* field : header.all("Authentication-Results")) {
    const auto value = normalized(message::unfold(field->body));
    const auto end = value.find(';');
    if (trim(std::string_view(value).substr(0, end)) != authserv_id) continue;
    out += ";" + value.substr(end + 1);
    while (out.ends_with(';') || out.ends_with(' ')) out.pop_back();
  }
  return out;
}

/// The arc= result of our server: what the suite says that validation gave.
Outcome stamped(const std::string& results) {
  const auto at = results.find("arc=");
  const auto word = std::string_view(results).substr(at == std::string::npos ? results.size() : at + 4);
  return word.starts_with("pass") ? Outcome::pass : word.starts_with("fail") ? Outcome::fail : Outcome::none;
}

std::string disagreement(const json& test) {
  const auto message = message::to_crlf(text_at(test, "message"));
  const auto header = message::HeaderSection::parse(message);
  auto key = dkim::PrivateKey::parse(text_at(test, "privatekey"));
  if (!key) return key.error().text();
  const dkim::SigningKey with{std::move(*key), dns::name(text_at(test, "domain")), text_at(test, "sel")};
  NewSet set{.authentication_results = own_results(*header, text_at(test, "srv-id"))};
  set.chain = stamped(set.authentication_results);
  for (const auto name : split(text_at(test, "sig-headers"), ':')) set.names.emplace_back(trim(name));
  Sealer sealer;
  sealer.feed(std::string_view(message).substr(header->body_offset()));
  const auto fields =
      sealer.finish(*header, with, set, WallTime(seconds(parse_number<int>(text_at(test, "t")).value_or(0))));
  if (trim(std::string_view(text_at(test, "AS"))).empty()) return fields ? "a set was added" : "";
  if (!fields) return fields.error().text();
  const auto sealed = message::HeaderSection::parse(*fields);
  if (tags_of(sealed->first("ARC-Message-Signature")->body) != tags_of(text_at(test, "AMS"))) return "AMS: " + *fields;
  if (tags_of(sealed->first("ARC-Seal")->body) != tags_of(text_at(test, "AS"))) return "AS: " + *fields;
  if (normalized(sealed->first("ARC-Authentication-Results")->body) != normalized(text_at(test, "AAR")))
    return "AAR: " + *fields;
  return "";
}

TEST(ArcSuite, sealing) {
  const auto path = suites::folder("arc-valimail") / "arc-draft-sign-tests.yml";
  PTARMIGAN_REQUIRE_SUITE(path);
  const json cases = suites::converted("arc_cases.py", path);
  ASSERT_TRUE(cases.is_array()) << "tools/suites/arc_cases.py failed; it needs the package python3-yaml";
  std::size_t passed = 0;
  for (const auto& test : cases) {
    const auto wrong = disagreement(test);
    EXPECT_EQ(wrong, "") << text_at(test, "name");
    if (wrong.empty()) ++passed;
  }
  suites::report("ARC sealing (valimail)", passed, cases.size(), 17);
}

}  // namespace
}  // namespace ptarmigan::arc
