// relay/control_pages.cpp - see control_pages.hpp; and the commands on a spool that no server has open.
#include "relay/control_pages.hpp"

#include <algorithm>
#include <future>

namespace ptarmigan::relay {
namespace {

/// Groups in one commit.
constexpr std::size_t groups_in_a_change = 1000;

Result<> commit_and_wait(spool::Spool& spool, spool::Transaction transaction) {
  std::promise<spool::Committed> done;
  spool.commit(std::move(transaction), [&done](spool::Committed committed) { done.set_value(std::move(committed)); });
  auto committed = done.get_future().get();
  if (!committed) return std::unexpected(committed.error().error);
  return {};
}

Result<std::string> change_offline(const std::filesystem::path& folder, const Selection& what, QueueChange change,
                                   WallTime now) {
  // A folder that is no spool must not become one.
  if (const auto reader = spool::Spool::open_read_only(folder); !reader) return std::unexpected(reader.error());
  auto spool = spool::Spool::open({.folder = folder});
  if (!spool) return std::unexpected(spool.error());
  QueueChanged out;
  std::optional<QueueId> after;
  do {
    auto page = read_page((*spool)->reader(), what, after, max_listed);
    if (!page) return std::unexpected(page.error());
    spool::Transaction transaction;
    std::size_t waiting = 0;
    for (auto& queued : page->messages) {
      ++out.messages;
      for (auto& group : queued.groups) {
        ++out.groups;
        add_change(transaction, change, std::move(group), now);
        if (++waiting % groups_in_a_change != 0) continue;
        if (auto done = commit_and_wait(**spool, std::exchange(transaction, {})); !done)
          return std::unexpected(done.error());
      }
    }
    if (auto done = commit_and_wait(**spool, std::move(transaction)); !done) return std::unexpected(done.error());
    after = page->next;
  } while (after);
  return changed_json(out);
}

}  // namespace

std::optional<QueueChange> change_of(Command::Verb verb) {
  switch (verb) {
    case Command::Verb::hold: return QueueChange::hold;
    case Command::Verb::release: return QueueChange::release;
    case Command::Verb::retry: return QueueChange::retry;
    case Command::Verb::remove: return QueueChange::remove;
    case Command::Verb::list:
    case Command::Verb::summary:
    case Command::Verb::drain:
    case Command::Verb::resume:
    case Command::Verb::standing:
    case Command::Verb::standing_set:
    case Command::Verb::standing_clear:
    case Command::Verb::suppress:
    case Command::Verb::unsuppress:
    case Command::Verb::suppressed: return std::nullopt;
  }
  return std::nullopt;
}

Result<Page> read_page(const spool::Reader& reader, const Selection& what, std::optional<QueueId> after,
                       std::size_t limit) {
  Page page;
  bool more = false;
  const auto take = [&](spool::Queued queued) {
    if (page.messages.size() == limit) {
      more = true;
      return spool::Walk::stop;
    }
    page.messages.push_back(std::move(queued));
    return spool::Walk::go_on;
  };
  auto query = what.query;
  if (what.ids.empty()) {
    query.after = after;
    if (auto read = reader.for_each(query, take); !read) return std::unexpected(read.error());
  }
  for (const auto id : what.ids) {
    if (after && id <= *after) continue;
    query.id = id;
    if (auto read = reader.for_each(query, take); !read) return std::unexpected(read.error());
    if (more) break;
  }
  if (more) page.next = page.messages.back().message.id;
  return page;
}

Result<Summing> sum_up(const spool::Reader& reader, const Selection& what, WallTime now) {
  Summing sum(now);
  const auto add = [&](const spool::Queued& queued) {
    sum.add(queued);
    return spool::Walk::go_on;
  };
  if (what.ids.empty()) {
    if (auto read = reader.for_each(what.query, add); !read) return std::unexpected(read.error());
    return sum;
  }
  auto query = what.query;
  for (const auto id : what.ids) {
    query.id = id;
    if (auto read = reader.for_each(query, add); !read) return std::unexpected(read.error());
  }
  return sum;
}

Result<std::string> run_on(SuppressionList& list, const Command& command, WallTime now) {
  if (command.verb == Command::Verb::suppressed) {
    auto entries = list.page(command.from, command.limit + 1);
    const bool more = entries.size() > command.limit;
    if (more) entries.pop_back();
    return suppressed_json(entries, list.size(), more ? entries.back().address : std::string());
  }
  Result<std::size_t> changed = 0;
  if (command.verb == Command::Verb::unsuppress) {
    changed = list.remove(command.addresses, now);
  } else {
    std::vector<Suppressed> entries;
    for (const auto& address : command.addresses) entries.push_back({address, command.origin, command.reason, now});
    changed = list.add(std::move(entries));
  }
  if (!changed) return std::unexpected(changed.error());
  return suppression_changed_json(*changed, list.size());
}

Result<std::string> run_offline(const std::filesystem::path& folder, const Command& command, Moment now) {
  if (const auto change = change_of(command.verb)) return change_offline(folder, command.what, *change, now.wall);
  using enum Command::Verb;
  if (command.verb == suppress || command.verb == unsuppress || command.verb == suppressed) {
    auto list = SuppressionList::open(folder);
    if (!list) return std::unexpected(list.error());
    return run_on(*list, command, now.wall);
  }
  if (command.verb != Command::Verb::list && command.verb != Command::Verb::summary)
    return failure("no server runs on the spool " + folder.string(), "start it: `ptarmigan serve`");
  const auto reader = spool::Spool::open_read_only(folder);
  if (!reader) return std::unexpected(reader.error());
  if (command.verb == Command::Verb::summary) {
    const auto sum = sum_up(**reader, command.what, now.wall);
    if (!sum) return std::unexpected(sum.error());
    return summary_json(*sum, {});
  }
  auto page = read_page(**reader, command.what, command.after, command.limit);
  if (!page) return std::unexpected(page.error());
  std::vector<Listed> listed;
  for (auto& queued : page->messages) listed.push_back({std::move(queued), {}});
  return list_json(listed, page->next);
}

}  // namespace ptarmigan::relay
