"""The default form of a series ([mapping] series_form = resource) with real clients, vdirsyncer and
todoman, and changes made upstream: each completed occurrence is an object of its own, and the series
goes on in its.
"""
import os
import pathlib
import shutil
import subprocess
import unittest

import harness
from harness import Case, unfold, vtodo

FRESH = 6  # seconds after which a poll starts a round
RULE = "RRULE:FREQ=WEEKLY;BYDAY=MO"


@unittest.skipUnless(shutil.which("vdirsyncer") and shutil.which("todoman"),
                     "vdirsyncer or todoman is not installed")
class SeriesWithClients(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()
        bridge = harness.Bridge(self.folder, self.sandbox.url, self.clock)
        password = bridge.add_user("alice", "alice-token", "UTC")
        self.started(bridge.start())
        self.dav = bridge.dav("alice", password)
        self.list = self.dav.collections()["Tasks"]
        self.home = pathlib.Path(self.folder) / "client"
        self.local = self.home / "tasks"
        self.local.mkdir(parents=True)
        (self.home / "vdirsyncer.conf").write_text(f"""
[general]
status_path = "{self.home}/status/"
[pair both]
a = "here"
b = "there"
collections = null
conflict_resolution = "b wins"
[storage here]
type = "filesystem"
path = "{self.local}"
fileext = ".ics"
[storage there]
type = "caldav"
item_types = ["VTODO"]
url = "{bridge.url}{self.list}"
username = "alice"
password = "{password}"
""")
        (self.home / "todoman.py").write_text(
            f'path = "{self.home}/tasks"\ndate_format = "%Y-%m-%d"\ntime_format = "%H:%M"\n'
            f'cache_path = "{self.home}/cache.sqlite3"\ndefault_list = "tasks"\n')
        self.run_client("vdirsyncer", "-c", self.home / "vdirsyncer.conf", "discover")

    def run_client(self, *command):
        done = subprocess.run(
            [str(part) for part in command], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=harness.DEADLINE,
            env=dict(os.environ, HOME=str(self.home), TZ="UTC"))
        self.assertEqual(0, done.returncode, f"{command}: {done.stdout}")
        return done.stdout

    def sync(self):
        """What the client has after a sync: (open, done), each as content lines."""
        self.clock.advance(FRESH)
        self.run_client("vdirsyncer", "-c", self.home / "vdirsyncer.conf", "sync")
        files = [unfold(path.read_text().replace("\n", "\r\n"))
                 for path in sorted(self.local.glob("*.ics"))]
        done = [lines for lines in files if "STATUS:COMPLETED" in lines]
        return [lines for lines in files if lines not in done], done

    def upstream(self, is_done):
        tasks = self.sandbox.admin.state("alice")["tasks"]
        return [t for t in tasks if (t["Status"] == "Completed") == is_done]

    def due(self, lines):
        return next(line for line in lines if line.startswith("DUE"))

    def test_completed_upstream_and_by_the_client(self):
        self.assertEqual(201, self.dav.put(self.list + "series.ics", vtodo(
            "series", "SUMMARY:Water plants", "DTSTART;VALUE=DATE:20270104",
            "DUE;VALUE=DATE:20270104", RULE, "X-OWN:kept")).status)
        (series,), done = self.sync()
        self.assertEqual([], done)
        self.assertIn("DUE;VALUE=DATE:20270104", series)

        (task,) = self.upstream(is_done=False)
        self.assertIn(self.rest.post(f"/tasks/{task['Id']}/complete").status, (200, 201))
        (series,), (first,) = self.sync()
        self.assertIn("20270111", self.due(series))
        self.assertIn("UID:series", series)
        self.assertLessEqual({RULE, "X-OWN:kept"}, set(series))
        self.assertIn("20270104", self.due(first))
        self.assertNotIn(RULE, first)

        (task,) = self.upstream(is_done=False)
        self.rest.patch(f"/tasks/{task['Id']}", {"Subject": "Water all plants"})
        (series,), _ = self.sync()
        self.assertIn("SUMMARY:Water all plants", series)
        self.assertIn(RULE, series)

        todoman = ["todoman", "--config", self.home / "todoman.py"]
        listed = self.run_client(*todoman, "--porcelain", "list")
        self.assertIn("Water all plants", listed)
        number = listed.split('"id": ')[1].split(",")[0]
        self.run_client(*todoman, "done", number)
        self.sync()
        (series,), done = self.sync()
        self.assertIn("20270118", self.due(series))
        self.assertEqual(2, len(done))
        self.assertEqual((1, 2), (len(self.upstream(False)), len(self.upstream(True))))

        stamp = self.dav.ctag(self.list)
        again = self.sync()
        self.assertEqual(([series], done), again)
        self.assertEqual(stamp, self.dav.ctag(self.list))
