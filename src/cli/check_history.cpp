// cli/check_history.cpp - see check_history.hpp.
#include "cli/check_history.hpp"

#include <map>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/terminal.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The verdicts without their evidence: small, and comparable.
Json entry_of(const Json& report, WallTime now) {
  Json out{{"time", rfc3339(now)},     {"domain", report["domain"]},   {"verdict", report["verdict"]},
           {"grade", report["grade"]}, {"deliveries", Json::object()}, {"checks", Json::object()}};
  for (const auto& delivery : report["deliveries"]) {
    auto word = delivery["forecast"].get<std::string>();
    if (delivery["because"].is_string()) word += " (" + delivery["because"].get<std::string>() + ")";
    out["deliveries"][delivery["receiver"].get<std::string>() + " " + delivery["address"].get<std::string>()] = word;
  }
  for (const auto& check : report["checks"]) {
    auto key = check["check"].get<std::string>();
    if (check["address"].is_string()) key += " " + check["address"].get<std::string>();
    auto& known = out["checks"][key];
    const auto state = check["state"].get<std::string>();
    if (known.is_null() || (state == "broken" && known != "broken")) known = state;
  }
  return out;
}

void compare(const Json& before, const Json& after, const char* member, std::string& out) {
  static const Json nothing = Json::object();
  const auto& old = before.contains(member) ? before[member] : nothing;
  const auto& fresh = after.contains(member) ? after[member] : nothing;
  for (const auto& [key, value] : fresh.items()) {
    const auto was = old.contains(key) ? old[key].get<std::string>() : std::string("not judged");
    if (was != value.get<std::string>())
      out += displayable(key) + ": " + displayable(was) + " -> " + displayable(value.get<std::string>()) + "\n";
  }
  for (const auto& [key, value] : old.items())
    if (!fresh.contains(key))
      out += displayable(key) + ": " + displayable(value.get<std::string>()) + " -> not judged\n";
}

std::string last_entry(std::string_view text, const std::string& domain) {
  std::string out;
  for (const auto line : split(text, '\n')) {
    const auto entry = Json::parse(line, nullptr, false);
    if (entry.is_object() && entry.value("domain", "") == domain) out = line;
  }
  return out;
}

Result<> append(const std::string& path, const std::string& line) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return failure("cannot write " + path, "check the path and its owner");
  const auto written = ::write(descriptor, line.data(), line.size());
  const bool done = written == static_cast<ssize_t>(line.size()) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!done) return failure("cannot write " + path, "check the free space");
  return {};
}

}  // namespace

std::string difference(const std::string& before, const std::string& after) {
  const auto old = Json::parse(before, nullptr, false);
  const auto fresh = Json::parse(after, nullptr, false);
  if (!old.is_object()) return "the first check of this domain in the history\n";
  std::string out;
  if (old.value("verdict", "") != fresh.value("verdict", ""))
    out +=
        "verdict: " + displayable(old.value("verdict", "")) + " -> " + displayable(fresh.value("verdict", "")) + "\n";
  if (old.value("grade", "") != fresh.value("grade", ""))
    out += "grade: " + displayable(old.value("grade", "")) + " -> " + displayable(fresh.value("grade", "")) + "\n";
  compare(old, fresh, "deliveries", out);
  compare(old, fresh, "checks", out);
  const auto since = displayable(old.value("time", ""));
  return out.empty() ? "nothing has changed since " + since + "\n" : "since " + since + "\n" + out;
}

Result<std::string> keep_history(const std::string& file, const std::string& report, WallTime now) {
  std::string known;
  if (::access(file.c_str(), F_OK) == 0) {
    auto text = read_file(file, max_history_octets);
    if (!text) return std::unexpected(text.error());
    known = *std::move(text);
  }
  const auto entry = entry_of(Json::parse(report), now);
  const auto line = entry.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string begin = known.empty() || known.ends_with('\n') ? "" : "\n";
  if (auto done = append(file, begin + line + "\n"); !done) return std::unexpected(done.error());
  return difference(last_entry(known, entry["domain"].get<std::string>()), line);
}

}  // namespace ptarmigan::cli
