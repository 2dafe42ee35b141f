// cli/lint.cpp - `ptarmigan lint FILE...`: mistakes in zone files, records, Postfix and Exim configuration, and
// published advice; with --fix the corrected text.
#include "lint/lint.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include <CLI/CLI.hpp>

#include "auth/dkim/crypto.hpp"
#include "base/encoding.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "lint/postfix.hpp"
#include "lint/render.hpp"

namespace ptarmigan::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> files;
  std::string kind;
  std::string origin;
  std::vector<std::string> keys;
  bool fix = false;
  bool json = false;
  bool reference = false;
};

/// The state of the compiled file of a map, where the text is this machine's own main.cf.
std::optional<lint::MapFile> map_file(const std::string& path) {
  std::error_code error;
  const auto source = fs::last_write_time(path, error);
  if (error) return lint::MapFile{path, lint::MapFile::State::no_source};
  const auto index = fs::last_write_time(path + ".db", error);
  if (error) return lint::MapFile{path, lint::MapFile::State::no_index};
  return lint::MapFile{path, source > index ? lint::MapFile::State::stale : lint::MapFile::State::fresh};
}

void look_at_maps(const std::string& name, const std::string& text, lint::Options& out) {
  std::error_code error;
  if (name == "-" || fs::canonical(name, error).parent_path() != "/etc/postfix" || error) return;
  const auto main_cf = lint::parse_main_cf(text);
  for (const auto& setting : main_cf.settings) {
    for (std::size_t at = setting.value.find("hash:/"); at != std::string::npos;
         at = setting.value.find("hash:/", at + 1)) {
      const auto path = setting.value.substr(at + 5);
      if (auto state = map_file(path.substr(0, path.find_first_of(" \t,}")))) out.maps.push_back(*std::move(state));
    }
  }
}

Result<std::vector<lint::Input>> read_inputs(const Options& options, lint::Options& known) {
  std::vector<lint::Input> out;
  for (const auto& name : options.files) {
    auto text = read_file(name, lint::max_octets);
    if (!text) return std::unexpected(text.error());
    const auto kind = options.kind.empty() ? lint::guess_kind(name, *text) : *lint::parse_kind(options.kind);
    if (kind == lint::Kind::main_cf) look_at_maps(name, *text, known);
    out.push_back({name == "-" ? "(standard input)" : name, *std::move(text), kind, options.origin});
  }
  return out;
}

Result<> read_keys(const Options& options, lint::Options& known) {
  for (const auto& name : options.keys) {
    const auto text = read_file(name);
    if (!text) return std::unexpected(text.error());
    const auto key = dkim::PrivateKey::parse(*text);
    if (!key) return failure(name + ": " + key.error().message, key.error().remedy);
    known.public_keys.push_back(base64_encode(key->public_octets()));
  }
  return {};
}

/// Writes each mended file in place, with its own permissions; standard input's text goes to standard output.
Result<> mend(const Options& options, const std::vector<lint::Input>& inputs, const std::vector<lint::Finding>& found) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto text = lint::corrected(inputs[i].text, found, i);
    if (options.files[i] == "-") {
      print(text);
      continue;
    }
    if (text == inputs[i].text) continue;
    std::error_code error;
    const auto mode = static_cast<unsigned>(fs::status(options.files[i], error).permissions());
    if (error) return failure(options.files[i] + ": " + error.message());
    if (auto written = write_file(options.files[i], text, mode, Existing::replace); !written)
      return std::unexpected(written.error());
  }
  return {};
}

int lint_files(const Options& options) {
  if (options.reference) {
    print(lint::reference());
    return good;
  }
  if (options.files.empty())
    return complain({"there is nothing to look at", "name files, or - for standard input: ptarmigan lint main.cf"});
  if (!options.kind.empty() && !lint::parse_kind(options.kind))
    return complain({"there is no kind '" + displayable(options.kind) + "'",
                     "kinds: zone, spf, dkim, dmarc, main.cf, master.cf, transport, exim, document"});
  lint::Options known;
  if (const auto read = read_keys(options, known); !read) return complain(read.error());
  const auto inputs = read_inputs(options, known);
  if (!inputs) return complain(inputs.error());
  const auto found = lint::examine(*inputs, known);
  if (options.fix)
    if (const auto mended = mend(options, *inputs, found); !mended) return complain(mended.error());
  const bool text_is_output = options.fix && std::ranges::find(options.files, std::string("-")) != options.files.end();
  if (options.json && !text_is_output) {
    print(lint::json(*inputs, found));
  } else if (!text_is_output) {
    print(lint::text(*inputs, found));
    print(found.empty() ? "No mistake found.\n"
                        : std::to_string(found.size()) + (found.size() == 1 ? " finding\n" : " findings\n"));
  }
  return found.empty() ? good : findings;
}

}  // namespace

void add_lint(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("lint", "Find mistakes in zone files, records, Postfix and Exim configuration");
  command->footer(
      "Files named together are judged together. Exit code: 0 no mistake, 1 findings, 2 a file cannot be read.");
  command->add_option("FILE", options->files, "Files; - is standard input")->type_name("");
  command->add_option("--kind", options->kind, "What the files are; guessed from name and content where not given")
      ->type_name("KIND");
  command->add_option("--origin", options->origin, "The zone of fragments without $ORIGIN")->type_name("DOMAIN");
  command->add_option("--key", options->keys, "A private DKIM key; key records are compared with it. May be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_flag("--fix", options->fix, "Write the corrected text into the files (- : to standard output)");
  command->add_flag("--json", options->json, "For programs");
  command->add_flag("--reference", options->reference, "Print the reference of all lints as Markdown");
  command->callback([options, &action] { action = [options] { return lint_files(*options); }; });
}

}  // namespace ptarmigan::cli
