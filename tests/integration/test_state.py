"""What an operator and a user can see of how the bridge is doing: /metrics, `duedav status`, the page."""
import json
import pathlib
import re

from harness import Case, Http, vtodo, wire

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
SAMPLE = re.compile(r'duedav_(\w+)(?:\{(.*)\})? (-?\d+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Watched(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.collections()["Tasks"]

    def poll(self):
        """A whole round; a client gets its answer as soon as its list is up to date."""
        self.clock.advance(FRESH)
        self.dav.ctag(self.list)
        self.clock.settle()

    def metrics(self, **headers):
        """{(name, labels...): value}; every line is checked."""
        http = self.started(Http(self.bridge.url))
        answer = http.request("GET", "/metrics", headers=headers)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        found, helped = {}, set()
        for line in answer.text.splitlines():
            if line.startswith("# "):
                helped.add(line.split()[2])
                continue
            name, labels, value = SAMPLE.fullmatch(
                re.sub(r'version="[^"]*"', 'version="x"', line)).groups()
            self.assertIn(f"duedav_{name}", helped)
            found[(name, *(text for _, text in LABEL.findall(labels or "")))] = int(value)
        return found

    def account(self, name):
        return self.metrics()[(name, "alice", "1", "sandbox")]

    def status(self):
        return json.loads(self.bridge.run("status", "--json"))[0]


class State(Watched):
    def test_rounds_requests_and_connections_are_counted(self):
        self.poll()
        before = self.metrics()
        self.assertEqual(self.account("account_up"), 1)
        self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:A"))
        self.poll()
        after = self.metrics()
        for key, more in ((("http_requests_total", "PUT", "201"), 1),
                          (("http_requests_total", "PROPFIND", "207"), 1)):
            self.assertEqual(after[key] - before.get(key, 0), more, key)
        self.assertGreaterEqual(after[("connections",)], 1)
        key = ("account_rounds_total", "alice", "1", "sandbox")
        self.assertGreater(after[key], before[key])
        self.assertEqual(after[("build_info", "x")], 1)
        self.assertEqual(self.status()["rounds"], after[key])

    def test_lag_grows_and_errors_show_while_the_service_is_down(self):
        self.poll()
        self.sandbox.admin.fault("status", status=503, count=0)
        self.clock.advance(30)
        self.sandbox.admin.wait(status=503, path=wire.folders.lstrip("/"))
        while not self.account("account_failures"):
            self.clock.advance(30)
        status = self.status()
        self.assertEqual(self.account("account_up"), 0)
        self.assertGreaterEqual(self.account("account_lag_seconds"), 30)
        self.assertGreaterEqual(self.account("account_rounds_failed_total"), 1)
        self.assertGreaterEqual(status["lag_s"], 30)
        self.assertGreaterEqual(status["rounds_failed"], 1)
        self.assertIn("503", status["last_error"])
        text = self.bridge.run("status")
        self.assertRegex(text, r"rounds +\d+ well, [1-9]\d* failed")

    def test_a_refused_token_and_an_open_operation_show(self):
        self.assertEqual(self.account("account_needs_sign_in"), 0)
        self.sandbox.admin.fault("status", method="GET", status=401, count=0)
        self.sandbox.admin.fault("cut_after", method="POST")
        answer = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:A"))
        self.assertEqual(answer.status, 503)
        self.poll()
        self.sandbox.admin.wait(status=401, path=wire.folders.lstrip("/"))
        self.clock.advance(30)
        while not self.account("account_needs_sign_in"):
            self.clock.advance(30)
        self.assertEqual(self.account("account_open_operations"), 1)
        self.assertTrue(self.status()["needs_sign_in"])

    def test_a_token_under_another_key_is_told_and_kept(self):
        self.bridge.stop()
        key = pathlib.Path(self.folder) / "bridge.key"
        right = key.read_bytes()
        key.write_bytes(right[::-1])
        self.bridge.start()
        self.assertTrue(self.status()["needs_sign_in"])
        self.bridge.run("account", "set", "alice", "1", "--label", "work")
        self.bridge.stop()
        key.write_bytes(right)
        self.bridge.start()
        self.bridge.run("sync", "alice")
        self.assertFalse(self.status()["needs_sign_in"])

    def test_it_is_for_the_addresses_of_metrics_from_alone(self):
        http = self.started(Http(self.bridge.url))
        through_proxy = {"X-Forwarded-For": "203.0.113.9"}
        self.assertEqual(http.request("GET", "/metrics", headers=through_proxy).status, 403)
        self.assertEqual(http.request("POST", "/metrics", "x").status, 405)
        self.assertEqual(http.request("GET", "/metrics").status, 200)

    def test_it_tells_no_task_no_list_and_no_token(self):
        self.dav.put(self.list + "secret-name.ics", vtodo("secret-uid", "SUMMARY:secret-title"))
        self.poll()
        text = self.started(Http(self.bridge.url)).request("GET", "/metrics").text
        for part in ("secret", "alice-token", "Tasks"):
            self.assertNotIn(part, text)


class Page(Watched):
    def test_a_person_who_signs_in_sees_trouble(self):
        self.poll()
        page = self.dav.request("GET", self.dav.home)
        self.assertEqual(page.status, 200, page)
        self.assertIn("text/html", page.headers["Content-Type"])
        self.assertIn("All is well", page.text)
        self.sandbox.admin.fault("status", method="GET", status=401, count=0)
        self.clock.advance(30)
        while not self.account("account_needs_sign_in"):
            self.clock.advance(30)
        page = self.dav.request("GET", self.dav.home)
        self.assertIn("needs you to sign in again", page.text)
        self.assertNotIn("alice-token", page.text)

    def test_names_are_escaped_and_nobody_else_sees_the_page(self):
        self.bridge.run("account", "set", "alice", "1", "--label", "<b>&")
        page = self.dav.request("GET", self.dav.home)
        self.assertIn("&lt;b&gt;&amp;", page.text)
        self.assertNotIn("<b>&", page.text)
        self.assertEqual(self.started(Http(self.bridge.url)).request("GET", self.dav.home).status, 401)


del Watched
