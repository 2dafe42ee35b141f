// relay/control_socket.cpp - see control_socket.hpp.
#include "relay/control_socket.hpp"

#include <cerrno>
#include <cstring>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/stream.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

using Protocol = asio::local::stream_protocol;

constexpr std::size_t max_sessions = 16;
constexpr std::chrono::seconds patience{30};
/// Of a client: a change of a long queue is answered when all of it is done.
constexpr timeval client_patience{.tv_sec = 600, .tv_usec = 0};

std::unexpected<Error> system_failure(const std::string& doing, const std::filesystem::path& path, int code) {
  return failure("cannot " + doing + " " + path.string() + ": " + std::strerror(code),
                 code == EACCES ? "run it as the server's user, or as root" : "");
}

/// A folder held open: an address of a socket has room for 107 octets, a folder's path may have more.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_PATH | O_CLOEXEC)) {}
  ~Folder() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] std::string short_path(const std::filesystem::path& name) const {
    return "/proc/self/fd/" + std::to_string(descriptor_) + "/" + name.string();
  }

 private:
  int descriptor_;
};

}  // namespace

class ControlSocket::Impl : public std::enable_shared_from_this<ControlSocket::Impl> {
 public:
  Impl(asio::any_io_executor executor, net::Gate& gate, Control& control, std::filesystem::path path)
      : gate_(gate), control_(control), path_(std::move(path)), acceptor_(executor), executor_(std::move(executor)) {}
  ~Impl() { ::unlink(path_.c_str()); }

  Result<> open() {
    const Folder folder(path_.parent_path());
    if (!folder.is_open()) return system_failure("open", path_.parent_path(), errno);
    ::unlink(path_.c_str());
    boost::system::error_code error;
    acceptor_.open(Protocol(), error);
    if (!error) acceptor_.bind(Protocol::endpoint(folder.short_path(path_.filename())), error);
    if (!error && ::chmod(path_.c_str(), S_IRUSR | S_IWUSR) != 0) return system_failure("protect", path_, errno);
    if (!error) acceptor_.listen(max_sessions, error);
    if (error) return system_failure("listen on", path_, error.value());
    return {};
  }

  void start() { gate_.spawn(accept_forever()); }

 private:
  asio::awaitable<void> accept_forever() {
    const auto keep = shared_from_this();
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
      if (co_await net::cancelled()) break;
      if (!error && sessions_ < max_sessions) {
        gate_.spawn(session(std::make_shared<Protocol::socket>(std::move(socket))));
      } else if (error) {
        asio::steady_timer rest(executor_, std::chrono::milliseconds(100));  // no descriptors left
        co_await rest.async_wait(asio::as_tuple(asio::use_awaitable));
      }
    }
  }

  asio::awaitable<void> session(std::shared_ptr<Protocol::socket> socket) {
    const auto keep = shared_from_this();
    ++sessions_;
    co_await answer(std::move(socket));
    --sessions_;
  }

  asio::awaitable<void> answer(std::shared_ptr<Protocol::socket> socket) {
    asio::steady_timer timer(executor_);
    close_later(timer, socket);
    std::string line;
    const auto [read_error, size] = co_await asio::async_read_until(
        *socket, asio::dynamic_buffer(line, max_command + 1), '\n', asio::as_tuple(asio::use_awaitable));
    timer.cancel();
    if (read_error && read_error != asio::error::not_found) co_return;
    const auto text = co_await control_.answer(read_error ? std::move(line) : line.substr(0, size - 1)) + "\n";
    close_later(timer, socket);
    co_await asio::async_write(*socket, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    timer.cancel();
  }

  static void close_later(asio::steady_timer& timer, std::shared_ptr<Protocol::socket> socket) {
    timer.expires_after(patience);
    timer.async_wait([socket = std::move(socket)](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket->close(ignored);
    });
  }

  net::Gate& gate_;
  Control& control_;
  std::filesystem::path path_;
  Protocol::acceptor acceptor_;
  asio::any_io_executor executor_;
  std::size_t sessions_ = 0;
};

ControlSocket::ControlSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlSocket::~ControlSocket() = default;

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::any_io_executor executor, net::Gate& gate,
                                                           Control& control, const std::filesystem::path& spool) {
  auto impl = std::make_shared<Impl>(std::move(executor), gate, control, control_socket(spool));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(impl)));
}

void ControlSocket::start() {
  impl_->start();
}

Result<std::optional<std::string>> ask_server(const std::filesystem::path& spool, const std::string& command) {
  const auto path = control_socket(spool);
  const Folder folder(spool);
  if (!folder.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return system_failure("open", spool, errno);
  }
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return system_failure("open a socket for", path, errno);
  const std::unique_ptr<const int, void (*)(const int*)> closer(&descriptor, [](const int* open) { ::close(*open); });
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = folder.short_path(path.filename());
  std::memcpy(address.sun_path, name.data(), std::min(name.size(), sizeof address.sun_path - 1));
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &client_patience, sizeof client_patience);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    return system_failure("connect to", path, errno);
  }
  const std::string line = command + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const auto wrote = ::send(descriptor, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (wrote <= 0) return system_failure("write to", path, errno);
    sent += static_cast<std::size_t>(wrote);
  }
  std::string answer;
  std::string piece(std::size_t{64} * 1024, '\0');
  while (true) {
    const auto got = ::recv(descriptor, piece.data(), piece.size(), 0);
    if (got < 0) return system_failure("read from", path, errno);
    if (got == 0) break;
    answer.append(piece, 0, static_cast<std::size_t>(got));
  }
  if (answer.empty()) return failure("the server gave no answer on " + path.string(), "it may just have stopped");
  return answer;
}

}  // namespace ptarmigan::relay
