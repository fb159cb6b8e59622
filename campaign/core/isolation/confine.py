"""What a process gives up for good before it works on what a stranger sent. Linux.

Each limit is set where the machine supports it; `campaign doctor` tries them and says which hold.
"""

import ctypes
import math
import os
import platform
import resource
import socket
import struct
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path

_NOBODY = 65534
_OPEN_FILES = 64
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # linux/sched.h
_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38  # linux/prctl.h, linux/seccomp.h
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # refuse: EPERM
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every machine
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3  # linux/landlock.h
_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""The kernel's mark of each, and its column in the tables below; others have no filter."""
_OTHER_NUMBERS = 0x40000000
"""From here on x86_64 counts the same calls once more (x32), past every list of numbers."""
_COMPUTING = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62),
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "ioctl": (16, 29), "pread64": (17, 67), "readv": (19, 65), "writev": (20, 66),
    "sched_yield": (24, 124), "mremap": (25, 216), "madvise": (28, 233), "dup": (32, 23),
    "nanosleep": (35, 101), "getpid": (39, 172), "exit": (60, 93), "uname": (63, 160),
    "fcntl": (72, 25), "getcwd": (79, 17), "gettimeofday": (96, 169), "getrusage": (98, 165),
    "sysinfo": (99, 179), "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175),
    "getegid": (108, 177), "sigaltstack": (131, 132), "gettid": (186, 178), "futex": (202, 98),
    "restart_syscall": (219, 128), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "exit_group": (231, 94), "set_robust_list": (273, 99),
    "getrandom": (318, 278), "membarrier": (324, 283), "rseq": (334, 293),
}  # fmt: skip
_OPENING = {
    "open": (2, None), "stat": (4, None), "lstat": (6, None), "access": (21, None),
    "readlink": (89, None), "getdents64": (217, 61), "openat": (257, 56), "newfstatat": (262, 79),
    "readlinkat": (267, 78), "faccessat": (269, 48), "statx": (332, 291), "faccessat2": (439, 439),
}  # fmt: skip
_LEAVING = {
    "socket": (41, 198), "execve": (59, 221), "ptrace": (101, 117), "mount": (165, 40),
    "keyctl": (250, 219), "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "execveat": (322, 281),
    "io_uring_setup": (425, 425),
}  # fmt: skip
"""What no child needs: the network, another program, another process."""
_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    return any(_libc.unshare(way) == 0 for way in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))


def limit_process(memory: int, seconds: float) -> None:
    """Set limits for a child that writes files: private memory, and no core that is dumped."""
    _set_limits({resource.RLIMIT_DATA: memory, resource.RLIMIT_CPU: math.ceil(4 * seconds) + 5})
    _filter_calls(_LEAVING, matched=_REFUSE, otherwise=_ALLOW)


def keep_to_computing(memory: int, seconds: float, *, landlock: bool = True) -> None:
    """Leave a child nothing but its memory, its pipe, and fonts and Python's modules to read.

    :param landlock: off for a test of machines without: then it opens no file at all.
    """
    _set_limits(
        {
            resource.RLIMIT_AS: memory,
            resource.RLIMIT_CPU: math.ceil(seconds) + 1,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_NOFILE: _OPEN_FILES,
        }
    )
    if os.geteuid() == 0:
        _become_nobody()
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # of a user: not before it is another
    calls = _COMPUTING | _OPENING if landlock and _restrict_files() else _COMPUTING
    _filter_calls(calls, matched=_ALLOW, otherwise=_REFUSE)


def _set_limits(limits: dict[int, int]) -> None:
    for limit, most in ({resource.RLIMIT_CORE: 0} | limits).items():
        hard = resource.getrlimit(limit)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (value, value))


def _become_nobody() -> None:
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return  # root of a container that may not; the other walls stand


def _restrict_files() -> bool:
    """Have the kernel refuse every file but those to read; tells whether it can (Landlock)."""
    version = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1 or not _give_up_privileges():
        return False
    handled = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}.get(version, 0xFFFF)
    rules = ctypes.create_string_buffer(struct.pack("=Q", handled), 8)
    ruleset = _libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    for folder in _folders_to_read():
        _allow_reading(ruleset, folder)
    is_confined = bool(_libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    os.close(ruleset)
    return is_confined


def _folders_to_read() -> Iterable[str]:
    ours = str(Path(__file__).resolve().parents[2])
    python = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return filter(os.path.isdir, {ours, *python, *_FONTS})


def _allow_reading(ruleset: int, folder: str) -> None:
    try:
        handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not ours to read: what would be loaded later is not
    rule = struct.pack("=Qi", _READ_FILE | _READ_FOLDER, handle)
    _libc.syscall(_ADD_RULE, ruleset, 1, ctypes.create_string_buffer(rule, len(rule)), 0)
    os.close(handle)


def _give_up_privileges() -> bool:
    """Never get more rights by starting a program; what follows asks for it."""
    return bool(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0)


def _filter_calls(
    calls: "dict[str, tuple[int, int]] | dict[str, tuple[int, int | None]]",
    *,
    matched: int,
    otherwise: int,
) -> bool:
    """Have the kernel treat these system calls so, and all others otherwise (seccomp)."""
    if platform.machine() not in _MACHINES or not _give_up_privileges():
        return False
    mark, column = _MACHINES[platform.machine()]
    numbers = [pair[column] for pair in calls.values() if pair[column] is not None]
    # struct sock_filter: code, jump if true, jump if false, value. 0x20 loads a word of
    # struct seccomp_data (0: the call's number, 4: the machine), 0x15 compares (0x35: at least),
    # 0x06 returns.
    steps = [(0x20, 0, 0, 4), (0x15, 1, 0, mark), (0x06, 0, 0, _KILL), (0x20, 0, 0, 0)]
    steps += [(0x35, 0, 1, _OTHER_NUMBERS), (0x06, 0, 0, _REFUSE)]
    for number in numbers:
        steps += [(0x15, 0, 1, number or 0), (0x06, 0, 0, matched)]
    steps.append((0x06, 0, 0, otherwise))
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(steps), ctypes.addressof(code))
    return bool(_libc.prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(header), 0, 0) == 0)


def list_open_ways(data: bytes) -> list[str]:
    """List what a reader may not and this process can; `data` is a path that it must not read."""
    ways: dict[str, Callable[[], object]] = {
        "reads files": lambda: Path(os.fsdecode(data)).read_bytes(),
        "writes files": lambda: os.open("/tmp/campaign-doctor", os.O_CREAT | os.O_RDWR),  # noqa: S108
        "reaches the network": lambda: socket.create_connection(("127.0.0.1", 9), timeout=0.1),  # noqa: TID251
        "starts processes": lambda: os.fork() or os._exit(0),
        "signals processes": lambda: os.kill(os.getppid(), 0),
        "knows the environment": lambda: next(iter(set(os.environ) - {"LC_CTYPE"})),
    }
    return [name for name, way in ways.items() if _is_open(way)]


def _is_open(way: Callable[[], object]) -> bool:
    try:
        way()
    except (OSError, StopIteration) as problem:
        # Whoever hears that nobody listens there has reached a network.
        return isinstance(problem, ConnectionRefusedError | TimeoutError)
    return True
