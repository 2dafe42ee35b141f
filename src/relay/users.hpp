// relay/users.hpp - who may submit with a password: lines of "user:verifier" (net/password.hpp), made by `ptarmigan
// user`. Threads: check() from one executor; the hashing runs on a pool.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "smtp/scram.hpp"

namespace ptarmigan::relay {

class Users {
 public:
  /// No users: AUTH is not offered.
  Users() = default;
  /// An error names file and line. Empty lines and lines that begin with # are skipped.
  static Result<std::unique_ptr<Users>> load(const std::string& file);

  /// Takes the users of another file over; checks that are under way end by the old ones.
  void replace_by(Users& others) { verifiers_.swap(others.verifiers_); }

  [[nodiscard]] bool empty() const { return verifiers_.empty(); }
  /// For SCRAM-SHA-256; a decoy for a user who does not exist.
  [[nodiscard]] smtp::ScramVerifier scram(const std::string& user) const;
  /// Takes as long for a user who does not exist.
  [[nodiscard]] boost::asio::awaitable<bool> check(std::string user, Secret password) const;

 private:
  std::unordered_map<std::string, std::string> verifiers_;
  mutable boost::asio::thread_pool pool_{1};
};

}  // namespace ptarmigan::relay
