#!/usr/bin/env python3
"""Verifies an audit log and its archives from the documented formula alone.

usage: verify.py LOG [KEYFILE]

entry_hash = H(json.dumps({prev_hash, event, data, timestamp}, sort_keys=True, separators=(",", ":"))),
H = SHA-256, or HMAC-SHA256 with the bytes of KEYFILE; the first prev_hash is "".
"""
import glob
import hashlib
import hmac
import json
import sys


def entry_hash(entry, key):
    hashed = {name: entry[name] for name in ("prev_hash", "event", "data", "timestamp")}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest() if key else hashlib.sha256(text).hexdigest()


def verify(log, key):
    stem = log[: -len(".jsonl")]
    files = sorted(glob.glob(glob.escape(stem) + ".*.jsonl")) + [log]
    previous, entries = "", 0
    for path in files:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                entry = json.loads(line)
                if entry["prev_hash"] != previous or entry["entry_hash"] != entry_hash(entry, key):
                    return {"valid": False, "entries": entries, "broken_at": number}
                previous, entries = entry["entry_hash"], entries + 1
    return {"valid": True, "entries": entries, "last_hash": previous}


if __name__ == "__main__":
    key = open(sys.argv[2], "rb").read() if len(sys.argv) > 2 else None
    print(json.dumps(verify(sys.argv[1], key)))
