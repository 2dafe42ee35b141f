// net/confine.cpp - see confine.hpp.
#include "net/confine.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ptarmigan::net {
namespace {

constexpr std::uint64_t writes_of_abi_1 = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                          LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                          LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                          LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                          LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
// A file goes from one folder to another only where this is handled; before, with Landlock, never.
constexpr std::uint64_t refer_of_abi_2 = 1ULL << 13U;     // LANDLOCK_ACCESS_FS_REFER
constexpr std::uint64_t truncate_of_abi_3 = 1ULL << 14U;  // LANDLOCK_ACCESS_FS_TRUNCATE, not in every header yet

std::string reason() {
  return std::strerror(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

Result<> keep_only_bind_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  sets[0].effective = sets[0].permitted = 1U << CAP_NET_BIND_SERVICE;
  if (::syscall(SYS_capset, &header, sets) != 0) return failure("capabilities could not be dropped: " + reason());
  return {};
}

Result<> allow_below(int ruleset, const std::string& path, std::uint64_t access) {
  const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (place.get() < 0) return failure(path + ": " + reason());
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = place.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return failure(path + ": " + reason());
  return {};
}

}  // namespace

Result<> become_user(const std::string& user) {
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr)
    return failure("there is no user '" + user + "' on this host", "useradd --system --no-create-home " + user);
  if (::geteuid() == entry->pw_uid) return {};
  if (::geteuid() != 0)
    return failure("only root can become the user '" + user + "'", "start it as root or as " + user);
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::initgroups(user.c_str(), entry->pw_gid) != 0 ||
      ::setgid(entry->pw_gid) != 0 || ::setuid(entry->pw_uid) != 0)
    return failure("could not become the user '" + user + "': " + reason());
  return keep_only_bind_capability();
}

Result<Confinement> confine_writes(const std::vector<std::string>& writable) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return Confinement::kernel_cannot;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = writes_of_abi_1 | (abi >= 2 ? refer_of_abi_2 : 0) | (abi >= 3 ? truncate_of_abi_3 : 0);
  const Descriptor ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (ruleset.get() < 0) return failure("Landlock: " + reason());
  for (const auto& folder : writable)
    if (auto allowed = allow_below(ruleset.get(), folder, attributes.handled_access_fs); !allowed)
      return std::unexpected(allowed.error());
  const std::uint64_t to_a_file = attributes.handled_access_fs & (LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_of_abi_3);
  if (auto allowed = allow_below(ruleset.get(), "/dev/null", to_a_file); !allowed)
    return std::unexpected(allowed.error());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return failure("Landlock: " + reason());
  return Confinement::confined;
}

}  // namespace ptarmigan::net
