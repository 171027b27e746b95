# SPDX-License-Identifier: GPL-3.0-or-later
"""Work for a python3 that runs on the libc under test: what it prints must not depend on the libc.

Without an argument: once through.  With "serve": threads do the work again and again, and each line
on stdin is answered by "wordexp RIGHT, faults 0, rounds 12" (WRONG: CVE-2025-15281 is in the libc), until one
that says "end".
"""

import ctypes
import hashlib
import json
import math
import os
import pwd
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time


def compute():
    """A few results of each kind, as one text."""
    data = {"name": "ärger", "numbers": [math.sqrt(n) for n in range(50)], "big": 2**200}
    text = json.dumps(data, sort_keys=True)
    assert json.loads(text) == data
    digest = hashlib.sha256(text.encode() * 100).hexdigest()
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(2000000000))
    return f"{digest} {when} {float('0.1') + 0.2!r} {'%.17g' % 1e300}"


def processes():
    """A child process, and a child by fork."""
    out = subprocess.run(["/bin/cat"], input=b"through a pipe", capture_output=True).stdout
    child = os.fork()
    if child == 0:
        os._exit(len(compute()) % 100)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return f"{out.decode()}, status {status}"


def threads():
    """Eight threads that pass numbers on."""
    todo, done = queue.Queue(), queue.Queue()

    def work():
        while (n := todo.get()) is not None:
            done.put(int(hashlib.md5(str(n).encode()).hexdigest(), 16) & 0xFFFF)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for n in range(500):
        todo.put(n)
    for _ in workers:
        todo.put(None)
    for worker in workers:
        worker.join()
    return str(sum(done.get() for _ in range(500)))


def files_and_sockets():
    """A temporary file, and a connection to ourselves."""
    with tempfile.TemporaryFile("w+") as file:
        file.writelines(f"{n}\n" for n in range(1000))
        file.seek(0)
        total = sum(int(line) for line in file)
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    peer, _ = server.accept()
    client.sendall(b"x" * 100000)
    client.close()
    got = 0
    while part := peer.recv(65536):
        got += len(part)
    return f"{total} {got}"


def locale_and_names():
    """What asks the libc's tables."""
    libc = ctypes.CDLL(None)
    libc.strtol.restype = ctypes.c_long
    address = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4]
    user = pwd.getpwuid(0).pw_name
    return f"{libc.strtol(b'1234x', None, 10)} {user} {os.strerror(2)} {address}"


class Words(ctypes.Structure):
    """wordexp_t"""

    _fields_ = [
        ("count", ctypes.c_size_t),
        ("words", ctypes.POINTER(ctypes.c_char_p)),
        ("offset", ctypes.c_size_t),
    ]


WRDE_APPEND, WRDE_REUSE = 2, 8


def wordexp_is_right():
    """CVE-2025-15281: see libc_victim.c."""
    libc, words = ctypes.CDLL(None), Words()
    assert libc.wordexp(b"one", ctypes.byref(words), 0) == 0
    assert libc.wordexp(b"two", ctypes.byref(words), WRDE_REUSE | WRDE_APPEND) == 0
    return words.count == 1 and words.words[0] == b"two"


def serve():
    """Four threads work while questions are answered."""
    wanted, rounds, faults = compute(), [0] * 4, []

    def work(which):
        while True:
            if compute() != wanted:
                faults.append(which)
            rounds[which] += 1

    for which in range(len(rounds)):
        threading.Thread(target=work, args=(which,), daemon=True).start()
    for line in iter(sys.stdin.readline, "end\n"):
        assert line
        right = "RIGHT" if wordexp_is_right() else "WRONG"
        print(f"wordexp {right}, faults {len(faults)}, rounds {min(rounds)}", flush=True)
    os._exit(0)


if sys.argv[1:] == ["serve"]:
    serve()
for part in (compute, processes, threads, files_and_sockets, locale_and_names):
    print(f"{part.__name__}: {part()}")
