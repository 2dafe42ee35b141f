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

namespace {

/// No channel binding, and nobody else to act as.
constexpr std::string_view client_gs2_header = "n,,";

std::string sasl_name_of(std::string_view user) {
  std::string out;
  for (const char c : user) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

ScramClient::ScramClient(ScramDigest digest, std::string nonce) : digest_(digest), nonce_(std::move(nonce)) {}

std::string ScramClient::begin(std::string_view user) {
  client_first_ = "n=" + sasl_name_of(user) + ",r=" + nonce_;
  return std::string(client_gs2_header) + client_first_;
}

std::optional<std::string> ScramClient::finish(std::string_view server_first, const Secret& password) {
  if (server_first.size() > max_scram_message) return std::nullopt;
  const auto parts = split(server_first, ',');
  if (parts.size() < 3) return std::nullopt;
  const auto nonce = attribute(parts[0], 'r');
  const auto salt_text = attribute(parts[1], 's');
  const auto count = attribute(parts[2], 'i');
  if (!nonce || !salt_text || !count) return std::nullopt;
  // The server's own part must not be empty, or an old exchange could be played again.
  if (!is_nonce(*nonce) || !nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) return std::nullopt;
  const auto salt = base64_decode(*salt_text);
  const auto iterations = parse_number<unsigned>(*count);
  if (!salt || salt->empty() || !iterations || *iterations < least_scram_iterations ||
      *iterations > most_scram_iterations)
    return std::nullopt;
  const std::string without_proof = "c=" + base64_encode(client_gs2_header) + ",r=" + std::string(*nonce);
  const std::string signed_text = client_first_ + "," + std::string(server_first) + "," + without_proof;
  auto salted = digest_.derive(password.reveal(), *salt, *iterations);
  auto client_key = digest_.hmac(salted, "Client Key");
  const auto signature = digest_.hmac(digest_.hash(client_key), signed_text);
  server_signature_ = digest_.hmac(digest_.hmac(salted, "Server Key"), signed_text);
  wipe(salted);
  auto proof = exclusive_or(client_key, signature);
  wipe(client_key);
  return without_proof + ",p=" + base64_encode(proof);
}

bool ScramClient::verify(std::string_view server_final) const {
  if (server_final.size() > max_scram_message || server_signature_.empty()) return false;
  const auto text = attribute(split(server_final, ',').front(), 'v');
  const auto signature = text ? base64_decode(*text) : std::nullopt;
  return signature && constant_time_equal(*signature, server_signature_);
}

}  // namespace ptarmigan::smtp
