#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains bench_train's model in PyTorch on random tokens, and prints one JSON line like it.

usage: step.py [--compile] [--layers N] [--hidden N] ... as bench_train
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, d, heads, ffn):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.RMSNorm(d, eps=1e-5), nn.RMSNorm(d, eps=1e-5)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.o = nn.Linear(d, d, bias=False)
        self.gate_up = nn.Linear(d, 2 * ffn, bias=False)
        self.down = nn.Linear(ffn, d, bias=False)

    def forward(self, x, cosine, sine):
        rows, length, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(rows, length, 3, self.heads, -1).unbind(2)
        q, k, v = (y.transpose(1, 2) for y in (q, k, v))

        def rotate(y):
            a, b = y.chunk(2, -1)
            return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)

        y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(rows, length, d))
        gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embedding = nn.Embedding(o.vocab, o.hidden)
        self.blocks = nn.ModuleList(Block(o.hidden, o.heads, o.ffn) for _ in range(o.layers))
        self.norm = nn.RMSNorm(o.hidden, eps=1e-5)
        half = o.hidden // o.heads // 2
        angles = torch.arange(o.length)[:, None] / 10000 ** (torch.arange(half) / half)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids, targets):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cosine, self.sine)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compile", action="store_true")
    for name, value in (("layers", 6), ("hidden", 256), ("heads", 8), ("ffn", 688),
                        ("vocab", 4096), ("length", 256), ("batch", 16), ("threads", 2),
                        ("steps", 10)):
        parser.add_argument("--" + name, type=int, default=value)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    model = Model(o)
    forward = torch.compile(model) if o.compile else model
    groups = [{"params": [p for p in model.parameters() if p.dim() == 2], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))
    times = []
    for step in range(o.steps + 2):  # two to warm up and compile
        ids = torch.randint(o.vocab, (o.batch, o.length))
        targets = torch.randint(o.vocab, (o.batch, o.length))
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = forward(ids, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss = loss.item()
        if step >= 2:
            times.append(time.perf_counter() - begin)
    tokens = o.batch * o.length
    print(json.dumps({
        "tokens_per_second": round(tokens / statistics.median(times), 1),
        "best": round(tokens / min(times), 1),
        "parameters": sum(p.numel() for p in model.parameters()),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "loss": round(loss, 6)}))


main()
