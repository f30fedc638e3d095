# SPDX-License-Identifier: MIT
"""Runs inside the file system that has transformers and PyTorch: loads a checkpoint's folder as
told by a JSON object on the standard input, and writes what it found as one.

folder   the checkpoint; in the root's own path
text     a document: its loss is asked for, its end included
end      the id that ends it
save     where to save the model and the tokenizer as transformers does
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers


def main():
    asked = json.load(sys.stdin)
    transformers.utils.logging.disable_progress_bar()
    model, notes = transformers.AutoModelForCausalLM.from_pretrained(
        asked["folder"], dtype=torch.float32, output_loading_info=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(asked["folder"])
    ids = tokenizer.encode(asked["text"], add_special_tokens=False) + [asked["end"]]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
        loss = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:])).item()
    if asked["save"]:
        model.save_pretrained(asked["save"])
        tokenizer.save_pretrained(asked["save"])
    json.dump({"class": type(model).__name__, "ids": ids, "loss": loss,
               "notes": {key: sorted(map(str, value)) for key, value in notes.items() if value}},
              sys.stdout)


main()
