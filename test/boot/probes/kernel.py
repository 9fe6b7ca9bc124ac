"""Tries, from inside a copy of a unit, what its directives forbid, and prints what happened as one JSON object."""

import ctypes
import errno
import json
import os
import resource
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


def attempt(act):
    try:
        result = act()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error)) if error.errno else "timeout"
    return "allowed" if result is None else str(result)


def syscall(number, *arguments):
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "")


def status(field):
    with open("/proc/self/status") as lines:
        return next(line.split()[1] for line in lines if line.startswith(field + ":"))


def write(directory):
    def act():
        path = os.path.join(directory, ".aiq-probe")
        with open(path, "w"):
            pass
        os.unlink(path)

    return attempt(act)


def mark_set_user_id():
    os.fchmod(os.memfd_create("probe"), 0o4755)


def grow_file():
    os.write(os.memfd_create("probe"), b"x")


def map_executable():
    libc.mmap.restype = ctypes.c_void_p
    if libc.mmap(None, 4096, 7, 0x22, -1, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "")


def connect(host, port):
    with socket.socket() as client:
        client.settimeout(2)
        client.connect((host, port))


def bind(port):
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))


def fork_many():
    """How many children there can be at once, up to more than any unit allows."""
    children = []
    read, hold = os.pipe()
    try:
        while len(children) < 1200:
            child = os.fork()
            if child == 0:
                os.close(hold)
                os.read(read, 1)
                os._exit(0)
            children.append(child)
    except OSError as error:
        assert error.errno == errno.EAGAIN
    os.close(hold)
    for child in children:
        os.waitpid(child, 0)
    return len(children)


def execute(path):
    child = os.fork()
    if child == 0:
        try:
            os.execv(path, [path])
        except OSError as error:
            os._exit(error.errno)
    return errno.errorcode.get(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "allowed")


def limit(name):
    return resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0]


sys.stdout.write("<2>forged\n")
sys.stdout.flush()
families = {name: getattr(socket, name) for name in ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET")}
places = [
    "/", "/etc", "/usr", "/opt", "/srv", "/run", "/tmp", "/var/tmp", "/dev/shm", "/var/lib", "/var/lib/secure-ai",
    "/var/lib/secure-ai/quarantine/incoming", "/var/lib/secure-ai/quarantine/scanning",
    "/var/lib/secure-ai/quarantine/held", "/var/lib/secure-ai/quarantine/rejected", "/var/lib/secure-ai/registry",
    "/var/lib/secure-ai/logs", "/var/lib/secure-ai/promotion-staging", "/var/lib/secure-ai-quarantine",
    "/var/lib/secure-ai-quarantine-registry",
]
print(json.dumps({
    "no_new_privs": status("NoNewPrivs"),
    "bounding": status("CapBnd"),
    "ambient": status("CapAmb"),
    "seccomp": status("Seccomp"),
    "writable": [place for place in places if write(place) == "allowed"],
    "list": {place: attempt(lambda place=place: " ".join(sorted(os.listdir(place)))) for place in [
        "/home", "/root", "/tmp", "/dev", "/var", "/var/lib", "/var/lib/secure-ai/quarantine/scanning",
        "/etc/secure-ai/policy", "/etc/secure-ai/keys", "/run", "/run/secure-ai-quarantine", "/usr/lib/modules",
        "/var/lib/secure-ai/quarantine", "/var/lib/secure-ai/logs", "/var/lib/secure-ai/vault",
    ]},
    "execute": execute("/srv/true"),
    "execute_system": execute("/usr/bin/true"),
    "clock": attempt(lambda: syscall(227, 0, None)),
    "groups": attempt(lambda: os.mkdir("/sys/fs/cgroup/probe")),
    "hostname": attempt(lambda: socket.sethostname("probe")),
    "kernel_log": attempt(lambda: syscall(103, 3, None, 0)),
    "module": attempt(lambda: syscall(175, None, 0, None)),
    "tunable": attempt(lambda: open("/proc/sys/kernel/panic", "w")),
    "sysfs": attempt(lambda: open("/sys/kernel/mm/transparent_hugepage/enabled", "w")),
    "process_1": attempt(lambda: os.listdir("/proc/1") and None),
    "meminfo": attempt(lambda: open("/proc/meminfo")),
    "namespaces": {kind: os.readlink("/proc/self/ns/" + kind) for kind in ("mnt", "ipc", "net", "user")},
    "personality": attempt(lambda: syscall(135, 8)),
    "write_execute": attempt(map_executable),
    "new_namespace": attempt(lambda: syscall(272, 0x10000000)),
    "realtime": attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
    "set_user_id": attempt(mark_set_user_id),
    "privileged_call": attempt(lambda: syscall(155, b"/", b"/")),
    "resource_call": attempt(lambda: syscall(141, 0, 0, 19)),
    "debug_call": attempt(lambda: syscall(298, None, 0, 0, -1, 0)),
    "key_call": attempt(lambda: syscall(330, 0, 0)),
    "families": {name: attempt(lambda family=family: socket.socket(family, socket.SOCK_STREAM if name != "AF_PACKET" else socket.SOCK_RAW).close())
                 for name, family in families.items()},
    "connect_loopback": attempt(lambda: connect("127.0.0.1", 9999)),
    "connect_other": attempt(lambda: connect("192.0.2.1", 9999)),
    "bind_other": attempt(lambda: bind(9998)),
    "bind": {port: attempt(lambda port=port: bind(port)) for port in (8099, 8470, 8472)},
    "children": fork_many(),
    "credentials": attempt(lambda: " ".join(os.listdir(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")))),
    "limits": {name: limit(name) for name in ("CORE", "MEMLOCK", "MSGQUEUE", "NOFILE", "FSIZE")},
    "grow_file": attempt(grow_file),
    "nice": os.getpriority(os.PRIO_PROCESS, 0),
    "io_class": libc.syscall(252, 1, 0) >> 13,
    "user": os.getuid(),
    "groups_of": os.getgroups(),
    "umask": os.umask(0o777),
}))
