// lint/source.hpp - what the checks share: views into one text, lines, and the collector of findings. Private to this
// library. Every view must be part of the text that the Reporter was made for.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "lint/lint.hpp"

namespace ptarmigan::lint {

/// Lines without their ends (LF or CRLF).
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

/// What all inputs together say.
struct World {
  std::map<std::string, std::vector<IpAddress>> addresses;  ///< by host name, lower-case, without final dot
  std::vector<IpAddress> mentioned;                         ///< IPv6 addresses anywhere in the inputs
  std::set<std::string> mail_hosts;                         ///< targets of MX and PTR records
  std::set<std::string> aliases;                            ///< owners of CNAME records
  std::set<std::string> spf_owners;
  std::set<std::string> postmapped;  ///< paths that a postmap or newaliases command names
  bool spf_names_one_ipv6 = false;   ///< an ip6 mechanism of one address
  bool forces_ipv4 = false;
  bool publishes = false;  ///< PTR or SPF advice beside it
  bool relays = false;
  bool sets_inet_protocols = false;
};

class Reporter {
 public:
  Reporter(const Input& input, std::size_t file, std::vector<Finding>& findings)
      : text_(input.text), file_(file), findings_(findings) {}

  /// `at` is where; without a replacement nothing is edited.
  void add(std::string_view id, Severity severity, std::string_view at, std::string what, std::string remedy = {});
  void add(std::string_view id, Severity severity, std::string_view at, std::string what, std::string remedy,
           std::string_view replaced, std::string replacement);
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::size_t file_;
  std::vector<Finding>& findings_;
};

struct Context {
  const Options& options;
  const World& world;
  /// The text is a snippet of a document: no more is known than it shows.
  bool snippet = false;
};

void check_zone(std::string_view text, std::string_view origin, const Context& context, Reporter& out);
/// `text` is the whole record; `at` is its place in the file and its edit's extent.
void check_spf(std::string_view text, const Context& context, Reporter& out);
void check_dmarc(std::string_view text, Reporter& out);
void check_dkim(std::string_view text, const Context& context, Reporter& out);
void check_main_cf(std::string_view text, const Context& context, Reporter& out);
void check_master_cf(std::string_view text, const Context& context, Reporter& out);
void check_transport(std::string_view text, Reporter& out);
void check_exim(std::string_view text, const Context& context, Reporter& out);
void check_document(const Input& input, const Context& context, Reporter& out);

/// The snippets of a document: fenced blocks, and lines that are records or settings by their look.
struct Snippet {
  std::string_view text;
  Kind kind = Kind::document;
};
[[nodiscard]] std::vector<Snippet> snippets_of(std::string_view text);

/// Adds what this text says to the world.
void observe(const Input& input, World& world);

/// The name that an address's block list query begins with: nibbles or octets reversed.
[[nodiscard]] std::string list_prefix(const IpAddress& address);
/// True where a host name spells out an address or is of the kind that providers give to any customer.
[[nodiscard]] bool looks_generic(std::string_view host);

}  // namespace ptarmigan::lint
