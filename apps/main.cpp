// apps/main.cpp - the ptarmigan command. Everything is in src/cli.
#include "cli/run.hpp"

int main(int argc, char** argv) {
  return ptarmigan::cli::run(argc, argv);
}
