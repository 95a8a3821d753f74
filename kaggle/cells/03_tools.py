# Functions for the cells below. This cell runs nothing.
import contextlib
import glob
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import traceback
from pathlib import Path

SUBMISSION = Path(WORKING, "submission.json")
REPORT = Path(WORKING, "report.html")
LOGS = Path(SCRATCH, "logs")
ENVIRONMENT = dict(os.environ)


def say(text):
    print(f"[{time.time() - STARTED:6.0f} s] {text}", flush=True)


def as_it_comes(text):
    print(text, end="", flush=True)


@contextlib.contextmanager
def never_failing():
    """Prints exceptions instead of raising them: Kaggle scores no failed notebook."""
    try:
        yield
    except Exception:
        traceback.print_exc()


def seconds(duration):
    """41400 for 11h30m."""
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"(\d+(?:\.\d+)?)([hms])", duration)
    return sum(float(number) * units[unit] for number, unit in parts)


def find(name):
    """The file of this name nearest to the top of the input folder, or None."""
    for depth in range(8):
        found = sorted(glob.glob(INPUT + "/*" * depth + "/" + name))
        if found:
            return Path(found[0])
    return None


def blank(like):
    return [[0] * len(like[0]) for _ in like]


def placeholder(task, grid):
    """The attempts for a test input without an answer, as arctrm writes them: the
    input, and a blank grid of the outputs' size if they all have one size."""
    sizes = [blank(pair["output"]) for pair in task["train"]]
    second = sizes[0] if all(size == sizes[0] for size in sizes) else blank(grid)
    if second == grid:
        second = [[1]] if grid == [[0]] else [[0]]
    return {"attempt_1": grid, "attempt_2": second}


def placeholders(tasks):
    """A valid submission that answers nothing."""
    return {name: [placeholder(task, test["input"]) for test in task["test"]]
            for name, task in json.loads(tasks.read_text()).items()}


def write_placeholder(tasks):
    answers = placeholders(tasks)
    fresh = SUBMISSION.with_name("submission.json.new")
    fresh.write_text(json.dumps(answers))
    fresh.replace(SUBMISSION)


def is_trial(tasks):
    """True if these are stand-in tasks: public ones instead of the hidden ones."""
    public = tasks.with_name("arc-agi_training_challenges.json")
    if os.environ.get("KAGGLE_IS_COMPETITION_RERUN") or not public.exists():
        return False
    return set(json.loads(tasks.read_text())) <= set(json.loads(public.read_text()))


def ended(process, patience):
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def follow(command, log, until, show):
    """Runs a command with its output in the file `log`, passes new output to
    `show`, and ends the command at the time `until`. Returns the exit code."""
    with open(log, "ab") as out:
        begin = out.tell()
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True)
    with open(log, errors="replace") as text:
        text.seek(begin)
        try:
            while not ended(process, 0.2) and time.time() < until:
                show(text.read())
        finally:
            # Time is up, or the cell was interrupted.
            if not ended(process, 0):
                os.killpg(process.pid, signal.SIGTERM)
                ended(process, 30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            show(text.read())
    return process.returncode


def count_gpus():
    if not shutil.which("nvidia-smi"):
        return 0
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return len(re.findall(r"^GPU \d+:", listed.stdout, re.MULTILINE))


def image_torch():
    """Folder and version of this image's torch, without importing it."""
    spec = importlib.util.find_spec("torch")
    root = Path(spec.origin).parent if spec and spec.origin else None
    if root is None or not (root / "lib/libtorch_cpu.so").exists():
        return None, ""
    version = re.search(r"\d+\.\d+\.\d+", (root / "version.py").read_text())
    return root, version.group() if version else ""


def damaged_files(bundle):
    """The files of the bundle that differ from the packed ones."""
    damaged = set()
    for line in (bundle / "MANIFEST.sha256").read_text().splitlines():
        digest, name = line.split("  ", 1)
        file = bundle / name
        content = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            damaged.add(name)
    return damaged


def passes_self_check(folder):
    """True if the program in the folder works on this machine."""
    code = follow([folder / "arctrm", "doctor"], LOGS / "self-check.log",
                  time.time() + 300, as_it_comes)
    if code != 0:
        say(f"the self-check failed, exit code {code}")
    return code == 0


def take_prebuilt(bundle, version, damaged):
    """The folder of the program built for this torch, or None."""
    name = f"prebuilt/torch-{version}"
    if not (bundle / name / "arctrm").exists():
        built = sorted(folder.name for folder in bundle.glob("prebuilt/torch-*"))
        say(f"the dataset has no program for torch {version}, only {built}")
        return None
    if any(file.startswith(name + "/") for file in damaged):
        say("the program built for this torch is damaged")
        return None
    folder = Path(SCRATCH, "prebuilt")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in (bundle / name).iterdir():
        shutil.copyfile(file, folder / file.name)
        os.chmod(folder / file.name, 0o755)  # Datasets keep no file modes.
    say(f"trying the program built for torch {version}")
    return folder if passes_self_check(folder) else None


def compile_here(bundle, torch):
    """The folder of the program compiled from the bundle's sources, or None."""
    if not shutil.which("cmake"):
        say("this image has no cmake, so nothing can be compiled")
        return None
    folder = Path(SCRATCH, "build")
    shutil.rmtree(folder, ignore_errors=True)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    jobs = max(1, min(len(os.sched_getaffinity(0)), int(memory / 1.5e9)))
    libraries = [f"-DARCTRM_{name.upper()}_SOURCE_DIR={bundle / 'third_party' / name}"
                 for name in ["absl", "simdjson", "zstd", "zlib", "CLI11",
                              "nlohmann_json"]]
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    commands = [
        ["cmake", *generator, "-S", bundle / "source", "-B", folder,
         "-DCMAKE_BUILD_TYPE=Release", "-DARCTRM_BUILD_TESTS=OFF",
         f"-DARCTRM_TORCH_ROOT={torch}", *libraries],
        ["cmake", "--build", folder, "--target", "arctrm", "--parallel", jobs],
    ]
    log = LOGS / "compile.log"
    say(f"compiling with {jobs} jobs; the compiler's output is in {log}")
    shown = time.time()

    def show_steps(new):
        """Shows ninja's [12/240] or make's [ 5%] every 15 seconds."""
        nonlocal shown
        steps = re.findall(r"^\[ *\d+(?:/\d+|%)\]", new, re.MULTILINE)
        if steps and time.time() - shown >= 15:
            shown = time.time()
            say(f"compiling {steps[-1]}")

    until = time.time() + 30 * 60
    for command in commands:
        code = follow(command, log, until, show_steps)
        if code != 0:
            say(f"compiling failed, exit code {code}; the last lines:")
            print(log.read_text(errors="replace")[-3000:])
            return None
    say("compiled")
    return folder if passes_self_check(folder) else None
