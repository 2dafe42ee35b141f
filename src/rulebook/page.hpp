// rulebook/page.hpp - a rule as a page of documentation: docs/rules/<id>.md. The pages are generated;
// tests/pages_test.cpp compares them.
#pragma once

#include <string>

#include "rulebook/registry.hpp"

namespace ptarmigan::rulebook {

/// Markdown with a final LF.
[[nodiscard]] std::string page_of(const Rule& rule);
/// docs/rules/README.md: all rules by receiver.
[[nodiscard]] std::string page_of_all_rules();

}  // namespace ptarmigan::rulebook
