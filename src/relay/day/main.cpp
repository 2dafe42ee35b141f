// relay/day/main.cpp - plays the day and prints what came of it: `./dev bench day` draws it.
//   relay_day MESSAGES FILE.csv
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "relay/day/day.hpp"

int main(int argc, char** argv) {
  using namespace ptarmigan::relay::day;  // NOLINT(google-build-using-namespace)
  if (argc != 3) {
    std::fputs("usage: relay_day MESSAGES FILE.csv\n", stderr);
    return 2;
  }
  const auto began = std::chrono::steady_clock::now();
  const auto day = play({.messages = std::strtoull(argv[1], nullptr, 10)});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::ofstream file(argv[2]);
  file << csv(day);
  if (!file.flush()) {
    std::fprintf(stderr, "relay_day: cannot write %s\n", argv[2]);
    return 2;
  }
  std::printf("%llu delivered once, %llu twice, %llu bounced, %llu rescued in the same round; %zu minutes in %.1f s\n",
              static_cast<unsigned long long>(day.delivered - day.delivered_twice),
              static_cast<unsigned long long>(day.delivered_twice), static_cast<unsigned long long>(day.bounced),
              static_cast<unsigned long long>(day.rescued), day.minutes.size(), took.count());
  return 0;
}
