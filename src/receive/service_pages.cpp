// receive/service_pages.cpp - see service_pages.hpp.
#include "receive/service_pages.hpp"

#include <nlohmann/json.hpp>

#include "doctor/render.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::receive {
namespace {

using Json = nlohmann::ordered_json;

std::string in_tenths(int tenths) {
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string opinion_text(const FilterOpinion& opinion) {
  if (!opinion.problem.empty()) return opinion.filter + " gave no opinion: " + opinion.problem;
  const auto rounded = [](double value) {
    return Json(static_cast<double>(static_cast<long>(value * 10)) / 10).dump();
  };
  std::string out = opinion.filter + ": " + rounded(opinion.score) + " of " + rounded(opinion.threshold);
  for (const auto& rule : opinion.rules) out += (&rule == &opinion.rules.front() ? " (" : ", ") + rule;
  return opinion.rules.empty() ? out : out + ")";
}

doctor::PageSection score_section(const TestResult& result) {
  doctor::PageSection out{"Score " + result.score.text() + " of 10", {}, {}};
  for (const auto& deduction : result.score.deductions)
    if (deduction.tenths > 0)
      out.lines.push_back("-" + in_tenths(deduction.tenths) + " " + deduction.id + ": " + deduction.why);
  if (out.lines.empty()) out.lines.emplace_back("Nothing was deducted.");
  for (const auto& opinion : result.opinions) out.lines.push_back(opinion_text(opinion));
  return out;
}

}  // namespace

std::string start_page() {
  std::string options = "<option value=\"\">Judge as all, accept everything</option>";
  for (const auto& receiver : rulebook::receivers())
    if (!receiver.rules.empty())
      options +=
          "<option value=\"" + std::string(receiver.id) + "\">Answer as " + std::string(receiver.name) + "</option>";
  options += "<option value=\"strict\">Answer as the strictest</option>";
  std::string faults;
  for (const auto fault : {Fault::none, Fault::greylist, Fault::rate, Fault::stall})
    faults += "<option>" + std::string(to_string(fault)) + "</option>";
  return doctor::page("Test your mail",
                      "<h1>Test your mail</h1><p>You get an address that is used once. Send a message to it, as you "
                      "send your mail, and read here what each receiver would do with it.</p><form method=\"post\" "
                      "action=\"/tests\"><p><label>Replies <select name=\"profile\">" +
                          options + "</select></label></p><p><label>Fault <select name=\"fault\">" + faults +
                          "</select></label></p><p><button>Give me an address</button></p></form>",
                      doctor::Refresh::none);
}

std::string test_page(const Test& test, const std::string& domain) {
  const auto address = test.address + "@" + domain;
  if (test.results.empty())
    return doctor::page("Waiting for mail",
                        "<h1>Send a message to</h1><pre>" + address +
                            "</pre><p role=\"status\">Waiting. This page asks again by itself every 5 seconds.</p>",
                        doctor::Refresh::soon);
  const auto& result = test.results.back();
  std::vector<doctor::PageSection> more{score_section(result)};
  more.push_back({"What the client was told", {}, result.reply});
  more.push_back({"The dialogue", {}, result.transcript});
  if (test.results.size() > 1) {
    doctor::PageSection earlier{"Earlier attempts", {}, {}};
    for (std::size_t at = 0; at + 1 < test.results.size(); ++at)
      earlier.lines.push_back(rfc3339(test.results[at].at) + " " + test.results[at].peer.text() + ": " +
                              test.results[at].reply);
    more.push_back(std::move(earlier));
  }
  if (!result.report) {
    std::string body = "<h1>Mail for " + address + "</h1>" + doctor::sections_html(more);
    return doctor::page("Test", body, doctor::Refresh::soon);
  }
  return doctor::html(*result.report, result.at, more);
}

std::string test_json(const Test& test, const std::string& domain) {
  Json out{{"address", test.address + "@" + domain}, {"profile", test.profile}, {"fault", to_string(test.fault)}};
  out["results"] = Json::array();
  for (const auto& result : test.results) {
    Json deductions = Json::array();
    for (const auto& d : result.score.deductions)
      deductions.push_back({{"id", d.id}, {"points", in_tenths(d.tenths)}, {"why", d.why}});
    Json filters = Json::array();
    for (const auto& o : result.opinions)
      filters.push_back({{"filter", o.filter},
                         {"score", o.score},
                         {"threshold", o.threshold},
                         {"rules", o.rules},
                         {"problem", o.problem}});
    out["results"].push_back({{"at", rfc3339(result.at)},
                              {"peer", result.peer.text()},
                              {"reply", result.reply},
                              {"score", result.score.text()},
                              {"deductions", std::move(deductions)},
                              {"filters", std::move(filters)},
                              {"report", result.report ? Json::parse(doctor::json(*result.report)) : Json()},
                              {"transcript", result.transcript}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::receive
