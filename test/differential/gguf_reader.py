#!/usr/bin/env python3
"""Reads GGUF files with the `gguf` package: what an independent reader says of them.

usage: gguf_reader.py < list-of-paths
Prints one JSON object per path: {"path": ..., "accepted": true, "tensors": [[name, type, offset, bytes], ...]} or
{"path": ..., "accepted": false, "why": "ErrorName: text"}. Needs `pip install gguf`.
"""
import json
import sys
import warnings

import gguf


def read(path: str) -> dict:
    try:
        reader = gguf.GGUFReader(path)
        tensors = [[t.name, t.tensor_type.name, int(t.data_offset), int(t.n_bytes)] for t in reader.tensors]
        return {"path": path, "accepted": True, "tensors": tensors}
    except Exception as error:  # any failure of the other reader is its answer
        return {"path": path, "accepted": False, "why": f"{type(error).__name__}: {error}"[:200]}


warnings.simplefilter("ignore")
for line in sys.stdin:
    print(json.dumps(read(line.rstrip("\n"))), flush=True)
