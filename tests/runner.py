#!/usr/bin/env python3
"""Builds and runs the tests; called by tests/run, which installs what they need."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import mutants

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "test"
FUZZ = ROOT / "build" / "fuzz"
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


class Result:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.left_out = []  # with the reason: nothing is skipped in silence

    def add(self, name, outcome, seconds, output=""):
        if outcome == "ok":
            self.passed += 1
        elif outcome == "skip":
            self.skipped += 1
            self.left_out.append(f"{name}: {(output.splitlines() or [''])[-1]}")
        else:
            self.failed += 1
            self.failures.append(name)
        print(f"{outcome:4} {name} ({seconds:.1f} s)", flush=True)
        if outcome == "FAIL":
            print("\n".join(f"    {line}" for line in output.splitlines()[-80:]))
            print(f"    run it alone: tests/run --no-install {name}", flush=True)


def run(command, **more):
    env = dict(os.environ, **SANITIZERS, **more.pop("env", {}))
    return subprocess.run(command, cwd=ROOT, env=env, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


def build(folder, *options, env=None, targets=()):
    """Set up (once) and build, all or only these; ends the run when it fails."""
    if not (folder / "build.ninja").exists():
        done = run(["meson", "setup", str(folder), "--buildtype=debugoptimized",
                    "-Dwerror=true", *options], env=env or {})
        if done.returncode:
            print(done.stdout)
            sys.exit(1)
    done = run(["ninja", "-C", str(folder), *targets])
    if done.returncode:
        print(done.stdout[-8000:])
        sys.exit(1)


def wanted(name, names):
    return not names or any(part in name for part in names)


# --- unit tests, lint, replays of the fuzz corpora ------------------------------------------

def meson_tests():
    done = run(["meson", "introspect", str(BUILD), "--tests"])
    return json.loads(done.stdout)


def meson_names():
    return [test["name"] for test in meson_tests()]


def require_unit_tests():
    """Meson leaves them out, in silence, where cmocka is missing."""
    if not any(suite.split(":")[-1] == "unit" for test in meson_tests() for suite in test["suite"]):
        print(f"no unit tests were built: install cmocka (tests/packages) and remove {BUILD}")
        sys.exit(1)


def run_meson(names, result):
    tests = [name for name in meson_names() if wanted(f"unit:{name}", names)]
    if not tests:
        return
    log = BUILD / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    started = time.monotonic()
    done = run(["meson", "test", "-C", str(BUILD), "--no-rebuild", "--timeout-multiplier=4",
                *tests])
    lines = log.read_text().splitlines() if log.exists() else []
    failed = result.failed
    for line in lines:
        test = json.loads(line)
        outcome = {"OK": "ok", "SKIP": "skip", "EXPECTEDFAIL": "ok"}.get(test["result"], "FAIL")
        name = test["name"].split(" / ")[-1]
        output = (test.get("stdout") or "") + (test.get("stderr") or "")
        result.add(f"unit:{name}", outcome, test.get("duration", 0), output)
        for counted in re.findall(r"^(?:seed|compared|corpus)\b.*$", output, re.M):
            print(f"    {counted}")
    if len(lines) < len(tests) or (done.returncode and result.failed == failed):
        result.add("unit:(meson)", "FAIL", time.monotonic() - started,
                   f"{done.stdout}\n{len(lines)} of {len(tests)} tests have a result, "
                   f"meson's status is {done.returncode}")


# --- integration tests: one module more at a time than there are cores: they wait a lot -----------

# All modules run on Outlook Tasks v2.0 and, as MODULE@todo, on Microsoft To Do, but for those that
# are about one of the two services, or about none.
ONE_DIALECT = {"test_conformance", "test_other_service", "test_sandbox", "test_sandbox_attachments",
               "test_sandbox_graph", "test_todo", "test_todo_mapping"}
CLIENTS = {"test_clients", "test_series_client"}  # on v2.0 only with --all
LONGEST = {"test_attachments", "test_clients", "test_faults_upstream", "test_other_service",
           "test_promises", "test_torture"}


def integration_modules(long_run):
    """Names of runs: a module, or module@todo for the same on Microsoft To Do."""
    names = []
    for path in sorted((ROOT / "tests" / "integration").glob("test_*.py")):
        module = path.stem
        if long_run or module not in CLIENTS:
            names.append(module)
        if module not in ONE_DIALECT:
            names.append(f"{module}@todo")
    # the longest first, so that the end is not one module and an idle core
    return sorted(names, key=lambda name: (name.partition("@")[0] not in LONGEST, name))


NAME = re.compile(r"^(test\w+) \(\S+\)")
OUTCOME = re.compile(r"\.\.\. (ok|FAIL|ERROR|skipped.*|expected failure)$")


def outcomes(output):
    """(test, outcome) from what unittest -v prints; a docstring stands on a line of its own, and
    warnings may come between."""
    seen = []
    test = None
    for line in output.splitlines():
        name = NAME.match(line)
        if name:
            test = name[1]
        outcome = OUTCOME.search(line) or (test and re.fullmatch("(ok|FAIL|ERROR)", line))
        if test and outcome:
            seen.append((test, outcome[1]))
            test = None
    return seen


def run_module(name, pattern, long_run, program=BUILD / "bridge" / "duedav", **env):
    """The finished process and the seconds it took."""
    module, _, dialect = name.partition("@")
    command = ["/usr/bin/python3", "-m", "unittest", "-v"]
    for part in pattern:
        command += ["-k", part]
    started = time.monotonic()
    done = run(command + [module], env={
        "PYTHONPATH": str(ROOT / "tests" / "integration"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DUEDAV": str(program),
        "DUEDAV_TEST_DIALECT": dialect or "outlook",
        "DUEDAV_LONG": "1" if long_run else "",
        **env,
    })
    return done, time.monotonic() - started


def report_module(name, done, seconds, result):
    seen = outcomes(done.stdout)
    for test, outcome in seen:
        kind = ("ok" if outcome in ("ok", "expected failure")
                else "skip" if outcome.startswith("skipped") else "FAIL")
        result.add(f"{name}:{test}", kind, seconds / max(len(seen), 1),
                   done.stdout[done.stdout.find("=" * 70):] if kind == "FAIL" else outcome)
    if done.returncode and not any(o in ("FAIL", "ERROR") for _, o in seen):
        result.add(f"{name}:(module)", "FAIL", seconds, done.stdout)


def run_integration(names, result, long_run):
    with concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        running = {}
        for name in integration_modules(long_run or bool(names)):
            pattern = [part.split(":", 1)[1] for part in names if part.startswith(f"{name}:")]
            if pattern or wanted(f"integration:{name}", names):
                running[pool.submit(run_module, name, pattern, long_run)] = name
        for future in concurrent.futures.as_completed(running):
            report_module(running[future], *future.result(), result)


# --- mutants, other sanitizers --------------------------------------------------------------

def run_mutants(names, result, everything):
    """With --all, or asked for by name."""
    chosen = [name for name in mutants.names()
              if (everything and not names) or any(part in f"mutant:{name}" for part in names)]
    if chosen:
        mutants.run(chosen, result)


def run_under(what, modules, program, names, result, **env):
    """Those that are named, as WHAT, WHAT:MODULE or WHAT:MODULE:TEST; without names all."""
    for module in modules:
        name = f"{what}:{module}"
        pattern = [part.removeprefix(f"{name}:") for part in names if part.startswith(f"{name}:")]
        if pattern or not names or any(name.startswith(part) for part in names):
            report_module(name, *run_module(module, pattern, False, program, **env), result)


def run_other_sanitizers(names, result, everything):
    """The whole integration suite under ThreadSanitizer, a short one under memcheck."""
    asked = {part.split(":")[0] for part in names}
    if everything and not names:
        asked = {"tsan", "valgrind"}
    if "tsan" in asked:
        folder = ROOT / "build" / "tsan"
        build(folder, "-Db_sanitize=thread", targets=["bridge/duedav"])
        run_under("tsan", integration_modules(False), folder / "bridge" / "duedav", names, result,
                  TSAN_OPTIONS="exitcode=66:halt_on_error=0", DUEDAV_PATIENCE="5")
    if "valgrind" in asked:
        folder = ROOT / "build" / "plain"
        build(folder, targets=["bridge/duedav"])
        program = folder / "duedav-memcheck"
        program.write_text("#!/bin/sh\nexec valgrind -q --error-exitcode=66 --leak-check=full "
                           "--errors-for-leak-kinds=definite "
                           f"{folder}/bridge/duedav \"$@\"\n")
        program.chmod(0o755)
        run_under("valgrind", ["test_promises.Writing", "test_regressions", "test_copy_move",
                               "test_state"], program, names, result, DUEDAV_PATIENCE="5")


# --- fuzzing --------------------------------------------------------------------------------

def fuzz_names():
    return sorted(p.stem for p in (ROOT / "tests" / "fuzz").glob("fuzz_*.c"))


def run_fuzz(names, result, seconds):
    targets = [name for name in fuzz_names() if wanted(f"fuzz:{name}", names)]
    if not targets:
        return
    build(FUZZ, "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
          env={"CC": "clang"}, targets=[f"tests/fuzz/{name}" for name in targets])
    waiting = list(targets)
    running = []
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            name = waiting.pop(0)
            fresh = FUZZ / "found" / name
            fresh.mkdir(parents=True, exist_ok=True)
            log = open(FUZZ / f"{name}.log", "w+")
            corpus = ROOT / "tests" / "fuzz" / "corpus" / name.removeprefix("fuzz_")
            process = subprocess.Popen(
                [str(FUZZ / "tests" / "fuzz" / name), f"-max_total_time={seconds}",
                 "-rss_limit_mb=2048", "-malloc_limit_mb=512", "-max_len=400000",
                 "-timeout=10", f"-artifact_prefix={FUZZ}/crash-{name}-",
                 str(fresh), str(corpus)],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=dict(os.environ, **SANITIZERS))
            running.append((name, process, log, time.monotonic()))
        name, process, log, started = running.pop(0)
        process.wait()
        log.seek(0)
        output = log.read()
        log.close()
        result.add(f"fuzz:{name}", "ok" if process.returncode == 0 else "FAIL",
                   time.monotonic() - started, output)


def main():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    names = arguments.names

    started = time.monotonic()
    print("building with AddressSanitizer and UndefinedBehaviorSanitizer", flush=True)
    build(BUILD, "-Db_sanitize=address,undefined", "-Doptimization=1")  # half the time of 2
    require_unit_tests()
    if arguments.list:
        for name in meson_names():
            print(f"unit:{name}")
        for name in integration_modules(True):
            print(f"integration:{name}")
        for name in fuzz_names():
            print(f"fuzz:{name}")
        for name in mutants.names():
            print(f"mutant:{name}")
        return 0
    result = Result()
    run_meson(names, result)
    run_integration(names, result, arguments.all)
    run_mutants(names, result, arguments.all)
    run_other_sanitizers(names, result, arguments.all)
    run_fuzz(names, result, 600 if arguments.all else 15)
    for what in result.left_out:
        print(f"left out: {what}")
    for name in result.failures:
        print(f"failed: {name}")
    print(f"{time.monotonic() - started:.0f} seconds in all")
    print(f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped")
    return 1 if result.failed or not result.passed + result.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
