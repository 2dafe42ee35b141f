// cli/dkim.cpp - `ptarmigan dkim keygen|record|sign|verify`: keys, the record that publishes them, and signatures of
// messages in files (RFC 6376, RFC 8463).
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/sign.hpp"
#include "auth/dkim/verify.hpp"
#include "auth/json.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/judge.hpp"
#include "cli/message_file.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {
namespace {

using dns::DomainName;
using Json = nlohmann::ordered_json;

constexpr unsigned owner_only = 0600;
constexpr unsigned largest_generated_bits = 4096;
constexpr std::uint32_t record_ttl = 3600;

struct KeyOptions {
  std::string domain;
  std::string selector;
  std::string type = "rsa";
  unsigned bits = dkim::strong_rsa_bits;
  std::string out;
  std::string key_file;
  bool compare = false;
  DnsOptions dns;
  bool json = false;
};

struct SignOptions {
  std::string message = "-";
  std::vector<std::string> key_files;
  std::string domain;
  std::vector<std::string> selectors;
};

struct VerifyOptions {
  DnsOptions dns;
  std::string message = "-";
  bool json = false;
};

Result<dns::Record> record_of(const dkim::PrivateKey& key, const std::string& selector,
                              const std::string& domain_text) {
  auto domain = DomainName::from_unicode(domain_text);
  if (!domain) return std::unexpected(domain.error());
  auto owner = dkim::key_name(selector, *domain);
  if (!owner)
    return failure("the selector '" + displayable(selector) + "' makes no name: " + owner.error().message,
                   "use letters, digits and hyphens, like 2026a");
  return dns::Record{*owner, dns::RecordType::txt, record_ttl, dns::txt_of(dkim::public_record(key))};
}

void print_record(const dns::Record& record, const dkim::PrivateKey& key, const std::string& key_file, bool as_json,
                  std::string_view published = {}) {
  if (!as_json)
    return print((published.empty() ? "" : "; in DNS: " + std::string(published) + "\n") + dns::zone_line(record) +
                 "\n");
  Json out{{"version", 1},
           {"owner", record.owner.absolute()},
           {"type", "TXT"},
           {"ttl", record.ttl},
           {"data", dns::data_text(record.data)},
           {"text", std::get<dns::Txt>(record.data).joined()},
           {"zone_line", dns::zone_line(record)},
           {"key_type", dkim::to_string(key.type())},
           {"bits", key.bits()},
           {"key_file", key_file}};
  if (!published.empty()) out["published"] = published;
  print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// Without / and other characters that a file name should not have.
std::string default_key_file(const std::string& domain, const std::string& selector) {
  std::string name = selector + "._domainkey." + domain + ".pem";
  for (char& c : name)
    if (c == '/' || static_cast<unsigned char>(c) < '!') c = '_';
  return name;
}

int run_keygen(const KeyOptions& options) {
  const auto type = options.type == "ed25519" ? dkim::KeyType::ed25519 : dkim::KeyType::rsa;
  const auto key = dkim::PrivateKey::generate(type, options.bits);
  if (!key) return complain(key.error());
  const auto record = record_of(*key, options.selector, options.domain);
  if (!record) return complain(record.error());
  const auto file = options.out.empty() ? default_key_file(options.domain, options.selector) : options.out;
  if (const auto written = write_file(file, key->pem(), owner_only, Existing::refuse); !written)
    return complain(written.error());
  if (!options.json) print("; the key is in " + file + ", readable by its owner only; publish:\n");
  print_record(*record, *key, file, options.json);
  return good;
}

Result<dkim::PrivateKey> read_key(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto key = dkim::PrivateKey::parse(*text);
  if (!key) return failure(path + ": " + key.error().message, key.error().remedy);
  return key;
}

/// What DNS holds at the key's name, compared with the private key.
enum class Published { same, other, revoked, unusable, absent, unknown };

std::string_view to_string(Published published) {
  switch (published) {
    case Published::same: return "this key";
    case Published::other: return "another key";
    case Published::revoked: return "revoked";
    case Published::unusable: return "no usable key record";
    case Published::absent: return "no record";
    case Published::unknown: return "not known";
  }
  return "";
}

Published compare(const Answer& answer, const dkim::PrivateKey& key) {
  if (answer.temporary()) return Published::unknown;
  auto worst = answer.found() ? Published::unusable : Published::absent;
  for (const auto& txt : answer.all<dns::Txt>()) {
    const auto record = dkim::KeyRecord::parse(txt.joined());
    if (!record) continue;
    if (dkim::matches(*record, key)) return Published::same;
    worst = record->key ? Published::other : Published::revoked;
  }
  return worst;
}

int run_record(const KeyOptions& options) {
  const auto key = read_key(options.key_file);
  if (!key) return complain(key.error());
  const auto record = record_of(*key, options.selector, options.domain);
  if (!record) return complain(record.error());
  if (!options.compare) {
    print_record(*record, *key, options.key_file, options.json);
    return good;
  }
  const Question question{record->owner, dns::RecordType::txt};
  const auto published = judge_in(options.dns, [&](const Facts& facts) -> Known<Published> {
    const auto* answer = facts.find(question);
    if (answer == nullptr) return Need(question);
    return compare(*answer, *key);
  });
  if (!published) return complain(published.error());
  print_record(*record, *key, options.key_file, options.json, to_string(*published));
  if (*published == Published::unknown) return unusable;
  return *published == Published::same ? good : findings;
}

int run_sign(const SignOptions& options) {
  if (options.key_files.size() != options.selectors.size())
    return complain({"there are " + std::to_string(options.key_files.size()) + " keys and " +
                         std::to_string(options.selectors.size()) + " selectors",
                     "give one --selector for each --key, in the same order"});
  const auto domain = DomainName::from_unicode(options.domain);
  if (!domain) return complain(domain.error());
  std::vector<dkim::SigningKey> keys;
  for (std::size_t i = 0; i < options.key_files.size(); ++i) {
    auto key = read_key(options.key_files[i]);
    if (!key) return complain(key.error());
    if (const auto name = dkim::key_name(options.selectors[i], *domain); !name) return complain(name.error());
    keys.push_back({*std::move(key), *domain, options.selectors[i]});
  }
  const auto message = read_message(options.message);
  if (!message) return complain(message.error());
  const auto fields = dkim::sign_message(*message, keys, net::now().wall);
  if (!fields) return complain(fields.error());
  print(*fields + *message);
  return good;
}

std::string verification_text(const std::vector<dkim::SignatureResult>& results, Colour colour) {
  std::string out;
  for (const auto& result : results) {
    const bool pass = result.outcome == dkim::Outcome::pass;
    out += painted(colour, pass ? Tint::good : Tint::bad, dkim::to_string(result.outcome));
    if (result.signature)
      out += "  d=" + result.signature->domain.text() + " s=" + displayable(result.signature->selector) +
             (result.key_bits != 0 ? ", key of " + std::to_string(result.key_bits) + " bits" : "");
    if (!result.reason.empty()) out += ": " + displayable(result.reason);
    for (const auto concern : result.concerns)
      out += "\n  " + painted(colour, Tint::warn, "note") + " " + std::string(dkim::to_string(concern));
    out += '\n';
  }
  return out;
}

Json verification_json(const std::vector<dkim::SignatureResult>& results, std::size_t ignored) {
  Json signatures = Json::array();
  for (const auto& result : results) signatures.push_back(Json::parse(auth::to_json(result)));
  return {{"version", auth::json_version}, {"signatures", std::move(signatures)}, {"ignored", ignored}};
}

int run_verify(const VerifyOptions& options) {
  const auto message = read_message(options.message);
  if (!message) return complain(message.error());
  const auto verification = dkim::verify_message(*message);
  if (!verification) return complain(verification.error());
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  const auto received = net::now().wall;
  const auto settled =
      net::run_blocking(net::settle([&](const Facts& facts) { return verification->judge(facts, received); }, Facts(),
                                    (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  if (const auto trouble = (*world)->trouble()) return complain(*trouble);
  const auto& results = settled.value.value();
  if (options.json) {
    print(verification_json(results, verification->ignored()).dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
  } else {
    print(results.empty() ? "none: the message has no DKIM signature\n"
                          : verification_text(results, colour_of_output()));
  }
  bool undecided = false;
  for (const auto& result : results) {
    if (result.outcome == dkim::Outcome::pass) return good;
    undecided = undecided || result.outcome == dkim::Outcome::temperror;
  }
  return undecided ? unusable : findings;
}

void add_key_options(CLI::App& command, KeyOptions& options) {
  command.add_option("--selector,-s", options.selector, "The selector: SELECTOR._domainkey.DOMAIN holds the record")
      ->required()
      ->type_name("LABEL");
  command.add_flag("--json", options.json, "For programs");
}

}  // namespace

void add_dkim(CLI::App& app, Action& action) {
  auto* dkim = app.add_subcommand("dkim", "DKIM keys and their records; sign and verify messages");
  dkim->require_subcommand(1);

  auto keygen = std::make_shared<KeyOptions>();
  auto* command = dkim->add_subcommand("keygen", "Make a key, and show the record to publish");
  command->add_option("DOMAIN", keygen->domain, "The domain that signs")->required()->type_name("");
  add_key_options(*command, *keygen);
  command->add_option("--type", keygen->type, "rsa (every receiver) or ed25519 (beside it)")
      ->check(CLI::IsMember({"rsa", "ed25519"}))
      ->capture_default_str();
  command->add_option("--bits", keygen->bits, "Of an RSA key")
      ->check(CLI::Range(dkim::strong_rsa_bits, largest_generated_bits))
      ->capture_default_str();
  command->add_option("--out,-o", keygen->out, "Where the key goes; never overwritten (SELECTOR._domainkey.DOMAIN.pem)")
      ->type_name("FILE");
  command->callback([keygen, &action] { action = [keygen] { return run_keygen(*keygen); }; });

  auto record = std::make_shared<KeyOptions>();
  command = dkim->add_subcommand("record", "The record to publish for a key that is there");
  command->add_option("KEYFILE", record->key_file, "PEM private key")->required()->type_name("");
  command->footer("Exit code with --compare: 0 DNS holds this key, 1 it does not, 2 could not be found out.");
  command->add_option("--domain,-d", record->domain, "The domain that signs")->required()->type_name("DOMAIN");
  add_key_options(*command, *record);
  command->add_flag("--compare", record->compare, "Ask DNS: is the published key this private key's?");
  add_dns_options(*command, record->dns);
  command->callback([record, &action] { action = [record] { return run_record(*record); }; });

  auto sign = std::make_shared<SignOptions>();
  command = dkim->add_subcommand("sign", "Write the message with its signature on top to standard output");
  command->add_option("MESSAGE", sign->message, "A file, or - for standard input")
      ->type_name("")
      ->capture_default_str();
  command->add_option("--key,-k", sign->key_files, "PEM private key. May be repeated")
      ->required()
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--domain,-d", sign->domain, "The domain that signs")->required()->type_name("DOMAIN");
  command->add_option("--selector,-s", sign->selectors, "One for each key")
      ->required()
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command->callback([sign, &action] { action = [sign] { return run_sign(*sign); }; });

  auto verify = std::make_shared<VerifyOptions>();
  command = dkim->add_subcommand("verify", "Verify every signature of a message");
  command->footer("Exit code: 0 a signature passes, 1 none does, 2 could not be found out.");
  command->add_option("MESSAGE", verify->message, "A file, or - for standard input")
      ->type_name("")
      ->capture_default_str();
  command->add_flag("--json", verify->json, "For programs");
  add_dns_options(*command, verify->dns);
  command->callback([verify, &action] { action = [verify] { return run_verify(*verify); }; });
}

}  // namespace ptarmigan::cli
