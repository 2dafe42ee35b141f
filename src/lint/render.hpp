// lint/render.hpp - findings for people (100 columns) and for programs (docs/reference/lint-json.md).
#pragma once

#include <string>
#include <vector>

#include "lint/lint.hpp"

namespace ptarmigan::lint {

inline constexpr int json_version = 1;
/// "file:line:column: error L01 title" and what belongs to it; lines end in LF. "" without findings.
[[nodiscard]] std::string text(const std::vector<Input>& inputs, const std::vector<Finding>& findings);
[[nodiscard]] std::string json(const std::vector<Input>& inputs, const std::vector<Finding>& findings);

}  // namespace ptarmigan::lint
