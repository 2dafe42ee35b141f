"""Linux namespaces without any helper program: make a private world, enter it, mount in it.

A world is a user (when not root), mount, network, PID, UTS and IPC namespace whose process 1 is the keeper. When that
process ends, the kernel kills every other process of the world and drops its mounts and its network: nothing can be left.
"""

import ctypes
import os
import pickle
import pwd
import select
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

from .errors import LabError

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
# AUDIT_ARCH_* and the numbers of set(re|res)?[ug]id, setgroups and *chown* there.
ID_CALLS = {
    "x86_64": (0xC000003E, (92, 93, 94, 105, 106, 113, 114, 116, 117, 119, 260)),
    "aarch64": (0xC00000B7, (54, 55, 143, 144, 145, 146, 147, 149, 159)),
}
SUBORDINATE_IDS = 65535  # how many further ids the mail servers' accounts need in an unprivileged world

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *arguments) -> int:
    result = getattr(_libc, function)(*arguments)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    _call("unshare", ctypes.c_int(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    try:
        _call(
            "mount", os.fsencode(source), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None
        )
    except OSError as error:
        raise OSError(error.errno, f"cannot mount {kind or 'bind'} on {target}: {os.strerror(error.errno)}") from None


def set_host_name(name: str) -> None:
    _call("sethostname", name.encode(), ctypes.c_size_t(len(name)))


def loopback_up() -> None:
    """Sets IFF_UP on lo (SIOCGIFFLAGS, SIOCSIFFLAGS)."""
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = bytearray(struct.pack("16sh22x", b"lo", 0))
        fcntl.ioctl(probe, 0x8913, request)
        flags = struct.unpack_from("h", request, 16)[0]
        struct.pack_into("h", request, 16, flags | 1)
        fcntl.ioctl(probe, 0x8914, request)


def pretend_ids() -> None:
    """From now on changes of account and of file owners succeed without effect, here and in all children (a seccomp filter).

    For a world with one id: its mail servers want accounts of their own, and the kernel has none to give. All is the user's own anyway.
    """
    if os.uname().machine not in ID_CALLS:
        raise LabError("without subordinate ids the lab knows only x86_64 and aarch64", "install uidmap, or run the lab as root")
    architecture, numbers = ID_CALLS[os.uname().machine]
    load, equal, answer = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    allow, succeed = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO with errno 0
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, allow), (load, 0, 0, 0)]
    program += [(equal, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    program += [(answer, 0, 0, allow), (answer, 0, 0, succeed)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("H6xP", len(program), ctypes.addressof(code)))
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0)


# --- Making a world -------------------------------------------------------------------------------------------------------------------


def spawn(keeper) -> int:
    """Runs `keeper()` as process 1 of a new world; returns its process id as seen from here, at once.

    The new process keeps the open files of this one. `keeper` must not return normally: its process exits with 1 then.
    """
    wants_user = os.geteuid() != 0
    from_child, to_parent = os.pipe()
    from_parent, to_child = os.pipe()
    middle = os.fork()
    if middle == 0:
        _middle(keeper, wants_user, to_parent, from_parent)
    os.close(to_parent)
    os.close(from_parent)
    try:
        if wants_user:
            _expect(from_child, b"u")
            map_ids(middle)
            os.write(to_child, b"m")
        _expect(from_child, b"p")
        return int(_read_line(from_child))
    finally:
        os.close(from_child)
        os.close(to_child)
        os.waitpid(middle, 0)


def _middle(keeper, wants_user: bool, out: int, into: int) -> None:
    """The process between starter and keeper: it makes the namespaces, then the process that is 1 in them."""
    try:
        os.setsid()
        if wants_user:
            unshare(CLONE_NEWUSER)
            os.write(out, b"u")
            if os.read(into, 1) != b"m":
                os._exit(1)
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
        unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
        process = os.fork()
        if process == 0:
            os.close(out)
            os.close(into)
            keeper()
            os._exit(1)
        os.write(out, f"p{process}\n".encode())
    except OSError as error:
        os.write(out, f"e{error}\n".encode())
    os._exit(0)


def _expect(pipe: int, wanted: bytes) -> None:
    got = os.read(pipe, 1)
    if got == wanted:
        return
    reason = _read_line(pipe) if got == b"e" else "the process that makes it ended early"
    if os.geteuid() == 0:
        remedy = "in a container, allow CAP_SYS_ADMIN (docker run --privileged)"
    else:
        remedy = "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000), or run as root"
    raise LabError(f"this system does not let us make a private world: {reason}", remedy)


def _read_line(pipe: int) -> str:
    text = b""
    while not text.endswith(b"\n"):
        more = os.read(pipe, 1)
        if not more:
            break
        text += more
    return text.decode().strip()


def map_ids(process: int) -> None:
    """Maps this user to root in the user namespace of `process`, and its subordinate ids (/etc/subuid) to 1 and up.

    Without subordinate ids (no newuidmap, no entry) there is only root in the world: see pretend_ids().
    """
    uid, gid = os.geteuid(), os.getegid()
    user, group = _subordinate("/etc/subuid", uid), _subordinate("/etc/subgid", uid)
    if user and group and shutil.which("newuidmap") and shutil.which("newgidmap"):
        for tool, own, first in (("newuidmap", uid, user), ("newgidmap", gid, group)):
            words = [tool, process, 0, own, 1, 1, first, SUBORDINATE_IDS]
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
            if done.returncode != 0:
                raise LabError(f"{tool} failed: {done.stderr.strip()}", "check /etc/subuid and /etc/subgid (see `man newuidmap`)")
        return
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        Path(f"/proc/{process}/{name}").write_text(text)


def _subordinate(path: str, uid: int) -> int | None:
    """The first of at least SUBORDINATE_IDS ids granted to this user, as in "alice:100000:65536"."""
    try:
        names = {str(uid), pwd.getpwuid(uid).pw_name}
    except KeyError:
        names = {str(uid)}
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        parts = line.split(":")
        if len(parts) == 3 and parts[0] in names and int(parts[2]) >= SUBORDINATE_IDS:
            return int(parts[1])
    return None


def as_world_root(action) -> None:
    """Calls `action()` as the root of a throw-away user namespace: it may delete what a world's accounts left behind."""
    if os.geteuid() == 0:
        action()
        return
    from_child, to_parent = os.pipe()
    from_parent, to_child = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            unshare(CLONE_NEWUSER)
            os.write(to_parent, b"u")
            os.read(from_parent, 1)
            os.setresuid(0, 0, 0)
            action()
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(to_parent)
    _expect(from_child, b"u")
    map_ids(child)
    os.write(to_child, b"m")
    for pipe in (from_child, from_parent, to_child):
        os.close(pipe)
    if os.waitpid(child, 0)[1] != 0:
        raise LabError("could not clean up as the world's root")


# --- Entering a world -----------------------------------------------------------------------------------------------------------------


def enter(keeper: int) -> None:
    """Moves this process into the world of `keeper`; the PID namespace holds for children only. Keeps the working folder."""
    folder = os.getcwd()
    try:
        handle = os.pidfd_open(keeper)
        _enter_user(handle, keeper)
        _call("setns", handle, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
        os.close(handle)
    except OSError as error:
        raise LabError(f"cannot enter the lab: {error.strerror}", "use the lab as the user who started it") from None
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")


def ask_as_root(keeper: int, question):
    """The value of `question()`, asked as the world's root: the files of the world's accounts are not this user's own."""
    if os.geteuid() == 0:
        return question()
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(readable)
            _enter_user(os.pidfd_open(keeper), keeper)
            with os.fdopen(writable, "wb") as out:
                pickle.dump(question(), out)
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(writable)
    with os.fdopen(readable, "rb") as answer:
        data = answer.read()
    if os.waitpid(child, 0)[1] != 0:
        raise LabError("cannot read the lab's files", "use the lab as the user who started it")
    return pickle.loads(data)


def _enter_user(handle: int, keeper: int) -> None:
    if os.stat("/proc/self/ns/user").st_ino != os.stat(f"/proc/{keeper}/ns/user").st_ino:
        _call("setns", handle, CLONE_NEWUSER)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)


def run_inside(keeper: int, command: list[str], environment: dict[str, str]) -> int:
    """Runs `command` in the world of `keeper` with our own standard streams; returns its exit status as a shell would.

    Signals that reach us go on to the command; when we die, even by SIGKILL, so does the command.
    """
    forwarded = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGINT, signal.SIGCONT)
    enter(keeper)
    signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)
    us = os.pidfd_open(os.getpid())
    child = os.fork()
    if child == 0:
        try:
            _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if select.select([us], [], [], 0)[0]:  # already dead: the signal above would never come
                os._exit(1)
            os.close(us)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, forwarded)
            os.execvpe(command[0], command, environment)
        except OSError as error:
            print(f"lab: {command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    os.close(us)
    interactive = os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()

    def forward(number: int, frame) -> None:
        try:
            os.kill(child, number)  # our own child until waitpid() below: the id cannot be another's
        except ProcessLookupError:
            pass

    for number in forwarded:
        # a terminal sends its interrupts to the whole group itself
        by_terminal = interactive and number in (signal.SIGINT, signal.SIGQUIT)
        signal.signal(number, signal.SIG_IGN if by_terminal else forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, forwarded)
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
