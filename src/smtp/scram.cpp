// smtp/scram.cpp - see scram.hpp.
#include "smtp/scram.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"

namespace ptarmigan::smtp {
namespace {

/// The value of an attribute "x=value"; nothing for another one.
std::optional<std::string_view> attribute(std::string_view text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return std::nullopt;
  return text.substr(2);
}

/// saslname of RFC 5802#7: a '=' stands only in "=2C" and "=3D".
std::optional<std::string> sasl_name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '=') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto code = text.substr(0, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    out += code == "=2C" ? ',' : '=';
    text.remove_prefix(3);
  }
  if (out.empty() || out.contains('\0')) return std::nullopt;
  return out;
}

bool is_nonce(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != ','; });
}

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

}  // namespace

ScramServer::ScramServer(ScramDigest digest, std::string nonce) : digest_(digest), nonce_(std::move(nonce)) {}

std::optional<ScramHello> ScramServer::begin(std::string_view client_first) {
  if (client_first.size() > max_scram_message) return std::nullopt;
  const auto parts = split(client_first, ',');
  if (parts.size() < 4 || (parts[0] != "n" && parts[0] != "y")) return std::nullopt;
  ScramHello hello;
  if (!parts[1].empty()) {
    const auto id = attribute(parts[1], 'a');
    auto name = id ? sasl_name(*id) : std::nullopt;
    if (!name) return std::nullopt;
    hello.authorization_id = *std::move(name);
  }
  // "m=" in the place of the user is an extension that must be understood, and none is (RFC 5802#5.1).
  const auto user = attribute(parts[2], 'n');
  const auto nonce = attribute(parts[3], 'r');
  auto name = user ? sasl_name(*user) : std::nullopt;
  if (!name || !nonce || !is_nonce(*nonce)) return std::nullopt;
  hello.user = *std::move(name);
  gs2_header_ = client_first.substr(0, parts[0].size() + parts[1].size() + 2);
  client_first_ = client_first.substr(gs2_header_.size());
  nonce_.insert(0, *nonce);
  return hello;
}

std::string ScramServer::challenge(ScramVerifier verifier) {
  verifier_ = std::move(verifier);
  server_first_ = "r=" + nonce_ + ",s=" + base64_encode(verifier_.salt) + ",i=" + std::to_string(verifier_.iterations);
  return server_first_;
}

std::optional<std::string> ScramServer::finish(std::string_view client_final) const {
  if (client_final.size() > max_scram_message || server_first_.empty()) return std::nullopt;
  const auto comma = client_final.rfind(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto without_proof = client_final.substr(0, comma);
  const auto parts = split(without_proof, ',');
  const auto binding = attribute(parts[0], 'c');
  const auto nonce = parts.size() > 1 ? attribute(parts[1], 'r') : std::nullopt;
  const auto proof_text = attribute(client_final.substr(comma + 1), 'p');
  if (!binding || !nonce || !proof_text) return std::nullopt;
  const auto proof = base64_decode(*proof_text);
  if (base64_decode(*binding) != gs2_header_ || *nonce != nonce_ || !proof ||
      proof->size() != verifier_.stored_key.size())
    return std::nullopt;
  const std::string signed_text = client_first_ + "," + server_first_ + "," + std::string(without_proof);
  const auto client_key = exclusive_or(*proof, digest_.hmac(verifier_.stored_key, signed_text));
  if (!constant_time_equal(digest_.hash(client_key), verifier_.stored_key)) return std::nullopt;
  return "v=" + base64_encode(digest_.hmac(verifier_.server_key, signed_text));
}

}  // namespace ptarmigan::smtp
