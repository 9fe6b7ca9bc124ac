#!/usr/bin/env python3
"""Reads GGUF files with the `gguf` package: what an independent reader says of them.

usage: gguf_reader.py < list-of-paths
Prints one JSON object per path: {"path": ..., "accepted": true, "tensors": [[name, type, offset, bytes], ...]} or
{"path": ..., "accepted": false, "why": "ErrorName: text"}. Needs `pip install gguf`. The package has no limits, so
each file is read in a child of its own with time and memory in proportion to its size; "Killed" says it needed more.
"""
import json
import os
import resource
import sys
import warnings

import gguf

SECONDS = 2
SECONDS_PER_MIB = 5
MEMORY_BYTES = 2 << 30
MEMORY_PER_BYTE = 300


def read(path: str) -> dict:
    try:
        reader = gguf.GGUFReader(path)
        tensors = [[t.name, t.tensor_type.name, int(t.data_offset), int(t.n_bytes)] for t in reader.tensors]
        return {"path": path, "accepted": True, "tensors": tensors}
    except Exception as error:  # any failure of the other reader is its answer
        return {"path": path, "accepted": False, "why": f"{type(error).__name__}: {error}"[:200]}


def read_in_child(path: str) -> None:
    child = os.fork()
    if child == 0:
        size = os.path.getsize(path)
        seconds = SECONDS + SECONDS_PER_MIB * size // (1 << 20)
        memory = MEMORY_BYTES + MEMORY_PER_BYTE * size
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        print(json.dumps(read(path)), flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        print(json.dumps({"path": path, "accepted": False, "why": f"Killed: wait status {status}"}), flush=True)


warnings.simplefilter("ignore")
for line in sys.stdin:
    read_in_child(line.rstrip("\n"))
