// config/tests/reference_test.cpp - the committed page is the generated one.
#include "config/reference.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace ptarmigan::config {
namespace {

TEST(SettingsReference, the_committed_page_is_up_to_date) {
  std::ifstream file(PTARMIGAN_SOURCE_DIR "/docs/reference/settings.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), settings_reference()) << "run: ptarmigan config reference > docs/reference/settings.md";
}

}  // namespace
}  // namespace ptarmigan::config
