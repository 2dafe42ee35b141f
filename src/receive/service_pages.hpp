// receive/service_pages.hpp - what the rehearsal service shows: pages that need no script, and JSON. Everything from
// outside is escaped. Pure.
#pragma once

#include <string>
#include <vector>

#include "receive/test_book.hpp"

namespace ptarmigan::receive {

/// Where a test is begun.
[[nodiscard]] std::string start_page();
/// Waiting (asks again by itself every 5 seconds), or the newest result.
[[nodiscard]] std::string test_page(const Test& test, const std::string& domain);
/// {"address","profile","fault","results":[{"at","peer","reply","score","deductions","report","filters","transcript"}]}
[[nodiscard]] std::string test_json(const Test& test, const std::string& domain);

}  // namespace ptarmigan::receive
