#!/usr/bin/env python3
"""The long run of the torture test: many seeds on both services, and the sum of what they did.

    tests/bench/torture.py [--operations 200000] [--each 2500] [--parallel 2] [--first 1]
                           [--duedav build/release/bridge/duedav] [--logs build/torture]

Stores are in memory (/dev/shm), for what a disk does to them has tests of its own. Prints a line per
run as it ends, then the sum. Ends with status 1 if a run failed; its log, its stores and what the
service was asked are left in the folder of the logs.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DIALECTS = ("outlook", "todo")
SUMMARY = re.compile(r"^(\d+) operations ({.*}), \d+ tasks, (\d+) s$", re.M)


def run(options, dialect, seed):
    """(dialect, seed, status, seconds, counts)"""
    logs = pathlib.Path(options.logs)
    started = time.monotonic()
    with open(logs / f"{dialect}-{seed}.log", "w+") as log:
        done = subprocess.run(
            ["/usr/bin/python3", "-m", "unittest", "-q", "test_torture"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=dict(
                os.environ, PYTHONPATH=str(ROOT / "tests" / "integration"),
                PYTHONDONTWRITEBYTECODE="1", DUEDAV=str(pathlib.Path(options.duedav).resolve()),
                DUEDAV_TEST_DIALECT=dialect, DUEDAV_SEED=str(seed), TMPDIR="/dev/shm",
                DUEDAV_OPS=str(options.each), DUEDAV_SECONDS="86400",
                DUEDAV_KEEP=str(logs / dialect)))
        log.seek(0)
        found = SUMMARY.search(log.read())
    counts = dict(json.loads(found[2]), operations=int(found[1])) if found else {}
    return dialect, seed, done.returncode, time.monotonic() - started, counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--operations", type=int, default=200_000)
    parser.add_argument("--each", type=int, default=2500, help="operations of a run")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--duedav", default=ROOT / "build" / "release" / "bridge" / "duedav")
    parser.add_argument("--logs", default=ROOT / "build" / "torture")
    options = parser.parse_args()
    pathlib.Path(options.logs).mkdir(parents=True, exist_ok=True)
    total = collections.Counter()
    seeds = range(options.first,
                  options.first + -(-options.operations // (options.each * len(DIALECTS))))
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        runs = [pool.submit(run, options, dialect, seed) for seed in seeds for dialect in DIALECTS]
        for future in concurrent.futures.as_completed(runs):
            dialect, seed, status, seconds, counts = future.result()
            total.update(counts, runs=1, failed=status != 0)
            print(f"{dialect:7} seed {seed:6} {'FAIL' if status else 'ok':4} {seconds:6.0f} s "
                  f"{json.dumps(counts)}", flush=True)
    print(json.dumps(total))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
