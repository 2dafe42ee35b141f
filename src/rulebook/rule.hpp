// rulebook/rule.hpp - one requirement of one receiver, written once as a constexpr block (rules/<receiver>.cpp) and
// used by the doctor, the relay, the rehearsal and watch. Ids are append-only: they are stored, printed and linked to.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "facts/facts.hpp"
#include "rulebook/subject.hpp"
#include "smtp/failure.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::rulebook {

class Case;

enum class State {
  holds,
  broken,
  unknown,  ///< cannot be decided: something about the delivery is not known, or DNS gave no answer
};
[[nodiscard]] std::string_view to_string(State state);

struct Verdict {
  State state = State::unknown;
  std::string why = {};                 ///< one sentence with the values, no final full stop
  std::vector<Question> evidence = {};  ///< the questions whose answers decided it
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// What the receiver does with mail that breaks the rule, the worst first.
enum class Effect { refuse, defer, spam, advice };
[[nodiscard]] std::string_view to_string(Effect effect);

enum class Scope { all_senders, bulk_senders };
enum class Families { both, ipv4, ipv6 };
[[nodiscard]] bool covers(Families families, Family family);

/// The point of the SMTP dialogue at which the receiver answers.
using smtp::Stage;

/// Whether the rule can be judged from outside. Reputation and rates are known to the receiver alone: such a rule is
/// always unknown here, exists so that its replies are recognised, and says where the figure can be seen.
enum class Visibility { judged, receiver_only };

/// What the rule looks at: how mail is delivered and authenticated, or the message's own header. Without a message the
/// second kind says nothing about a setup.
enum class About { delivery, message };

enum class Confidence {
  documented,  ///< the receiver's own page
  secondary,   ///< somebody else's page or published replies
  recalled,    ///< general knowledge, not read again
};
[[nodiscard]] std::string_view to_string(Confidence confidence);

struct Source {
  std::string_view title;
  std::string_view url;
  std::string_view date;  ///< of the page's content: "2026-03-21"
  Confidence confidence = Confidence::documented;
};
/// A rule whose source is older than this must be read again.
inline constexpr std::chrono::days max_source_age{183};
[[nodiscard]] bool is_stale(const Source& source, WallTime now);

/// Whether a phrase names its receiver, or is also what other servers say ("domain not found").
enum class Phrase { own, common };

/// One way in which the receiver says that the rule is broken. All that is given must agree; text is compared without
/// case after normalisation (match.hpp).
struct ReplyShape {
  int code = 0;                    ///< 550; 0 is any
  std::string_view enhanced = {};  ///< "5.7.25", or "x.7.25" for any class; "" is any
  std::string_view phrase =
      {};  ///< short, lower case, within one reply's joined text; "" only where the code says it all
  Phrase whose = Phrase::own;
};

/// Where the words of a refusal come from.
enum class Wording {
  quoted,    ///< the receiver's page, or replies that were seen
  composed,  ///< no source quotes a reply for this requirement: ours, in the receiver's layout
};

/// The receiver's own words, as the rehearsal answers. Lines are separated by '\n', without codes. Placeholders: {ip},
/// {ehlo}, {mail_from}, {mail_from_domain}, {header_from_domain}, {field}, {id} (the session's id at the receiver).
struct Refusal {
  Families families = Families::both;
  int code = 550;
  smtp::EnhancedStatus enhanced = {};  ///< class 0: the receiver uses none
  std::string_view text = {};
  Wording wording = Wording::quoted;
};

/// At most N values written in place, so that a rule is one constexpr block.
template <typename T, std::size_t N>
struct Few {
  std::array<T, N> items{};
  std::size_t count = 0;
  constexpr Few() = default;
  constexpr Few(std::initializer_list<T> list) {
    assert(list.size() <= N);
    for (const auto& item : list) items[count++] = item;
  }
  [[nodiscard]] constexpr const T* begin() const { return items.data(); }
  [[nodiscard]] constexpr const T* end() const { return items.data() + count; }
  [[nodiscard]] constexpr bool empty() const { return count == 0; }
};

/// What repairs a broken rule for one delivery.
struct Fix {
  enum class Action { add, replace };
  struct Publish {
    dns::Record record;
    Action action =
        Action::add;  ///< replace: instead of the records of this type that are at this owner (of TXT: of this kind)
    std::string reason = {};
  };
  std::vector<Publish> publish = {};     ///< in the order in which to publish
  std::vector<std::string> change = {};  ///< what to change elsewhere: sentences
  [[nodiscard]] bool empty() const { return publish.empty() && change.empty(); }
};

struct Rule {
  std::string_view id;
  std::string_view title;        ///< the requirement, as a statement that holds for good mail
  std::string_view consequence;  ///< what happens otherwise, one sentence
  std::string_view remedy;       ///< what to do about it, for the rule's page
  Scope scope = Scope::all_senders;
  Families families = Families::both;
  Stage stage = Stage::end_of_data;
  Effect effect = Effect::refuse;
  Visibility visibility = Visibility::judged;
  About about = About::delivery;
  Known<Verdict> (*judge)(Case&) = nullptr;
  /// Called for a broken verdict; may need to know more than the verdict did.
  Known<Fix> (*fix)(Case&) = nullptr;
  Few<ReplyShape, 12> shapes = {};
  Few<Refusal, 2> refusals = {};  ///< the first that covers the family is used; empty for effects spam and advice
  Source source = {};

  /// The receiver's id: "gmail" of "gmail.ptr".
  [[nodiscard]] constexpr std::string_view receiver() const { return id.substr(0, id.find('.')); }
};

}  // namespace ptarmigan::rulebook
