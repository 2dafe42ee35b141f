// rulebook/case.hpp - one subject before one set of facts: the authentication judgements that several rules ask for,
// each made at most once, reduced to what rules need. Threads: none; a case lives on the stack of one judgement,
// subject and facts must outlive it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facts/facts.hpp"
#include "rulebook/subject.hpp"

namespace ptarmigan::rulebook {

struct Check {
  enum class Result {
    pass,
    fail,
    none,       ///< nothing is published, nothing is signed
    temporary,  ///< DNS gave no answer
    unstated,   ///< the subject lacks what the check needs
  };
  Result result = Result::unstated;
  std::string text = {};  ///< a sentence with the values, no final full stop
  std::vector<Question> evidence = {};

  [[nodiscard]] bool passes() const { return result == Result::pass; }
  /// Neither temporary nor unstated.
  [[nodiscard]] bool decided() const { return result != Result::temporary && result != Result::unstated; }
};

struct SpfCheck : Check {
  bool hard_fail = false;  ///< the record asks that this address be refused (-all); false for softfail and the like
};
struct ReverseCheck : Check {
  std::vector<dns::DomainName> names = {};  ///< of the PTR records
};
struct DkimCheck : Check {
  std::vector<dns::DomainName> passing = {};    ///< d= of the signatures that pass
  std::vector<IntendedSignature> failing = {};  ///< intended signatures that do not pass
};
struct DmarcCheck
    : Check {  ///< pass: From is aligned with SPF or DKIM; none: no author domain has a record, and nothing is aligned
  enum class Policy { none, quarantine, reject };
  std::optional<dns::DomainName> record_at = {};  ///< where the record was found: "_dmarc.example.com"
  bool record_hidden = false;                     ///< the search for a record failed for now
  bool aligned = false;                           ///< also judged, relaxed, where there is no record
  Policy disposition = Policy::none;              ///< what the policy asks for this mail
  std::string record_text = {};                   ///< a sentence about the record
};

class Case {
 public:
  Case(const Subject& subject, const Facts& facts) : subject_(&subject), facts_(&facts) {}
  Case(Subject&&, const Facts&) = delete;
  Case(const Subject&, Facts&&) = delete;

  [[nodiscard]] const Subject& subject() const { return *subject_; }
  [[nodiscard]] const Facts& facts() const { return *facts_; }

  /// RFC 8601#2.7.3 (iprev).
  const Known<ReverseCheck>& reverse_name();
  /// RFC 7208 for MAIL FROM, or for the EHLO name of a null sender.
  const Known<SpfCheck>& spf();
  /// RFC 6376: intended signatures against their published keys, observed ones as they were verified.
  const Known<DkimCheck>& dkim();
  /// RFC 9989 for the single author domain.
  const Known<DmarcCheck>& dmarc();

 private:
  const Subject* subject_;
  const Facts* facts_;
  std::optional<Known<ReverseCheck>> reverse_name_;
  std::optional<Known<SpfCheck>> spf_;
  std::optional<Known<DkimCheck>> dkim_;
  std::optional<Known<DmarcCheck>> dmarc_;
};

}  // namespace ptarmigan::rulebook
