"""Tries, from inside a domain, what a hostile model would like to do, and prints what came of it: one JSON line each.

It runs as root, and every file it tries is open to all: what says no is SELinux.
"""

import ctypes
import errno
import json
import os
import socket
import subprocess

BEGIN = "/srv/probe"
TYPES = [
    "incoming",
    "scanning",
    "held",
    "rejected",
    "model",
    "manifest",
    "registry_state",
    "audit",
    "state",
    "secret",
]
PTRACE_ATTACH = 16
SIGCONT = 18


def opened(path, flags):
    os.close(os.open(path, flags))


def made(family, kind, protocol=0):
    socket.socket(family, kind, protocol).close()


def connected(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)


def listening(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)


def traced(process):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, process, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def created(path):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    os.unlink(path)


def renamed(path):
    os.rename(path, path + ".other")
    os.rename(path + ".other", path)


ACTS = {
    "socket tcp": lambda: made(socket.AF_INET, socket.SOCK_STREAM),
    "socket tcp6": lambda: made(socket.AF_INET6, socket.SOCK_STREAM),
    "socket udp": lambda: made(socket.AF_INET, socket.SOCK_DGRAM),
    "socket raw": lambda: made(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "socket packet": lambda: made(socket.AF_PACKET, socket.SOCK_DGRAM),
    "socket netlink": lambda: made(socket.AF_NETLINK, socket.SOCK_RAW),
    "socket unix dgram": lambda: made(socket.AF_UNIX, socket.SOCK_DGRAM),
    "connect bus": lambda: connected("/run/dbus/system_bus_socket"),
    "connect sandbox": lambda: connected("/run/secure-ai-quarantine/examine.sock"),
    "listen unix": lambda: listening(f"/tmp/probe-{os.getpid()}.sock"),
    "read shadow": lambda: opened("/etc/shadow", os.O_RDONLY),
    "write etc": lambda: created("/etc/probe"),
    "write tmp": lambda: created(f"/tmp/probe-{os.getpid()}"),
    "read process": lambda: open("/proc/1/environ", "rb").read(),
    "kill process": lambda: os.kill(1, SIGCONT),
    "trace process": lambda: traced(1),
    "run program": lambda: subprocess.run(["/usr/bin/true"], check=True),
    "write selinux": lambda: opened("/sys/fs/selinux/enforce", os.O_WRONLY),
}
for name in TYPES:
    directory = f"{BEGIN}/{name}"
    ACTS |= {
        f"read {name}": lambda path=f"{directory}/file": open(path, "rb").read(),
        f"append {name}": lambda path=f"{directory}/file": opened(path, os.O_WRONLY | os.O_APPEND),
        f"write {name}": lambda path=f"{directory}/file": opened(path, os.O_WRONLY),
        f"create {name}": lambda path=f"{directory}/new": created(path),
        f"rename {name}": lambda path=f"{directory}/file": renamed(path),
    }

for act, attempt in ACTS.items():
    outcome = "allowed"
    try:
        attempt()
    except OSError as error:
        outcome = errno.errorcode[error.errno]
    print(json.dumps({"act": act, "outcome": outcome}), flush=True)
