// console/console.hpp - the running console: HTTP server, API and events, beside a server or alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "console/api.hpp"
#include "net/listener.hpp"

namespace ptarmigan::console {

/// The name in LISTEN_FDNAMES of a socket that was opened outside.
inline constexpr std::string_view inherited_name = "console";

class Console {
 public:
  /// Opens sockets, certificate and token file. An error says which setting is wrong and what mends it. `api` outlives
  /// *this.
  static Result<std::unique_ptr<Console>> open(boost::asio::any_io_executor executor, const config::Console& settings,
                                               ApiParts api, std::vector<net::InheritedSocket> inherited,
                                               std::function<void(std::string)> on_exception);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  [[nodiscard]] std::vector<Endpoint> endpoints() const;
  void start();
  [[nodiscard]] boost::asio::awaitable<void> close();

 private:
  struct Parts;
  explicit Console(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ptarmigan::console
