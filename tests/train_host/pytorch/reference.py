#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The trainer's model in PyTorch: a second opinion on losses, gradients and steps.

usage: reference.py FOLDER

FOLDER/job.json: the model's shape, `tensors` ([name, layer, rows, columns, offset] each),
`batches` (ids, targets, positions, documents: [rows][length] each), learning rates and AdamW's
settings; FOLDER/weights.f32: the flat array of weights. Writes FOLDER/gradient.f32, the gradient
of the first batch's mean loss in the same layout, and FOLDER/losses.json: the loss of each step
while training on one batch after the other.
"""
import array
import json
import os
import sys

import torch
import torch.nn.functional as F


def read_floats(path):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).clone()


class Model:
    def __init__(self, job, flat):
        self.shape = job["shape"]
        self.flat = flat
        self.tensors, self.places = {}, {}
        for name, layer, rows, columns, offset in job["tensors"]:
            view = flat[offset:offset + rows * columns]
            value = view.view(rows, columns) if rows > 1 or name in job["matrices"] else view
            self.tensors[name, layer] = value.clone().requires_grad_(True)
            self.places[name, layer] = offset

    def norm(self, x, gain):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.shape["norm_eps"]) * gain

    def rotate(self, x, positions):
        half = self.shape["head_dim"] // 2
        exponents = torch.arange(half, dtype=torch.float64) / half
        angles = positions[..., None].double() / self.shape["rope_theta"] ** exponents
        cosine, sine = angles.cos().float()[:, :, None], angles.sin().float()[:, :, None]
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)

    def attention(self, x, layer, positions, mask):
        s, get = self.shape, lambda name: self.tensors.get((name, layer))
        rows, length, _ = x.shape
        parts = []
        for name, heads in (("q", "heads"), ("k", "kv_heads"), ("v", "kv_heads")):
            y = F.linear(x, get(name), get(name + "_bias"))
            y = y.view(rows, length, s[heads], s["head_dim"])
            if name != "v":
                if get(name + "_norm") is not None:
                    y = self.norm(y, get(name + "_norm"))
                y = self.rotate(y, positions)
            parts.append(y.transpose(1, 2))
        q, k, v = parts
        group = s["heads"] // s["kv_heads"]
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = q @ k.transpose(2, 3) / s["head_dim"] ** 0.5
        weights = scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1)
        return F.linear((weights @ v).transpose(1, 2).reshape(rows, length, -1), get("o"))

    def loss(self, batch):
        ids, targets, positions, documents = (
            torch.tensor(batch[key]) for key in ("ids", "targets", "positions", "documents"))
        length = ids.shape[1]
        mask = (documents[:, :, None] == documents[:, None, :]) & torch.ones(
            length, length, dtype=torch.bool).tril()
        embedding = self.tensors["embedding", -1]
        x = embedding[ids]
        for layer in range(self.shape["layers"]):
            get = lambda name: self.tensors[name, layer]
            x = x + self.attention(self.norm(x, get("attention_norm")), layer, positions, mask)
            y = self.norm(x, get("ffn_norm"))
            x = x + F.linear(F.silu(F.linear(y, get("gate"))) * F.linear(y, get("up")),
                             get("down"))
        logits = F.linear(self.norm(x, self.tensors["final_norm", -1]),
                          self.tensors.get(("head", -1), embedding))
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)


def main(folder):
    with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    model = Model(job, read_floats(os.path.join(folder, "weights.f32")))
    model.loss(job["batches"][0]).backward()
    gradient = torch.zeros_like(model.flat)
    for key, tensor in model.tensors.items():
        place = model.places[key]
        gradient[place:place + tensor.numel()] = tensor.grad.flatten()
    with open(os.path.join(folder, "gradient.f32"), "wb") as file:
        array.array("f", gradient.tolist()).tofile(file)

    groups = [{"params": [t for t in model.tensors.values() if t.dim() == 2],
               "weight_decay": job["decay"]},
              {"params": [t for t in model.tensors.values() if t.dim() == 1],
               "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(job["beta1"], job["beta2"]), eps=job["eps"])
    losses = []
    for batch, rate in zip(job["batches"], job["rates"]):
        optimizer.zero_grad()
        loss = model.loss(batch)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.tensors.values(), job["clip"])
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    with open(os.path.join(folder, "losses.json"), "w", encoding="utf-8") as file:
        json.dump(losses, file)


if len(sys.argv) != 2:
    sys.exit(__doc__)
torch.set_num_threads(1)
main(sys.argv[1])
