#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weights in the training state of forks of the published code give the same
votes after import.

usage: import_frame.py ARCTRM WORK_DIR

Trains a tiny network, packs its exported weights into {"step",
"model_state_dict", "optimizer_states", "rng_state", "ema"} with the names
"_orig_mod.model.inner.…", imports this file, and compares runs from both.
"""
import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile

PREFIX = "_orig_mod.model."


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def tensor(record, count, shape, kind):
    numbers = b"(" + b"".join(b"J" + struct.pack("<i", n) for n in shape) + b"t"
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
            b"ctorch\n" + kind + b"\n" + text(record) + text("cuda:0") +
            b"J" + struct.pack("<i", count) + b"tQK\0" + numbers +
            (b"(K\x01t" if shape else b")") +
            b"\x89ccollections\nOrderedDict\n)RtR")


def entries(pickle):
    """The pickled entries of the dict in the file."""
    assert pickle.startswith(b"\x80\x02}(") and pickle.endswith(b"u."), pickle
    return pickle[4:-2]


def make_frame(exported, path):
    """Writes a training state with the weights of `exported`."""
    with zipfile.ZipFile(exported) as archive:
        names = archive.namelist()
        records = {n.split("/", 1)[1]: archive.read(n) for n in names}
    weights = entries(records["data.pkl"])
    count = sum(name.startswith("data/") for name in records)
    records[f"data/{count}"] = bytes(range(256)) * 20  # the generator's state
    records[f"data/{count + 1}"] = struct.pack("<4f", 1, 2, 3, float("nan"))
    moments = tensor(f"{count + 1}", 4, [4], b"FloatStorage")
    records["data.pkl"] = (
        b"\x80\x02}(" + text("step") + b"M\x10\x27" +
        text("model_state_dict") + b"}(" + weights + b"u" +
        text("optimizer_states") + b"](}(" + text("state") + b"}(K\0}(" +
        text("step") + b"G\x40\x59\0\0\0\0\0\0" + text("exp_avg") + moments +
        text("exp_avg_sq") + moments + b"uu" + text("param_groups") +
        b"](}(" + text("lr") + b"G\x3f\x1a\x36\xe2\xeb\x1c\x43\x2d" +
        text("params") + b"](K\0eueue" +
        text("rng_state") + b"}(" + text("torch") +
        tensor(f"{count}", 5120, [5120], b"ByteStorage") +
        text("python") + b"(K\x03(K\x01K\x02tNtu" + b"u.")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in records.items():
            archive.writestr("step_10000/" + name, data)


def unpack(data):
    """The content of a zstd frame."""
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    content = ctypes.create_string_buffer(1 << 20)
    size = zstd.ZSTD_decompress(content, ctypes.c_size_t(len(content)), data,
                                ctypes.c_size_t(len(data)))
    assert size <= len(content), "ballots that do not unpack"
    return content.raw[:size]


def main():
    arctrm, work = os.path.abspath(sys.argv[1]), sys.argv[2]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    os.chdir(work)

    def run(*args):
        done = subprocess.run([arctrm, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def task(a, b):
        return {"train": [{"input": [[a, b], [0, a]], "output": [[b, a], [a, 0]]},
                          {"input": [[a, a, b]], "output": [[b, a, a]]}],
                "test": [{"input": [[b, 0], [a, b]]}]}
    with open("known.json", "w") as file:
        json.dump({"k1": task(1, 2), "k2": task(3, 4)}, file)
    with open("asked.json", "w") as file:
        json.dump({"t1": task(5, 6), "t2": task(7, 8)}, file)
    small = ["--threads", "1", "--device", "cpu", "--quiet"]
    network = ["model.hidden=32", "model.heads=2", "model.H_cycles=1",
               "model.L_cycles=2", "model.halt_max_steps=2",
               "model.puzzle_prefix=2", "model.rope=1d",
               "model.rope_theta=10000", "train.fit_canvas=off"]
    sets = [word for setting in network for word in ("--set", setting)]
    run("run", "--challenges", "known.json", "--out", "known_out.json",
        "--steps", "150", "--augmentations", "3", "--set", "train.batch=8",
        "--set", "train.warmup_steps=5", "--set", "train.learning_rate=0.003", "--set", "run.predict_batch=4",
        *sets, *small)
    run("checkpoint", "export", "known_out.json.run/checkpoint", "--out",
        "weights.pt", "--prefix", PREFIX, "--quiet")
    make_frame("weights.pt", "step_10000")
    with open("all_config.yaml", "w") as file:
        file.write("arch:\n  H_cycles: 1\n  L_cycles: 2\n  halt_max_steps: 2\n"
                   "  hidden_size: 32\n  num_heads: 2\n"
                   "  loss:\n    name: losses@ACTLossHead\n"
                   "  puzzle_emb_len: 2\n  puzzle_emb_ndim: 32\n"
                   "data_paths:\n- data/arc-aug-1000\n")
    info = run("checkpoint", "info", "step_10000")
    assert "model_state_dict" in info and "checkpoint import" in info, info
    said = run("checkpoint", "import", "step_10000", "--out", "start",
               "--set", "model.canvas_side=4")
    assert "weights     model_state_dict\n" in said, said
    assert "model.heads = 2" in said and "all_config.yaml" in said, said

    submissions, votes = [], []
    for name, start in (("own", "known_out.json.run/checkpoint"),
                        ("imported", "start")):
        out = f"{name}.json"
        run("run", "--challenges", "asked.json", "--checkpoint", start,
            "--steps", "5", "--augmentations", "3", "--set", "train.batch=8",
            "--set", "train.fit_canvas=off", "--set", "run.predict_batch=4",
            "--out", out, *small)
        run("validate", "--challenges", "asked.json", out)
        submissions.append(open(out, "rb").read())
        # The first line names the run.
        ballots = unpack(open(f"{out}.run/ballots.zst", "rb").read())
        votes.append(ballots.split(b"\n", 1)[1])
    assert submissions[0] == submissions[1], "another submission"
    assert votes[0] == votes[1], "other votes"
    assert len(votes[0]) > 100, "no votes"
    print("the imported weights give the same votes and submission")


if __name__ == "__main__":
    main()
