// message/mime.cpp - see mime.hpp.
#include "message/mime.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::message {
namespace {

/// RFC 2045#5.1.
bool is_token(char c) {
  return is_printable_ascii(c) && c != ' ' && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
}

/// The words of a structured field: tokens, quoted strings, and single characters; blanks, folds and comments are
/// skipped.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::string_view token() {
    skip();
    const auto from = at_;
    while (at_ < text_.size() && is_token(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string value() {
    if (!take('"')) return std::string(token());
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      if (text_[at_] != '\r' && text_[at_] != '\n') out += text_[at_];
      ++at_;
    }
    if (at_ < text_.size()) ++at_;
    return out;
  }

 private:
  void skip() {
    std::size_t depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '(') {
        ++depth;
      } else if (depth > 0) {
        if (c == ')') --depth;
        if (c == '\\' && at_ + 1 < text_.size()) ++at_;
      } else if (!is_wsp(c) && c != '\r' && c != '\n') {
        return;
      }
    }
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

TransferEncoding encoding_of(const HeaderSection& header) {
  const auto* field = header.first("Content-Transfer-Encoding");
  if (field == nullptr) return TransferEncoding::identity;
  const auto word = to_lower(Words(field->body).token());
  if (word == "base64") return TransferEncoding::base64;
  if (word == "quoted-printable") return TransferEncoding::quoted_printable;
  return word == "7bit" || word == "8bit" || word == "binary" ? TransferEncoding::identity : TransferEncoding::unknown;
}

/// Where a delimiter line begins, and what follows it.
struct Delimiter {
  std::size_t from;   ///< of the CRLF before it, which belongs to it
  std::size_t after;  ///< of the first octet behind its own CRLF
  bool last;
};

/// RFC 2046#5.1.1: "--", the boundary, "--" on the last one, blanks.
std::optional<Delimiter> find_delimiter(std::string_view body, std::string_view dash_boundary, std::size_t from) {
  for (auto at = body.find(dash_boundary, from); at != std::string_view::npos; at = body.find(dash_boundary, at + 1)) {
    if (at != 0 && (at < 2 || body.substr(at - 2, 2) != "\r\n")) continue;
    auto end = at + dash_boundary.size();
    const bool last = body.substr(end).starts_with("--");
    if (last) end += 2;
    end = std::min(body.find_first_not_of(" \t", end), body.size());
    if (end < body.size() && !body.substr(end).starts_with("\r\n")) continue;
    return Delimiter{.from = at == 0 ? 0 : at - 2, .after = std::min(end + 2, body.size()), .last = last};
  }
  return std::nullopt;
}

class Walk {
 public:
  explicit Walk(const MimeLimits& limits) : limits_(limits) {}

  Result<void> add(std::string_view text, std::optional<std::size_t> parent, const ContentType& otherwise) {
    if (parts_.size() >= limits_.parts)
      return failure("The message has more than " + std::to_string(limits_.parts) + " parts");
    auto header = HeaderSection::parse(text, limits_.header);
    if (!header) return std::unexpected(header.error());
    Part part{.body = text.substr(header->body_offset()), .parent = parent};
    const auto* field = header->first("Content-Type");
    part.content_type = field == nullptr ? otherwise : ContentType::parse(field->body);
    part.encoding = encoding_of(*header);
    part.depth = parent ? parts_[*parent].depth + 1 : 0;
    part.header = std::move(*header);
    const auto index = parts_.size();
    parts_.push_back(std::move(part));
    return open(index);
  }
  std::vector<Part> finish() { return std::move(parts_); }

 private:
  Result<void> open(std::size_t index) {
    const auto type = parts_[index].content_type;
    const auto body = parts_[index].body;
    if (parts_[index].depth >= limits_.depth || parts_[index].encoding != TransferEncoding::identity) return {};
    if (type.is("message", "rfc822") || type.is("message", "global")) return add(body, index, {});
    const auto* boundary = type.parameter("boundary");
    if (type.type != "multipart" || boundary == nullptr || boundary->empty()) return {};
    const ContentType otherwise =
        type.subtype == "digest" ? ContentType{.type = "message", .subtype = "rfc822"} : ContentType{};
    const auto dash_boundary = "--" + *boundary;
    auto delimiter = find_delimiter(body, dash_boundary, 0);
    while (delimiter && !delimiter->last) {
      const auto begin = delimiter->after;
      // The CRLF of this delimiter may also be the one before the next.
      delimiter = find_delimiter(body, dash_boundary, begin);
      const auto end = delimiter ? std::max(delimiter->from, begin) : body.size();
      if (auto done = add(body.substr(begin, end - begin), index, otherwise); !done) return done;
    }
    return {};
  }

  const MimeLimits& limits_;
  std::vector<Part> parts_;
};

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

ContentType ContentType::parse(std::string_view body) {
  Words words(body);
  ContentType out;
  const auto type = to_lower(words.token());
  const bool slash = words.take('/');
  const auto subtype = to_lower(words.token());
  if (type.empty() || !slash || subtype.empty()) return out;
  out.type = type;
  out.subtype = subtype;
  while (words.take(';')) {
    auto name = to_lower(words.token());
    if (name.empty()) continue;
    if (!words.take('=')) break;
    out.parameters.emplace_back(std::move(name), words.value());
  }
  return out;
}

bool ContentType::is(std::string_view wanted_type, std::string_view wanted_subtype) const {
  return iequals(type, wanted_type) && iequals(subtype, wanted_subtype);
}

const std::string* ContentType::parameter(std::string_view name) const {
  const auto found = std::ranges::find_if(parameters, [&](const auto& one) { return iequals(one.first, name); });
  return found == parameters.end() ? nullptr : &found->second;
}

std::string Part::decode() const {
  switch (encoding) {
    case TransferEncoding::base64: return decode_base64_text(body);
    case TransferEncoding::quoted_printable: return decode_quoted_printable(body);
    case TransferEncoding::identity:
    case TransferEncoding::unknown: break;
  }
  return std::string(body);
}

Result<std::vector<Part>> walk_parts(std::string_view message, const MimeLimits& limits) {
  Walk walk(limits);
  if (auto done = walk.add(message, std::nullopt, {}); !done) return std::unexpected(done.error());
  return walk.finish();
}

std::string decode_quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find("\r\n", at), text.size());
    auto line = text.substr(at, end - at);
    at = end + 2;
    line = line.substr(0, line.find_last_not_of(" \t") + 1);  // RFC 2045#6.7 (3)
    const bool soft = line.ends_with('=');
    if (soft) line.remove_suffix(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
      const int high = line[i] == '=' && i + 2 < line.size() ? hex_value(line[i + 1]) : -1;
      const int low = high >= 0 ? hex_value(line[i + 2]) : -1;
      if (low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
      } else {
        out += line[i];
      }
    }
    if (!soft && end < text.size()) out += "\r\n";
  }
  return out;
}

std::string decode_base64_text(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : is_digit(c)          ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : -1;
    if (value < 0) continue;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xff);
    }
  }
  return out;
}

}  // namespace ptarmigan::message
