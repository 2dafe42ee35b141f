// relay/users.cpp - see users.hpp.
#include "relay/users.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.hpp"
#include "net/password.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// What an unknown user is compared with, so that the time taken tells nothing.
const std::string& nobody() {
  static const std::string verifier =
      net::password_verifier(Secret("nobody has this password")).value_or(std::string());
  return verifier;
}

asio::awaitable<bool> matches(Secret password, std::string verifier) {
  co_return net::password_matches(password, verifier);
}

}  // namespace

Result<std::unique_ptr<Users>> Users::load(const std::string& path) {
  auto out = std::make_unique<Users>();
  if (path.empty()) return out;
  std::ifstream file(path);
  if (!file)
    return failure("cannot read submission.users_file " + path + ": " + std::strerror(errno),
                   "make it with `ptarmigan user add NAME`");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const auto text = trim(std::string_view(line));
    if (text.empty() || text.front() == '#') continue;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !net::is_password_verifier(text.substr(colon + 1)))
      return failure(path + ":" + std::to_string(number) + ": this is no line of user:verifier",
                     "make it with `ptarmigan user add NAME`");
    out->verifiers_.insert_or_assign(std::string(text.substr(0, colon)), std::string(text.substr(colon + 1)));
  }
  return out;
}

smtp::ScramVerifier Users::scram(const std::string& user) const {
  const auto found = verifiers_.find(user);
  auto known = found == verifiers_.end() ? std::nullopt : net::scram_verifier(found->second);
  return known ? *std::move(known) : net::scram_decoy(user);
}

asio::awaitable<bool> Users::check(std::string user, Secret password) const {
  const auto found = verifiers_.find(user);
  const bool exists = found != verifiers_.end();
  const bool good = co_await asio::co_spawn(
      pool_.get_executor(), matches(std::move(password), exists ? found->second : nobody()), asio::use_awaitable);
  co_return good&& exists;
}

}  // namespace ptarmigan::relay
