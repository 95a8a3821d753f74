#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs `arctrm kaggle run` many times with a fault at a random moment.

Every run must end before its deadline with a valid submission, and answers that
existed before the fault must not be lost. Prints a line per run and a table; exit
code 0 if every run passes.

  kaggle_faults.py BUILD_DIR WORK_DIR [--runs 10] [--limit 45] [--parallel 2]

--fault "no fault" measures how well deadlines are kept: a run must end at most
10 s early. It may end at most 0.5 s after the limit (including --safety). A vote
counts as lost if a test input that had an answer has none any more, or if a run
with a full disk answers nothing. Small disks are mounted, which needs root or user
namespaces; without either these faults are skipped.
"""
import argparse
import glob
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("build", help="folder of arctrm and arctrm-solver")
parser.add_argument("work", help="folder for the runs; emptied first")
parser.add_argument("--runs", type=int, default=10)
parser.add_argument("--limit", type=float, default=45, help="time limit of a run in seconds")
parser.add_argument("--parallel", type=int, default=2, help="number of runs at the same time")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--fault", help="inject only this fault")
parser.add_argument("--load", type=int, default=0,
                    help="number of busy processes beside the runs")
args = parser.parse_args()

ARCTRM = os.path.abspath(os.path.join(args.build, "arctrm"))
WORK = os.path.abspath(args.work)
SAFETY = 2.0  # --safety of the runs, in seconds
MOST_EARLY = 10.0
MOST_LATE = 0.5  # after the limit, in seconds
FAULTS = ["SIGTERM", "SIGHUP", "closed pipe", "two runs at once",
          "worker stopped", "worker killed", "leader killed, run again", "disk full",
          "disk full everywhere", "8 KiB left", "two files left",
          "rank lost in training", "rank lost twice", "checkpoint damaged",
          "weights without numbers", "out of memory in training",
          "stage five times slower", "no fault"]
# Options of `mount -t tmpfs -o …` for the scratch folder and the output folder.
DISKS = {"disk full": ("size=24m", ""),
         "disk full everywhere": ("size=24m", "size=24m"),
         "8 KiB left": ("size=8k", "size=8k"),
         # The root folder counts as a file.
         "two files left": ("nr_inodes=3", "nr_inodes=3")}
# These faults may come before the first vote, so a run may answer nothing.
CUT_SHORT = ("SIGTERM", "SIGHUP", "leader killed, run again",
             "stage five times slower", "worker stopped")


def call(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options).stdout


def prepare():
    """Makes tasks, and weights to start from."""
    demo = os.path.join(WORK, "demo")
    # Only its tasks and its checkpoint are used.
    subprocess.run([ARCTRM, "demo", "--out", demo, "--time-limit", "6s",
                    "--threads", "1", "--quiet"], stdout=subprocess.DEVNULL,
                   check=False)
    for path in ("challenges.json", "checkpoint"):
        if not os.path.exists(os.path.join(demo, path)):
            sys.exit("the demo did not write " + path)
    return demo


def site(folder, demo, number):
    """Makes the folders of a Kaggle machine, in one of the two layouts."""
    middle = "competitions/arc-prize-2025" if number % 2 else "arc-prize-2025"
    data = os.path.join(folder, "input", middle)
    os.makedirs(data)
    os.makedirs(os.path.join(folder, "working"))
    os.makedirs(os.path.join(folder, "scratch"))
    challenges = os.path.join(data, "arc-agi_test_challenges.json")
    shutil.copy(os.path.join(demo, "challenges.json"), challenges)
    weights = os.path.join(folder, "input", "weights")
    shutil.copytree(os.path.join(demo, "checkpoint"), weights)
    return challenges, weights


def damage(weights, numbers):
    """Truncates the weights, or replaces some of them by NaN."""
    path = os.path.join(weights, "model.safetensors")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    if numbers:
        header = struct.unpack("<Q", data[:8])[0]
        names = json.loads(data[8:8 + header])
        for name, tensor in names.items():
            if "mlp" in name:
                begin = 8 + header + tensor["data_offsets"][0]
                data[begin:begin + 4] = struct.pack("<f", float("nan"))
    else:
        data = data[:len(data) // 2]
    os.chmod(path, 0o644)
    with open(path, "wb") as file:
        file.write(data)
    if numbers:  # with a right checksum
        path = os.path.join(weights, "checkpoint.json")
        with open(path) as file:
            description = json.load(file)
        description["files"]["model.safetensors"]["sha256"] = \
            hashlib.sha256(data).hexdigest()
        description.pop("self_sha256", None)
        with open(path, "w") as file:
            json.dump(description, file)


def children(pid):
    """The child processes of `pid`, from /proc."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(name))
    return sorted(found)


def answers(path, challenges):
    """The number of test inputs whose attempts are not the placeholder."""
    try:
        with open(path) as file:
            submission = json.load(file)
        with open(challenges) as file:
            tasks = json.load(file)
    except (OSError, ValueError):
        return -1
    return sum(entry["attempt_1"] != test["input"] or
               any(map(any, entry["attempt_2"]))
               for name, entries in submission.items()
               for entry, test in zip(entries, tasks[name]["test"]))


class Run:
    def __init__(self, number, fault, demo, seed):
        self.number = number
        self.fault = fault
        self.random = random.Random(seed)
        self.folder = os.path.join(WORK, "run%03d" % number)
        self.challenges, self.weights = site(self.folder, demo, number)
        self.out = os.path.join(self.folder, "working", "submission.json")
        self.problems = []
        self.mounted = []
        self.other = None  # the second of two runs at once
        self.reader = None  # of standard output and error
        self.name = "log.txt"

    def command(self):
        devices = "cpu,cpu" if "rank" in self.fault or self.number % 3 == 0 \
            else "cpu"
        return [ARCTRM, "kaggle", "run",
                "--input", os.path.join(self.folder, "input"),
                "--working", os.path.join(self.folder, "working"),
                "--limit", "%gs" % args.limit, "--safety", "%gs" % SAFETY,
                "--started", "%d" % self.started, "--checkpoint", self.weights,
                "--recipe", "demo", "--room", "16MiB", "--device", devices, "--threads",
                "2" if devices == "cpu,cpu" else "1", "--seed",
                str(self.number), "--set", "run.vote_share=0.4",
                "--report", os.path.join(self.folder, "working",
                                         "report.html")]

    def start(self):
        environment = dict(os.environ,
                           TMPDIR=os.path.join(self.folder, "scratch"))
        with open(os.path.join(self.folder, self.name), "a") as log:
            if self.fault != "closed pipe":
                return subprocess.Popen(self.command(), stdout=log, stderr=log,
                                        env=environment)
            self.reader, pipe = os.pipe()
            leader = subprocess.Popen(self.command(), stdout=pipe, stderr=pipe,
                                      env=environment)
            os.close(pipe)
            return leader

    def close_reader(self):
        if self.reader is not None:
            os.close(self.reader)
            self.reader = None

    def workers(self, leader, until):
        """Waits for the leader's workers and returns them."""
        while time.time() < until and leader.poll() is None:
            found = children(leader.pid)
            if found:
                return found
            time.sleep(0.05)
        return []

    def strike(self, leader, when):
        """Injects the fault."""
        while time.time() < when and leader.poll() is None:
            time.sleep(0.02)
        if leader.poll() is not None:
            return leader
        self.before = max(self.before, answers(self.out, self.challenges))
        end = self.started + args.limit
        if self.fault == "SIGTERM":
            leader.terminate()
        elif self.fault == "SIGHUP":
            leader.send_signal(signal.SIGHUP)
        elif self.fault == "closed pipe":
            self.close_reader()
        elif self.fault == "two runs at once":
            self.name = "second.txt"
            self.other = self.start()
        elif self.fault == "worker stopped":
            # A stopped worker answers nothing and can't end itself.
            for pid in self.workers(leader, end):
                self.signal(pid, signal.SIGSTOP)
        elif self.fault == "worker killed" or "rank lost" in self.fault:
            for _ in range(2 if "twice" in self.fault else 1):
                found = self.workers(leader, end)
                if found:
                    os.kill(self.random.choice(found), signal.SIGKILL)
                time.sleep(self.random.uniform(0.5, 3))
        elif self.fault == "leader killed, run again":
            leader.kill()
            leader.wait()
            time.sleep(0.2)
            return self.start()
        elif self.fault.startswith("disk full"):
            for folder in self.mounted:
                self.fill(folder)
        elif self.fault == "out of memory in training":
            for pid in self.workers(leader, end):
                if not self.trained():
                    self.starve(pid)
        elif self.fault == "stage five times slower":
            # The workers get 20 ms of every 100 ms.
            while time.time() < end and leader.poll() is None:
                found = children(leader.pid)
                for pid in found:
                    self.signal(pid, signal.SIGSTOP)
                time.sleep(0.08)
                for pid in found:
                    self.signal(pid, signal.SIGCONT)
                time.sleep(0.02)
        return leader

    @staticmethod
    def signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def trained(self):
        with open(os.path.join(self.folder, "log.txt")) as log:
            return "trained " in log.read()

    @staticmethod
    def starve(pid):
        """Limits the memory of this process to less than it has now."""
        try:
            with open("/proc/%d/statm" % pid) as statm:
                pages = int(statm.read().split()[0])
            most = pages * resource.getpagesize() - (16 << 20)
            resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
        except (FileNotFoundError, ProcessLookupError, ValueError):
            pass

    @staticmethod
    def fill(folder):
        path = os.path.join(folder, "filler")
        try:
            with open(path, "wb") as file:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
        except OSError:
            pass

    def mount(self):
        """Mounts small disks, which can be filled."""
        for name, size in zip(("scratch", "working"), DISKS[self.fault]):
            if size:
                folder = os.path.join(self.folder, name)
                call("mount", "-t", "tmpfs", "-o", size, "tmpfs", folder)
                self.mounted.append(folder)

    def sweep(self):
        """Removes the work folders of this run and of earlier runs with the same
        output."""
        name = "arctrm-" + hashlib.sha256(self.out.encode()).hexdigest()[:8]
        for scratch in ("/dev/shm", "/tmp"):
            for path in glob.glob(os.path.join(scratch, name + "*")):
                shutil.rmtree(path, ignore_errors=True)

    def go(self):
        self.sweep()
        if self.fault in DISKS:
            self.mount()
        if self.fault == "checkpoint damaged":
            damage(self.weights, numbers=False)
        elif self.fault == "weights without numbers":
            damage(self.weights, numbers=True)
        self.started = int(time.time())
        self.before = 0
        # A random moment between the start and the last 5 seconds.
        when = self.started + self.random.uniform(0.5, args.limit - 5)
        leader = self.start()
        leader = self.strike(leader, when)
        hard_end = self.started + args.limit + 30
        while leader.poll() is None and time.time() < hard_end:
            time.sleep(0.02)
        ended = time.time()
        if leader.poll() is None:
            leader.kill()
            self.problems.append("had to be killed")
        self.code = leader.returncode
        self.end_other(hard_end)
        self.close_reader()
        self.judge(ended)
        for folder in self.mounted:
            subprocess.run(["umount", folder], check=False)
        self.sweep()

    def end_other(self, hard_end):
        """Checks the second run: it may be refused or wait for the first one."""
        if self.other is None:
            return
        while self.other.poll() is None and time.time() < hard_end:
            time.sleep(0.02)
        if self.other.poll() is None:
            self.other.kill()
            self.problems.append("the second run had to be killed")
        codes = (self.code, self.other.returncode)
        if 0 not in codes and 3 not in codes:
            self.problems.append("both failed: exit codes %s, %s" % codes)
        elif self.code not in (0, 3):
            self.problems.append("the first run failed: exit code %s" % self.code)
        elif self.other.returncode not in (0, 2, 3):
            self.problems.append("second run: exit code %s" %
                                 self.other.returncode)

    def judge(self, ended):
        self.early = self.started + args.limit - SAFETY - ended
        self.after = answers(self.out, self.challenges)
        if self.early < -SAFETY - MOST_LATE:
            self.problems.append("%.1f s past its limit" %
                                 (-self.early - SAFETY))
        elif self.early < 0:
            self.problems.append("%.1f s past the deadline" % -self.early)
        valid = subprocess.run(
            [ARCTRM, "validate", "--challenges", self.challenges, self.out],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if valid.returncode != 0:
            self.problems.append("not valid: " + valid.stdout.decode()[:200])
        if self.fault == "no fault" and self.early > MOST_EARLY:
            self.problems.append("%.1f s early" % self.early)
        if self.after < self.before:
            self.problems.append("%d answers before, %d after" %
                                 (self.before, self.after))
        if self.code not in (0, 3):
            self.problems.append("exit code %s" % self.code)
        # A run that had time for votes must have some.
        self.lost = self.after < self.before
        if self.fault not in CUT_SHORT and self.after < 1:
            self.lost = True
            self.problems.append("no votes at all")


def can_mount():
    """True if small disks can be mounted. Starts this script again in a user
    namespace if only root may."""
    folder = os.path.join(WORK, "disk")
    os.makedirs(folder)
    done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False)
    if done.returncode == 0:
        subprocess.run(["umount", folder], check=False)
        return True
    if "ARCTRM_FAULTS_INSIDE" not in os.environ:
        unshare = ["unshare", "--user", "--map-root-user", "--mount"]
        if subprocess.run(unshare + ["mount", "-t", "tmpfs", "tmpfs", folder],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0:
            os.environ["ARCTRM_FAULTS_INSIDE"] = "1"
            os.execvp(unshare[0], unshare + [sys.executable] + sys.argv)
    return False


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    known = list(FAULTS)
    if not can_mount():
        known = [fault for fault in FAULTS if fault not in DISKS]
        print("no small disk can be mounted here; skipped: " +
              ", ".join(DISKS))
        if args.fault in DISKS:
            return 0
    demo = prepare()
    chosen = random.Random(args.seed)
    faults = []
    while len(faults) < args.runs:
        some = list(known)
        chosen.shuffle(some)
        faults += some
    runs = [Run(i, args.fault or faults[i], demo, args.seed * 1000 + i)
            for i in range(args.runs)]
    waiting = list(runs)
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                if not waiting:
                    return
                run = waiting.pop(0)
            run.go()
            with lock:
                print("run %3d  %-26s exit %s  answers %3d -> %3d  %5.1f s "
                      "before the deadline%s" %
                      (run.number, run.fault, run.code, run.before, run.after,
                       run.early, "".join("  PROBLEM: " + p
                                          for p in run.problems)), flush=True)

    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(args.load)]
    threads = [threading.Thread(target=work) for _ in range(args.parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in load:
        process.kill()
    print("\n%-26s runs  valid and in time  with votes  lost votes" %
          "fault")
    for fault in FAULTS:
        own = [r for r in runs if r.fault == fault]
        if own:
            print("%-26s %4d  %17d  %10d  %10d" %
                  (fault, len(own), sum(not r.problems for r in own),
                   sum(r.after > 0 for r in own), sum(r.lost for r in own)))
    early = sorted(r.early for r in runs)
    print("seconds before the deadline: least %.1f, median %.1f, most %.1f" %
          (early[0], early[len(early) // 2], early[-1]))
    bad = [r for r in runs if r.problems]
    print("%d runs, %d with a problem" % (len(runs), len(bad)))
    return 1 if bad else 0


sys.exit(main())
