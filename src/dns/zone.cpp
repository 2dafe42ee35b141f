// dns/zone.cpp - see zone.hpp. ldns reads the text line by line from memory.
#include "dns/zone.hpp"

#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "dns/ldns_bridge.hpp"

namespace ptarmigan::dns {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

constexpr std::size_t max_zone_octets = std::size_t{64} * 1024 * 1024;

LdnsPtr<ldns_rdf> ldns_name(const DomainName& name) {
  return LdnsPtr<ldns_rdf>(ldns_dname_new_frm_str(name.absolute().c_str()));
}

}  // namespace

Result<std::vector<Record>> parse_zone(std::string_view text, const DomainName& origin, std::uint32_t default_ttl) {
  std::vector<Record> records;
  if (trim(text).empty()) return records;
  if (text.size() > max_zone_octets) return failure("the zone is larger than 64 MiB");
  // ldns reads lines as C strings: what follows a NUL would be taken for something else.
  if (text.contains('\0')) return failure("the zone holds a NUL octet", "it is a text file: save it as one");
  std::string copy(text);
  if (!copy.ends_with('\n')) copy += '\n';
  const std::unique_ptr<std::FILE, CloseFile> file(fmemopen(copy.data(), copy.size(), "r"));
  if (!file) return failure("no memory for the zone");

  ldns_rdf* current_origin = ldns_name(origin).release();
  ldns_rdf* previous_owner = nullptr;
  std::uint32_t ttl = default_ttl;
  int line = 0;
  Result<std::vector<Record>> result;
  while (std::feof(file.get()) == 0) {
    ldns_rr* raw = nullptr;
    const ldns_status status = ldns_rr_new_frm_fp_l(&raw, file.get(), &ttl, &current_origin, &previous_owner, &line);
    const LdnsPtr<ldns_rr> rr(raw);
    if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL || status == LDNS_STATUS_SYNTAX_ORIGIN)
      continue;
    if (status != LDNS_STATUS_OK) {
      result =
          failure("line " + std::to_string(line) + ": " + ldns_get_errorstr_by_id(status),
                  "write it as: name [TTL] IN TYPE data, with a dot after absolute names and quotes around TXT data");
      break;
    }
    if (auto record = from_ldns(*rr)) records.push_back(*std::move(record));
  }
  ldns_rdf_deep_free(current_origin);
  ldns_rdf_deep_free(previous_owner);
  if (!result) return result;
  return records;
}

Result<Record> parse_record(std::string_view text, std::uint32_t default_ttl) {
  if (text.find('\n') != std::string_view::npos) return failure("a record is one line");
  auto records = parse_zone(text, {}, default_ttl);
  if (!records) return std::unexpected(records.error());
  if (records->size() != 1)
    return failure("'" + printable(text, 80) + "' is not one record of a known type",
                   "write it as: example.com. 300 IN TXT \"v=spf1 -all\"");
  return std::move(records->front());
}

}  // namespace ptarmigan::dns
