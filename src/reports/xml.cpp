// reports/xml.cpp - see xml.hpp.
#include "reports/xml.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.hpp"

namespace ptarmigan::reports {
namespace {

constexpr unsigned parse_options =
    pugi::parse_escapes | pugi::parse_cdata | pugi::parse_eol | pugi::parse_trim_pcdata | pugi::parse_embed_pcdata;
constexpr std::size_t declaration_octets = 200;

bool is_name_char(char c) {
  return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

struct Tag {
  enum class Kind { open, close, empty };
  Kind kind;
  std::string_view name;
  std::string_view attributes;  ///< with the blank before them; "" where they are none that XML knows
  std::size_t end;              ///< behind the ">"
};

/// The tag that begins with the "<" at `at`, if it is one.
std::optional<Tag> read_tag(std::string_view text, std::size_t at) {
  auto begin = at + 1;
  const bool closes = begin < text.size() && text[begin] == '/';
  if (closes) ++begin;
  auto end = begin;
  while (end < text.size() && is_name_char(text[end])) ++end;
  if (end == begin || !(is_alpha(text[begin]) || text[begin] == '_')) return std::nullopt;
  const auto close = text.find_first_of("<>", end);
  if (close == std::string_view::npos || text[close] == '<') return std::nullopt;
  auto rest = text.substr(end, close - end);
  const bool empty = rest.ends_with('/');
  if (empty) rest.remove_suffix(1);
  if (!rest.empty() && !std::string_view(" \t\r\n").contains(rest[0])) return std::nullopt;
  const bool quoted = rest.contains('=') && std::ranges::count(rest, '"') % 2 == 0 && !rest.contains('\'');
  return Tag{.kind = closes  ? Tag::Kind::close
                     : empty ? Tag::Kind::empty
                             : Tag::Kind::open,
             .name = text.substr(begin, end - begin),
             .attributes = quoted && !closes ? rest : std::string_view(),
             .end = close + 1};
}

class Mender {
 public:
  explicit Mender(std::string_view text) : text_(text) {}

  MendedXml mend() {
    out_.text.reserve(text_.size() + text_.size() / 16);
    while (at_ < text_.size()) {
      const auto next = std::min(text_.find('<', at_), text_.size());
      out_.text += text_.substr(at_, next - at_);
      at_ = next;
      if (at_ < text_.size()) step();
    }
    out_.cut_off = open_.size() > 1;
    while (!open_.empty()) close_last();
    return std::move(out_);
  }

 private:
  /// At a "<".
  void step() {
    const auto rest = text_.substr(at_);
    if (rest.starts_with("<!--")) return copy_to("-->", Keep::no);
    if (rest.starts_with("<![CDATA[")) return copy_to("]]>", Keep::yes);
    if (rest.starts_with("<?")) return copy_to("?>", Keep::no);
    if (rest.starts_with("<!")) return copy_to(">", Keep::no);
    const auto tag = read_tag(text_, at_);
    if (!tag || (tag->kind == Tag::Kind::open && open_.size() >= max_xml_depth)) {
      out_.text += "&lt;";
      ++at_;
      return;
    }
    at_ = tag->end;
    switch (tag->kind) {
      case Tag::Kind::open: open_.push_back(tag->name); [[fallthrough]];
      case Tag::Kind::empty:
        out_.text.append("<").append(tag->name).append(tag->attributes);
        out_.text += tag->kind == Tag::Kind::empty ? "/>" : ">";
        break;
      case Tag::Kind::close:
        if (std::ranges::find(open_, tag->name) == open_.end()) break;
        while (open_.back() != tag->name) close_last();
        close_last();
        break;
    }
  }

  enum class Keep { no, yes };
  void copy_to(std::string_view end, Keep keep) {
    const auto found = text_.find(end, at_);
    const auto stop = found == std::string_view::npos ? text_.size() : found + end.size();
    if (keep == Keep::yes && found != std::string_view::npos) out_.text += text_.substr(at_, stop - at_);
    at_ = stop;
  }

  void close_last() {
    out_.text.append("</").append(open_.back()).append(">");
    open_.pop_back();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string_view> open_;
  MendedXml out_;
};

/// What the text says or shows of its encoding, where pugixml shall convert it; UTF-8 is checked by us.
pugi::xml_encoding encoding_of(std::string_view octets) {
  if (octets.starts_with("\xff\xfe") || octets.starts_with("\xfe\xff") ||
      octets.starts_with(std::string_view("<\0", 2)) || octets.starts_with(std::string_view("\0<", 2)))
    return pugi::encoding_auto;
  const auto declaration = octets.substr(0, std::min(octets.find("?>"), declaration_octets));
  if (!declaration.contains("encoding")) return pugi::encoding_utf8;
  const bool latin = ifind(declaration, "iso-8859-1") != std::string_view::npos ||
                     ifind(declaration, "windows-1252") != std::string_view::npos;
  return latin ? pugi::encoding_latin1 : pugi::encoding_utf8;
}

}  // namespace

MendedXml mend_xml(std::string_view text) {
  return Mender(text).mend();
}

std::string_view local_name(std::string_view name) {
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child_of(const pugi::xml_node& parent, std::string_view name) {
  for (const auto& child : parent)
    if (iequals(local_name(child.name()), name)) return child;
  return {};
}

Result<> load_xml(std::string_view octets, pugi::xml_document& document, Notes& notes) {
  if (static_cast<std::size_t>(std::ranges::count(octets, '<')) > max_xml_tags)
    return failure("The XML has more than " + std::to_string(max_xml_tags) + " tags");
  const auto encoding = encoding_of(octets);
  const auto text = encoding == pugi::encoding_utf8 ? readable_text(octets, notes) : std::string(octets);
  auto read = document.load_buffer(text.data(), text.size(), parse_options, encoding);
  if (read) return {};
  if (encoding == pugi::encoding_auto) return failure(std::string("The text is no XML: ") + read.description());
  notes.odd("xml-mended", std::string("the text is not well-formed XML (") + read.description() + " near octet " +
                              std::to_string(read.offset) + "); it was mended");
  const auto mended = mend_xml(text);
  if (mended.cut_off) notes.lost("xml-cut-off", "the XML ends in the middle of the report");
  read = document.load_buffer(mended.text.data(), mended.text.size(), parse_options, encoding);
  if (read) return {};
  if (!document.first_child()) return failure(std::string("The text is no XML: ") + read.description());
  notes.lost("xml-unreadable", std::string("the XML could be read only in part: ") + read.description());
  return {};
}

}  // namespace ptarmigan::reports
