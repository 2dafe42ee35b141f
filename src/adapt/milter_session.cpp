// adapt/milter_session.cpp - see milter_session.hpp.
#include "adapt/milter_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/authres/authres.hpp"
#include "base/text.hpp"
#include "message/address.hpp"

namespace ptarmigan::adapt {
namespace {

namespace milter = mta::milter;

constexpr std::uint32_t needed_actions = milter::may_add_headers | milter::may_change_headers;
constexpr std::uint32_t wanted_steps =
    milter::no_rcpt | milter::no_unknown | milter::no_data | milter::unanswered_header | milter::unanswered_connect |
    milter::unanswered_helo | milter::unanswered_mail | milter::unanswered_rcpt | milter::unanswered_data |
    milter::unanswered_unknown | milter::unanswered_end_of_header | milter::unanswered_body | milter::leading_space;
/// Postfix's and Amavis' word for a listener that takes mail of ours.
constexpr std::string_view own_listener = "ORIGINATING";
constexpr std::size_t max_shown = 120;

/// LF as CRLF; what is CRLF stays.
std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

std::string without_cr(std::string_view text) {
  std::string out(text);
  std::erase(out, '\r');
  return out;
}

/// Fields that a mail server may still add: a signature that says they are absent would break.
dkim::SigningSettings signing_settings(const message::HeaderSection& header) {
  dkim::SigningSettings out;
  std::erase_if(out.oversigned_fields, [&](const std::string& name) {
    const bool added_later = std::ranges::any_of(std::array<std::string_view, 3>{"Date", "Message-ID", "To"},
                                                 [&](std::string_view late) { return iequals(name, late); });
    return added_later && header.first(name) == nullptr;
  });
  return out;
}

Result<dns::DomainName> author_domain(const message::HeaderSection& header) {
  if (header.count("From") != 1) return failure("it has no From, or several");
  const auto mailboxes = message::parse_address_list(header.first("From")->body);
  if (!mailboxes) return failure("From cannot be read: " + mailboxes.error().message);
  std::optional<dns::DomainName> found;
  for (const auto& mailbox : *mailboxes) {
    auto domain = dns::DomainName::from_unicode(mailbox.domain);
    if (!domain) return std::unexpected(domain.error());
    if (found && *found != *domain) return failure("its authors are of several domains");
    found = *std::move(domain);
  }
  if (!found) return failure("From holds no address");
  return *std::move(found);
}

/// Of the results, in few words.
std::string in_short(const auth::Results& results) {
  std::string out;
  if (results.spf_mail_from) out += "spf=" + std::string(spf::to_string(results.spf_mail_from->outcome)) + " ";
  for (const auto& one : results.dkim) out += "dkim=" + std::string(dkim::to_string(one.outcome)) + " ";
  if (results.dkim.empty()) out += "dkim=none ";
  return out + "dmarc=" + std::string(dmarc::to_string(results.dmarc.outcome));
}

}  // namespace

Result<std::shared_ptr<const MilterPolicy>> MilterPolicy::load(const config::Config& config) {
  auto out = std::make_shared<MilterPolicy>();
  out->settings = config.milter;
  out->authserv_id = config.milter.authserv_id;
  if (out->authserv_id.empty() && config.hostname) out->authserv_id = config.hostname->text();
  if (out->authserv_id.empty())
    return failure("there is no name to report under", "set hostname, or authserv_id in [milter]");
  if (const auto usable = authres::build({.authserv_id = out->authserv_id}); !usable)
    return std::unexpected(usable.error());
  auto keys = relay::Keys::load(config.domains);
  if (!keys) return std::unexpected(keys.error());
  out->keys = *std::move(keys);
  return out;
}

MilterSession::MilterSession(std::function<std::shared_ptr<const MilterPolicy>()> policy)
    : current_policy_(std::move(policy)), policy_(current_policy_()) {}

MilterSession::Next MilterSession::take(const milter::Packet& packet, WallTime now, std::string& out) {
  switch (static_cast<milter::Command>(packet.command)) {
    case milter::Command::negotiate: return negotiate(packet.data, out);
    case milter::Command::connect: return connect(packet.data, out);
    case milter::Command::helo: {
      const auto strings = milter::read_strings(packet.data);
      helo_ = strings && !strings->empty() ? std::string(strings->front()) : std::string();
      return answered(milter::unanswered_helo, out);
    }
    case milter::Command::macros: return remember(packet.data);
    case milter::Command::mail: return begin_message(packet.data, out);
    case milter::Command::rcpt: return answered(milter::unanswered_rcpt, out);
    case milter::Command::data: return answered(milter::unanswered_data, out);
    case milter::Command::unknown: return answered(milter::unanswered_unknown, out);
    case milter::Command::header: return add_field(packet.data, out);
    case milter::Command::end_of_header: end_header(); return answered(milter::unanswered_end_of_header, out);
    case milter::Command::body: return add_body(packet.data, out);
    case milter::Command::end_of_body: return end_message(packet.data, now, out);
    case milter::Command::abort: message_.reset(); return Next::go_on;
    case milter::Command::quit_new: new_client(); return Next::go_on;
    case milter::Command::quit: return Next::close;
  }
  told("the mail server says something that is no milter command");
  return Next::close;
}

MilterSession::Next MilterSession::negotiate(std::string_view data, std::string& out) {
  const auto offered = milter::read_options(data);
  if (!offered || offered->version < milter::oldest_version || (offered->actions & needed_actions) != needed_actions) {
    told("the mail server speaks another milter protocol, or lets nobody add and remove fields");
    return Next::close;
  }
  steps_ = offered->steps & wanted_steps;
  out += milter::negotiate(
      {.version = std::min(offered->version, milter::protocol_version), .actions = needed_actions, .steps = steps_});
  return Next::go_on;
}

MilterSession::Next MilterSession::answered(std::uint32_t unless, std::string& out) const {
  if ((steps_ & unless) == 0) out += milter::answer(milter::Answer::proceed);
  return Next::go_on;
}

void MilterSession::new_client() {
  client_.reset();
  helo_.clear();
  daemon_name_.clear();
  user_.clear();
  queue_id_.clear();
  message_.reset();
}

MilterSession::Next MilterSession::connect(std::string_view data, std::string& out) {
  auto client = milter::read_client(data);
  if (!client) {
    told(client.error().message);
    return Next::close;
  }
  message_.reset();
  helo_.clear();
  client_ = *std::move(client);
  return answered(milter::unanswered_connect, out);
}

/// Macros stand before the step that they are for.
MilterSession::Next MilterSession::remember(std::string_view data) {
  const auto macros = milter::read_macros(data);
  if (!macros) {
    told(macros.error().message);
    return Next::close;
  }
  if (macros->step == std::to_underlying(milter::Command::mail)) user_.clear();
  for (const auto& [name, value] : macros->values) {
    if (name == "daemon_name") daemon_name_ = value;
    if (name == "auth_authen") user_ = value;
    if (name == "i") queue_id_ = value.substr(0, max_shown);
  }
  return Next::go_on;
}

bool MilterSession::is_ours(const MilterPolicy& policy) const {
  if (!user_.empty() || daemon_name_ == own_listener) return true;
  if (!client_) return false;
  if (client_->family != '4' && client_->family != '6') return true;
  const auto address = IpAddress::parse(client_->address);
  return address && std::ranges::any_of(policy.settings.networks,
                                        [&](const IpNetwork& one) { return one.contains(address->unmapped()); });
}

MilterSession::Next MilterSession::begin_message(std::string_view data, std::string& out) {
  policy_ = current_policy_();
  message_ = std::make_unique<Message>();
  const auto arguments = milter::read_strings(data);
  if (arguments && !arguments->empty()) {
    auto address = arguments->front();
    if (address.starts_with('<')) address.remove_prefix(1);
    if (address.ends_with('>')) address.remove_suffix(1);
    message_->mail_from = address;
  }
  message_->ours = is_ours(*policy_);
  return answered(milter::unanswered_mail, out);
}

MilterSession::Next MilterSession::add_field(std::string_view data, std::string& out) {
  const auto field = milter::read_field(data);
  if (!field) {
    told(field.error().message);
    return Next::close;
  }
  // One more field than the limit allows is enough to be refused by whoever reads the header.
  if (message_ && message_->header.size() <= message::HeaderLimits{}.section_octets) {
    message_->header += field->name;
    message_->header += (steps_ & milter::leading_space) != 0 ? ":" : ": ";
    message_->header += with_crlf(field->value);
    message_->header += "\r\n";
  }
  return answered(milter::unanswered_header, out);
}

void MilterSession::end_header() {
  if (!message_ || std::exchange(message_->header_ended, true)) return;
  if (message_->ours) {
    if (const auto header = message::HeaderSection::parse(message_->header))
      message_->signer = dkim::Signer(signing_settings(*header));
    return;
  }
  message_->authenticator.feed(message_->header);
  message_->authenticator.feed("\r\n");
}

MilterSession::Next MilterSession::add_body(std::string_view data, std::string& out) {
  end_header();
  if (message_ && message_->ours)
    message_->signer.feed(data);
  else if (message_)
    message_->authenticator.feed(data);
  return answered(milter::unanswered_body, out);
}

MilterSession::Next MilterSession::end_message(std::string_view data, WallTime now, std::string& out) {
  if (!message_) {
    out += milter::answer(milter::Answer::proceed);
    return Next::go_on;
  }
  std::string unused;
  if (!data.empty()) add_body(data, unused);
  end_header();
  message_->ended_at = now;
  if (!message_->ours) {
    message_->ready = std::move(message_->authenticator).finish();
    return Next::judge;
  }
  sign(out);
  out += milter::answer(milter::Answer::proceed);
  message_.reset();
  return Next::go_on;
}

/// `field` whole, with CRLF, on top.
void MilterSession::insert(std::string_view field, std::string& out) const {
  if (field.ends_with("\r\n")) field.remove_suffix(2);
  const auto colon = field.find(':');
  auto value = field.substr(colon + 1);
  if ((steps_ & milter::leading_space) == 0 && value.starts_with(' ')) value.remove_prefix(1);
  out += milter::insert_field(0, field.substr(0, colon), without_cr(value));
}

void MilterSession::sign(std::string& out) {
  const auto header = message::HeaderSection::parse(message_->header);
  if (!header) return told("not signed: " + header.error().message);
  const auto author = author_domain(*header);
  if (!author) return told("not signed: " + author.error().message);
  const auto keys = policy_->keys.of(*author);
  if (keys->empty()) return told("not signed: there is no key for " + author->text());
  const auto fields = message_->signer.finish(*header, *keys, message_->ended_at);
  if (!fields) return told("not signed: " + fields.error().message);
  const auto made = message::HeaderSection::parse(*fields);
  for (auto field = made->fields().rbegin(); field != made->fields().rend(); ++field) insert(field->raw, out);
  told("signed for " + keys->front().domain.text());
}

Known<auth::Results> MilterSession::judge(const Facts& facts, milliseconds elapsed) const {
  const auto address = IpAddress::parse(client_ ? client_->address : "");
  return message_->ready->judge({.client = address ? std::optional(*address) : std::nullopt,
                                 .helo = helo_,
                                 .mail_from = message_->mail_from,
                                 .receiver = policy_->authserv_id,
                                 .received_at = message_->ended_at,
                                 .elapsed = elapsed},
                                facts);
}

void MilterSession::conclude(const auth::Results& results, std::string& out) {
  const auto message = std::exchange(message_, nullptr);
  const auto header = message::HeaderSection::parse(message->header);
  const auto field = auth::authentication_results(results, policy_->authserv_id);
  if (!header || !field) {
    told("refused: the header is too large to be checked");
    out += milter::reply("552 5.3.4 The header is too large to be checked");
    return;
  }
  const auto said = in_short(results);
  if (policy_->settings.dmarc == config::MilterDmarc::reject && results.dmarc.disposition() == dmarc::Policy::reject) {
    const auto author = results.dmarc.discovery.author.text();
    told("refused: " + said + " from " + author);
    out += milter::reply("550 5.7.1 " + author + " asks to refuse mail that is not authenticated as its own (DMARC)");
    return;
  }
  for (const auto index : authres::forged_fields(*header, policy_->authserv_id)) {
    const auto end = header->fields().begin() + static_cast<std::ptrdiff_t>(index) + 1;
    const auto occurrence =
        std::count_if(header->fields().begin(), end, [](const auto& one) { return one.is(authres::field_name); });
    out += milter::delete_field(static_cast<std::uint32_t>(occurrence), authres::field_name);
  }
  insert(*field, out);
  out += milter::answer(milter::Answer::proceed);
  told(said);
}

void MilterSession::give_up(std::string& out) {
  message_.reset();
  const bool accept = policy_->settings.on_failure == config::MilterFailure::accept;
  out += milter::answer(accept ? milter::Answer::proceed : milter::Answer::tempfail);
  told(accept ? "could not be handled: accepted" : "could not be handled: to be tried again");
}

void MilterSession::told(const std::string& what) {
  summary_ = (queue_id_.empty() ? "" : queue_id_ + ": ") + what;
}

std::string MilterSession::take_summary() {
  return std::exchange(summary_, "");
}

}  // namespace ptarmigan::adapt
