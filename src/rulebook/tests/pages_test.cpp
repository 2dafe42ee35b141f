// rulebook/tests/pages_test.cpp - docs/rules/ is generated. To write the pages anew:
//   PTARMIGAN_WRITE_PAGES=1 build/dev/test/rulebook_test --gtest_filter='Pages.*'
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "rulebook/page.hpp"

namespace ptarmigan::rulebook {
namespace {

const std::filesystem::path folder = std::filesystem::path(PTARMIGAN_SOURCE_DIR) / "docs/rules";

void expect_page(const std::string& name, const std::string& text) {
  if (std::getenv("PTARMIGAN_WRITE_PAGES") != nullptr) std::ofstream(folder / name) << text;
  std::ifstream file(folder / name);
  std::stringstream there;
  there << file.rdbuf();
  EXPECT_EQ(there.str(), text) << "docs/rules/" << name << " is not what the rule says: write the pages anew";
}

TEST(Pages, every_rule_has_its_page_up_to_date) {
  for (const auto& receiver : receivers())
    for (const auto& rule : receiver.rules) expect_page(std::string(rule.id) + ".md", page_of(rule));
  expect_page("README.md", page_of_all_rules());
}

TEST(Pages, there_is_no_page_without_rule) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().stem().string();
    if (name != "README") EXPECT_NE(find_rule(name), nullptr) << entry.path();
  }
}

}  // namespace
}  // namespace ptarmigan::rulebook
