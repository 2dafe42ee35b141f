// adapt/answer_server.cpp - see answer_server.hpp.
#include "adapt/answer_server.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapt/socket_address.hpp"
#include "base/ip_address.hpp"

namespace ptarmigan::adapt {
namespace {

constexpr int backlog = 1024;

std::string reason() {
  return std::strerror(errno);
}

/// True where somebody answers there, so that the socket must not be taken away.
bool somebody_listens(const SocketAddress& address) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), address.get(), address.size) == 0;
}

void make_unblocking(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

std::string name_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "?";
  if (storage.ss_family == AF_UNIX) return reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
  if (storage.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in->sin_addr, octets.size());
    return Endpoint{IpAddress::v4(octets), ntohs(in->sin_port)}.text();
  }
  const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &in->sin6_addr, octets.size());
  return Endpoint{IpAddress::v6(octets), ntohs(in->sin6_port)}.text();
}

}  // namespace

struct AnswerServer::Connection {
  Descriptor socket;
  std::unique_ptr<Conversation> conversation;
  std::function<void()> gone = {};
  std::string output = {};
  bool ending = false;
  bool waits_to_write = false;

  /// False: to be closed.
  bool serve() {
    std::array<char, 65536> chunk;
    while (!ending) {
      const auto got = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (got <= 0) return false;
      if (!conversation->talk({chunk.data(), static_cast<std::size_t>(got)}, output)) ending = true;
      if (!write()) return false;
    }
    return write() && (!ending || !output.empty());
  }

  bool write() {
    while (!output.empty()) {
      const auto sent = ::send(socket.get(), output.data(), output.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return output.size() <= max_output;
      if (sent <= 0) return false;
      output.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
  }
};

AnswerServer::AnswerServer(Begin begin) : begin_(std::move(begin)) {}

AnswerServer::~AnswerServer() {
  stop();
  for (const auto& path : paths_) ::unlink(path.c_str());
}

Result<> AnswerServer::listen(const std::string& where, unsigned mode) {
  const bool path = where.starts_with('/');
  const auto address = socket_address(where);
  if (!address) return std::unexpected(address.error());
  if (path) {
    if (somebody_listens(*address)) return failure("somebody listens on " + where + " already");
    struct stat there{};
    if (::lstat(where.c_str(), &there) == 0 && !S_ISSOCK(there.st_mode))
      return failure(where + " is there and is no socket", "name another path, or remove it");
    ::unlink(where.c_str());
  }
  Descriptor socket(::socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), address->get(), address->size) != 0 || (path && ::chmod(where.c_str(), mode) != 0) ||
      ::listen(socket.get(), backlog) != 0)
    return failure("cannot listen on " + where + ": " + reason());
  if (path) paths_.push_back(where);
  listening_.push_back(std::move(socket));
  return {};
}

void AnswerServer::listen(Descriptor inherited) {
  make_unblocking(inherited.get());
  listening_.push_back(std::move(inherited));
}

void AnswerServer::adopt(Descriptor connected, std::function<void()> gone) {
  make_unblocking(connected.get());
  adopted_.push_back(std::make_unique<Connection>(
      Connection{.socket = std::move(connected), .conversation = begin_(), .gone = std::move(gone)}));
}

std::vector<int> AnswerServer::descriptors() const {
  std::vector<int> out;
  for (const auto& socket : listening_) out.push_back(socket.get());
  return out;
}

std::vector<std::string> AnswerServer::names() const {
  std::vector<std::string> out;
  for (const auto& socket : listening_) out.push_back(name_of(socket.get()));
  return out;
}

Result<> AnswerServer::start() {
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const auto watch = [&](int descriptor) {
    epoll_event event{EPOLLIN, {.fd = descriptor}};
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
  };
  if (!watch(wake_.get())) return failure("cannot wait for questions: " + reason());
  for (const auto& socket : listening_)
    if (!watch(socket.get())) return failure("cannot wait for questions: " + reason());
  for (auto& connection : adopted_)
    if (!add(std::move(connection))) return failure("cannot wait for questions: " + reason());
  adopted_.clear();
  thread_ = std::thread([this] { run(); });
  return {};
}

void AnswerServer::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto told = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
  connections_.clear();
}

void AnswerServer::accept_all(int listening) {
  while (true) {
    Descriptor socket(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) return;
    if (open_ >= max_connections) continue;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    add(std::make_unique<Connection>(Connection{.socket = std::move(socket), .conversation = begin_()}));
  }
}

bool AnswerServer::add(std::unique_ptr<Connection> connection) {
  const int descriptor = connection->socket.get();
  epoll_event event{EPOLLIN | EPOLLRDHUP, {.fd = descriptor}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) return false;
  const auto at = static_cast<std::size_t>(descriptor);
  if (connections_.size() <= at) connections_.resize(at + 1);
  connections_[at] = std::move(connection);
  ++open_;
  return true;
}

void AnswerServer::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == wake_.get()) continue;
      const auto at = static_cast<std::size_t>(descriptor);
      if (at >= connections_.size() || !connections_[at]) {
        accept_all(descriptor);
        continue;
      }
      auto& connection = *connections_[at];
      if (!connection.serve()) {
        if (connection.gone) connection.gone();
        connections_[at].reset();
        --open_;
        continue;
      }
      if (connection.output.empty() == !connection.waits_to_write) continue;
      connection.waits_to_write = !connection.output.empty();
      epoll_event event{connection.waits_to_write ? EPOLLOUT | EPOLLRDHUP : EPOLLIN | EPOLLRDHUP, {.fd = descriptor}};
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
    }
  }
}

}  // namespace ptarmigan::adapt
