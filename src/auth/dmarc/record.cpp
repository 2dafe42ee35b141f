// auth/dmarc/record.cpp - see record.hpp.
#include "auth/dmarc/record.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ptarmigan::dmarc {
namespace {

constexpr std::string_view blanks = " \t";

struct Tag {
  std::string_view name;
  std::string_view value;
};

std::optional<Tag> split_tag(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return Tag{trim(text.substr(0, equals), blanks), trim(text.substr(equals + 1), blanks)};
}

std::optional<Policy> parse_policy(std::string_view value) {
  for (const auto policy : {Policy::none, Policy::quarantine, Policy::reject})
    if (iequals(value, to_string(policy))) return policy;
  return std::nullopt;
}

/// Percent-encoding resolved (RFC 3986#2.1); nothing where it is malformed or hides a control or 8-bit octet.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char octet = text[at];
    if (octet == '%') {
      if (text.size() - at < 3) return std::nullopt;
      const auto value = parse_number<std::uint8_t>(text.substr(at + 1, 2), 16);
      if (!value) return std::nullopt;
      octet = static_cast<char>(*value);
      at += 2;
    }
    if (!is_printable_ascii(octet)) return std::nullopt;
    out += octet;
  }
  return out;
}

/// The octets of a URI (RFC 3986#2) that a list may hold: comma and "!" are encoded in it.
bool is_uri_character(char c) {
  return is_printable_ascii(c) && std::string_view(" \"<>\\^`{|}").find(c) == std::string_view::npos;
}

std::optional<ReportUri> parse_report_uri(std::string_view text) {
  text = trim(text, blanks);
  text = text.substr(0, text.find('!'));  // the size limit of RFC 7489, ignored
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  const auto scheme = text.substr(0, colon);
  const bool scheme_good = is_alpha(scheme.front()) && std::ranges::all_of(scheme, [](char c) {
                             return is_alnum(c) || c == '+' || c == '-' || c == '.';
                           });
  if (!scheme_good || !std::ranges::all_of(text, is_uri_character)) return std::nullopt;
  ReportUri uri{std::string(text), "", {}};
  if (!iequals(scheme, "mailto")) return uri;
  const auto path = text.substr(colon + 1);
  auto address = percent_decoded(path.substr(0, path.find('?')));
  if (!address) return std::nullopt;
  const auto at = address->rfind('@');
  if (at == std::string::npos || at == 0) return std::nullopt;
  auto domain = dns::DomainName::parse(std::string_view(*address).substr(at + 1));
  if (!domain || domain->is_root()) return std::nullopt;
  uri.address = *std::move(address);
  uri.domain = *std::move(domain);
  return uri;
}

/// Reads one record's tags, in order.
class Reader {
 public:
  Record read(std::string_view tags) {
    while (!tags.empty()) {
      const auto text = trim(tags.substr(0, tags.find(';')), blanks);
      tags.remove_prefix(std::min(tags.find(';'), tags.size() - 1) + 1);
      if (text.empty()) continue;
      if (const auto tag = split_tag(text)) {
        read_tag(*tag);
      } else {
        remark("'" + printable(text, 60) + "' is not tag=value");
      }
    }
    settle_usability();
    return std::move(record_);
  }

 private:
  void read_tag(const Tag& tag) {
    const auto name = to_lower(tag.name);
    if (std::ranges::find(seen_, name) != seen_.end())
      return remark("tag " + printable(name, 20) + " stands twice; the first counts");
    seen_.push_back(name);
    if (name == "p") return read_policy(tag, record_.p);
    if (name == "sp") return read_policy(tag, record_.sp);
    if (name == "np") return read_policy(tag, record_.np);
    if (name == "adkim") return read_mode(tag, record_.adkim);
    if (name == "aspf") return read_mode(tag, record_.aspf);
    if (name == "rua") return read_uris(tag, record_.rua);
    if (name == "ruf") return read_uris(tag, record_.ruf);
    if (name == "psd") return read_psd(tag);
    if (name == "t") return read_test_mode(tag);
    if (name == "fo") return read_failure_options(tag);
    if (name == "pct" || name == "rf" || name == "ri") return remark("tag " + name + " is historic and has no effect");
    remark("tag " + printable(name, 20) + " is not known");
  }

  void read_policy(const Tag& tag, std::optional<Policy>& policy) {
    policy = parse_policy(tag.value);
    if (policy) return;
    bad_policy_ = true;
    bad_value(tag, "none, quarantine or reject");
  }
  void read_mode(const Tag& tag, AlignmentMode& mode) {
    if (iequals(tag.value, "s")) {
      mode = AlignmentMode::strict;
    } else if (!iequals(tag.value, "r")) {
      bad_value(tag, "r or s");
    }
  }
  void read_psd(const Tag& tag) {
    if (iequals(tag.value, "y")) {
      record_.psd = Psd::yes;
    } else if (iequals(tag.value, "n")) {
      record_.psd = Psd::no;
    } else if (!iequals(tag.value, "u")) {
      bad_value(tag, "y, n or u");
    }
  }
  void read_test_mode(const Tag& tag) {
    if (iequals(tag.value, "y")) {
      record_.test_mode = TestMode::on;
    } else if (!iequals(tag.value, "n")) {
      bad_value(tag, "y or n");
    }
  }
  void read_failure_options(const Tag& tag) {
    FailureOptions options{.all_failed = false};
    for (const auto piece : split(tag.value, ':')) {
      const auto option = trim(piece, blanks);
      if (option == "0") {
        options.all_failed = true;
      } else if (option == "1") {
        options.any_failed = true;
      } else if (iequals(option, "d")) {
        options.dkim_failed = true;
      } else if (iequals(option, "s")) {
        options.spf_failed = true;
      } else {
        return bad_value(tag, "0, 1, d and s, joined by colons");
      }
    }
    record_.failure_options = options;
  }
  void read_uris(const Tag& tag, std::vector<ReportUri>& uris) {
    for (const auto piece : split(tag.value, ',')) {
      auto uri = parse_report_uri(piece);
      if (!uri) {
        remark("in " + to_lower(tag.name) + ", '" + printable(trim(piece, blanks), 80) +
               "' is not a URI as mailto:reports@example.com");
      } else if (uris.size() == max_report_uris) {
        return remark(to_lower(tag.name) + " has more than " + std::to_string(max_report_uris) + " destinations");
      } else {
        uris.push_back(*std::move(uri));
      }
    }
  }

  void settle_usability() {
    if (record_.p && !bad_policy_) {
      record_.usability = Usability::full;
      return;
    }
    if (!record_.p && !bad_policy_) remark("there is no tag p");
    record_.usability = record_.rua.empty() ? Usability::no_policy : Usability::as_none;
  }
  void bad_value(const Tag& tag, std::string_view wanted) {
    remark(to_lower(tag.name) + "=" + printable(tag.value, 40) + " is not " + std::string(wanted));
  }
  void remark(std::string text) { record_.remarks.push_back(std::move(text)); }

  Record record_;
  std::vector<std::string> seen_;
  bool bad_policy_ = false;
};

void append_policy(std::string& out, std::string_view tag, const std::optional<Policy>& policy) {
  if (!policy) return;
  out += "; ";
  out += tag;
  out += '=';
  out += to_string(*policy);
}

void append_uris(std::string& out, std::string_view tag, const std::vector<ReportUri>& uris) {
  for (const auto& uri : uris) {
    out += &uri == &uris.front() ? "; " + std::string(tag) + "=" : ",";
    out += uri.uri;
  }
}

std::string failure_options_text(const FailureOptions& options) {
  std::vector<std::string> letters;
  if (options.all_failed) letters.emplace_back("0");
  if (options.any_failed) letters.emplace_back("1");
  if (options.dkim_failed) letters.emplace_back("d");
  if (options.spf_failed) letters.emplace_back("s");
  return join(letters, ":");
}

}  // namespace

std::string_view to_string(Policy policy) {
  switch (policy) {
    case Policy::none: return "none";
    case Policy::quarantine: return "quarantine";
    case Policy::reject: return "reject";
  }
  return "";
}

ptarmigan::Result<Record> Record::parse(std::string_view text) {
  const auto end = std::min(text.find(';'), text.size());
  const auto version = text.empty() || is_wsp(text.front()) ? std::nullopt : split_tag(text.substr(0, end));
  if (!version || !iequals(version->name, "v") || version->value != "DMARC1")
    return failure("'" + printable(text, 40) + "' is not a DMARC record", "it must begin with v=DMARC1;");
  return Reader().read(text.substr(std::min(end + 1, text.size())));
}

std::string record_text(const Record& record) {
  std::string out = "v=DMARC1";
  append_policy(out, "p", record.p);
  append_policy(out, "sp", record.sp);
  append_policy(out, "np", record.np);
  if (record.adkim == AlignmentMode::strict) out += "; adkim=s";
  if (record.aspf == AlignmentMode::strict) out += "; aspf=s";
  if (record.psd != Psd::undetermined) out += record.psd == Psd::yes ? "; psd=y" : "; psd=n";
  if (record.test_mode == TestMode::on) out += "; t=y";
  append_uris(out, "rua", record.rua);
  append_uris(out, "ruf", record.ruf);
  if (record.failure_options != FailureOptions{}) out += "; fo=" + failure_options_text(record.failure_options);
  return out;
}

}  // namespace ptarmigan::dmarc
