#!/usr/bin/env python3
"""Makes the fixtures of this folder: small random models in QuantaTissu's own formats.

usage: make_fixtures.py FOLDER

Needs NumPy. Each model comes with golden/: ids, and the logits and greedy ids that a
forward pass in float64 gives for them. It is written from the formulas that the
formats' description states, in the way of a textbook: one position, one head, one
layer at a time, so that it shares no idea with the converter or the runtime.
tokenizer_cases.json holds texts and the ids that the two encoders make of them.
"""
import json
import pathlib
import struct
import sys
import unicodedata

import numpy as np

PROMPTS, LENGTH, STEPS = 2, 20, 12


# --- The two models ---------------------------------------------------------------

def positions(length, width):
    table = np.zeros((length, width))
    for pos in range(length):
        for i in range(width):
            angle = pos / 10000.0 ** (2 * (i // 2) / width)
            table[pos, i] = np.sin(angle) if i % 2 == 0 else np.cos(angle)
    return table


def layer_norm(x, gamma, beta, eps, outside):
    y = np.empty_like(x)
    for t, row in enumerate(x):
        mean = row.sum() / row.size
        variance = ((row - mean) ** 2).sum() / row.size
        root = np.sqrt(variance + eps) + (eps if outside else 0.0)
        y[t] = (row - mean) / root * gamma + (0 if beta is None else beta)
    return y


def attention(x, block, heads):
    q, k, v = x @ block["wq"], x @ block["wk"], x @ block["wv"]
    if "qa" in block:
        q = q + (x @ block["qa"]) @ block["qb"]
        v = v + (x @ block["va"]) @ block["vb"]
    width = q.shape[1] // heads
    kv_heads = k.shape[1] // width
    out = np.empty_like(q)
    for h in range(heads):
        g = h * kv_heads // heads
        keys = k[:, g * width:(g + 1) * width]
        values = v[:, g * width:(g + 1) * width]
        for t in range(len(x)):
            scores = keys[:t + 1] @ q[t, h * width:(h + 1) * width] / np.sqrt(width)
            weights = np.exp(scores - scores.max())
            out[t, h * width:(h + 1) * width] = (weights / weights.sum()) @ values[:t + 1]
    return out @ block["wo"]


def feed_forward(x, block):
    return np.maximum(x @ block["w1"] + block["b1"], 0) @ block["w2"] + block["b2"]


def forward(model, ids):
    eps, outside = (1e-5, True) if model["core"] else (1e-6, False)
    x = model["embedding"][ids] + positions(len(ids), model["embedding"].shape[1])
    for block in model["blocks"]:
        def norm1(y, b=block):
            return layer_norm(y, b["g1"], b.get("n1"), eps, outside)

        def norm2(y, b=block):
            return layer_norm(y, b["g2"], b.get("n2"), eps, outside)

        if model["core"]:
            x = x + attention(norm1(x), block, model["heads"])
            x = x + feed_forward(norm2(x), block)
        else:
            x = norm1(x + attention(x, block, model["heads"]))
            x = norm2(x + feed_forward(x, block))
    if model["core"]:
        x = layer_norm(x, model["gf"], model["nf"], eps, outside)
        return x @ model["output"] + model["output_bias"]
    return x @ (model["embedding"].T if model["output"] is None else model["output"])


def random_model(rng, dtype, vocab, width, ffn, layers, heads, core=False, kv_width=None,
                 tied=False, beta=True, rank=0):
    def numbers(*shape, scale=None):
        scale = scale or 1.5 / np.sqrt(shape[0])
        return rng.normal(0, scale, shape).astype(dtype).astype(np.float64)

    def gains():
        return (1 + numbers(width, scale=0.2)).astype(dtype).astype(np.float64)

    kv_width = kv_width or width
    model = {"core": core, "heads": heads, "blocks": [],
             "embedding": numbers(vocab, width, scale=1.0),
             "output": None if tied else numbers(width, vocab)}
    for _ in range(layers):
        block = {"wq": numbers(width, width), "wk": numbers(width, kv_width),
                 "wv": numbers(width, kv_width), "wo": numbers(width, width)}
        if rank:
            block |= {"qa": numbers(width, rank), "qb": numbers(rank, width),
                      "va": numbers(width, rank), "vb": numbers(rank, kv_width)}
        block |= {"w1": numbers(width, ffn), "b1": numbers(ffn, scale=0.3),
                  "w2": numbers(ffn, width), "b2": numbers(width, scale=0.3), "g1": gains()}
        if beta:
            block["n1"] = numbers(width, scale=0.2)
        block["g2"] = gains()
        if beta:
            block["n2"] = numbers(width, scale=0.2)
        model["blocks"].append(block)
    if core:
        model |= {"gf": gains(), "nf": numbers(width, scale=0.2),
                  "output_bias": numbers(vocab, scale=0.5)}
    return model


# --- The files ---------------------------------------------------------------------

NAMES = {"wq": "mha.Wq", "wk": "mha.Wk", "wv": "mha.Wv", "wo": "mha.Wo",
         "qa": "mha.lora_q.lora_A", "qb": "mha.lora_q.lora_B",
         "va": "mha.lora_v.lora_A", "vb": "mha.lora_v.lora_B",
         "w1": "ffn.W1", "b1": "ffn.b1", "w2": "ffn.W2", "b2": "ffn.b2",
         "g1": "ln1.gamma", "n1": "ln1.beta", "g2": "ln2.gamma", "n2": "ln2.beta"}


def save_by_name(path, model, dtype):
    arrays = {"embeddings": model["embedding"]}
    if model["output"] is not None:
        arrays["output_proj"] = model["output"]
    for i, block in enumerate(model["blocks"]):
        arrays |= {f"transformer_blocks.{i}.{NAMES[key]}": value for key, value in block.items()}
    np.savez(path, **{name: value.astype(dtype) for name, value in arrays.items()})


def save_unqualified(path, model):
    block = model["blocks"][-1]
    np.savez(path, embeddings=model["embedding"], output_proj=model["output"], Wq=block["wq"],
             Wk=block["wk"], Wv=block["wv"], Wo=block["wo"], W1=block["w1"], b1=block["b1"],
             W2=block["w2"], b2=block["b2"], gamma=block["g2"], beta=block["n2"])


def in_order(model):
    yield model["embedding"]
    if not model["core"] and model["output"] is not None:
        yield model["output"]
    for block in model["blocks"]:
        yield from block.values()
    if model["core"]:
        yield from (model["gf"], model["nf"], model["output"], model["output_bias"])


def save_training(path, model):
    arrays = {}
    params = list(in_order(model))
    for i, value in enumerate(params):
        arrays |= {f"param_{i}": value, f"optimizer_m_{i}": value * 0.1,
                   f"optimizer_v_{i}": value * value}
    np.savez(path, num_params=len(params), optimizer_t=7, epoch=1, step=200, **arrays)


def core_arrays(arrays):
    parts = [struct.pack("<Q", len(arrays))]
    for value in arrays:
        value = np.atleast_2d(value)
        parts.append(struct.pack(f"<Q{value.ndim}QQ", value.ndim, *value.shape, value.size))
        parts.append(value.astype("<f4").tobytes())
    return b"".join(parts)


def save_core(path, model, moments):
    params = list(in_order(model))
    state = params if moments else []
    path.write_bytes(core_arrays(params) + struct.pack("<i", 3 if moments else 0) +
                     core_arrays([v * 0.1 for v in state]) + core_arrays([v * v for v in state]))


def save_golden(folder, model, rng):
    vocab = len(model["embedding"])
    ids = rng.integers(0, vocab, (PROMPTS, LENGTH))
    greedy, margins = [], []
    for prompt in ids:
        text = list(prompt)
        for _ in range(STEPS):
            last = forward(model, text)[-1]
            first, second = np.sort(last)[::-1][:2]
            margins.append(first - second)
            text.append(int(last.argmax()))
        greedy.append(text[LENGTH:])
    assert min(margins) > 1e-3, f"{folder}: greedy ids would hang on rounding: {min(margins)}"
    golden = folder / "golden"
    golden.mkdir(exist_ok=True)
    np.save(golden / "input_ids.npy", ids.astype("<i8"))
    np.save(golden / "logits.npy", np.stack([forward(model, row) for row in ids]).astype("<f4"))
    np.save(golden / "greedy.npy", np.array(greedy, "<i8"))


# --- The two tokenizers ---------------------------------------------------------------

CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


def python_words(text):
    """Contractions; letters, numbers, others, each with one space before; blanks."""
    def kind(char):
        if char.isspace() and not "\x1c" <= char <= "\x1f":
            return "blank"
        return {"L": "letter", "N": "number"}.get(unicodedata.category(char)[0], "other")

    at = 0
    while at < len(text):
        end = at
        contraction = next((c for c in CONTRACTIONS if text.startswith(c, at)), None)
        start = at + 1 if text[at] == " " and at + 1 < len(text) else at
        if contraction:
            end = at + len(contraction)
        elif kind(text[start]) != "blank":
            end = start
            while end < len(text) and kind(text[end]) == kind(text[start]):
                end += 1
        else:
            while end < len(text) and kind(text[end]) == "blank":
                end += 1
            if end < len(text) and end > at + 1:
                end -= 1  # the last blank may belong to the next word
        yield text[at:end].encode()
        at = end


def core_words(text):
    """The same by bytes, without the space before."""
    def kind(byte):
        if chr(byte).isascii() and chr(byte).isalpha() or byte in (0xC2, 0xC3) or 0x80 <= byte < 0xC0:
            return "letter"
        if byte in b"0123456789":
            return "digit"
        return "blank" if byte in b" \t\n\r" else None

    raw = text.encode()
    at = 0
    while at < len(raw):
        end = at + 1
        contraction = next((c for c in CONTRACTIONS if raw.startswith(c.encode(), at)), None)
        if contraction:
            end = at + len(contraction)
        elif kind(raw[at]):
            while end < len(raw) and kind(raw[end]) == kind(raw[at]):
                end += 1
        yield raw[at:end]
        at = end


def merge(ids, pair, new):
    out = []
    for i in ids:
        if out and (out[-1], i) == pair:
            out[-1] = new
        else:
            out.append(i)
    return out


def train(words, vocab):
    sequences = [list(word) for word in words]
    tokens = [bytes([b]) for b in range(256)]
    merges = []
    while len(tokens) < vocab:
        counts = {}
        for sequence in sequences:
            for pair in zip(sequence, sequence[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        pair = min(counts, key=lambda p: (-counts[p], p))
        merges.append(pair)
        tokens.append(tokens[pair[0]] + tokens[pair[1]])
        sequences = [merge(s, pair, len(tokens) - 1) for s in sequences]
    return tokens, merges


def encode(words, merges):
    ids = []
    for word in words:
        part = list(word)
        while True:
            ranks = [merges.index(p) for p in zip(part, part[1:]) if p in merges]
            if not ranks:
                break
            part = merge(part, merges[min(ranks)], 256 + min(ranks))
        ids += part
    return ids


CORPUS = ("The model reads the text and the text reads the model. It's theirs, they've said; "
          "we'll see 1024 of 2048 tokens. El ni\u00f1o so\u00f1\u00f3 con a\u00f1os mejores. "
          "Whoever trains a tokenizer on so little should not expect much of it, but it does "
          "show whether merges happen in their order. ") * 3
TEXTS = ["", " ", "\n\n", "the text", " the  text\n", "It's they've 'Tis we'll", "a\tb \r\n c",
         "1024 20481\u00bd", "el ni\u00f1o so\u00f1\u00f3", "\u20ac5 \u4f60\u597d \U0001f642",
         "don't!? (really)...", "tail  ", "x\u00a0y\u3000z", "e\u0301 \u0101\u0142 \u00d7\u00f7"]


def save_tokenizer(folder, prefix, words, vocab, columns):
    tokens, merges = train(words(CORPUS), vocab)
    text = json.dumps({str(i): list(token) for i, token in enumerate(tokens)})
    (folder / f"{prefix}_vocab.json").write_text(text)
    lines = ["# rank order"] if columns == 2 else []
    for i, (left, right) in enumerate(merges):
        lines.append(f"{left} {right}" + (f" {256 + i}" if columns == 3 else ""))
    (folder / f"{prefix}_merges.txt").write_text("\n".join(lines) + "\n")
    return [{"text": text, "ids": encode(words(text), merges)} for text in TEXTS]


def main(target):
    rng = np.random.default_rng(20240607)
    made = {}

    def make(name, dtype, **shape):
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        made[name] = random_model(rng, dtype, **shape)
        save_golden(folder, made[name], rng)
        return folder, made[name]

    small = {"vocab": 64, "width": 32, "ffn": 48, "layers": 2, "heads": 4}
    tiny = {"vocab": 40, "width": 16, "ffn": 24, "layers": 2}
    with_text = small | {"vocab": 320}

    folder, model = make("by_name", "<f8", **with_text)
    save_by_name(folder / "model.npz", model, "<f8")
    cases = {"python": save_tokenizer(folder, "tok", python_words, 320, 3)}
    folder, model = make("by_name_tied_grouped", "<f4", kv_width=16, tied=True, beta=False, **small)
    save_by_name(folder / "model.npz", model, "<f4")
    folder, model = make("by_name_lora", "<f2", rank=3, **small)
    save_by_name(folder / "model.npz", model, "<f2")
    folder, model = make("training", "<f8", heads=2, **tiny)
    save_training(folder / "checkpoint_step_200.npz", model)
    folder, model = make("core", "<f4", core=True, **with_text)
    save_core(folder / "final_model.pt", model, moments=False)
    cases["core"] = save_tokenizer(folder, "tok", core_words, 320, 2)
    folder, model = make("core_mqa_lora", "<f4", core=True, heads=4, kv_width=4, rank=2,
                         **tiny)
    save_core(folder / "checkpoint_epoch_3.pt", model, moments=True)

    # The file that holds less than its model: what can be expected of it is a model of
    # the last block alone, with one norm in both places.
    folder = target / "unqualified"
    folder.mkdir(exist_ok=True)
    model = random_model(rng, "<f8", heads=2, **tiny)
    save_unqualified(folder / "quanta_tissu.npz", model)
    last = model["blocks"][-1]
    last["g1"], last["n1"] = last["g2"], last["n2"]
    model["blocks"] = [last]
    save_golden(folder, model, rng)

    lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]"
             for name, rows in cases.items()]
    (target / "tokenizer_cases.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
