"""The npm package tsdav against the real server: tests/tsdav/run.js, a check in each of its steps."""
import shutil
import subprocess
import unittest

import harness

FOLDER = harness.ROOT / "tests" / "tsdav"


@unittest.skipUnless(shutil.which("node") and (FOLDER / "node_modules" / "tsdav").is_dir(),
                     "tsdav is not installed: 'npm ci' in tests/tsdav, as tests/run does")
class Tsdav(harness.Case):
    def test_from_discovery_to_a_second_sync_without_changes(self):
        bridge = harness.Bridge(self.folder, self.start_sandbox().url)
        password = bridge.add_user("alice", "alice-token")
        self.started(bridge.start())
        done = subprocess.run(["node", FOLDER / "run.js", bridge.url, "alice", password], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=harness.DEADLINE * 2)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("tsdav: all passed", done.stdout)
