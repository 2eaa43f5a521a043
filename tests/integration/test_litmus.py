"""Debian's litmus, a test of WebDAV servers: all of it passes that makes sense for a server of
tasks. What does not is listed with the reason, and has to be true: a test of the list that passes
fails the run, too.
"""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import harness
from harness import Case, vtodo

NO_TEXT = "uploads plain text; a list takes iCalendar only (RFC 4791 5.3.2.1)"
NO_DEPTH = "makes a collection inside a list, where there is none (RFC 4791 4.2)"
NO_RENAME = "renames within a list, which no client does (docs/decisions/0006)"
NO_LOCKS = "for servers of class 2: no client of tasks locks"
AFTER = "needs what the one before would have made"
LEFT_OUT = {
    "basic": {
        "put_get": NO_TEXT, "put_get_utf8_segment": NO_TEXT, "mkcol_over_plain": AFTER,
        "delete": AFTER, "delete_fragment": NO_DEPTH, "mkcol": NO_DEPTH, "mkcol_again": AFTER,
        "delete_coll": AFTER},
    "copymove": {
        "copy_init": NO_DEPTH, "copy_simple": AFTER, "copy_overwrite": AFTER,
        "copy_nodestcoll": AFTER, "copy_coll": NO_DEPTH, "copy_shallow": NO_DEPTH,
        "move": NO_TEXT, "move_coll": NO_DEPTH},
    "props": {"propmove": NO_RENAME},
    "locks": {"precond": NO_LOCKS},
    "http": {},
}


@unittest.skipUnless(shutil.which("litmus"), "litmus is not installed")
class Litmus(Case):
    def setUp(self):
        super().setUp()
        self.bridge = harness.Bridge(self.folder, self.start_sandbox().url,
                                     mapping={"delete_lists": "yes"})
        self.password = self.bridge.add_user("alice", "alice-token")
        self.started(self.bridge.start())
        # What litmus uploads where it takes a file: a task, with nobody's UID in the list.
        self.files = pathlib.Path(self.folder) / "files"
        self.files.mkdir()
        (self.files / "foo").write_text(vtodo("litmus", "SUMMARY:foo"), newline="")

    def run_suite(self, suite):
        done = subprocess.run(
            ["litmus", "--keep-going", self.bridge.url + "/dav/calendars/alice/", "alice",
             self.password],
            cwd=self.folder, env=dict(os.environ, TESTS=suite, HTDOCS=str(self.files)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=harness.DEADLINE * 4)
        output = done.stdout.decode(errors="replace").replace("\r", "\n")
        results = {}
        name = None
        for line in output.split("\n"):
            named = re.match(r" *\d+\. (\w+)\.", line)
            name = named[1] if named else name
            outcome = re.search(r"\.\. (pass|FAIL|SKIPPED)\b", line)
            if outcome:
                results[name] = outcome[1]
        self.assertGreater(len(results), 2, output)
        self.assertEqual({"pass"}, {results["init"], results["begin"]}, output)
        passed = {name for name, outcome in results.items() if outcome == "pass"}
        self.assertEqual(set(LEFT_OUT[suite]), set(results) - passed, output)

    def test_basic(self):
        self.run_suite("basic")

    def test_copymove(self):
        self.run_suite("copymove")

    def test_props(self):
        self.run_suite("props")

    def test_locks(self):
        self.run_suite("locks")

    def test_http(self):
        self.run_suite("http")
