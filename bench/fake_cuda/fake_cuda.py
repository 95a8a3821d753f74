# SPDX-License-Identifier: MIT
"""Builds the fake CUDA runtime and runs programs on it (state.h describes it)."""
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNTIME = ["state.cc", "device.cc", "memory.cc", "streams.cc", "kernels.cc",
           "cublas.cc", "cudnn.cc"]


def compile_library(target, sources, *options):
    compiler = os.environ.get("CXX", "g++")
    subprocess.run([compiler, "-std=c++20", "-O1", "-Wall", "-Wextra", "-fPIC",
                    "-shared", "-o", target, *options, *sources], check=True)


def nccl_stubs(torch_cuda):
    """Code for the functions of NCCL that LibTorch links and nccl.cc lacks."""
    symbols = subprocess.run(["nm", "-D", "--undefined-only", torch_cuda],
                             check=True, capture_output=True, text=True).stdout
    wanted = set(re.findall(r"\bU (nccl\w+)", symbols))
    own = set(re.findall(r"\b(nccl\w+)\(", (HERE / "nccl.cc").read_text()))
    return "".join(f'extern "C" int {name}() {{ return 3; }}\n'
                   for name in sorted(wanted - own))


class FakeCuda:
    """The libraries, for the LibTorch of the folder `site` (site-packages)."""

    def __init__(self, site, folder):
        self.site = Path(site).resolve()
        self.folder = Path(folder).resolve()
        torch_cuda = self.site / "torch/lib/libtorch_cuda.so"
        headers = [next(self.site.glob(f"nvidia/*/include/{name}"), None)
                   for name in ("cuda_runtime_api.h", "cudnn.h")]
        if not torch_cuda.exists() or None in headers:
            sys.exit(f"{site}: no torch wheel with CUDA and the packages that it "
                     "requires (pip install --target SITE torch==2.11.0)")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.libraries = [self.folder / name for name in
                          ("libfakecuda.so", "libcuda.so.1", "libnccl.so.2")]
        newest = max(f.stat().st_mtime for f in HERE.iterdir())
        if all(l.exists() and l.stat().st_mtime > newest
               for l in self.libraries):
            return
        runtime, driver, nccl = self.libraries
        compile_library(runtime, [HERE / f for f in RUNTIME],
                        *[f"-I{header.parent}" for header in headers])
        compile_library(driver, [HERE / "driver.cc"], "-Wl,-soname,libcuda.so.1")
        stubs = self.folder / "nccl_stubs.cc"
        stubs.write_text(nccl_stubs(torch_cuda))
        compile_library(nccl, [HERE / "nccl.cc", stubs],
                        "-Wl,-soname,libnccl.so.2")

    def environment(self, report=None, **settings):
        """Settings as in state.h, in lower case and without their prefix."""
        env = dict(os.environ)
        torch = str(self.site / "torch/lib")
        env["LD_LIBRARY_PATH"] = ":".join(
            p for p in (torch, env.get("LD_LIBRARY_PATH")) if p)
        env["LD_PRELOAD"] = ":".join(map(str, self.libraries))
        # Loads the backend although the machine has no driver.
        env["ARCTRM_TEST_CUDA_BACKEND"] = "libtorch_cuda.so"
        env["ARCTRM_CACHE_DIR"] = str(self.folder / "cache")
        if report:
            env["FAKE_CUDA_REPORT"] = str(report)
        for name, value in settings.items():
            env[f"FAKE_CUDA_{name.upper()}"] = str(value)
        return env


def read_report(path):
    """The counters of a report by name."""
    counters = {}
    for line in Path(path).read_text().splitlines():
        value, name = line.split(" ", 1)
        counters[name] = int(value)
    return counters
