// cli/host_checks.cpp - see host_checks.hpp.
#include "cli/host_checks.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/dkim/key_record.hpp"
#include "cli/terminal.hpp"
#include "net/tls.hpp"
#include "spool/folder.hpp"

namespace ptarmigan::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_key_octets = std::size_t{1} << 20;
constexpr unsigned first_free_port = 1024;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  const auto octets = endpoint.address.octets();
  if (endpoint.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.size = sizeof in;
  }
  return out;
}

/// 0, or the errno of binding to it; nothing stays bound.
int try_bind(const Endpoint& endpoint) {
  const Socket socket(::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno;
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (endpoint.address.is_v6()) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const auto address = to_socket_address(endpoint);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) return errno;
  return ::listen(socket.get(), 1) != 0 ? errno : 0;
}

std::set<IpAddress> host_addresses() {
  std::set<IpAddress> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    if (at->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, at->ifa_addr, sizeof in);
      std::array<std::uint8_t, 4> octets{};
      std::memcpy(octets.data(), &in.sin_addr, octets.size());
      out.insert(IpAddress::v4(octets));
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, at->ifa_addr, sizeof in);
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &in.sin6_addr, octets.size());
      out.insert(IpAddress::v6(octets));
    }
  }
  ::freeifaddrs(list);
  return out;
}

std::string indexed(const char* table, std::size_t index, const std::string& key) {
  return std::string(table) + "[" + std::to_string(index) + "]." + key;
}

std::string candidates_text(const std::set<IpAddress>& here, Family family) {
  std::string out;
  for (const auto& address : here)
    if (address.family() == family && !address.is_loopback() && !address.is_link_local())
      out += (out.empty() ? "" : ", ") + address.text();
  return out;
}

void check_source_address(const std::string& place, const IpAddress& address, const std::set<IpAddress>& here,
                          ConfigFindings& findings) {
  if (here.contains(address)) return;
  const auto family = std::string(to_string(address.family()));
  const auto others = candidates_text(here, address.family());
  if (others.empty())
    findings.push_back(
        {place,
         "this host has no " + family + " address that others see, so nothing can be sent from " + address.text(),
         "set up " + family + " on this host, or remove the setting"});
  else
    findings.push_back({place, address.text() + " is not on this host", "its " + family + " addresses are " + others});
}

void check_port(const std::string& place, const Endpoint& endpoint, ConfigFindings& findings) {
  const int code = try_bind(endpoint);
  if (code == 0) return;
  std::string remedy = "choose another address or port";
  if (code == EADDRINUSE) remedy = "another server, or this one, listens there already: `ss -ltnp` shows which";
  if (code == EADDRNOTAVAIL) remedy = "name an address of this host";
  if (code == EAFNOSUPPORT) remedy = "this host has no IPv6: listen on an IPv4 address only";
  if (code == EACCES && endpoint.port < first_free_port)
    remedy = "ports below 1024 need root, the capability CAP_NET_BIND_SERVICE, or a socket from systemd";
  findings.push_back({place, "cannot listen on " + endpoint.text() + ": " + std::strerror(code), remedy});
}

void check_certificate(const std::string& section, const std::string& certificate, const std::string& key,
                       ConfigFindings& findings) {
  if (certificate.empty() && key.empty()) return;
  if (certificate.empty() || key.empty()) {
    findings.push_back({section + (certificate.empty() ? ".certificate" : ".key"), "is missing",
                        "a certificate needs its key, and a key its certificate"});
    return;
  }
  if (const auto context = net::TlsContext::server(certificate, key); !context)
    findings.push_back({section + ".certificate", context.error().message, context.error().remedy});
}

void check_readable(const std::string& place, const std::string& file, ConfigFindings& findings) {
  if (file.empty()) return;
  if (const auto text = read_file(file, max_key_octets); !text)
    findings.push_back({place, text.error().message, text.error().remedy});
}

void check_writable(const std::string& place, const fs::path& folder, ConfigFindings& findings) {
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  const int code = errno;
  findings.push_back({place, "cannot write in " + folder.string() + ": " + std::strerror(code),
                      code == ENOENT ? "create it: mkdir -p " + folder.string()
                                     : "make it writable for the user that runs the server"});
}

fs::path folder_above(const std::string& path) {
  return fs::absolute(path).lexically_normal().parent_path();
}

}  // namespace

void check_sources(const config::Config& config, ConfigFindings& findings) {
  const auto here = host_addresses();
  for (std::size_t i = 0; i < config.sources.size(); ++i) {
    const auto& source = config.sources[i];
    if (source.ipv4) check_source_address(indexed("source", i, "ipv4"), *source.ipv4, here, findings);
    if (source.ipv6) check_source_address(indexed("source", i, "ipv6"), *source.ipv6, here, findings);
    if (!source.ehlo && !config.hostname)
      findings.push_back(
          {indexed("source", i, "ehlo"), "this source has no name for EHLO", "set ehlo here, or hostname"});
  }
  if (config.sources.empty() && config.relays.empty())
    findings.push_back({"source", "there is no source and no relay: mail has no way out",
                        "add a [[source]] with this host's addresses"});
}

void check_ports(const config::Config& config, ConfigFindings& findings) {
  for (std::size_t i = 0; i < config.submission.listen.size(); ++i)
    check_port("submission.listen[" + std::to_string(i) + "]", config.submission.listen[i], findings);
}

void check_certificates(const config::Config& config, ConfigFindings& findings) {
  check_certificate("submission", config.submission.certificate, config.submission.key, findings);
  check_certificate("rehearsal", config.rehearsal.certificate, config.rehearsal.key, findings);
}

void check_folders(const config::Config& config, ConfigFindings& findings) {
  const fs::path spool = config.spool.path;
  if (!fs::exists(spool)) {
    check_writable("spool.path", folder_above(spool), findings);
  } else {
    check_writable("spool.path", spool, findings);
    const bool empty = fs::is_directory(spool) && fs::is_empty(spool);
    if (const auto format = spool::check_format(spool); !format && !empty)
      findings.push_back({"spool.path", format.error().message, format.error().remedy});
  }
  check_writable("store.path", folder_above(config.store.path), findings);
}

void check_files(const config::Config& config, ConfigFindings& findings) {
  check_readable("submission.users_file", config.submission.users_file, findings);
  check_readable("dns.root_hints", config.dns.root_hints, findings);
  check_readable("dns.trust_anchor", config.dns.trust_anchor, findings);
  for (std::size_t i = 0; i < config.relays.size(); ++i) {
    check_readable(indexed("relay", i, "password_file"), config.relays[i].password_file, findings);
    check_readable(indexed("relay", i, "ca_file"), config.relays[i].ca_file, findings);
  }
}

std::vector<ReadKey> read_keys(const config::Config& config, ConfigFindings& findings) {
  std::vector<ReadKey> out;
  for (std::size_t i = 0; i < config.domains.size(); ++i) {
    for (std::size_t j = 0; j < config.domains[i].dkim.size(); ++j) {
      const auto& configured = config.domains[i].dkim[j];
      const auto place = indexed("domain", i, indexed("dkim", j, "key_file"));
      const auto text = read_file(configured.key_file, max_key_octets);
      if (!text) {
        findings.push_back({place, text.error().message,
                            text.error().remedy + "; `ptarmigan dkim keygen " + config.domains[i].name.text() +
                                " --selector " + configured.selector + "` makes one"});
        continue;
      }
      auto key = dkim::PrivateKey::parse(*text);
      if (!key) {
        findings.push_back({place, configured.key_file + ": " + key.error().message, key.error().remedy});
        continue;
      }
      if (const auto name = dkim::key_name(configured.selector, config.domains[i].name); !name) {
        findings.push_back(
            {indexed("domain", i, indexed("dkim", j, "selector")), name.error().message, name.error().remedy});
        continue;
      }
      out.push_back({place, config.domains[i].name, configured.selector, *std::move(key)});
    }
  }
  return out;
}

}  // namespace ptarmigan::cli
