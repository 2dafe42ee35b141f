// net/http_router.hpp - which route a request is for: method and path pattern. Pure.
//
//   HttpRouter router;
//   const auto show = router.add("GET", "/api/v1/messages/{id}");
//   const auto match = router.match(request);      // match.route == show, match.parameters == {{"id", "..."}}
//
// A pattern is literal segments and {name}; literal segments win over names. HEAD is served where GET is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.hpp"

namespace ptarmigan::net {

class HttpRouter {
 public:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
  };
  struct Match {
    std::optional<std::size_t> route = {};
    HttpFields parameters = {};
    /// Where the path is known and the method is not: what Allow says. Empty: no such path.
    std::vector<std::string> allowed = {};
  };

  /// The route's number, counted from 0. Nothing is added and an error says so where it is already there.
  Result<std::size_t> add(std::string method, std::string pattern);
  [[nodiscard]] Match match(const HttpRequest& request) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace ptarmigan::net
