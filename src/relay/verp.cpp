// relay/verp.cpp - see verp.hpp.
#include "relay/verp.hpp"

namespace ptarmigan::relay {
namespace {

constexpr std::size_t max_path = 254;  // with the angle brackets: 256

struct Parts {
  std::string_view local;
  std::string_view domain;
};

std::optional<Parts> parts_of(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return std::nullopt;
  if (address.front() == '"') return std::nullopt;
  return Parts{address.substr(0, at), address.substr(at + 1)};
}

}  // namespace

std::optional<std::string> verp_sender(std::string_view mail_from, std::string_view recipient) {
  const auto from = parts_of(mail_from);
  const auto to = parts_of(recipient);
  if (!from || !to || to->domain.front() == '[') return std::nullopt;
  std::string out;
  for (const auto piece : {from->local, std::string_view("+"), to->local, std::string_view("="), to->domain,
                           std::string_view("@"), from->domain})
    out += piece;
  if (out.size() > max_path) return std::nullopt;
  return out;
}

std::optional<Verp> read_verp(std::string_view address) {
  const auto parts = parts_of(address);
  if (!parts) return std::nullopt;
  // Domains have no '=', and our own local-parts no '+' before the recipient's.
  const auto equals = parts->local.rfind('=');
  const auto plus = parts->local.find('+');
  if (equals == std::string_view::npos || plus == std::string_view::npos || plus == 0 || plus + 1 >= equals ||
      equals + 1 == parts->local.size())
    return std::nullopt;
  return Verp{std::string(parts->local.substr(0, plus)) + "@" + std::string(parts->domain),
              std::string(parts->local.substr(plus + 1, equals - plus - 1)) + "@" +
                  std::string(parts->local.substr(equals + 1))};
}

}  // namespace ptarmigan::relay
