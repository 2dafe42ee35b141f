// store/postgresql.cpp - the history in a PostgreSQL database, through libpq.
#include <map>
#include <utility>

#include <libpq-fe.h>

#include "base/text.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {
namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Answer = std::unique_ptr<PGresult, Clear>;
using Handle = std::unique_ptr<PGconn, Finish>;

/// Length of a well-formed UTF-8 sequence at the front (RFC 3629#4), 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (lead > 0xf4 || length == 0 || text.size() < length) return 0;
  for (std::size_t index = 1; index < length; ++index)
    if ((at(index) & 0xc0U) != 0x80) return 0;
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f) || (lead == 0xf0 && at(1) < 0x90) ||
      (lead == 0xf4 && at(1) > 0x8f))
    return 0;
  return length;
}

/// As PostgreSQL takes it: valid UTF-8 without NUL.
std::string as_text(std::string_view octets) {
  std::string out;
  out.reserve(octets.size());
  while (!octets.empty()) {
    const auto length = octets.front() == '\0' ? 0 : sequence_length(octets);
    if (length == 0) {
      out += '?';
    } else {
      out += octets.substr(0, length);
    }
    octets.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

/// ? as $1, $2 ...; there is no ? inside of our statements' own literals.
std::string numbered(std::string_view sql) {
  std::string out;
  int count = 0;
  for (const char c : sql) {
    if (c == '?') {
      out += '$';
      out += std::to_string(++count);
    } else {
      out += c;
    }
  }
  return out;
}

constexpr Oid oid_int8 = 20;
constexpr Oid oid_int4 = 23;
constexpr Oid oid_numeric = 1700;

Row read_row(const PGresult* result, int row) {
  std::vector<Row::Cell> cells;
  const int count = PQnfields(result);
  for (int column = 0; column < count; ++column) {
    if (PQgetisnull(result, row, column) != 0) {
      cells.emplace_back();
      continue;
    }
    const std::string_view text(PQgetvalue(result, row, column),
                                static_cast<std::size_t>(PQgetlength(result, row, column)));
    const Oid type = PQftype(result, column);
    const auto number =
        type == oid_int8 || type == oid_int4 || type == oid_numeric ? parse_number<std::int64_t>(text) : std::nullopt;
    if (number)
      cells.emplace_back(*number);
    else
      cells.emplace_back(std::string(text));
  }
  return Row(std::move(cells));
}

class Postgresql final : public Database {
 public:
  Postgresql(Handle handle, std::string name) : handle_(std::move(handle)), name_(std::move(name)) {}

  Result<Rows> ask(std::string_view sql, Arguments arguments) override {
    auto answer = exchange(sql, arguments);
    if (!answer) return std::unexpected(std::move(answer.error()));
    Rows rows;
    const int count = PQntuples(answer->get());
    for (int row = 0; row < count; ++row) rows.push_back(read_row(answer->get(), row));
    return rows;
  }

  Result<std::uint64_t> run(std::string_view sql, Arguments arguments) override {
    auto answer = exchange(sql, arguments);
    if (!answer) return std::unexpected(std::move(answer.error()));
    return parse_number<std::uint64_t>(PQcmdTuples(answer->get())).value_or(0);
  }

  Result<> execute(const std::string& sql) override {
    const Answer answer(PQexec(handle_.get(), expanded(sql, Dialect::postgresql).c_str()));
    return check(answer.get());
  }

  Result<> back_up(const std::string& file) override {
    return failure("a PostgreSQL database is not copied to " + file + " from here",
                   "run: pg_dump --format=custom --file=" + file + " " + name_);
  }

  [[nodiscard]] Dialect dialect() const override { return Dialect::postgresql; }
  [[nodiscard]] std::string name() const override { return "the history " + name_; }

 private:
  Result<Answer> exchange(std::string_view sql, Arguments arguments) {
    auto statement = prepared(sql, arguments);
    if (!statement) return std::unexpected(std::move(statement.error()));
    std::vector<std::string> texts(arguments.size());
    std::vector<const char*> values(arguments.size(), nullptr);
    for (std::size_t at = 0; at < arguments.size(); ++at) {
      if (const auto* number = std::get_if<std::int64_t>(&arguments[at])) {
        texts[at] = std::to_string(*number);
      } else if (const auto* text = std::get_if<std::string_view>(&arguments[at])) {
        texts[at] = as_text(*text);
      } else {
        continue;
      }
      values[at] = texts[at].c_str();
    }
    Answer answer(PQexecPrepared(handle_.get(), statement->c_str(), static_cast<int>(values.size()), values.data(),
                                 nullptr, nullptr, 0));
    if (auto good = check(answer.get()); !good) return std::unexpected(std::move(good.error()));
    return answer;
  }

  /// The name of the statement.
  Result<std::string> prepared(std::string_view sql, Arguments arguments) {
    // Types of values are told, so that "?" alone has one; a NULL takes the column's.
    std::string key(sql);
    std::vector<Oid> types;
    for (const auto& argument : arguments) {
      types.push_back(std::holds_alternative<std::int64_t>(argument) ? oid_int8 : 0);
      key += types.back() == oid_int8 ? 'n' : 't';
    }
    const auto found = statements_.find(key);
    if (found != statements_.end()) return found->second;
    const auto name = "s" + std::to_string(statements_.size());
    const Answer answer(
        PQprepare(handle_.get(), name.c_str(), numbered(sql).c_str(), static_cast<int>(types.size()), types.data()));
    if (auto good = check(answer.get()); !good) return std::unexpected(std::move(good.error()));
    statements_.emplace(std::move(key), name);
    return name;
  }

  Result<> check(const PGresult* result) {
    const auto status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return {};
    std::string message = PQerrorMessage(handle_.get());
    if (PQstatus(handle_.get()) != CONNECTION_OK) {
      // The next call works again once the server does.
      PQreset(handle_.get());
      statements_.clear();
    }
    return failure(name() + ": " + printable(trim(std::string_view(message))), "check the PostgreSQL server");
  }

  Handle handle_;
  std::string name_;
  std::map<std::string, std::string, std::less<>> statements_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgresql(const std::string& url, Access access) {
  Handle handle(PQconnectdb(url.c_str()));
  const auto name = without_password(url);
  if (PQstatus(handle.get()) != CONNECTION_OK)
    return failure(
        "cannot open the history " + name + ": " + printable(trim(std::string_view(PQerrorMessage(handle.get())))),
        "check watch.database, and that the PostgreSQL server runs and lets this user in");
  PQsetClientEncoding(handle.get(), "UTF8");
  PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);
  auto database = std::make_unique<Postgresql>(std::move(handle), name);
  if (auto set = database->execute(access == Access::read ? "SET default_transaction_read_only = on"
                                                          : "SET synchronous_commit = off");
      !set)
    return std::unexpected(std::move(set.error()));
  return database;
}

}  // namespace ptarmigan::store
