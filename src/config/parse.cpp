// config/parse.cpp - see parse.hpp. The only file that includes toml++.
#include "config/parse.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1  // the packaged library is built with exceptions
#include <algorithm>
#include <bit>
#include <expected>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "config/given.hpp"
#include "config/settings.hpp"
#include "message/address.hpp"

namespace ptarmigan::config {
namespace {

constexpr std::size_t max_config_octets = std::size_t{1024} * 1024;
/// An open relay by mistake: a network this wide is not one's own.
constexpr unsigned widest_ipv4_network = 8;
constexpr unsigned widest_ipv6_network = 16;

class Reader {
 public:
  explicit Reader(std::string_view file_name) : file_name_(file_name) {}

  Result<> table(const toml::table& table, const std::string& path) {
    for (const auto& [key, node] : table) {
      const std::string inner = path.empty() ? std::string(key.str()) : path + "." + std::string(key.str());
      const auto line = key.source().begin.line;
      if (const auto* list = node.as_array(); list != nullptr && !list->empty() && list->is_array_of_tables()) {
        if (auto done = repeated(*list, inner, line); !done) return done;
      } else if (const auto* sub = node.as_table()) {
        if (!is_table(inner)) return unknown(inner, line);
        if (auto done = this->table(*sub, inner); !done) return done;
      } else if (auto done = value(node, inner, line); !done) {
        return done;
      }
    }
    return {};
  }

  [[nodiscard]] std::unexpected<Error> at(std::uint32_t line, const std::string& message,
                                          std::string remedy = {}) const {
    return failure(std::string(file_name_) + ":" + std::to_string(line) + ": " + message, std::move(remedy));
  }

  Config config;
  std::vector<Given> given;

 private:
  Result<> repeated(const toml::array& list, const std::string& path, std::uint32_t line) {
    const std::string element = path + "[]";
    if (!is_table(element)) return unknown(path, line);
    const auto outer = numbered_;
    std::size_t number = 0;
    for (const auto& item : list) {
      begin_table(config, element);
      // The path's last name: those of the tables around it are numbered already.
      numbered_ = (outer.empty() ? std::string() : outer + ".") + path.substr(path.rfind('.') + 1) + "[" +
                  std::to_string(number++) + "]";
      if (auto done = table(*item.as_table(), element); !done) return done;
    }
    numbered_ = outer;
    return {};
  }

  /// "source[1].ipv4" for "source[].ipv4".
  [[nodiscard]] std::string numbered(const std::string& path) const {
    const auto last = path.rfind("[].");
    return last == std::string::npos ? path : numbered_ + path.substr(last + 2);
  }

  /// "postgresql://user:(hidden)@host/name": whoever may read the settings is not to learn a password from an address.
  static std::string without_password(std::string_view url) {
    const auto scheme = url.find("://");
    const auto at = url.rfind('@');
    if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme) return std::string(url);
    const auto colon = url.substr(0, at).find(':', scheme + 3);
    if (colon == std::string_view::npos) return std::string(url);
    return std::string(url.substr(0, colon + 1)) + "(hidden)" + std::string(url.substr(at));
  }

  static std::string shown(const std::string& path, const Value& value) {
    // Where alerts go is itself a secret at most services: the address is all that a sender needs.
    if (path.ends_with("password") || path == "watch.alert_webhook") return "(hidden)";
    if (const auto* url = std::get_if<std::string>(&value); path == "watch.database" && url != nullptr)
      return "\"" + without_password(*url) + "\"";
    const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
    if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    std::string out;
    for (const auto& text : std::get<std::vector<std::string>>(value)) out += (out.empty() ? "" : ", ") + quoted(text);
    return "[" + out + "]";
  }

  Result<> value(const toml::node& node, const std::string& path, std::uint32_t line) {
    for (const auto& setting : settings()) {
      if (setting.path != path) continue;
      const auto given_value = to_value(node);
      if (!given_value) return at(line, path + ": " + given_value.error().message, given_value.error().remedy);
      if (auto stored = setting.store(config, *given_value); !stored)
        return at(line, path + ": " + stored.error().message, stored.error().remedy);
      given.push_back({.path = numbered(path), .value = shown(path, *given_value), .line = line});
      return {};
    }
    return unknown(path, line);
  }

  static Result<Value> to_value(const toml::node& node) {
    if (const auto* text = node.as_string()) return Value(text->get());
    if (const auto* number = node.as_integer()) return Value(number->get());
    if (const auto* truth = node.as_boolean()) return Value(truth->get());
    if (const auto* list = node.as_array()) {
      std::vector<std::string> texts;
      for (const auto& item : *list) {
        const auto* text = item.as_string();
        if (text == nullptr) return failure("it must be a list of texts: [\"...\", \"...\"]");
        texts.push_back(text->get());
      }
      return Value(std::move(texts));
    }
    return failure("dates and fractions are not settings");
  }

  /// True where some setting lies below `path`.
  static bool is_table(std::string_view path) {
    return std::ranges::any_of(settings(), [&](const Setting& s) {
      return s.path.size() > path.size() && s.path.starts_with(path) && s.path[path.size()] == '.';
    });
  }

  [[nodiscard]] Result<> unknown(const std::string& path, std::uint32_t line) const {
    std::vector<std::string_view> known;
    for (const auto& setting : settings()) {
      known.push_back(setting.path);
      for (auto dot = setting.path.find('.'); dot != std::string_view::npos; dot = setting.path.find('.', dot + 1))
        known.push_back(setting.path.substr(0, dot));
    }
    const auto near = nearest(path, known);
    return at(
        line, "unknown setting '" + printable(path, 80) + "'",
        near.empty() ? "`ptarmigan config reference` lists all settings" : "did you mean '" + std::string(near) + "'?");
  }

  std::string_view file_name_;
  std::string numbered_;  ///< the repeated table that is being read: "domain[0].dkim[1]"
};

/// The first character of well-formed UTF-8 beyond ASCII as TOML's escape for "strings"; it moves `text` behind it.
std::string taken_as_escape(std::string_view& text) {
  const auto octets = static_cast<std::size_t>(std::countl_one(static_cast<unsigned char>(text.front())));
  std::uint32_t code_point = static_cast<unsigned char>(text.front()) & (0x7FU >> octets);
  for (const char c : text.substr(1, octets - 1))
    code_point = code_point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  text.remove_prefix(octets);
  return fmt::format("\\U{:08X}", code_point);
}

/// The same document in plain ASCII, because toml++ 3.3 is undefined on some characters beyond it wherever it looks for
/// blanks, in errors too: such a character becomes its escape in a "string" and a question mark in a comment.
/// Elsewhere, and in a 'literal' string, nothing can stand for it: the error is the line.
std::expected<std::string, std::uint32_t> in_ascii(std::string_view text) {
  constexpr std::string_view openings[] = {"\"\"\"", "'''", "\"", "'", "#"};
  std::string ascii;
  std::uint32_t line = 1;
  std::string_view quote;  // that closes the string we are in; "\n" closes a comment
  while (!text.empty()) {
    std::size_t taken = 1;
    const char c = text.front();
    if (!is_printable_ascii(c) && !is_wsp(c) && c != '\n' && c != '\r') {
      const bool beyond_ascii = static_cast<unsigned char>(c) >= 0x80;
      if (!beyond_ascii || quote.empty() || quote.front() == '\'') return std::unexpected(line);
      const auto escape = taken_as_escape(text);
      ascii += quote == "\n" ? "?" : escape;
      continue;
    }
    if (quote.empty()) {
      const auto* const opening =
          std::ranges::find_if(openings, [&](std::string_view known) { return text.starts_with(known); });
      if (opening != std::end(openings)) {
        taken = opening->size();
        quote = *opening == "#" ? "\n" : *opening;
      }
    } else if (c == '\\' && quote.front() == '"' && text.size() > 1 && is_printable_ascii(text[1])) {
      taken = 2;
    } else if (text.starts_with(quote)) {
      taken = quote.size();
      quote = {};
    } else if (c == '\n' && quote.size() == 1) {
      quote = {};
    }
    if (c == '\n') ++line;
    ascii += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return ascii;
}

/// What no single setting can tell.
Result<> check_whole(const Config& config, std::string_view file_name) {
  const auto wrong = [&](const std::string& message, std::string remedy) {
    return failure(std::string(file_name) + ": " + message, std::move(remedy));
  };
  for (const auto& network : config.submission.networks) {
    const unsigned widest = network.address.is_v4() ? widest_ipv4_network : widest_ipv6_network;
    if (network.prefix_length < widest)
      return wrong("submission.networks has " + network.text() + ", which would make this server an open relay",
                   "name only networks whose clients you know");
  }
  for (const auto& network : config.milter.networks) {
    const unsigned widest = network.address.is_v4() ? widest_ipv4_network : widest_ipv6_network;
    if (network.prefix_length < widest)
      return wrong(
          "milter.networks has " + network.text() + ", whose clients cannot all be yours: their mail is signed",
          "name only networks whose clients you know");
  }
  for (const auto& source : config.sources) {
    if (!source.ipv4 && !source.ipv6)
      return wrong("a [[source]] has neither ipv4 nor ipv6", "give it the address that mail leaves from");
    if (!source.ehlo && !config.hostname)
      return wrong("a [[source]] has no ehlo and there is no hostname", "set hostname = \"mail.example.com\"");
  }
  for (const auto& relay : config.relays) {
    if (relay.host.is_root()) return wrong("a [[relay]] has no host", "set host = \"smtp.example.net\"");
    if (!relay.password.empty() && !relay.password_file.empty())
      return wrong("relay " + relay.host.text() + " has both password and password_file", "keep password_file");
    if (!relay.user.empty() && relay.encrypt == Encrypt::none)
      return wrong("relay " + relay.host.text() + " would send its password in clear", "set encrypt = \"starttls\"");
    if (relay.user.empty() && relay.auth != RelayAuth::best)
      return wrong("relay " + relay.host.text() + " has auth but no user", "set user and password_file");
  }
  for (const auto& pace : config.paces)
    if (pace.site.empty()) return wrong("a [[pace]] has no site", "set site = \"gmail\"");
  for (const auto& domain : config.domains) {
    if (domain.name.is_root()) return wrong("a [[domain]] has no name", "set name = \"example.com\"");
    if (!domain.pool.empty() && std::ranges::find(config.sources, domain.pool, &Source::pool) == config.sources.end())
      return wrong("domain " + domain.name.text() + " names the pool \"" + domain.pool + "\", which no source is in",
                   "set pool = \"" + domain.pool + "\" in a [[source]]");
    for (const auto& key : domain.dkim)
      if (key.selector.empty() || key.key_file.empty())
        return wrong("a [[domain.dkim]] of " + domain.name.text() + " lacks selector or key_file",
                     "`ptarmigan dkim keygen` prints both");
  }
  if (!config.watch.report_addresses.empty() && config.watch.drop_folder.empty())
    return wrong("watch.report_addresses needs a folder for what comes in", "set watch.drop_folder");
  if (config.submission.certificate.empty() != config.submission.key.empty())
    return wrong("submission has only one of certificate and key", "set both, or none");
  if (!config.submission.listen_tls.empty() && config.submission.certificate.empty())
    return wrong("submission.listen_tls needs a certificate", "set submission.certificate and submission.key");
  if (!config.submission.users_file.empty() && config.submission.certificate.empty())
    return wrong("submission.users_file needs TLS, because passwords never travel in clear",
                 "set submission.certificate and submission.key");
  return {};
}

/// Names that a file may leave out.
void fill_names(Config& config) {
  for (auto& source : config.sources) {
    if (!source.ehlo) source.ehlo = config.hostname;
    if (source.name.empty()) source.name = (source.ipv4 ? *source.ipv4 : *source.ipv6).text();
  }
  for (auto& relay : config.relays)
    if (relay.name.empty()) relay.name = relay.host.text();
}

}  // namespace

namespace {

Result<> read_whole(Reader& reader, std::string_view text, std::string_view file_name) {
  if (text.size() > max_config_octets) return failure(std::string(file_name) + ": the file is larger than 1 MiB");
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (!message::is_utf8(text)) return failure(std::string(file_name) + ": the file is not UTF-8", "save it as UTF-8");
  const auto ascii = in_ascii(text);
  if (!ascii)
    return reader.at(ascii.error(), "a character that is not plain ASCII stands outside of double quotes",
                     "put the value in double quotes, or delete the character");
  const toml::parse_result parsed = toml::parse(*ascii);
  if (!parsed) return reader.at(parsed.error().source().begin.line, std::string(parsed.error().description()));
  if (auto done = reader.table(parsed.table(), {}); !done) return done;
  return check_whole(reader.config, file_name);
}

}  // namespace

Result<Config> parse_config(std::string_view text, std::string_view file_name) {
  Reader reader(file_name);
  if (auto read = read_whole(reader, text, file_name); !read) return std::unexpected(read.error());
  fill_names(reader.config);
  return std::move(reader.config);
}

Result<std::vector<Given>> given_settings(std::string_view text, std::string_view file_name) {
  Reader reader(file_name);
  if (auto read = read_whole(reader, text, file_name); !read) return std::unexpected(read.error());
  std::ranges::stable_sort(reader.given, {}, &Given::line);
  return std::move(reader.given);
}

std::string table_path(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (out.empty() || out.back() != '[' || !is_digit(c)) out += c;
  return out;
}

}  // namespace ptarmigan::config
