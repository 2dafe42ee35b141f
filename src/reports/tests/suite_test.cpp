// reports/tests/suite_test.cpp - reports of the wild and their JSON twins, which another implementation wrote, in
// place.
#include <algorithm>
#include <map>
#include <set>

#include "auth/tests/suites.hpp"
#include "base/text.hpp"
#include "reports/json.hpp"

namespace ptarmigan::reports {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string octets_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files_below(const fs::path& folder, const std::set<std::string>& extensions) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && extensions.contains(entry.path().extension().string())) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

/// The twins name enumerators in their own way: "AuthFailure" for "auth-failure", "MailFrom" for "mfrom".
std::string plain(std::string_view word) {
  std::string out;
  for (const char c : word)
    if (is_alnum(c)) out += ascii_lower(c);
  return out;
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (!std::string_view(" \t\r\n").contains(c)) out += c;
  return out;
}

const std::map<std::string, std::string> twin_words = {
    {"relaxed", "r"}, {"strict", "s"}, {"mailfrom", "mfrom"}, {"unspecified", ""}};

/// Equal but for the spelling of enumerators, blanks within folded text, and null where nothing is said.
bool same_text(const json& ours, const json& twin) {
  const std::string a = ours.is_null() ? "" : ours.is_string() ? ours.get<std::string>() : ours.dump();
  const std::string b = twin.is_null() ? "" : twin.is_string() ? twin.get<std::string>() : twin.dump();
  if (without_blanks(a) == without_blanks(b)) return true;
  // Only the twin's enumerators may be spelt in another way.
  if (!std::ranges::all_of(b, [](char c) { return is_alnum(c); })) return false;
  const auto word = plain(b);
  const auto mapped = twin_words.find(word);
  return plain(a) == (mapped == twin_words.end() ? word : mapped->second);
}

/// Where ours differs from the twin, as paths. Only what the twin has is compared.
void compare(const json& ours, const json& twin, const std::string& path, std::vector<std::string>& differ) {
  if (twin.is_object()) {
    for (const auto& [key, value] : twin.items())
      compare(ours.is_object() && ours.contains(key) ? ours[key] : json(), value, path + "/" + key, differ);
  } else if (twin.is_array()) {
    const auto size = ours.is_array() ? ours.size() : 0;
    if (size != twin.size()) differ.push_back(path + ": " + std::to_string(size) + " elements");
    for (std::size_t i = 0; i < std::min(size, twin.size()); ++i)
      compare(ours[i], twin[i], path + "/" + std::to_string(i), differ);
  } else if (!same_text(ours, twin)) {
    differ.push_back(path + ": " + ours.dump() + " and not " + twin.dump());
  }
}

std::string told(const std::vector<std::string>& differ) {
  std::string out;
  for (const auto& one : differ) out += "\n  " + one;
  return out;
}

json only_report_of(const fs::path& path) {
  const auto reports = read_reports(octets_of(path));
  if (reports.size() != 1) return {};
  return json::parse(reports.front().readable() ? reports::json(reports.front(), "") : "null")["report"];
}

/// The twin's numbers and flags in the form of the XML.
json aggregate_twin(json twin) {
  twin.erase("version");  // a number there, 0.0 where there is none
  auto& policy = twin["policy_published"];
  policy["testing"] = json();  // false also where there is none
  for (auto& record : twin["record"])
    for (auto& reason : record["row"]["policy_evaluated"]["reason"]) {
      // That reader maps RFC 7489's sampled_out to RFC 9990's other; we keep what was written.
      const auto type = plain(reason["type_"].get<std::string>());
      reason.erase("type_");
      if (type != "other") reason["type"] = type;
    }
  return twin;
}

TEST(ReportSuite, aggregate_twins) {
  const auto folder = suites::folder("dmarc-aggregate-samples") / "mail-auth";
  PTARMIGAN_REQUIRE_SUITE(folder);
  std::size_t passed = 0;
  const auto files = files_below(folder, {".xml", ".eml"});
  for (const auto& file : files) {
    const auto twin = aggregate_twin(suites::read_json(fs::path(file).replace_extension(".json")));
    auto ours = only_report_of(file);
    if (ours.is_object()) ours["policy_published"]["testing"] = json();
    std::vector<std::string> differ;
    compare(ours, twin, "", differ);
    EXPECT_TRUE(differ.empty()) << file << told(differ);
    passed += differ.empty() ? 1 : 0;
  }
  suites::report("DMARC aggregate reports equal to their JSON (mail-auth)", passed, files.size(), files.size());
}

TEST(ReportSuite, aggregate_samples_are_read) {
  const auto folder = suites::folder("dmarc-aggregate-samples");
  PTARMIGAN_REQUIRE_SUITE(folder);
  std::size_t passed = 0;
  const auto files = files_below(folder, {".xml", ".eml", ".gz", ".zip"});
  for (const auto& file : files) {
    const auto reports = read_reports(octets_of(file));
    const auto* report = reports.size() == 1 ? std::get_if<AggregateReport>(&reports.front().content) : nullptr;
    const bool whole = report != nullptr && !report->records.empty() && !report->policy.domain.empty() &&
                       report->begin && report->end && !reports.front().notes.any_loss();
    EXPECT_TRUE(whole) << file << " " << reports::json(reports.front(), "").substr(0, 1000);
    passed += whole ? 1 : 0;
  }
  suites::report("DMARC aggregate samples read whole", passed, files.size(), files.size());
}

/// The known broken ones: what must still be found in them, and the note that tells of it.
TEST(ReportSuite, broken_aggregate_samples_are_noted) {
  const auto folder = suites::folder("dmarc-aggregate-samples") / "parsedmarc";
  PTARMIGAN_REQUIRE_SUITE(folder);
  const std::map<std::string, std::string> expected = {
      {"aggregate/invalid_xml.xml", "xml-mended"},
      {"aggregate/invalid_utf_8.xml", "invalid-text"},
      {"aggregate/empty_reason.xml", "empty-reason"},
      {"aggregate/ikea.com!example.de!1538690400!1538776800.xml", "feedback-wrapped"},
      {"aggregate/!example.com!1538204542!1538463818.xml", "no-org-name"},
      {"aggregate_invalid/report_with_upper_cased_pass.xml", "upper-case-word"}};
  for (const auto& [name, code] : expected) {
    const auto reports = read_reports(octets_of(folder / name));
    ASSERT_EQ(reports.size(), 1U) << name;
    EXPECT_TRUE(reports.front().notes.has(code)) << name << " " << reports::json(reports.front(), "");
  }
  const auto same = only_report_of(folder / "extract_report" / "nice-input.xml");
  EXPECT_EQ(only_report_of(folder / "extract_report" / "nice-input.xml.gz"), same);
  EXPECT_EQ(only_report_of(folder / "extract_report" / "nice-input.xml.zip"), same);
}

TEST(ReportSuite, feedback_twins) {
  const auto folder = suites::folder("arf-samples") / "mail-auth";
  PTARMIGAN_REQUIRE_SUITE(folder);
  std::size_t passed = 0;
  const auto files = files_below(folder, {".eml"});
  for (const auto& file : files) {
    auto twin = suites::read_json(fs::path(file).replace_extension(".json"));
    auto ours = only_report_of(file);
    ASSERT_TRUE(ours.is_object()) << file;
    // In the twin: seconds, one recipient, one word of alignment, the original's parts apart.
    twin["arrived_at"] = twin["arrival_date"].is_null()
                             ? json()
                             : json(rfc3339(WallTime(seconds(twin["arrival_date"].get<std::int64_t>()))));
    twin.erase("arrival_date");
    if (!twin["original_rcpt_to"].is_null())
      twin["original_rcpt_to"] = json::array({twin["original_rcpt_to"]});
    else
      twin["original_rcpt_to"] = json::array();
    if (plain(twin["identity_alignment"].get<std::string>()) == "unspecified")
      twin["identity_alignment"] = json::array();
    if (twin["source_port"] == 0) twin["source_port"] = json();
    if (twin["spf_dns"].is_null()) twin["spf_dns"] = json::array();
    if (!twin["headers"].is_null()) twin["original"]["headers"] = twin["headers"];
    twin.erase("headers");
    twin.erase("message");
    if (ours["reporting_mta"].is_object()) ours["reporting_mta"] = ours["reporting_mta"]["value"];
    std::vector<std::string> differ;
    compare(ours, twin, "", differ);
    EXPECT_TRUE(differ.empty()) << file << told(differ);
    passed += differ.empty() ? 1 : 0;
  }
  suites::report("feedback reports equal to their JSON (mail-auth)", passed, files.size(), files.size());
}

TEST(ReportSuite, tls_twins) {
  const auto folder = suites::folder("tlsrpt-samples") / "mail-auth";
  PTARMIGAN_REQUIRE_SUITE(folder);
  std::size_t passed = 0;
  const auto files = files_below(folder, {".eml", ".json"});
  for (const auto& file : files) {
    const auto twin = suites::read_json(fs::path(file).replace_extension(".json"));
    std::vector<std::string> differ;
    compare(only_report_of(file), twin, "", differ);
    EXPECT_TRUE(differ.empty()) << file << told(differ);
    passed += differ.empty() ? 1 : 0;
  }
  suites::report("TLS reports equal to their JSON (mail-auth)", passed, files.size(), files.size());
}

struct Delivered {
  std::string reporting_mta;
  /// address, action, status, reply code and enhanced code of the diagnostic.
  std::vector<std::array<std::string, 5>> recipients;
};

TEST(ReportSuite, delivery_status_samples) {
  const auto folder = suites::folder("dsn-kumomta") / "rfc3464";
  PTARMIGAN_REQUIRE_SUITE(folder);
  // Read off the messages by eye.
  const std::map<std::string, Delivered> expected = {
      {"1.eml", {"cs.utk.edu", {{{"louisl@larry.slip.umd.edu", "failed", "4.0.0", "426", ""}}}}},
      {"2.eml",
       {"cs.utk.edu",
        {{{"arathib@vnet.ibm.com", "failed", "5.0.0", "550", ""}},
         {{"johnh@hpnjld.njd.hp.com", "delayed", "4.0.0", "", ""}},
         {{"wsnell@sdcc13.ucsd.edu", "failed", "5.0.0", "550", ""}}}}},
      {"3.eml", {"SYS30", {{{"nair_s", "failed", "5.0.0", "", ""}}}}},
      {"4.eml", {"sun2.nsfnet-relay.ac.uk", {{{"thomas@de-montfort.ac.uk", "delayed", "4.0.0", "", ""}}}}},
      {"5.eml", {"mx-by.bbox.fr", {{{"recipient@domain.com", "failed", "5.0.0", "552", ""}}}}},
      {"6.eml", {"tls02.example.com", {{{"redacted@example.com", "failed", "5.0.0", "550", "5.4.1"}}}}},
      {"obsolete_arrival_date.eml", {"mx.example.com", {{{"user@example.com", "failed", "5.1.1", "550", "5.1.1"}}}}}};
  std::size_t passed = 0;
  for (const auto& [name, want] : expected) {
    const auto reports = read_reports(octets_of(folder / name));
    ASSERT_EQ(reports.size(), 1U) << name;
    const auto* report = std::get_if<DeliveryReport>(&reports.front().content);
    ASSERT_NE(report, nullptr) << name << reports::json(reports.front(), "");
    Delivered got{.reporting_mta = report->reporting_mta.value, .recipients = {}};
    for (const auto& one : report->recipients)
      got.recipients.push_back({one.address, one.action, one.status, one.reply_code, one.enhanced_code});
    const bool same = got.reporting_mta == want.reporting_mta && got.recipients == want.recipients;
    EXPECT_TRUE(same) << name << reports::json(reports.front(), "");
    passed += same ? 1 : 0;
  }
  suites::report("delivery status notices (kumomta)", passed, expected.size(), expected.size());
}

}  // namespace
}  // namespace ptarmigan::reports
