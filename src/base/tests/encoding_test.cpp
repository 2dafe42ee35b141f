// base/tests/encoding_test.cpp - test vectors of RFC 4648#10, and what a strict decoder refuses.
#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace ptarmigan {
namespace {

TEST(Base64, vectors_of_rfc_4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
}

TEST(Base64, refuses_what_is_not_canonical) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "=", "Zg==Zg==", "Zm 9v", "Zm9v!", "Zm9v="})
    EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Base64, skips_blanks_only_when_asked) {
  EXPECT_EQ(base64_decode("Zm9v\r\n YmFy", Base64Blanks::ignore), "foobar");
  EXPECT_FALSE(base64_decode("Zm9v\r\n YmFy"));
}

TEST(Hex, two_lower_case_digits_an_octet) {
  EXPECT_EQ(hex_encode(std::string("\x00\xff\x1a", 3)), "00ff1a");
}

}  // namespace
}  // namespace ptarmigan
