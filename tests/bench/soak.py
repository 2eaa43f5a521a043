#!/usr/bin/env python3
"""Fifty clients on one server for half an hour: memory and latency have to stay flat.

    tests/bench/soak.py [--minutes 30] [--clients 50] [--duedav build/release/bridge/duedav]

Each client has an app password of its own and does what real ones do: polls with sync-collection,
fetches what changed, makes, changes, completes and deletes tasks of its own (at most 20), with a
pause of about a second in between; beside them 'Outlook' changes tasks at the service. Prints a
line per minute: resident memory of the server, requests, and latencies in milliseconds (half, 95
and 99 of a hundred were faster); last a verdict, the last third against the first. Ends with status
1 if memory or latency grew.
"""
import argparse
import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

PAUSE = 1.0
TASKS = 20  # of each client


class Figures:
    """Latencies of the minute under way."""

    def __init__(self):
        self.lock = threading.Lock()
        self.begin()

    def begin(self):
        self.latencies = {"read": [], "write": []}
        self.busy = 0

    def take(self):
        with self.lock:
            latencies, busy = self.latencies, self.busy
            self.begin()
        return latencies, busy

    def add(self, kind, seconds, status):
        with self.lock:
            self.latencies[kind].append(seconds * 1000)
            self.busy += status == 503


class SoakClient(threading.Thread):
    def __init__(self, harness, bridge, number, password, figures, stop):
        super().__init__(daemon=True)
        self.harness = harness
        self.number = number
        self.dav = harness.Dav(bridge.url, "alice", password)
        self.figures = figures
        self.stopping = stop
        self.rng = random.Random(number)
        self.tasks = {}  # name: (etag, text)
        self.token = ""
        self.failure = None

    def timed(self, kind, method, *arguments, **more):
        began = time.monotonic()
        answer = method(*arguments, **more)
        self.figures.add(kind, time.monotonic() - began, getattr(answer, "status", 207))
        return answer

    def run(self):
        try:
            path = self.dav.collections()["Tasks"]
            while not self.stopping.wait(self.rng.uniform(0.2, 2 * PAUSE - 0.2)):
                self.rng.choice([self.poll, self.poll, self.write])(path)
        except Exception as error:
            self.failure = error
            raise

    def poll(self, path):
        changed, self.token = self.timed("read", self.dav.sync_collection, path, self.token)
        wanted = [href for href, etag in changed.items() if etag is not None]
        if wanted:
            self.timed("read", self.dav.multiget, path, wanted[-50:])

    def write(self, path):
        free = [name for i in range(TASKS) if (name := f"c{self.number}-{i}") not in self.tasks]
        if not self.tasks or (free and self.rng.random() < 0.3):
            name = self.rng.choice(free)  # again and again the same: each leaves a tombstone
            text = self.harness.vtodo(name, f"SUMMARY:Task {name}", "DESCRIPTION:" + "x" * 500)
            answer = self.timed("write", self.dav.put, f"{path}{name}.ics", text, if_none_match="*")
            self.keep(path, name, text, answer, 201)
            return
        name = self.rng.choice(list(self.tasks))
        etag, text = self.tasks[name]
        if self.rng.random() < 0.2:
            answer = self.timed("write", self.dav.delete, f"{path}{name}.ics", if_match=etag)
            assert answer.status in (204, 404, 412, 503), answer
            if answer.status in (204, 404):
                del self.tasks[name]
            elif answer.status == 412:
                self.fetch(path, name)
            return
        new = text.replace("SUMMARY:Task", f"SUMMARY:Task {self.rng.randrange(10)}")
        answer = self.timed("write", self.dav.put, f"{path}{name}.ics", new, if_match=etag)
        self.keep(path, name, new, answer, 204)

    def keep(self, path, name, text, answer, done):
        assert answer.status in (done, 412, 503), answer
        if answer.status == done and answer.etag:
            self.tasks[name] = (answer.etag, text)
        elif answer.status != 503:
            self.fetch(path, name)

    def fetch(self, path, name):
        answer = self.timed("read", self.dav.get, f"{path}{name}.ics")
        if answer.status == 200 and len(answer.text) < 5000:
            self.tasks[name] = (answer.etag, answer.text)
        else:
            self.tasks.pop(name, None)


def outlook(rest, stop):
    """One change a second at the service itself."""
    rng = random.Random(0)
    while not stop.wait(1):
        tasks = rest.get("/taskfolders('Tasks')/tasks?$top=200&$select=Id").json.get("value", [])
        if tasks:
            chosen = rng.choice(tasks)["Id"]
            rest.patch(f"/tasks('{chosen}')", {"Importance": rng.choice(["High", "Low", "Normal"])})


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def percentile(values, share):
    ordered = sorted(values) or [0]
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def verdict(name, values, allowed):
    """The last third against the first (without the first minute, which warms up)."""
    values = values[1:] or values
    third = max(len(values) // 3, 1)
    first, last = statistics.median(values[:third]), statistics.median(values[-third:])
    flat = last <= first * allowed
    print(f"{name}: {first:.1f} in the first third, {last:.1f} in the last: "
          f"{'flat' if flat else 'GROWS'}", flush=True)
    return flat


def soak(harness, folder, options):
    sandbox = harness.Sandbox(folder)
    bridge = harness.Bridge(folder, sandbox.url, log={"level": "info"},
                            limits={"per_address": 1000})
    passwords = [bridge.add_user("alice", "alice-token")]
    passwords += [bridge.run("password", "add", "alice", "--label", f"c{i}").strip()
                  for i in range(options.clients - 1)]
    bridge.start()
    sandbox.admin.add_user("alice", "outlook-token")
    stop = threading.Event()
    figures = Figures()
    clients = [SoakClient(harness, bridge, i, password, figures, stop)
               for i, password in enumerate(passwords)]
    threads = [*clients, threading.Thread(target=outlook, daemon=True,
                                          args=(sandbox.rest("outlook-token"), stop))]
    for thread in threads:
        thread.start()
    rows = []
    print("minute   MiB  requests  503   read p50   p95   p99   write p50   p95   p99", flush=True)
    for minute in range(1, options.minutes + 1):
        time.sleep(options.seconds)
        latencies, busy = figures.take()
        reads, writes = latencies["read"], latencies["write"]
        row = [resident_mib(bridge.server.process.pid),
               *(percentile(kind, share) for kind in (reads, writes) for share in (.5, .95, .99))]
        rows.append(row)
        print(f"{minute:6} {row[0]:5.1f} {len(reads) + len(writes):9} {busy:4}   "
              + "   ".join(f"{value:6.1f}" for value in row[1:]), flush=True)
        failed = [c.failure for c in clients if c.failure]
        if failed:
            print(f"a client failed: {failed[0]!r}")
            return False
    stop.set()
    for thread in threads:
        thread.join()
    sandbox.admin.close()  # it has idled too long
    tasks = len(sandbox.admin.state("alice")["tasks"])
    print(f"{tasks} tasks at the end")
    bridge.stop()
    sandbox.stop()
    return all([verdict("resident MiB", [r[0] for r in rows], 1.1),
                verdict("read p95 ms", [r[2] for r in rows], 1.5),
                verdict("write p95 ms", [r[5] for r in rows], 1.5)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60, help="of a minute, to try it out")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--duedav", default=str(ROOT / "build" / "release" / "bridge" / "duedav"))
    options = parser.parse_args()
    os.environ["DUEDAV"] = options.duedav
    import harness
    with tempfile.TemporaryDirectory(prefix="duedav-soak-") as folder:
        return 0 if soak(harness, folder, options) else 1


if __name__ == "__main__":
    sys.exit(main())
