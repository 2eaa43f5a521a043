"""Mutants: each patch in tests/mutants takes out the handling of one fault or race; the test that it
names has to fail then. Called by runner.py for `tests/run --all` and `tests/run mutant:NAME`."""
import os
import pathlib
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "mutants"
BUILD = SOURCE / "build" / "test"  # as deep as the real one, so that ccache knows the objects


def names():
    return sorted(path.stem for path in (ROOT / "tests" / "mutants").glob("*.patch"))


def call(command, **more):
    return subprocess.run([str(part) for part in command], text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


def copy_tree():
    """The sources as they are now; the build among them is kept."""
    SOURCE.mkdir(parents=True, exist_ok=True)
    return call(["rsync", "-a", "--delete", "--exclude=/build", "--exclude=/.git", f"{ROOT}/", SOURCE])


def build():
    env = dict(os.environ, CCACHE_NOHASHDIR="1")
    if not (BUILD / "build.ninja").exists():
        done = call(["meson", "setup", BUILD, SOURCE, "--buildtype=debugoptimized",
                     "-Db_sanitize=address,undefined"], env=env)
        if done.returncode:
            return done
    return call(["ninja", "-C", BUILD, "bridge/duedav"], env=env)


def try_one(name):
    """(outcome, output)"""
    patch = ROOT / "tests" / "mutants" / f"{name}.patch"
    test = re.match(r"Test: (\S+)\n", patch.read_text())
    if not test:
        return "FAIL", "its first line is no 'Test: MODULE.CLASS.TEST'"
    apply = ["patch", "-p1", "-F0", "--no-backup-if-mismatch", "-d", SOURCE, "-i", patch]
    done = call(apply)
    if done.returncode:
        return "FAIL", f"it no longer applies: mend the patch\n{done.stdout}"
    try:
        done = build()
        if done.returncode:
            return "FAIL", f"it no longer builds: mend the patch\n{done.stdout[-4000:]}"
        done = call(["/usr/bin/python3", "-m", "unittest", "-q", test[1]],
                    env=dict(os.environ, DUEDAV=str(BUILD / "bridge" / "duedav"),
                             PYTHONPATH=str(SOURCE / "tests" / "integration"),
                             PYTHONDONTWRITEBYTECODE="1", DUEDAV_HASTE="1", DUEDAV_PATIENCE="0.25",
                             DUEDAV_LONG="1"))
        if done.returncode == 0 or "Ran 1 test" not in done.stdout:
            return "FAIL", f"{test[1]} does not see it\n{done.stdout[-4000:]}"
        return "ok", ""
    finally:
        call([*apply, "-R"])


def run(chosen, result):
    """chosen: names; result: of runner.py"""
    started = time.monotonic()
    done = copy_tree()
    if done.returncode:
        result.add("mutant:(copy)", "FAIL", 0, done.stdout)
        return
    done = build()
    if done.returncode:
        result.add("mutant:(build)", "FAIL", time.monotonic() - started, done.stdout[-4000:])
        return
    for name in chosen:
        started = time.monotonic()
        outcome, output = try_one(name)
        result.add(f"mutant:{name}", outcome, time.monotonic() - started, output)
