// console/calls.hpp - every route of the HTTP API in one table, from which the router, the roles and the OpenAPI
// document are made, so that they cannot disagree. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "console/access.hpp"

namespace ptarmigan::console {

/// What answers; api.cpp has one function for each.
enum class Call {
  document,
  me,
  home,
  rates,
  refusals,
  replies,
  incidents,
  incident,
  incident_check,
  messages,
  message,
  queue,
  queue_change,
  standing,
  standing_change,
  domains,
  domain,
  figures,
  rules,
  settings,
  rehearsal,
  audit,
  submit,
};

enum class Login { none, needed };

struct CallInfo {
  Call call;
  std::string_view method;
  std::string_view path;
  Login login;
  Role role;
  std::string_view summary;
  std::string_view parameters;  ///< of the query: "name: meaning; name: meaning"
  std::string_view schema;      ///< of the answer, in components
};

[[nodiscard]] std::span<const CallInfo> calls();

/// OpenAPI 3.1, indented JSON.
[[nodiscard]] std::string openapi_document();

}  // namespace ptarmigan::console
