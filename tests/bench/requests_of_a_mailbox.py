#!/usr/bin/env python3
"""Counts what a mailbox of 20 lists and 10,000 tasks costs upstream, on each dialect: the requests of a
first sync, and of an hour (of a test clock) of near rounds in which a client polls; beside each the
least number that the protocol allows.

usage: DUEDAV=build/release/bridge/duedav tests/bench/requests_of_a_mailbox.py [outlook|todo ...]
"""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

LISTS = 20
TASKS = 10_000
PAGE = 200   # what the bridge asks for
HOUR = 3600
STEP = 3
SEEN = 300   # seconds between two polls of a client
LIMIT = 10_000 / 600  # requests a second: 10,000 in 10 minutes (upstream.md G.1)


def seed(sandbox):
    """500 tasks in each list."""
    rest = sandbox.rest()
    folders = [rest.post("/taskfolders", {"Name": f"List {n}"}).json["Id"]
               for n in range(1, LISTS)]
    for folder in ["Tasks", *folders]:
        sandbox.admin.seed("alice", TASKS // LISTS, folder=folder)


def kinds(requests):
    """How many of each kind: for the eye."""
    counted = collections.Counter()
    for request in requests:
        path = request["path"].lower()
        what = ("tasks" if "/tasks" in path else "lists")
        if "/tasks('" in path or "/tasks/aa" in path:
            what = "single tasks"
        counted[f"{request['method']} {what} {request['status']}"] += 1
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))


def least_of_first_sync(dialect):
    """A page each, and what ends a round: v2.0 gives a first page of a full listing a deltaLink that
    has to be followed at once (A.10.2), To Do tells by the last page (B.10)."""
    pages = -(-TASKS // LISTS // PAGE)
    if dialect == "todo":
        return 1 + LISTS * pages
    return 1 + (2 + LISTS * (pages + (pages == 1)))  # groups, and the lists as a round of two


def measure(dialect):
    import harness
    with tempfile.TemporaryDirectory(prefix="duedav-") as folder:
        clock = harness.TestClock(folder)
        sandbox = harness.Sandbox(folder, clock=clock)
        bridge = harness.Bridge(folder, sandbox.url, clock)
        try:
            seed(sandbox)
            sandbox.admin.clear_requests()
            started = time.monotonic()
            password = bridge.add_user("alice", "alice-token")
            bridge.start()
            bridge.run("sync", "alice")
            seconds = time.monotonic() - started
            first = sandbox.admin.requests()
            dav = bridge.dav("alice", password)
            lists = dav.collections()
            count = sum(len(dav.etags(path)) for path in lists.values())
            assert count == TASKS, count
            print(f"{dialect}: first sync {len(first)} requests, least "
                  f"{least_of_first_sync(dialect)} ({kinds(first)}), {seconds:.1f} s")
            hour(sandbox, clock, dav, lists["Tasks"], dialect)
        finally:
            bridge.stop()
            sandbox.stop()
            clock.close()


def hour(sandbox, clock, dav, path, dialect):
    """A client polls now and then, so that the account stays near (10 minutes); the clock goes on by
    a few seconds, and stands still while a round is under way."""
    begin = last = sandbox.admin.last()
    for second in range(0, HOUR, STEP):
        clock.advance(STEP)
        if second % SEEN == 0:
            dav.ctag(path)
        while sandbox.admin.requests(after=last, arrived=1):
            sandbox.admin.wait(count=1 + LISTS, after=last)
            last = sandbox.admin.last()
    requests = sandbox.admin.requests(after=begin)
    rounds = sum(1 for r in requests if "/tasks" not in r["path"].lower())
    print(f"{dialect}: an hour of near rounds {len(requests)} requests, least "
          f"{rounds * (1 + LISTS)} for its {rounds} rounds of {1 + LISTS} ({kinds(requests)}); "
          f"{len(requests) / HOUR:.2f} a second, limit {LIMIT:.2f}; at once at most "
          f"{sandbox.admin.loads()['alice']['most']}, limit 4")


def main():
    dialects = sys.argv[1:] or ["outlook", "todo"]
    if len(dialects) == 1:
        os.environ["DUEDAV_TEST_DIALECT"] = dialects[0]
        measure(dialects[0])
        return
    for dialect in dialects:  # the harness reads the dialect once
        subprocess.run([sys.executable, __file__, dialect], check=True)


if __name__ == "__main__":
    main()
