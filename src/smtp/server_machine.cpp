// smtp/server_machine.cpp - see server_machine.hpp: events, lines, data. The commands are in server_commands.cpp.
#include "smtp/server_machine.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::smtp {

using namespace server;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

constexpr std::size_t max_auth_line = 12'288;  // RFC 4954#4

}  // namespace

ServerMachine::ServerMachine(Options options) : options_(std::move(options)) {}

Action ServerMachine::step(const Event& event) {
  std::visit([this](const auto& value) { on(value); }, event);
  return run();
}

Action ServerMachine::run() {
  while (true) {
    if (std::exchange(discard_, false)) return Discard{};
    switch (next_) {
      case Next::ask: next_ = Next::nothing; return Ask{asked_};
      case Next::check_credentials:
        next_ = Next::nothing;
        user_ = credentials_.user;
        return CheckCredentials{std::exchange(credentials_, {})};
      case Next::sasl:
        next_ = Next::nothing;
        return Sasl{sasl_.mechanism, std::exchange(sasl_.message, {}), std::exchange(sasl_.first, false)};
      case Next::start_tls:
        if (auto send = flush()) return *send;
        next_ = Next::nothing;
        return Handshake{};
      case Next::close:
        if (auto send = flush()) return *send;
        return Close{};
      case Next::nothing:
        if (auto action = take_input()) return std::move(*action);
        break;
    }
  }
}

std::optional<Action> ServerMachine::flush() {
  if (out_.empty()) return std::nullopt;
  sent_.swap(out_);
  out_.clear();
  return Send{sent_};
}

/// An action, or nothing where run() is to look again.
std::optional<Action> ServerMachine::take_input() {
  const bool in_message = mode_ == Mode::data || mode_ == Mode::chunk;
  if (input_.empty() && !(mode_ == Mode::chunk && chunk_left_ == 0)) {
    if (auto send = flush()) return send;
    return ReadMore{in_message ? options_.data_timeout : options_.command_timeout};
  }
  if (in_message) return take_body();
  if (take_line()) handle_line();
  return std::nullopt;
}

std::optional<Action> ServerMachine::take_body() {
  std::string_view content;
  if (mode_ == Mode::data) {
    content = reader_.next(input_);
  } else {
    auto chunk = input_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input_.size())));
    const auto before = chunk.size();
    content = reader_.next(chunk);
    input_.remove_prefix(before - chunk.size());
    chunk_left_ -= before - chunk.size();
    if (chunk_left_ == 0) {
      // The octets are through, whatever comes of them; content that is in hand goes out first.
      if (content.empty() || chunk_refusal_) {
        end_of_chunk();
        return std::nullopt;
      }
    }
  }
  session_.message_size += content.size();
  const auto limit = options_.extensions.size.value_or(0);
  if (limit != 0 && session_.message_size > limit) too_large_ = true;
  const bool lost = too_large_ || reader_.fault() != DataFault::none;
  if (lost && std::exchange(keeping_, false)) discard_ = true;
  if (mode_ == Mode::data && reader_.finished()) end_of_data();
  if (content.empty() || lost || chunk_refusal_) return std::nullopt;
  keeping_ = true;
  return Body{content};
}

/// True where `current_` is a complete line and `line_fault_` says what is wrong with it.
bool ServerMachine::take_line() {
  const auto lf = input_.find('\n');
  const auto piece = input_.substr(0, lf);
  const bool whole = lf != std::string_view::npos;
  const std::size_t limit = mode_ == Mode::command ? max_command_line : max_auth_line;
  if (piece.size() > limit - line_.size()) line_too_long_ = true;
  input_.remove_prefix(whole ? lf + 1 : input_.size());
  if (line_too_long_)
    line_.clear();
  else if (!whole || !line_.empty())
    line_ += piece;
  if (!whole) return false;
  current_ = line_.empty() ? piece : std::string_view(line_);
  line_fault_ = LineFault::none;
  if (std::exchange(line_too_long_, false))
    line_fault_ = LineFault::too_long;
  else if (!current_.ends_with('\r') || current_.find('\r') + 1 != current_.size())
    line_fault_ = LineFault::line_end;
  else if (current_.contains('\0'))
    line_fault_ = LineFault::nul;
  else
    current_.remove_suffix(1);
  return true;
}

void ServerMachine::handle_line() {
  switch (line_fault_) {
    case LineFault::none:
      if (mode_ == Mode::command) {
        auto command = parse_command(current_);
        if (!command || !std::holds_alternative<Rcpt>(*command)) ++idle_commands_;
        if (idle_commands_ > options_.max_idle_commands)
          close_with(421, {4, 7, 0}, options_.host_name + " Too many commands without a message, closing");
        else if (!command)
          error(command.error().code, *command.error().enhanced, command.error().words());
        else if (refused_ && !std::holds_alternative<Quit>(*command))
          error(503, {5, 5, 1}, "Only QUIT is possible now");
        else
          std::visit([this](const auto& value) { handle(value); }, *command);
      } else {
        handle_auth_line(current_);
      }
      break;
    case LineFault::too_long:
      mode_ == Mode::command ? error(500, {5, 5, 2}, "Line too long") : error(500, {5, 5, 6}, "Line too long");
      mode_ = Mode::command;
      break;
    case LineFault::line_end:
      error(500, {5, 5, 2}, "A line ends with CRLF, and holds no CR or LF elsewhere");
      mode_ = Mode::command;
      break;
    case LineFault::nul:
      error(500, {5, 5, 2}, "A NUL octet is not allowed");
      mode_ = Mode::command;
      break;
  }
  wipe(line_);
  // RFC 2920#3.1: only who has seen PIPELINING offered may send more before our answer.
  const bool may_pipeline = greeted_ && session_.esmtp && options_.extensions.pipelining;
  if (!may_pipeline && mode_ == Mode::command && next_ != Next::close) out_of_turn();
}

/// Octets that the client sent before it could know our answer: who reads them reads what an attacker put there.
bool ServerMachine::out_of_turn() {
  if (input_.empty()) return false;
  close_with(554, {5, 5, 0}, "You talked before your turn; closing");
  return true;
}

void ServerMachine::start_message(Framing framing) {
  reader_ = DataReader(options_.max_text_line, framing);
  session_.message_size = 0;
  keeping_ = too_large_ = false;
  chunking_ = framing == Framing::counted;
  mode_ = framing == Framing::dot ? Mode::data : Mode::chunk;
}

void ServerMachine::end_of_data() {
  mode_ = Mode::command;
  chunking_ = false;
  const auto fault = reader_.fault();
  if (!too_large_ && fault == DataFault::none) return ask(Stage::end_of_data);
  end_transaction();
  const std::string what(to_string(fault));
  if (too_large_) {
    error(552, {5, 3, 4}, "The message is larger than " + std::to_string(*options_.extensions.size) + " octets");
  } else if (fault == DataFault::long_line) {
    error(554, {5, 6, 0}, "Message refused: it has " + what + " (RFC 5321, 4.5.3.1.6)");
  } else {
    error(550, {5, 6, 11}, "Message refused: it has " + what + "; lines end with CRLF");
  }
}

void ServerMachine::end_of_chunk() {
  mode_ = Mode::command;
  if (chunk_refusal_) {
    const Reply refusal = *std::exchange(chunk_refusal_, std::nullopt);
    end_transaction();
    return reply(refusal);
  }
  if (chunk_last_) reader_.end_of_input();
  const bool lost = too_large_ || reader_.fault() != DataFault::none;
  if (chunk_last_ || lost) return end_of_data();
  reply(250, {2, 0, 0}, "Chunk received");
}

void ServerMachine::on(const Connected& event) {
  session_.security = event.security;
  ask(Stage::connect);
}

/// RFC 3207#4.2: all that was learnt before is forgotten.
void ServerMachine::on(const TlsStarted&) {
  session_ = Session{.security = Security::tls};
  greeted_ = in_transaction_ = false;
  input_ = {};
  wipe(line_);
  line_too_long_ = false;
}

void ServerMachine::on(const Decision& event) {
  decided(asked_, event.reply);
}

void ServerMachine::on(const TimedOut&) {
  close_with(421, {4, 4, 2}, options_.host_name + " Timed out, closing");
}

void ServerMachine::on(const Closed&) {
  if (std::exchange(keeping_, false)) discard_ = true;
  out_.clear();
  next_ = Next::close;
}

void ServerMachine::on(const Stop& event) {
  const bool busy = event.reason == StopReason::overloaded;
  close_with(421, {4, 3, 2}, options_.host_name + (busy ? " Too busy, try later" : " Shutting down, try later"));
}

void ServerMachine::ask(Stage stage) {
  asked_ = stage;
  next_ = Next::ask;
}

void ServerMachine::reply(const Reply& reply) {
  reply.append_wire(out_);
  if (reply.code == 421) next_ = Next::close;
}

void ServerMachine::reply(int code, EnhancedStatus status, std::string words) {
  reply(Reply(code, status, std::move(words)));
}

void ServerMachine::error(int code, EnhancedStatus status, std::string words) {
  reply(code, status, std::move(words));
  if (++errors_ > options_.max_errors) close_with(421, {4, 7, 0}, options_.host_name + " Too many errors, closing");
}

void ServerMachine::close_with(int code, EnhancedStatus status, std::string words) {
  if (std::exchange(keeping_, false)) discard_ = true;
  reply(code, status, std::move(words));
  input_ = {};
  next_ = Next::close;
}

void ServerMachine::end_transaction() {
  if (std::exchange(keeping_, false)) discard_ = true;
  in_transaction_ = false;
  chunking_ = false;
  tried_recipients_ = 0;
  session_.envelope = {};
  session_.message_size = 0;
}

}  // namespace ptarmigan::smtp
