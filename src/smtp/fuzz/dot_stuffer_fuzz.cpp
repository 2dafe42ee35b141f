// smtp/fuzz/dot_stuffer_fuzz.cpp - what is stuffed is unstuffed to itself, and never ends early.
#include "smtp/data.hpp"
#include "smtp/fuzz/pieces.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pieces = fuzz::pieces(data, size);
  std::string message;
  std::string wire;
  DotStuffer stuffer;
  DataFault fault = DataFault::none;
  std::vector<std::string_view> views;
  for (const auto& piece : pieces) {
    message += piece;
    if (fault == DataFault::none) fault = stuffer.add(piece, views);
  }
  if (fault == DataFault::none) fault = stuffer.finish(views);
  for (const auto view : views) wire += view;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    if (wire[i] == '\r') fuzz::promise(i + 1 < wire.size() && wire[i + 1] == '\n');
    if (wire[i] == '\n') fuzz::promise(i > 0 && wire[i - 1] == '\r');
  }
  const auto end = wire.find("\r\n.\r\n");
  if (fault != DataFault::none) {
    fuzz::promise(end == std::string::npos && !wire.starts_with(".\r\n"));
    return 0;
  }
  fuzz::promise(wire == ".\r\n" || end == wire.size() - 5);
  if (!message.empty() && !message.ends_with("\r\n")) message += "\r\n";
  DataReader reader(wire.size() + 2);
  std::string read;
  const auto cut = size == 0 ? 0 : data[0] % (wire.size() + 1);
  for (std::string_view input : {std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)})
    while (!input.empty() && !reader.finished()) read += reader.next(input);
  fuzz::promise(reader.finished() && reader.fault() == DataFault::none && read == message);
  return 0;
}
