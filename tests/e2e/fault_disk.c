/* fault_disk.c - preloaded into the server: the disk of its spool fails when a test says so, and its wall clock jumps.
 *
 *   cc -shared -fPIC -O1 -o fault_disk.so fault_disk.c -ldl
 *   FAULT_PLAN=plan FAULT_FOLDER=/path/of/spool/db LD_PRELOAD=./fault_disk.so program
 *
 * The plan is a file of PLAN_SIZE octets, shared with the test, which may change it at any time:
 *   int32 fault   see below; 0: none
 *   int32 left    operations of its kind that still work
 *   int32 struck  how often the fault was given
 *   int32 unused
 *   int64 clock   milliseconds by which CLOCK_REALTIME is wrong
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { NONE, WRITE_ERROR, NO_SPACE, SYNC_ERROR, TORN_WRITE, DIE_BEFORE_SYNC, DIE_AFTER_SYNC };
enum { PLAN_SIZE = 24 };

static struct {
  volatile int32_t fault, left, struck, unused;
  volatile int64_t clock;
} *plan;
static char folder[PATH_MAX];

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULT_PLAN"), *where = getenv("FAULT_FOLDER");
  int file = path && where ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *mapped = mmap(NULL, PLAN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  snprintf(folder, sizeof folder, "%s/", where);
  plan = mapped;
}

static int is_ours(int fd) {
  char link[64], path[PATH_MAX];
  if (!plan || plan->fault == NONE) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  /* LOG is RocksDB's own diary: nobody relies on it. */
  return strncmp(path, folder, strlen(folder)) == 0 && strcmp(path + strlen(folder), "LOG") != 0;
}

static int due(void) {
  if (__sync_sub_and_fetch(&plan->left, 1) >= 0) return 0;
  __sync_add_and_fetch(&plan->struck, 1);
  return 1;
}

static int write_fault(int fd) {
  if (!is_ours(fd)) return NONE;
  int fault = plan->fault;
  return (fault == WRITE_ERROR || fault == NO_SPACE || fault == TORN_WRITE) && due() ? fault : NONE;
}

/* Half of the octets reach the file, as a disk that fails in the middle would leave it. */
static ssize_t fail_write(int fault) {
  if (fault == TORN_WRITE) raise(SIGKILL);
  errno = fault == NO_SPACE ? ENOSPC : EIO;
  return -1;
}

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  int fault = write_fault(fd);
  if (fault == NONE) return real(fd, data, size);
  if (real(fd, data, size / 2) < 0) return -1;
  return fail_write(fault);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  REAL(pwrite);
  int fault = write_fault(fd);
  if (fault == NONE) return real(fd, data, size, at);
  if (real(fd, data, size / 2, at) < 0) return -1;
  return fail_write(fault);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return pwrite(fd, data, size, at); }

static int sync_file(int fd, int (*real)(int)) {
  if (!is_ours(fd)) return real(fd);
  int fault = plan->fault;
  if ((fault != SYNC_ERROR && fault != DIE_BEFORE_SYNC && fault != DIE_AFTER_SYNC) || !due()) return real(fd);
  if (fault == DIE_BEFORE_SYNC) raise(SIGKILL);
  if (fault == DIE_AFTER_SYNC) {
    real(fd);
    raise(SIGKILL);
  }
  errno = EIO;
  return -1;
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return sync_file(fd, real);
}

int fsync(int fd) {
  REAL(fsync);
  return sync_file(fd, real);
}

/* While there is no space, the file system says so too. */
int statvfs(const char *path, struct statvfs *out) {
  REAL(statvfs);
  int done = real(path, out);
  if (done == 0 && plan && plan->fault == NO_SPACE && plan->struck > 0) out->f_bavail = out->f_bfree = 0;
  return done;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
  REAL(clock_gettime);
  int done = real(clock, out);
  if (done != 0 || clock != CLOCK_REALTIME || !plan || plan->clock == 0) return done;
  int64_t ns = (int64_t)out->tv_sec * 1000000000 + out->tv_nsec + plan->clock * 1000000;
  out->tv_sec = ns / 1000000000;
  out->tv_nsec = ns % 1000000000;
  return 0;
}
