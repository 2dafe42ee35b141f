// smtp/command_parameters.cpp - see command_parameters.hpp; xtext of RFC 3461#4 is here too.
#include "smtp/command_parameters.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/text.hpp"
#include "smtp/command.hpp"

namespace ptarmigan::smtp {
namespace {

constexpr std::size_t max_size_digits = 20;  // RFC 1870#3

std::unexpected<Reply> wrong(std::string_view keyword) {
  return std::unexpected(Reply(501, {5, 5, 4}, "Wrong value of the parameter " + std::string(keyword)));
}

struct Parameter {
  std::string keyword;                    // upper case
  std::optional<std::string_view> value;  // what follows '='
};

/// The words of `text`; a keyword stands there once.
std::expected<std::vector<Parameter>, Reply> words_of(std::string_view text) {
  std::vector<Parameter> parameters;
  for (const auto word : split(text, ' ')) {
    if (word.empty()) continue;
    const auto equals = word.find('=');
    Parameter parameter{to_upper(word.substr(0, equals)), {}};
    if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
    const bool clean = !parameter.keyword.empty() &&
                       std::ranges::all_of(parameter.keyword, [](char c) { return is_alnum(c) || c == '-'; });
    if (!clean) return std::unexpected(Reply(501, {5, 5, 4}, "Malformed parameter"));
    if (std::ranges::find(parameters, parameter.keyword, &Parameter::keyword) != parameters.end())
      return std::unexpected(Reply(501, {5, 5, 4}, "Parameter given twice: " + printable(parameter.keyword, 40)));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

bool is_printable_text(std::string_view text) {
  return std::ranges::all_of(text, is_printable_ascii);
}

std::optional<BodyType> parse_body(std::string_view value) {
  if (iequals(value, "7BIT")) return BodyType::seven_bit;
  if (iequals(value, "8BITMIME")) return BodyType::eight_bit_mime;
  if (iequals(value, "BINARYMIME")) return BodyType::binary_mime;
  return std::nullopt;
}

std::optional<Ret> parse_ret(std::string_view value) {
  if (iequals(value, "FULL")) return Ret::full;
  if (iequals(value, "HDRS")) return Ret::hdrs;
  return std::nullopt;
}

std::optional<std::string> parse_envelope_id(std::string_view value) {
  if (value.empty() || value.size() > max_envelope_id) return std::nullopt;
  auto text = xtext_decode(value);
  return text && is_printable_text(*text) ? text : std::nullopt;
}

std::optional<std::string> parse_auth_mailbox(std::string_view value) {
  auto text = xtext_decode(value);
  return text && (*text == "<>" || Mailbox::parse(*text)) ? text : std::nullopt;
}

std::optional<Notify> parse_notify(std::string_view value) {
  Notify notify;
  if (iequals(value, "NEVER")) return notify;
  for (const auto word : split(value, ',')) {
    bool& flag = iequals(word, "SUCCESS") ? notify.success : iequals(word, "FAILURE") ? notify.failure : notify.delay;
    if (flag || (&flag == &notify.delay && !iequals(word, "DELAY"))) return std::nullopt;
    flag = true;
  }
  return notify;
}

std::optional<OriginalRecipient> parse_original(std::string_view value) {
  if (value.size() > max_original_recipient) return std::nullopt;
  const auto semicolon = value.find(';');
  if (semicolon == std::string_view::npos || semicolon == 0) return std::nullopt;
  const auto type = value.substr(0, semicolon);
  if (!std::ranges::all_of(type, [](char c) { return is_alnum(c) || c == '-'; })) return std::nullopt;
  auto address = xtext_decode(value.substr(semicolon + 1));
  if (!address || address->empty() || !is_printable_text(*address)) return std::nullopt;
  return OriginalRecipient{to_lower(type), std::move(*address)};
}

/// Sets `target` from `parse(value)`; false where there is no value or it is wrong.
template <typename Target, typename Parse>
bool assign(Target& target, const std::optional<std::string_view>& value, Parse parse) {
  if (!value) return false;
  auto parsed = parse(*value);
  if (!parsed) return false;
  if constexpr (std::is_same_v<Target, decltype(parsed)>)
    target = std::move(parsed);
  else
    target = std::move(*parsed);
  return true;
}

}  // namespace

std::expected<MailParameters, Reply> parse_mail_parameters(std::string_view text) {
  const auto words = words_of(text);
  if (!words) return std::unexpected(words.error());
  MailParameters out;
  const auto number = [](std::string_view digits) {
    return digits.size() <= max_size_digits ? parse_number<std::uint64_t>(digits) : std::nullopt;
  };
  for (const auto& [keyword, value] : *words) {
    bool good = false;
    if (keyword == "SIZE")
      good = assign(out.size, value, number);
    else if (keyword == "BODY")
      good = assign(out.body, value, parse_body);
    else if (keyword == "RET")
      good = assign(out.ret, value, parse_ret);
    else if (keyword == "ENVID")
      good = assign(out.envelope_id, value, parse_envelope_id);
    else if (keyword == "AUTH")
      good = assign(out.auth, value, parse_auth_mailbox);
    else if (keyword == "SMTPUTF8")
      good = out.smtputf8 = !value;
    else if (keyword == "REQUIRETLS")
      good = out.require_tls = !value;
    else
      return std::unexpected(Reply(555, {5, 5, 4}, "Unknown parameter of MAIL: " + printable(keyword, 40)));
    if (!good) return wrong(keyword);
  }
  return out;
}

std::expected<void, Reply> parse_rcpt_parameters(std::string_view text, Recipient& recipient) {
  const auto words = words_of(text);
  if (!words) return std::unexpected(words.error());
  for (const auto& [keyword, value] : *words) {
    bool good = false;
    if (keyword == "NOTIFY")
      good = assign(recipient.notify, value, parse_notify);
    else if (keyword == "ORCPT")
      good = assign(recipient.original, value, parse_original);
    else
      return std::unexpected(Reply(555, {5, 5, 4}, "Unknown parameter of RCPT: " + printable(keyword, 40)));
    if (!good) return wrong(keyword);
  }
  return {};
}

std::string xtext_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c > ' ' && c < 0x7f && c != '+' && c != '=') {
      out += c;
    } else {
      out += '+';
      out += digits[octet >> 4U];
      out += digits[octet & 0xfU];
    }
  }
  return out;
}

std::optional<std::string> xtext_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+') {
      const auto hex = text.substr(i + 1, 2);
      const bool upper = std::ranges::all_of(hex, [](char h) { return is_digit(h) || (h >= 'A' && h <= 'F'); });
      const auto octet = hex.size() == 2 && upper ? parse_number<unsigned>(hex, 16) : std::nullopt;
      if (!octet) return std::nullopt;
      out += static_cast<char>(*octet);
      i += 2;
    } else if (c > ' ' && c < 0x7f && c != '=') {
      out += c;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace ptarmigan::smtp
