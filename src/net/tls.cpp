// net/tls.cpp - see tls.hpp.
#include "net/tls.hpp"

#include <fstream>

#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace ptarmigan::net {
namespace asio = boost::asio;

namespace {

constexpr long self_signed_seconds = 10L * 365 * 24 * 3600;
/// Clocks of peers are allowed to be this wrong.
constexpr long backdated_seconds = 24L * 3600;

/// The first error that OpenSSL has queued, in its own words; empties the queue.
std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

std::unique_ptr<asio::ssl::context> make_context(asio::ssl::context::method method) {
  auto context = std::make_unique<asio::ssl::context>(method);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection gives its 32 KiB of buffers back.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

Result<> load_authorities(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  if (!std::ifstream(ca_file)) return failure("cannot read the certificate authorities in " + ca_file);
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1) return {};
  return failure("no certificate authority could be loaded from " + ca_file + ": " + openssl_error());
}

Result<std::shared_ptr<const TlsContext>> client(const std::string& ca_file, int verify_mode) {
  auto context = make_context(asio::ssl::context::tls_client);
  SSL_CTX_set_verify(context->native_handle(), verify_mode, nullptr);
  if (auto loaded = load_authorities(context->native_handle(), ca_file); !loaded)
    return std::unexpected(loaded.error());
  return std::make_shared<const TlsContext>(std::move(context));
}

struct OpensslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <typename T>
using Openssl = std::unique_ptr<T, OpensslFree>;

Openssl<X509> self_signed(const std::string& host_name, EVP_PKEY* key) {
  Openssl<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -backdated_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), self_signed_seconds);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key);
  const std::string names = "DNS:" + host_name;
  const Openssl<X509_EXTENSION> alternative(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
  if (alternative) X509_add_ext(certificate.get(), alternative.get(), -1);
  if (!alternative || X509_sign(certificate.get(), key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<asio::ssl::context> context) : context_(std::move(context)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                             const std::string& key_file) {
  auto context = make_context(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  for (const auto& file : {certificate_file, key_file})
    if (!std::ifstream(file)) return failure("cannot read " + file, "check the path and who may read it");
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1)
    return failure(certificate_file + " holds no usable certificate: " + openssl_error());
  if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return failure(key_file + " holds no usable key for " + certificate_file + ": " + openssl_error());
  return std::make_shared<const TlsContext>(std::move(context));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server_self_signed(const std::string& host_name) {
  auto context = make_context(asio::ssl::context::tls_server);
  const Openssl<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return failure("cannot make a key: " + openssl_error());
  const auto certificate = self_signed(host_name, key.get());
  if (!certificate) return failure("cannot make a certificate for '" + host_name + "': " + openssl_error());
  SSL_CTX* native = context->native_handle();
  if (SSL_CTX_use_certificate(native, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(native, key.get()) != 1)
    return failure("cannot use the certificate that was made for '" + host_name + "': " + openssl_error());
  return std::make_shared<const TlsContext>(std::move(context));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client_opportunistic(const std::string& ca_file) {
  return client(ca_file, SSL_VERIFY_NONE);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client_verified(const std::string& ca_file) {
  return client(ca_file, SSL_VERIFY_PEER);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client_dane() {
  auto context = make_context(asio::ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_dane_enable(native) != 1) return failure("cannot prepare DANE: " + openssl_error());
  // The key is the identity: names and dates of a DANE-EE certificate say nothing (RFC 7672#3.1.1).
  SSL_CTX_dane_set_flags(native, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  return std::make_shared<const TlsContext>(std::move(context));
}

}  // namespace ptarmigan::net
