"""Says of each JSON line on stdin whether the library that would load it does, as JSON lines.

{"sort": "weights", "path": DIRECTORY}    safetensors, following every index as transformers does
{"sort": "tokenizer", "path": FILE}       tokenizers
{"sort": "template", "text": TEMPLATE}    jinja2, with the extensions of transformers; parsed, never rendered
"""

import glob
import json
import os
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox
from safetensors import safe_open
from tokenizers import Tokenizer


class Generation(jinja2.ext.Extension):
    """The tag that transformers adds for training."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


ENVIRONMENT = jinja2.sandbox.ImmutableSandboxedEnvironment(
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=[Generation, "jinja2.ext.loopcontrols"],
)


def load_weights(path):
    indices = glob.glob(os.path.join(path, "*.safetensors.index*.json"))
    named = {}
    for index in indices:
        with open(index, encoding="utf-8") as file:
            for tensor, shard in json.load(file)["weight_map"].items():
                named.setdefault(os.path.join(path, shard), set()).add(tensor)
    if not indices:
        named = {shard: set() for shard in glob.glob(os.path.join(path, "*.safetensors"))}
    for shard, tensors in named.items():
        with safe_open(shard, framework="np") as file:
            missing = tensors - set(file.keys())
            if missing:
                raise KeyError(f"{len(missing)} tensors missing")


def load(job):
    if job["sort"] == "weights":
        load_weights(job["path"])
    elif job["sort"] == "tokenizer":
        Tokenizer.from_file(job["path"])
    else:
        ENVIRONMENT.parse(job["text"])


def answer(job):
    try:
        load(job)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return None


for line in sys.stdin:
    print(json.dumps({"why": answer(json.loads(line))}), flush=True)
