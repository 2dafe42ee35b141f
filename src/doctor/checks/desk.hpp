// doctor/checks/desk.hpp - what the groups of checks share: where results are written and questions noted. Threads:
// none.
#pragma once

#include <string>
#include <utility>

#include "doctor/checks.hpp"

namespace ptarmigan::doctor {

class Desk {
 public:
  Desk(const Setup& setup, const Facts& facts) : setup_(setup), facts_(facts), gather_(facts) {}

  [[nodiscard]] const Setup& setup() const { return setup_; }
  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] Gather& gather() { return gather_; }
  /// The answer, or nullptr after noting the question.
  const Answer* ask(const dns::DomainName& name, dns::RecordType type) { return gather_.ask({name, type}); }

  /// A result of the check with that id; the reference is valid until the next one.
  CheckResult& say(std::string_view id, rulebook::State state, std::string why, std::vector<Question> evidence = {});
  CheckResult& holds(std::string_view id, std::string why, std::vector<Question> evidence = {}) {
    return say(id, rulebook::State::holds, std::move(why), std::move(evidence));
  }
  CheckResult& broken(std::string_view id, std::string why, std::vector<Question> evidence, std::string remedy) {
    auto& out = say(id, rulebook::State::broken, std::move(why), std::move(evidence));
    out.remedy = std::move(remedy);
    return out;
  }
  CheckResult& unknown(std::string_view id, std::string why, std::vector<Question> evidence = {}) {
    return say(id, rulebook::State::unknown, std::move(why), std::move(evidence));
  }
  [[nodiscard]] std::vector<CheckResult> take() && { return std::move(results_); }

 private:
  const Setup& setup_;
  const Facts& facts_;
  Gather gather_;
  std::vector<CheckResult> results_;
};

void check_identity(Desk& desk);
void check_spf(Desk& desk);
void check_dkim(Desk& desk);
void check_dmarc(Desk& desk);
void check_transport(Desk& desk);
void check_content(Desk& desk);
void check_reputation(Desk& desk);

/// Each own address with the name said in EHLO from it.
struct OwnAddress {
  IpAddress address;
  std::string ehlo_name;
};
[[nodiscard]] std::vector<OwnAddress> own_addresses(const Setup& setup);
/// The record to publish, with the TTL of all repairs.
[[nodiscard]] rulebook::Fix::Publish to_publish(dns::DomainName owner, dns::RecordType type, dns::Data data,
                                                rulebook::Fix::Action action, std::string reason);

}  // namespace ptarmigan::doctor
