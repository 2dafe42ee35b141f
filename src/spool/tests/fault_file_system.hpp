// spool/tests/fault_file_system.hpp - a file system under RocksDB that fails when told to: the storage seam.
// Threads: controls and files may be used from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace ptarmigan::spool::testing {

enum class Fault {
  none,
  write_error,  ///< EIO; half of the octets have reached the file
  no_space,     ///< ENOSPC; half of the octets have reached the file; lasts until disarmed
  sync_error,   ///< EIO at a sync; what was to be synced is in the file nonetheless
};

class FaultFileSystem : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "FaultFileSystem"; }

  /// The fault comes at the `after`-th next operation of its kind (0: the very next), and at all that follow.
  void arm(Fault fault, int after = 0) {
    left_ = after;
    struck_ = false;
    fault_ = fault;
  }
  void disarm() { fault_ = Fault::none; }
  /// True once the fault was given.
  [[nodiscard]] bool struck() const { return struck_; }
  /// What the file system says that it has left.
  void set_free_space(std::uint64_t octets) { free_space_ = octets; }

  rocksdb::IOStatus on_write() {
    if (fault_ == Fault::write_error && due()) return rocksdb::IOStatus::IOError("injected write error");
    if (fault_ == Fault::no_space && due()) return rocksdb::IOStatus::NoSpace("injected: no space left on device");
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus on_sync() {
    if (fault_ == Fault::sync_error && due()) return rocksdb::IOStatus::IOError("injected sync error");
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* free,
                                 rocksdb::IODebugContext* debug) override {
    if (fault_ == Fault::no_space && struck_) {
      *free = 0;
      return rocksdb::IOStatus::OK();
    }
    if (free_space_ == UINT64_MAX) return FileSystemWrapper::GetFreeSpace(path, options, free, debug);
    *free = free_space_;
    return rocksdb::IOStatus::OK();
  }

 private:
  bool due() {
    if (left_.fetch_sub(1) > 0) return false;
    struck_ = true;
    return true;
  }

  std::atomic<Fault> fault_ = Fault::none;
  std::atomic<int> left_ = 0;
  std::atomic<bool> struck_ = false;
  std::atomic<std::uint64_t> free_space_ = UINT64_MAX;
};

class FaultFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, FaultFileSystem& system)
      : FSWritableFileOwnerWrapper(std::move(file)), system_(system) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (auto fault = system_.on_write(); !fault.ok()) {
      FSWritableFileOwnerWrapper::Append({data.data(), data.size() / 2}, options, debug).PermitUncheckedError();
      return fault;
    }
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& /*checksum*/, rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    auto fault = system_.on_sync();
    return fault.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : fault;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    auto fault = system_.on_sync();
    return fault.ok() ? FSWritableFileOwnerWrapper::Fsync(options, debug) : fault;
  }

 private:
  FaultFileSystem& system_;
};

inline rocksdb::IOStatus FaultFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                          rocksdb::IODebugContext* debug) {
  auto status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
  // RocksDB's own notes (LOG) are no part of any promise.
  if (status.ok() && !path.ends_with("/LOG")) *file = std::make_unique<FaultFile>(std::move(*file), *this);
  return status;
}

}  // namespace ptarmigan::spool::testing
