"""Says of each file named on stdin, one path a line, whether the safetensors library accepts it, as JSON lines."""

import json
import sys

from safetensors import safe_open


def verdict(path):
    try:
        with safe_open(path, framework="np") as file:
            tensors = len(list(file.keys()))
    except Exception as error:
        return {"path": path, "accepted": False, "reason": f"{type(error).__name__}: {error}"[:300]}
    return {"path": path, "accepted": True, "tensors": tensors}


for line in sys.stdin:
    print(json.dumps(verdict(line.rstrip("\n"))), flush=True)
