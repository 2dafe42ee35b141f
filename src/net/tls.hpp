// net/tls.hpp - TLS for one connection: contexts with their policy, and what a handshake came to. TLS 1.2 is the least
// spoken. A context is one policy and is never shared between policies, so that a session made without verification is
// not resumed where it is required. Threads: a context may be used from any; it is not changed after it is made.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dns/record.hpp"

namespace boost::asio::ssl {
class context;
}

namespace ptarmigan::net {

enum class PeerTrust {
  verified,  ///< the chain ends at a known authority and names the host that was asked for, or a TLSA record matches it
  unverified,  ///< encrypted, with no proof of whom with; TlsInfo::trust_problem says why
};

struct TlsInfo {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< OpenSSL's name: "TLS_AES_256_GCM_SHA384"
  PeerTrust trust = PeerTrust::unverified;
  std::string trust_problem;  ///< "self-signed certificate"; empty where verified, or where the peer has no certificate
  std::string peer_name;      ///< of the peer's certificate: the name that matched, else its common name; may be empty

  friend bool operator==(const TlsInfo&, const TlsInfo&) = default;
};

/// How a server is known by DANE (tls/dane.hpp), for a context of client_dane().
struct DanePeer {
  std::vector<std::string> other_names;  ///< that a DANE-TA certificate may have, besides the host name
  std::vector<dns::Tlsa> associations;   ///< usable ones; empty: not by DANE
};

class TlsContext {
 public:
  /// PEM files: the certificate with its intermediate ones behind it, and its key. An error names the file.
  static Result<std::shared_ptr<const TlsContext>> server(const std::string& certificate_file,
                                                          const std::string& key_file);
  /// With a certificate for `host_name` that nobody has signed: enough for opportunistic TLS between mail servers.
  static Result<std::shared_ptr<const TlsContext>> server_self_signed(const std::string& host_name);
  /// Encrypts with whoever answers; TlsInfo still says whether the certificate would have been good.
  static Result<std::shared_ptr<const TlsContext>> client_opportunistic(const std::string& ca_file = {});
  /// Fails the handshake where the certificate is not good for the host name (RFC 6125#6.4). `ca_file` is PEM; empty:
  /// the system's authorities.
  static Result<std::shared_ptr<const TlsContext>> client_verified(const std::string& ca_file = {});

  /// Fails the handshake where no TLSA record of the DanePeer matches (RFC 7672#3.1); authorities do not count.
  static Result<std::shared_ptr<const TlsContext>> client_dane();

  explicit TlsContext(std::unique_ptr<boost::asio::ssl::context> context);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  /// For Stream.
  [[nodiscard]] boost::asio::ssl::context& native() const { return *context_; }

 private:
  std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace ptarmigan::net
