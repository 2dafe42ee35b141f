// adapt/process.hpp - other programs, started without a shell: their output as a descriptor, or whole and bounded.
// Threads: one owner each.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.hpp"

namespace ptarmigan::adapt {

/// Closes what it owns.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  void close();

 private:
  int descriptor_;
};

class Child {
 public:
  /// `command` is the program, found by PATH, and its arguments. `input` becomes its standard input; -1: empty.
  /// Its standard error is ours unless `with_errors`, which puts it into output().
  enum class Errors { ours, in_output };
  static Result<Child> start(std::vector<std::string> command, int input, Errors errors = Errors::ours);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) = delete;
  /// Ends it.
  ~Child();

  [[nodiscard]] int output() const { return output_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Its exit code; 128 and more for the signal that ended it.
  int wait();
  void end();

 private:
  Child(pid_t process, Descriptor output, std::string name)
      : process_(process), output_(std::move(output)), name_(std::move(name)) {}
  pid_t process_;  ///< 0: has been waited for
  Descriptor output_;
  std::string name_;
};

struct Finished {
  int code = 0;
  std::string output;  ///< standard output and standard error
};
/// Runs to the end. Errors: cannot be started, took longer than `limit` (then it was ended), printed too much.
[[nodiscard]] Result<Finished> run_program(std::vector<std::string> command,
                                           std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace ptarmigan::adapt
