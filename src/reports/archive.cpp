// reports/archive.cpp - see archive.hpp. ZIP: PKWARE's APPNOTE.TXT, sections 4.3.7 (member), 4.3.12 (directory) and
// 4.3.16 (its end).
#include "reports/archive.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <zlib.h>

namespace ptarmigan::reports {
namespace {

constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view member_magic = "PK\x03\x04";
constexpr std::string_view directory_magic = "PK\x01\x02";
constexpr std::string_view directory_end_magic = "PK\x05\x06";
constexpr std::size_t member_header = 30;
constexpr std::size_t directory_header = 46;
constexpr std::uint32_t encrypted_flag = 1;

enum class Wrapping : int { gzip = 15 + 16, raw_deflate = -15 };

/// Little-endian; 0 beyond the end.
std::uint32_t number_at(std::string_view octets, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  if (at > octets.size() || octets.size() - at < width) return 0;
  for (std::size_t i = width; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(octets[at + i]);
  return value;
}

struct Inflated {
  std::string octets;
  std::size_t used = 0;  ///< of the input
  bool complete = false;
  bool over_budget = false;
};

Inflated inflate_stream(std::string_view input, Wrapping wrapping, std::size_t limit) {
  Inflated out;
  z_stream stream{};
  if (inflateInit2(&stream, static_cast<int>(wrapping)) != Z_OK) return out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  // One report is far below 4 GB: the rest of a longer input is cut off.
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(input.size(), 0xffffffffU));
  std::array<char, 65536> chunk;
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    code = inflate(&stream, Z_NO_FLUSH);
    const auto got = chunk.size() - stream.avail_out;
    if (got > limit - out.octets.size()) {
      out.octets.append(chunk.data(), limit - out.octets.size());
      out.over_budget = true;
      break;
    }
    out.octets.append(chunk.data(), got);
    if (got == 0 && stream.avail_in == 0) break;
  }
  out.complete = code == Z_STREAM_END;
  out.used = input.size() - stream.avail_in;
  inflateEnd(&stream);
  return out;
}

/// Takes what was inflated from the budget and tells what was wrong with it.
void account(const Inflated& inflated, UnpackBudget& budget, Notes& notes) {
  budget.octets -= inflated.octets.size();
  if (inflated.over_budget)
    notes.lost("unpacked-too-large", "the archive unpacks to more than is read of one file; the rest is left out");
  else if (!inflated.complete)
    notes.lost("archive-damaged", "the compressed data is damaged or cut off; what could be unpacked is read");
}

std::vector<std::string> unpack_gzip(std::string_view octets, UnpackBudget& budget, Notes& notes) {
  std::string whole;
  // RFC 1952#2.2: members one after another are one file.
  while (octets.starts_with(gzip_magic)) {
    const auto inflated = inflate_stream(octets, Wrapping::gzip, budget.octets);
    account(inflated, budget, notes);
    whole += inflated.octets;
    if (!inflated.complete) break;
    octets.remove_prefix(std::min(inflated.used, octets.size()));
  }
  if (budget.members == 0) return {};
  --budget.members;
  return {std::move(whole)};
}

class ZipReader {
 public:
  ZipReader(std::string_view octets, UnpackBudget& budget, Notes& notes)
      : octets_(octets), budget_(budget), notes_(notes) {}

  std::vector<std::string> read() {
    const auto directory = find_directory();
    if (directory && by_directory(*directory)) return std::move(members_);
    notes_.odd("zip-without-directory", "the ZIP archive has no usable directory; its members were found one by one");
    in_order();
    return std::move(members_);
  }

 private:
  [[nodiscard]] std::optional<std::size_t> find_directory() const {
    const auto end = octets_.rfind(directory_end_magic);
    if (end == std::string_view::npos) return std::nullopt;
    const std::size_t at = number_at(octets_, end + 16, 4);
    if (at >= octets_.size() || !octets_.substr(at).starts_with(directory_magic)) return std::nullopt;
    return at;
  }

  /// False where no member was found this way.
  bool by_directory(std::size_t at) {
    bool any = false;
    while (at < octets_.size() && octets_.substr(at).starts_with(directory_magic)) {
      const std::size_t member = number_at(octets_, at + 42, 4);
      const std::size_t size = number_at(octets_, at + 20, 4);
      if (member < octets_.size() && octets_.substr(member).starts_with(member_magic)) {
        any = true;
        if (!take(member, size)) return true;
      }
      at += directory_header + number_at(octets_, at + 28, 2) + number_at(octets_, at + 30, 2) +
            number_at(octets_, at + 32, 2);
    }
    return any;
  }

  void in_order() {
    for (auto at = octets_.find(member_magic); at != std::string_view::npos; at = octets_.find(member_magic, at)) {
      if (!take(at, number_at(octets_, at + 18, 4))) return;
      at = std::max(at + 1, end_of_last_);
    }
  }

  /// False where the budget is used up.
  bool take(std::size_t at, std::size_t stored_size) {
    if (budget_.members == 0) {
      notes_.lost("too-many-members", "the archive holds more members than are read of one file");
      return false;
    }
    --budget_.members;
    const auto name_size = number_at(octets_, at + 26, 2);
    const auto begin = at + member_header + name_size + number_at(octets_, at + 28, 2);
    end_of_last_ = begin;
    if (begin > octets_.size()) {
      notes_.lost("archive-damaged", "the archive is cut off");
      return true;
    }
    if (octets_.substr(at + member_header, name_size).ends_with('/')) return true;  // a folder
    if ((number_at(octets_, at + 6, 2) & encrypted_flag) != 0) {
      notes_.lost("archive-encrypted", "the archive has a member that is encrypted");
      return true;
    }
    return take_data(begin, number_at(octets_, at + 8, 2), stored_size);
  }

  bool take_data(std::size_t begin, std::uint32_t method, std::size_t stored_size) {
    const auto rest = octets_.substr(begin);
    if (method == 0) {
      const auto size = std::min({stored_size, rest.size(), budget_.octets});
      if (size < stored_size) notes_.lost("archive-damaged", "the archive is cut off or too large");
      budget_.octets -= size;
      end_of_last_ = begin + size;
      members_.emplace_back(rest.substr(0, size));
    } else if (method == 8) {
      auto inflated = inflate_stream(rest, Wrapping::raw_deflate, budget_.octets);
      account(inflated, budget_, notes_);
      end_of_last_ = begin + inflated.used;
      members_.push_back(std::move(inflated.octets));
      if (inflated.over_budget) return false;
    } else {
      notes_.lost("archive-method", "the archive has a member that is packed in an unknown way");
    }
    return true;
  }

  std::string_view octets_;
  UnpackBudget& budget_;
  Notes& notes_;
  std::vector<std::string> members_;
  std::size_t end_of_last_ = 0;
};

}  // namespace

Container container_of(std::string_view octets) {
  if (octets.starts_with(gzip_magic)) return Container::gzip;
  return octets.starts_with(member_magic) || octets.starts_with(directory_end_magic) ? Container::zip : Container::none;
}

std::vector<std::string> unpack(std::string_view octets, UnpackBudget& budget, Notes& notes) {
  switch (container_of(octets)) {
    case Container::gzip: return unpack_gzip(octets, budget, notes);
    case Container::zip: return ZipReader(octets, budget, notes).read();
    case Container::none: break;
  }
  return {};
}

}  // namespace ptarmigan::reports
