// cli/user.cpp - `ptarmigan user`: who may submit with a password. The file holds verifiers, from which no password can
// be read.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/password.hpp"

namespace ptarmigan::cli {
namespace {

constexpr std::size_t shortest_password = 8;

struct Options {
  std::string file = "/etc/ptarmigan/users";
  std::string name;
  std::string password_file;
};

/// Asks on the terminal without showing what is typed.
Result<Secret> ask_password() {
  termios shown{};
  if (::tcgetattr(STDIN_FILENO, &shown) != 0)
    return failure("standard input is no terminal",
                   "give the password with --password-file FILE, or - for standard input");
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::fputs("Password: ", stderr);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) line += static_cast<char>(c);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  std::fputs("\n", stderr);
  return Secret(std::move(line));
}

Result<Secret> password_of(const Options& options) {
  if (options.password_file.empty()) return ask_password();
  auto text = read_file(options.password_file, std::size_t{64} << 10);
  if (!text) return std::unexpected(text.error());
  return Secret(text->substr(0, text->find_first_of("\r\n")));
}

/// The lines of the file without those of `name`; a file that is not there has none.
Result<std::vector<std::string>> lines_without(const std::string& file, const std::string& name, bool& found) {
  std::vector<std::string> lines;
  if (::access(file.c_str(), F_OK) != 0) return lines;
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  for (const auto line : split(*text, '\n')) {
    if (line.starts_with(name + ":")) {
      found = true;
    } else if (!line.empty()) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

int save(const Options& options, const std::vector<std::string>& lines, const std::string& done) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  if (auto written = write_file(options.file, text, 0600, Existing::replace); !written)
    return complain(written.error());
  print(done + "; `ptarmigan serve` reads " + options.file + " at its start\n");
  return good;
}

int add(const Options& options) {
  if (options.name.empty() || options.name.find_first_of(":\r\n") != std::string::npos)
    return complain({"a user's name is not empty and has no colon", "for example: ptarmigan user add app@example.com"});
  const auto password = password_of(options);
  if (!password) return complain(password.error());
  if (password->reveal().size() < shortest_password)
    return complain({"the password is shorter than 8 characters", "choose a longer one"});
  const auto verifier = net::password_verifier(*password);
  if (!verifier) return complain(verifier.error());
  bool replaced = false;
  auto lines = lines_without(options.file, options.name, replaced);
  if (!lines) return complain(lines.error());
  lines->push_back(options.name + ":" + *verifier);
  return save(options, *lines, (replaced ? "changed the password of " : "added ") + options.name);
}

int remove(const Options& options) {
  bool found = false;
  const auto lines = lines_without(options.file, options.name, found);
  if (!lines) return complain(lines.error());
  if (!found) return complain({options.file + " has no user " + options.name, "`ptarmigan user list` shows all"});
  return save(options, *lines, "removed " + options.name);
}

int list(const Options& options) {
  const auto text = read_file(options.file);
  if (!text) return complain(text.error());
  for (const auto line : split(*text, '\n'))
    if (!line.empty() && line.front() != '#') print(std::string(line.substr(0, line.find(':'))) + "\n");
  return good;
}

}  // namespace

void add_user(CLI::App& app, Action& action) {
  auto* user = app.add_subcommand("user", "Who may submit mail with a password (submission.users_file)");
  user->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* text, int (*run)(const Options&)) {
    auto* sub = user->add_subcommand(name, text);
    sub->add_option("--file,-f", options->file, "The users file")->capture_default_str();
    sub->callback([&action, options, run] { action = [options, run] { return run(*options); }; });
    return sub;
  };
  auto* adding = command("add", "Add a user, or change the password", add);
  adding->add_option("NAME", options->name, "The name to log in with")->required()->type_name("");
  adding->add_option("--password-file", options->password_file,
                     "First line is the password; - is standard input. Else it is asked for");
  command("remove", "Remove a user", remove)->add_option("NAME", options->name, "The name")->required()->type_name("");
  command("list", "Show the names", list);
}

}  // namespace ptarmigan::cli
