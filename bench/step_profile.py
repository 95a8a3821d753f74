#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the time of a training step goes, before (LibTorch's own operations,
step_time --plain all) and after (the kernels of arctrm): the processor time by
kind, sampled by Linux' perf, as a table and as a picture (SVG)."""
import argparse
import os
import re
import statistics
import subprocess
import tempfile

SHAPES = [
    ("128 wide, 116 tokens, batch 32, float32", ["--steps", "12"]),
    ("512 wide, 916 tokens, batch 2, float32",
     ["--hidden", "512", "--heads", "8", "--side", "30", "--batch", "2",
      "--steps", "4"]),
    ("512 wide, 916 tokens, batch 2, bf16",
     ["--hidden", "512", "--heads", "8", "--side", "30", "--batch", "2",
      "--precision", "bf16", "--steps", "6"]),
]
KINDS = ["matrix products", "arctrm's kernels", "LibTorch's attention",
         "LibTorch's other operations", "memory, system", "rest"]
COLOURS = ["#4c78a8", "#54a24b", "#e45756", "#f2a541", "#9d9d9d", "#d4d4d4"]


def kind_of(library, symbol):
    """The place in KINDS of what perf calls a function."""
    if re.search(r"mkl|gemm|brgemm|jit", symbol + library, re.I):
        return 0
    if "arctrm::" in symbol:
        return 1 if "arctrm::kernels" in symbol else 5
    if "flash_attention" in symbol:
        return 2
    if library.startswith(("libtorch", "libc10")):
        return 3
    if library.startswith("[") or re.search(
            r"malloc|free|memcpy|memmove|memset", symbol):
        return 4
    return 5


def profile(command, env):
    """Median seconds of a step, and the share of each kind."""
    with tempfile.NamedTemporaryFile() as data:
        out = subprocess.run(
            ["perf", "record", "-q", "-F", "500", "-o", data.name] + command,
            env=env, check=True, capture_output=True, text=True).stdout
        seconds = [float(line) for line in out.split("\n")
                   if re.fullmatch(r"[0-9.e-]+", line.strip())]
        report = subprocess.run(
            ["perf", "report", "-i", data.name, "--sort", "dso,symbol",
             "--stdio", "-q", "--percent-limit", "0"],
            check=True, capture_output=True, text=True).stdout
    shares = [0.0] * len(KINDS)
    for line in report.splitlines():
        found = re.match(r"\s*([0-9.]+)%\s+(\S+(?: tid \d+)?)\s+\[.\]\s*(.*)",
                         line)
        if found:
            share, library, symbol = found.groups()
            shares[kind_of(library, symbol)] += float(share)
    total = sum(shares)
    return statistics.median(seconds), [s / total for s in shares]


def draw(rows, path):
    """A bar for each of `rows`, (shape, when, seconds, shares); those of one
    shape in the scale of its longest."""
    width, left, bar = 860, 70, 26
    parts = []
    y = 46
    x = 0
    for kind, colour in zip(KINDS, COLOURS):
        parts.append(f'<rect x="{10 + x}" y="10" width="12" height="12" '
                     f'fill="{colour}"/><text x="{27 + x}" y="20">{kind}</text>')
        x += 34 + 6.4 * len(kind)
    for i, (shape, when, seconds, shares) in enumerate(rows):
        if i == 0 or rows[i - 1][0] != shape:
            y += 14
            parts.append(f'<text x="10" y="{y}" font-weight="bold">{shape}'
                         '</text>')
            y += 8
        longest = max(r[2] for r in rows if r[0] == shape)
        scale = (width - left - 90) / longest
        parts.append(f'<text x="10" y="{y + 17}">{when}</text>')
        x = left
        for share, colour in zip(shares, COLOURS):
            w = share * seconds * scale
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{w:.1f}" '
                         f'height="{bar - 6}" fill="{colour}"/>')
            if w > 34:
                parts.append(f'<text x="{x + w / 2:.1f}" y="{y + 14}" '
                             'text-anchor="middle" fill="#ffffff">'
                             f'{100 * share:.0f} %</text>')
            x += w
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 14}">{seconds:.3g} s'
                     '</text>')
        y += bar
    height = y + 12
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step-time", required=True, help="the built program")
    parser.add_argument("--svg", help="where the picture goes")
    args = parser.parse_args()
    env = dict(os.environ, OMP_WAIT_POLICY="passive")
    rows = []
    print("| shape | | s a step | " + " | ".join(KINDS) + " |")
    print("|---" * (3 + len(KINDS)) + "|")
    for shape, options in SHAPES:
        for when, plain in (("before", ["--plain", "all"]), ("after", [])):
            seconds, shares = profile([args.step_time] + options + plain, env)
            rows.append((shape, when, seconds, shares))
            print(f"| {shape} | {when} | {seconds:.3g} | "
                  + " | ".join(f"{100 * s:.1f} %" for s in shares) + " |",
                  flush=True)
    if args.svg:
        draw(rows, args.svg)


if __name__ == "__main__":
    main()
