// net/tests/confine_test.cpp - what a confined process can still do. Each case in a process of its own, because there
// is no way back.
#include "net/confine.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace ptarmigan::net {
namespace {

namespace fs = std::filesystem;

class Confine : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    char name[] = "/tmp/ptarmigan-confine-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "own");
    std::ofstream(folder_ / "foreign") << "as it was";
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

bool can_write(const fs::path& file) {
  std::ofstream out(file);
  out << "x";
  out.flush();
  return out.good();
}

TEST_F(Confine, writing_goes_below_the_named_folders_only) {
  EXPECT_EXIT(
      {
        const auto done = confine_writes({folder_ / "own"});
        if (done && *done == Confinement::kernel_cannot) std::_Exit(0);
        std::error_code error;
        const bool right = done && can_write(folder_ / "own" / "file") && can_write("/dev/null") &&
                           !can_write(folder_ / "foreign") && !can_write(folder_ / "new") &&
                           !fs::remove(folder_ / "foreign", error) && fs::exists(folder_ / "foreign");
        std::_Exit(right ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(Confine, files_move_between_the_named_folders_and_nowhere_else) {
  EXPECT_EXIT(
      {
        fs::create_directories(folder_ / "own" / "done");
        if (!can_write(folder_ / "own" / "report")) std::_Exit(1);
        const auto done = confine_writes({folder_ / "own"});
        if (done && *done == Confinement::kernel_cannot) std::_Exit(0);
        std::error_code out;
        std::error_code in;
        fs::rename(folder_ / "own" / "report", folder_ / "report", out);
        fs::rename(folder_ / "own" / "report", folder_ / "own" / "done" / "report", in);
        // Kernels before 5.19 let no confined process move a file at all.
        const bool right = done && out && (!in || in == std::errc::cross_device_link);
        std::_Exit(right ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(Confine, a_folder_that_is_missing_is_an_error_that_names_it) {
  EXPECT_EXIT(
      {
        const auto done = confine_writes({folder_ / "missing"});
        const bool right = done ? *done == Confinement::kernel_cannot : done.error().message.contains("missing");
        std::_Exit(right ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(Confine, an_unknown_user_is_an_error_that_names_it) {
  const auto done = become_user("no-such-user-here");
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message.contains("no-such-user-here"));
}

TEST_F(Confine, another_user_has_no_right_but_to_bind_low_ports) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  EXPECT_EXIT(
      {
        const auto done = become_user("nobody");
        std::ifstream status("/proc/self/status");
        std::string line;
        std::string effective;
        while (std::getline(status, line))
          if (line.starts_with("CapEff:")) effective = line.substr(line.size() - 16);
        const bool right = done && ::geteuid() != 0 && ::getegid() != 0 && effective == "0000000000000400" &&
                           ::setuid(0) != 0 && !can_write("/etc/ptarmigan-test");
        std::_Exit(right ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace ptarmigan::net
