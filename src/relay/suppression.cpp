// relay/suppression.cpp - see suppression.hpp.
#include "relay/suppression.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "dns/name.hpp"
#include "reports/dates.hpp"
#include "smtp/path.hpp"

namespace ptarmigan::relay {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 3> origin_words{"operator", "complaint", "bounce"};
/// The file is written anew where fewer than one line of four still counts.
constexpr std::size_t lines_an_entry = 4;
constexpr std::size_t lines_before_rewriting = 1'000;

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, max_suppression_reason));
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return out;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto wrote = ::write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

std::string removal_line(const std::string& address, WallTime now) {
  return rfc3339(now) + "\t-\t" + address + "\toperator\t";
}

}  // namespace

std::string_view to_string(Suppressed::Origin origin) {
  return origin_words.at(static_cast<std::size_t>(origin));
}

std::optional<Suppressed::Origin> suppression_origin(std::string_view word) {
  for (std::size_t i = 0; i < origin_words.size(); ++i)
    if (origin_words.at(i) == word) return static_cast<Suppressed::Origin>(i);
  return std::nullopt;
}

Result<std::string> suppressible(std::string_view text) {
  text = trim(text);
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  const auto wrong = [&] {
    return failure("'" + printable(text, 80) + "' is no address",
                   "write user@example.net, or @example.net for a domain");
  };
  if (text.starts_with('@')) {
    const auto domain = dns::DomainName::from_unicode(text.substr(1));
    if (!domain || domain->is_root()) return wrong();
    return "@" + to_lower(domain->text());
  }
  const auto mailbox = smtp::Mailbox::parse(text);
  if (!mailbox) return wrong();
  return to_lower(mailbox->text());
}

smtp::Reply refusal_of(const Suppressed& entry) {
  std::string why = entry.address + " is on the suppression list since " + rfc3339(entry.since).substr(0, 10) + " (" +
                    std::string(to_string(entry.origin)) + (entry.reason.empty() ? "" : ": " + entry.reason) + ")";
  smtp::Reply reply(550, {5, 7, 1}, printable(why));
  reply.lines.push_back("Fix: ptarmigan suppress remove " + printable(entry.address) + " (where this is wrong)");
  return reply;
}

std::string suppression_line(const Suppressed& entry) {
  return rfc3339(entry.since) + "\t+\t" + entry.address + "\t" + std::string(to_string(entry.origin)) + "\t" +
         one_line(entry.reason);
}

std::optional<SuppressionChange> parse_suppression_line(std::string_view line) {
  const auto parts = split(line, '\t');
  if (parts.size() != 5 || (parts[1] != "+" && parts[1] != "-")) return std::nullopt;
  const auto since = reports::parse_rfc3339(parts[0]);
  const auto origin = suppression_origin(parts[3]);
  auto address = suppressible(parts[2]);
  if (!since || !origin || !address) return std::nullopt;
  return SuppressionChange{parts[1] == "+", {*std::move(address), *origin, std::string(parts[4]), *since}};
}

SuppressionList::SuppressionList(SuppressionList&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      entries_(std::move(other.entries_)),
      lines_(other.lines_),
      damaged_(other.damaged_) {}

SuppressionList::~SuppressionList() {
  if (file_ >= 0) ::close(file_);
}

Result<SuppressionList> SuppressionList::open(const fs::path& folder) {
  SuppressionList list;
  list.path_ = folder / "suppressed.tsv";
  list.file_ = ::open(list.path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (list.file_ < 0) return failure("cannot open " + list.path_.string() + ": " + std::strerror(errno));
  if (::flock(list.file_, LOCK_EX | LOCK_NB) != 0)
    return failure("another process holds " + list.path_.string(), "ask the running server");
  if (auto read = list.read(); !read) return std::unexpected(read.error());
  return list;
}

Result<> SuppressionList::read() {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return failure("cannot read " + path_.string());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  for (const auto line : split(std::string_view(text).substr(0, whole), '\n')) {
    if (line.empty()) continue;
    ++lines_;
    auto change = parse_suppression_line(line);
    if (!change) {
      ++damaged_;
    } else if (change->added) {
      entries_.insert_or_assign(change->entry.address, change->entry);
    } else {
      entries_.erase(change->entry.address);
    }
  }
  if (whole != text.size() && ::ftruncate(file_, static_cast<off_t>(whole)) != 0)
    return failure("cannot write " + path_.string() + ": " + std::strerror(errno));
  return {};
}

const Suppressed* SuppressionList::find(std::string_view recipient) const {
  if (entries_.empty()) return nullptr;
  const auto lower = to_lower(recipient);
  if (const auto found = entries_.find(lower); found != entries_.end()) return &found->second;
  const auto at = lower.rfind('@');
  if (at == std::string::npos) return nullptr;
  const auto domain = entries_.find(std::string_view(lower).substr(at));
  return domain == entries_.end() ? nullptr : &domain->second;
}

std::vector<Suppressed> SuppressionList::page(std::string_view after, std::size_t limit) const {
  std::vector<Suppressed> out;
  for (auto at = entries_.upper_bound(after); at != entries_.end() && out.size() < limit; ++at)
    out.push_back(at->second);
  return out;
}

Result<std::size_t> SuppressionList::add(std::vector<Suppressed> entries) {
  std::string lines;
  std::map<std::string, Suppressed, std::less<>> fresh;
  for (auto& entry : entries) {
    if (entries_.contains(entry.address) || fresh.contains(entry.address)) continue;
    if (entries_.size() + fresh.size() >= max_suppressed)
      return failure("the suppression list holds " + std::to_string(max_suppressed) + " entries, which is the most",
                     "suppress whole domains, or take old entries off");
    entry.reason = one_line(entry.reason);
    lines += suppression_line(entry) + "\n";
    fresh.emplace(entry.address, std::move(entry));
  }
  if (fresh.empty()) return 0;
  if (auto written = append(lines); !written) return std::unexpected(written.error());
  lines_ += fresh.size();
  const auto count = fresh.size();
  entries_.merge(fresh);
  return count;
}

Result<std::size_t> SuppressionList::remove(const std::vector<std::string>& addresses, WallTime now) {
  std::string lines;
  std::vector<std::string> known;
  for (const auto& address : addresses) {
    if (!entries_.contains(address)) continue;
    lines += removal_line(address, now) + "\n";
    known.push_back(address);
  }
  if (known.empty()) return 0;
  if (auto written = append(lines); !written) return std::unexpected(written.error());
  lines_ += known.size();
  std::size_t count = 0;
  for (const auto& address : known) count += entries_.erase(address);
  if (mostly_history())
    if (auto written = rewrite(); !written) return std::unexpected(written.error());
  return count;
}

bool SuppressionList::mostly_history() const {
  return lines_ > lines_before_rewriting && lines_ > lines_an_entry * entries_.size();
}

Result<> SuppressionList::append(const std::string& lines) {
  const auto before = ::lseek(file_, 0, SEEK_END);
  if (before >= 0 && write_all(file_, lines) && ::fdatasync(file_) == 0) return {};
  const auto why = std::string(std::strerror(errno));
  // Half a change must not count at the next start.
  if (before >= 0 && ::ftruncate(file_, before) != 0) damaged_ += 1;
  return failure("cannot write " + path_.string() + ": " + why);
}

/// The new file is locked before it takes the old one's place, so that the list has an owner at every moment.
Result<> SuppressionList::rewrite() {
  std::string text;
  for (const auto& [address, entry] : entries_) text += suppression_line(entry) + "\n";
  const auto draft = path_.string() + ".new";
  const int file = ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool good = file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0 && write_all(file, text) && ::fsync(file) == 0 &&
                    ::rename(draft.c_str(), path_.c_str()) == 0;
  if (!good) {
    const auto why = std::string(std::strerror(errno));
    if (file >= 0) ::close(file);
    return failure("cannot write " + draft + ": " + why);
  }
  ::close(std::exchange(file_, file));
  lines_ = entries_.size();
  const int folder = ::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

}  // namespace ptarmigan::relay
