"""Makes the golden vectors of test/measure/decode_test.ts with the `gguf` package from PyPI (needs `gguf numpy`).

    python make.py OUT_DIR [MODEL.gguf ...]

Without models: seeded random blocks of every type that gguf-py decodes. With models (made by llama-quantize): the
first blocks of one tensor of each quantised type found in them. `--grids` prints the I-quant codebooks for
src/measure/decode/grids.ts. `--clean OUT_DIR` writes the F32 models that the thresholds of src/measure/anomaly.ts were
set against; llama-quantize makes the other types of them.
"""

import base64
import json
import pathlib
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf import quants
from gguf.constants import GGML_QUANT_SIZES

BLOCKS = {32: 8, 64: 6, 128: 4, 256: 3}
F16_SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "TQ1_0": [52], "TQ2_0": [64], "IQ2_XXS": [0], "IQ2_XS": [0],
    "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0], "IQ1_S": [0], "IQ4_NL": [0], "IQ4_XS": [0],
}


def random_blocks(name, rng):
    elements, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    count = BLOCKS.get(elements, 64)
    data = rng.integers(0, 256, size=(count, size), dtype=np.uint8)
    for at in F16_SCALES.get(name, []):
        scale = rng.normal(0, 0.05, size=(count, 1)).astype(np.float16)
        data[:, at:at + 2] = scale.view(np.uint8)
    if name == "MXFP4":
        data[:, 0] = rng.integers(100, 140, size=count)
    if name == "IQ1_M":
        words = data[:, 48:56].copy().view(np.uint16)
        half = rng.normal(0, 0.05, size=count).astype(np.float16).view(np.uint16)
        for word in range(4):
            words[:, word] = (words[:, word] & 0x0FFF) | (((half >> (4 * word)) & 15) << 12)
        data[:, 48:56] = words.view(np.uint8)
    return data.reshape(-1)


def vector(name, data, origin):
    decoded = quants.dequantize(data.reshape(1, -1), GGMLQuantizationType[name]).astype(np.float32).reshape(-1)
    encode = lambda array: base64.b64encode(array.tobytes()).decode()
    return {"type": name, "origin": origin, "bytes": encode(data), "values": encode(decoded)}


def from_models(paths):
    found = {}
    for path in paths:
        for tensor in GGUFReader(path).tensors:
            name = tensor.tensor_type.name
            if name in ("F32", "F16", "BF16") or name in found:
                continue
            elements, size = GGML_QUANT_SIZES[tensor.tensor_type]
            data = np.array(tensor.data).view(np.uint8).reshape(-1)[: BLOCKS[elements] * size]
            found[name] = vector(name, data, "llama-quantize")
    return list(found.values())


def print_grids():
    for name in ("IQ1_S", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"):
        kind = getattr(quants, name)
        kind.init_grid()
        levels = np.array(kind.grid_map, dtype=np.float32)
        numbers = np.searchsorted(levels, np.array(kind.grid).reshape(-1)).astype(np.uint8)
        bits = 2 if len(levels) == 3 else 4
        packed = np.zeros(len(numbers) * bits // 8, dtype=np.uint8)
        for part in range(8 // bits):
            packed |= (numbers[part :: 8 // bits] << (bits * part)).astype(np.uint8)
        print(name, bits, [int(level) for level in levels], base64.b64encode(packed.tobytes()).decode())


CLEAN = {
    "normal": lambda rng, shape: 0.02 * rng.standard_normal(shape),
    "student5": lambda rng, shape: 0.02 * rng.standard_t(5, shape),
    "student3": lambda rng, shape: 0.02 * rng.standard_t(3, shape),
    "laplace": lambda rng, shape: 0.02 * rng.laplace(size=shape),
    "uniform": lambda rng, shape: rng.uniform(-0.03, 0.03, shape),
    "rows": lambda rng, shape: 0.02 * rng.standard_normal(shape) * np.exp(rng.normal(0, 1, (shape[0], 1))),
    "columns": lambda rng, shape: 0.02 * rng.standard_normal(shape) * np.where(rng.random((1, shape[1])) < 0.01, 20, 1),
}


def clean_model(path, draw):
    rng = np.random.default_rng(11)
    width, words = 512, 64
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    writer.add_vocab_size(words)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"t{i}" for i in range(words)])
    writer.add_token_scores([0.0] * words)
    writer.add_token_types([1] * words)
    matrices = {"token_embd": (words, width), "output": (words, width), "blk.0.ffn_gate": (2 * width, width),
                "blk.0.ffn_up": (2 * width, width), "blk.0.ffn_down": (width, 2 * width)}
    matrices |= {f"blk.0.attn_{part}": (width, width) for part in ("q", "k", "v", "output")}
    for name, shape in matrices.items():
        writer.add_tensor(name + ".weight", draw(rng, shape).astype(np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(name + ".weight", np.ones(width, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    if sys.argv[1] == "--grids":
        return print_grids()
    if sys.argv[1] == "--clean":
        return [clean_model(f"{sys.argv[2]}/{kind}.gguf", draw) for kind, draw in CLEAN.items()]
    out = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(20261121)
    names = [kind.__name__ for kind in quants._type_traits.values()]
    made = [vector(name, random_blocks(name, rng), "random") for name in sorted(names) if name in F16_SCALES
            or name in ("MXFP4", "NVFP4", "IQ1_M")]
    (out / "random.json").write_text(json.dumps(made, indent=1) + "\n")
    if len(sys.argv) > 2:
        (out / "llama_quantize.json").write_text(json.dumps(from_models(sys.argv[2:]), indent=1) + "\n")


main()
