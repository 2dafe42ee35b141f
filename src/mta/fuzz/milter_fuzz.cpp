// mta/fuzz/milter_fuzz.cpp - what a mail server says to a filter, in pieces.
// Properties: fed octet by octet or whole, the same packets come out; what a packet holds lies within it; a packet that
// was read is written as it stood.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "mta/milter.hpp"

namespace {

namespace milter = ptarmigan::mta::milter;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void within(std::string_view part, std::string_view whole) {
  must(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size(),
       "outside of the packet");
}

void look_into(const milter::Packet& packet) {
  static_cast<void>(milter::read_options(packet.data));
  if (const auto client = milter::read_client(packet.data))
    must(client->host_name.size() + client->address.size() <= packet.data.size(), "a client of more than was sent");
  if (const auto strings = milter::read_strings(packet.data))
    for (const auto text : *strings) within(text, packet.data);
  if (const auto field = milter::read_field(packet.data)) {
    within(field->name, packet.data);
    within(field->value, packet.data);
  }
  if (const auto macros = milter::read_macros(packet.data))
    for (const auto& [name, value] : macros->values) {
      within(name, packet.data);
      within(value, packet.data);
    }
}

/// The packets, written again, and whether the conversation broke.
std::pair<std::string, bool> packets_of(std::string_view octets, std::size_t piece) {
  std::string out;
  milter::PacketReader reader;
  auto state = milter::PacketReader::State::incomplete;
  while (!octets.empty() && state != milter::PacketReader::State::broken) {
    state = reader.feed(octets.substr(0, piece));
    octets.remove_prefix(std::min(piece, octets.size()));
    for (; state == milter::PacketReader::State::complete; state = reader.feed("")) {
      look_into(reader.packet());
      out += milter::packet(reader.packet().command, reader.packet().data);
    }
  }
  return {out, state == milter::PacketReader::State::broken};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = packets_of(text, size + 1);
  must(whole == packets_of(text, 1), "pieces give other packets");
  must(text.starts_with(whole.first), "a packet is not written as it was read");
  return 0;
}
