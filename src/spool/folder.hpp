// spool/folder.hpp - the folder of a spool: its mode, its lock, its format version. POSIX files, no RocksDB.
//   FORMAT  "ptarmigan spool 1\n"      lock  held (flock) by the process that writes, whose pid is in it
//   db/     RocksDB's own files
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace ptarmigan::spool {

inline constexpr unsigned format_version = 1;

/// Holds the lock of the folder as long as it lives.
class FolderLock {
 public:
  FolderLock() = default;
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  int descriptor_ = -1;
};

/// Makes the folder (0700) and its FORMAT where they are missing, takes the lock, checks the version.
[[nodiscard]] Result<FolderLock> prepare_folder(const std::filesystem::path& folder);

/// For readers: there is a spool, of a version that this program reads.
[[nodiscard]] Result<> check_format(const std::filesystem::path& folder);

[[nodiscard]] std::filesystem::path database_folder(const std::filesystem::path& folder);

}  // namespace ptarmigan::spool
