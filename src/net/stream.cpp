// net/stream.cpp - see stream.hpp.
#include "net/stream.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/clock.hpp"
#include "net/stream_impl.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto await = asio::as_tuple(asio::use_awaitable);

StreamError error_of(const error_code& code, bool late) {
  if (late) return {.fault = Fault::timed_out, .message = "no answer in time"};
  if (code == asio::error::operation_aborted) return {.fault = Fault::cancelled, .message = "cancelled"};
  if (code == asio::error::eof || code == asio::ssl::error::stream_truncated)
    return {.fault = Fault::closed, .message = "the peer closed the connection"};
  if (code == asio::error::connection_reset || code == asio::error::broken_pipe ||
      code == asio::error::bad_descriptor || code == asio::error::not_connected)
    return {.fault = Fault::closed, .message = "the connection broke: " + code.message()};
  if (code == asio::error::timed_out) return {.fault = Fault::timed_out, .message = "the connection timed out"};
  if (code == asio::error::connection_refused) return {.fault = Fault::refused, .message = "connection refused"};
  if (code == asio::error::network_unreachable || code == asio::error::host_unreachable)
    return {.fault = Fault::no_route, .message = "no route: " + code.message()};
  if (code.category() == asio::error::get_ssl_category())
    return {.fault = Fault::tls, .message = "TLS: " + code.message()};
  return {.fault = Fault::other, .message = code.message()};
}

/// Small pieces together, for TLS would make a record of each. At most one record's octets.
std::string gather(std::span<const std::string_view>& pieces, std::string_view& rest) {
  std::string out;
  while (out.size() < read_octets) {
    if (rest.empty()) {
      if (pieces.empty()) break;
      rest = pieces.front();
      pieces = pieces.subspan(1);
      continue;
    }
    const auto take = std::min(rest.size(), read_octets - out.size());
    out.append(rest.substr(0, take));
    rest.remove_prefix(take);
  }
  return out;
}

std::string common_name(X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return out;
}

TlsInfo info_of(SSL* ssl) {
  TlsInfo info{
      .version = SSL_get_version(ssl), .cipher = SSL_get_cipher_name(ssl), .trust_problem = {}, .peer_name = {}};
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return info;
  const char* matched = SSL_get0_peername(ssl);
  info.peer_name = matched != nullptr ? matched : common_name(certificate);
  const long result = SSL_get_verify_result(ssl);
  // Without a name to compare with, a good chain proves nothing about whom we speak with.
  if (result == X509_V_OK && (matched != nullptr || SSL_get0_dane_authority(ssl, nullptr, nullptr) >= 0))
    info.trust = PeerTrust::verified;
  else
    info.trust_problem = result == X509_V_OK ? "no host name to compare with" : X509_verify_cert_error_string(result);
  return info;
}

/// Whom the handshake is to find; false where OpenSSL does not take a TLSA record.
bool expect_peer(SSL* ssl, const std::string& host_name, const DanePeer& dane) {
  if (host_name.empty() || IpAddress::parse(host_name)) return dane.associations.empty();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (dane.associations.empty())
    return SSL_set_tlsext_host_name(ssl, host_name.c_str()) == 1 && SSL_set1_host(ssl, host_name.c_str()) == 1;
  if (SSL_dane_enable(ssl, host_name.c_str()) <= 0) return false;
  for (const auto& name : dane.other_names)
    if (SSL_add1_host(ssl, name.c_str()) != 1) return false;
  return std::ranges::all_of(dane.associations, [&](const dns::Tlsa& record) {
    return SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching_type,
                             reinterpret_cast<const unsigned char*>(record.association.data()),
                             record.association.size()) > 0;
  });
}

}  // namespace

Endpoint from_asio(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  const IpAddress value = address.is_v4() ? IpAddress::v4(address.to_v4().to_bytes())
                                          : IpAddress::v6(address.to_v6().to_bytes()).unmapped();
  return {.address = value, .port = endpoint.port()};
}

tcp::endpoint to_asio(const Endpoint& endpoint) {
  const auto octets = endpoint.address.octets();
  if (endpoint.address.is_v4()) {
    asio::ip::address_v4::bytes_type bytes;
    std::ranges::copy(octets, bytes.begin());
    return {asio::ip::address_v4(bytes), endpoint.port};
  }
  asio::ip::address_v6::bytes_type bytes;
  std::ranges::copy(octets, bytes.begin());
  return {asio::ip::address_v6(bytes), endpoint.port};
}

std::unique_ptr<Stream> make_stream(tcp::socket socket) {
  return std::make_unique<Stream>(std::make_shared<Stream::Impl>(std::move(socket)));
}

Stream::Impl::Impl(tcp::socket connected) : socket(std::move(connected)), timer_(socket.get_executor()) {
  error_code ignored;
  local = from_asio(socket.local_endpoint(ignored));
  remote = from_asio(socket.remote_endpoint(ignored));
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
}

void Stream::Impl::set_deadline(SteadyTime time) {
  deadline_ = time;
  timed_out_ = false;
  if (!set_to_ || time < *set_to_) wait(time);
}

void Stream::Impl::wait(SteadyTime time) {
  set_to_ = time;
  timer_.expires_at(timer_point(time));
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->set_to_.reset();
    if (!self->deadline_) return;
    if (*self->deadline_ > steady_now()) return self->wait(*self->deadline_);
    self->timed_out_ = true;
    error_code ignored;
    self->socket.cancel(ignored);
  });
}

void Stream::Impl::close() {
  error_code ignored;
  timer_.cancel();
  socket.close(ignored);
}

Stream::Stream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::~Stream() {
  impl_->close();
}

asio::awaitable<StreamResult<std::string_view>> Stream::read(SteadyTime deadline) {
  return read(deadline, read_octets);
}

asio::awaitable<StreamResult<std::string_view>> Stream::read(SteadyTime deadline, std::size_t most) {
  const auto impl = impl_;
  most = std::min(most, read_octets);
  if (co_await cancelled()) co_return std::unexpected(error_of(asio::error::operation_aborted, false));
  impl->set_deadline(deadline);
  error_code error;
  std::size_t size = 0;
  while (true) {
    if (!impl->buffer) impl->buffer = std::make_unique_for_overwrite<std::array<char, read_octets>>();
    const auto buffer = asio::buffer(*impl->buffer, most);
    if (impl->tls_stream) {
      std::tie(error, size) = co_await impl->tls_stream->async_read_some(buffer, await);
      break;
    }
    size = impl->socket.read_some(buffer, error);
    if (error != asio::error::would_block) break;
    // Thousands of clients that say nothing need no buffer.
    impl->buffer.reset();
    std::tie(error) = co_await impl->socket.async_wait(tcp::socket::wait_read, await);
    if (error) break;
  }
  impl->clear_deadline();
  if (error) co_return std::unexpected(error_of(error, impl->timed_out()));
  co_return std::string_view(impl->buffer->data(), size);
}

asio::awaitable<StreamResult<void>> Stream::write(std::string_view octets, SteadyTime deadline) {
  co_return co_await write(std::span(&octets, 1), deadline);
}

asio::awaitable<StreamResult<void>> Stream::write(std::span<const std::string_view> pieces, SteadyTime deadline) {
  const auto impl = impl_;
  if (co_await cancelled()) deadline = std::min(deadline, in(last_words));
  impl->set_deadline(deadline);
  error_code error;
  std::size_t size = 0;
  if (!impl->tls_stream) {
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(pieces.size());
    for (const auto piece : pieces) buffers.emplace_back(piece.data(), piece.size());
    std::tie(error, size) = co_await asio::async_write(impl->socket, buffers, await);
  } else if (pieces.size() == 1) {
    std::tie(error, size) = co_await asio::async_write(*impl->tls_stream, asio::buffer(pieces.front()), await);
  } else {
    std::string_view rest;
    for (auto record = gather(pieces, rest); !record.empty() && !error; record = gather(pieces, rest))
      std::tie(error, size) = co_await asio::async_write(*impl->tls_stream, asio::buffer(record), await);
  }
  impl->clear_deadline();
  if (error) co_return std::unexpected(error_of(error, impl->timed_out()));
  co_return StreamResult<void>();
}

asio::awaitable<StreamResult<TlsInfo>> Stream::handshake(std::shared_ptr<const TlsContext> context, TlsSide side,
                                                         std::string host_name, DanePeer dane, SteadyTime deadline) {
  const auto impl = impl_;
  if (co_await cancelled()) co_return std::unexpected(error_of(asio::error::operation_aborted, false));
  impl->context = std::move(context);
  auto& tls = impl->tls_stream.emplace(impl->socket, impl->context->native());
  SSL* ssl = tls.native_handle();
  if (side == TlsSide::client && !expect_peer(ssl, host_name, dane))
    co_return std::unexpected(
        StreamError{.fault = Fault::tls, .message = "TLS: cannot verify " + host_name + " by its TLSA records"});
  impl->set_deadline(deadline);
  const auto role = side == TlsSide::server ? asio::ssl::stream_base::server : asio::ssl::stream_base::client;
  auto [error] = co_await tls.async_handshake(role, await);
  impl->clear_deadline();
  if (error) {
    auto problem = error_of(error, impl->timed_out());
    if (const long verified = SSL_get_verify_result(ssl); side == TlsSide::client && verified != X509_V_OK)
      problem.message += std::string(" (") + X509_verify_cert_error_string(verified) + ")";
    co_return std::unexpected(std::move(problem));
  }
  impl->tls = info_of(ssl);
  co_return *impl->tls;
}

asio::awaitable<StreamResult<TlsInfo>> Stream::start_tls_server(std::shared_ptr<const TlsContext> context,
                                                                SteadyTime deadline) {
  return handshake(std::move(context), TlsSide::server, {}, {}, deadline);
}

asio::awaitable<StreamResult<TlsInfo>> Stream::start_tls_client(std::shared_ptr<const TlsContext> context,
                                                                std::string host_name, SteadyTime deadline,
                                                                DanePeer dane) {
  return handshake(std::move(context), TlsSide::client, std::move(host_name), std::move(dane), deadline);
}

const std::optional<TlsInfo>& Stream::tls() const {
  return impl_->tls;
}
const Endpoint& Stream::local() const {
  return impl_->local;
}
const Endpoint& Stream::remote() const {
  return impl_->remote;
}

void Stream::end_writing() {
  error_code ignored;
  if (!impl_->tls) impl_->socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> Stream::shutdown(SteadyTime deadline) {
  const auto impl = impl_;
  if (impl->tls) {
    impl->set_deadline(std::min(deadline, in(last_words)));
    co_await impl->tls_stream->async_shutdown(await);
    impl->clear_deadline();
  }
  error_code ignored;
  impl->socket.shutdown(tcp::socket::shutdown_both, ignored);
  impl->close();
}

void Stream::abort() {
  impl_->close();
}

asio::awaitable<bool> cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace ptarmigan::net
