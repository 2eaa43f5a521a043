"""Rounds in which the service is odd in other ways than a single bad answer: the stories that the table
of test_faults_upstream.py can't tell."""
import concurrent.futures
import json
import os
import tempfile

from harness import DEADLINE, Bridge, Case, TestClock, vtodo, wire
from proxy import Listener, make_certificate

PATIENCE = DEADLINE if not os.environ.get("DUEDAV_HASTE") else 8
FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)


class Odd(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()
        self.admin = self.sandbox.admin

    def bridge_up(self):
        self.bridge = Bridge(self.folder, self.sandbox.url, self.clock)
        self.password = self.bridge.add_user("alice", "alice-token")
        self.started(self.bridge.start())
        self.dav = self.bridge.dav("alice", self.password)
        self.bridge.run("sync", "alice")
        self.list = self.dav.collections()["Tasks"]
        self.poll()

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def until(self, holds):
        for _ in range(60):
            if holds():
                return
            self.poll()
        self.fail("it never came")

    def titles(self):
        hrefs = list(self.dav.etags(self.list))
        texts = self.dav.multiget(self.list, hrefs).values() if hrefs else ()
        return sorted(line[8:] for text in texts if text for line in text.splitlines()
                      if line.startswith("SUMMARY:"))


class Redirects(Odd):
    def test_a_redirect_to_another_host_is_not_followed(self):
        self.bridge_up()
        other = self.started(Listener())
        for number in (301, 302, 303, 307, 308):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                self.admin.fault("status", method=method, status=number,
                                 host=f"http://127.0.0.1:{other.port}")
            answer = self.dav.put(f"{self.list}{number}.ics", vtodo(f"u{number}", f"SUMMARY:{number}"))
            self.assertEqual(answer.status, 503, answer)
            self.poll()
            self.admin.clear_faults()
        self.assertEqual((other.connections, other.heard), (0, b""))


class Tls(Odd):
    def test_no_token_goes_to_a_server_whose_certificate_is_not_trusted(self):
        certificate, key = make_certificate(self.folder, "tasks.example.org")
        bad = self.started(Listener(certificate, key))
        bridge = Bridge(self.folder, f"https://127.0.0.1:{bad.port}/api/v2.0/me/", self.clock)
        bridge.run("user", "add", "alice")
        token = bridge.folder / "alice.token"
        token.write_text("alice-token\n")
        token.chmod(0o600)
        said = bridge.run("account", "link", "alice", "--upstream", "sandbox", "--timezone", "UTC",
                          "--access-token-file", token, status=None)
        self.assertNotIn("linked", said)
        self.assertGreater(bad.connections, 0)
        self.assertNotIn(b"alice-token", bad.heard)
        self.assertNotIn(b"HTTP", bad.heard)


class Folders(Odd):
    def test_a_folder_that_vanishes_during_its_round_takes_no_other_with_it(self):
        folder = self.rest.post("/taskfolders", {"Name": "Garden"}).json["Id"]
        self.rest.create("Dig", folder=folder)
        self.rest.create("Stay")
        self.bridge_up()
        self.assertIn("Garden", self.dav.collections())
        self.bridge.run("sync", "alice")  # no round is under way: the next one comes by the clock
        last = self.admin.last()
        self.admin.fault("hold", method="GET", path=wire.round_of(folder))
        self.clock.advance(30)
        self.admin.wait(path=wire.round_of(folder), arrived=True, after=last)
        self.rest.delete(f"/taskfolders/{folder}")
        self.admin.release()
        self.until(lambda: "Garden" not in self.dav.collections())
        self.assertEqual(self.titles(), ["Stay"])


class Pages(Odd):
    def two_pages(self, first, second):
        """The next round of the list has these entries on two pages."""
        last = self.admin.requests(path=wire.linked)[-1]
        link = f"{self.sandbox.origin}{last['path']}?{last['query']}"
        for entries, name in ((first, "nextLink"), (second, "deltaLink")):
            self.admin.fault("status", path=wire.linked, status=200, body=json.dumps(
                {"value": entries, f"@odata.{name}": link}))

    def test_an_item_removed_on_one_page_and_there_again_on_the_next_stays(self):
        self.rest.create("One")
        self.bridge_up()
        task_id = self.admin.tasks("alice")["One"]["Id"]
        self.two_pages([wire.gone(self.sandbox, task_id)], [wire.entry(self.sandbox, task_id)])
        self.until(lambda: not any(not f["struck"] for f in self.admin.faults()))
        self.until(lambda: self.titles() == ["One"])
        self.assertEqual(len(self.dav.etags(self.list)), 1)

    def test_the_same_item_on_two_pages_is_one_resource(self):
        self.bridge_up()
        self.rest.create("New")
        task = wire.entry(self.sandbox, self.admin.tasks("alice")["New"]["Id"])
        self.two_pages([task, task], [task])
        self.until(lambda: not any(not f["struck"] for f in self.admin.faults()))
        self.until(lambda: self.titles() == ["New"])
        self.assertEqual(json.loads(self.bridge.run("status", "--json"))[0]["rounds_failed"], 0)


class Rotation(Odd):
    """The token file is replaced and the account linked again, beside whatever is under way."""

    def setUp(self):
        super().setUp()
        self.admin.add_user("alice", "alice-token-2")
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)
        self.addCleanup(self.admin.release)

    def rotate(self):
        """From now on the old token is another one's."""
        self.bridge.link("alice", "alice-token-2")
        self.admin.add_user("nobody", "alice-token")

    def state(self):
        return json.loads(self.bridge.run("status", "alice", "--json"))[0]

    def test_a_token_renewed_beside_a_round_that_is_refused_leaves_no_flag(self):
        self.rest.create("One")
        self.bridge_up()
        self.bridge.run("sync", "alice")
        collections, (before, token) = self.dav.collections(), self.dav.sync_collection(self.list)
        self.rest.create("Two")
        last = self.admin.last()
        self.admin.fault("status", method="GET", path=wire.folder_round, status=401)
        self.admin.fault("hold", method="GET", path=wire.linked)
        self.clock.advance(FRESH)
        poll = self.pool.submit(self.bridge.dav("alice", self.password).ctag, self.list)
        self.admin.wait(path=wire.folder_round, after=last)
        self.admin.wait(path=wire.linked, arrived=True, after=last)
        self.rotate()
        self.admin.release()
        self.clock.advance(1)
        poll.result()
        self.until(lambda: self.titles() == ["One", "Two"])
        self.assertFalse(self.state()["needs_sign_in"])
        self.assertEqual(self.state()["failures"], 0)
        self.assertEqual(self.admin.requests(user="nobody"), [])
        self.assertEqual(self.dav.collections(), collections)
        changed, _ = self.dav.sync_collection(self.list, token)
        self.assertEqual((len(before), len(changed)), (1, 1))

    def test_a_token_renewed_beside_a_write_neither_loses_nor_doubles_it(self):
        self.bridge_up()
        for kind in ("hold", "hold_after"):
            with self.subTest(kind):
                path = f"{self.list}{kind}.ics"
                self.admin.fault(kind, method="POST", path="/tasks")
                last = self.admin.last()
                put = self.pool.submit(self.bridge.dav("alice", self.password).put, path,
                                       vtodo(kind, f"SUMMARY:{kind}", "LOCATION:kept"),
                                       if_none_match="*")
                self.admin.wait(method="POST", arrived=True, after=last)
                self.rotate()
                self.poll()
                self.admin.release()
                self.assertEqual(put.result().status, 201)
                self.poll()
                self.assertIn("LOCATION:kept", self.dav.get(path).text)
                self.assertEqual(self.titles().count(kind), 1)
                self.assertEqual(list(self.admin.tasks("alice")).count(kind), 1)
                self.assertEqual(self.state()["open_operations"], 0)

    def test_a_write_left_unclear_by_an_unlinked_account_is_taken_up_when_it_is_linked_again(self):
        self.bridge_up()
        path = f"{self.list}a.ics"
        self.admin.fault("cut_after", method="POST", path="/tasks")
        self.admin.fault("status", method="GET", status=503, count=0)  # it can't be looked up
        text = vtodo("a", "SUMMARY:a", "LOCATION:kept")
        self.assertEqual(self.dav.put(path, text, if_none_match="*").status, 503)
        self.bridge.run("account", "unlink", "alice", "1")
        self.assertEqual(self.dav.collections(), {})
        self.admin.clear_faults()
        self.bridge.link("alice", "alice-token-2")
        answer = self.clock.until_final(self.dav.put, path, text, if_none_match="*")
        self.assertEqual(answer.status, 201)
        self.poll()
        self.assertEqual(self.titles(), ["a"])
        self.assertEqual(len(self.admin.tasks("alice")), 1)
        self.assertIn("LOCATION:kept", self.dav.get(path).text)

    def test_a_list_left_unclear_by_an_unlinked_account_keeps_its_address(self):
        self.bridge_up()
        path = f"{self.dav.home}garden/"
        self.admin.fault("cut_after", method="POST", path=wire.folders)
        self.admin.fault("status", method="GET", status=503, count=0)  # it can't be looked up
        body = """<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>
            <d:displayname>Garden</d:displayname></d:prop></d:set></c:mkcalendar>"""
        self.assertEqual(self.dav.request("MKCALENDAR", path, body).status, 503)
        self.bridge.run("account", "unlink", "alice", "1")
        self.admin.clear_faults()
        self.bridge.link("alice", "alice-token-2")
        self.assertEqual(
            self.clock.until_final(self.dav.request, "MKCALENDAR", path, body).status, 403)
        self.poll()
        self.assertEqual(self.dav.collections(), {"Tasks": self.list, "Garden": path})
        names = [folder["Name"] for folder in self.admin.state("alice")["folders"]]
        self.assertEqual(sorted(names), ["Garden", "Tasks"])


class Schedule(Odd):
    def rounds(self, times, seconds):
        last = self.admin.last()
        for _ in range(times):
            self.clock.advance(seconds)
        self.clock.settle()
        return len(self.admin.requests(path=wire.folder_round, after=last))

    def test_a_poll_of_what_is_fresh_starts_no_round(self):
        self.bridge_up()
        self.clock.settle()
        last = self.admin.last()
        for _ in range(3):
            self.dav.ctag(self.list)
            self.clock.settle()
        self.assertEqual(self.admin.requests(path=wire.folder_round, after=last), [])
        self.poll()
        self.clock.settle()
        self.assertEqual(len(self.admin.requests(path=wire.folder_round, after=last)), 1)

    def test_a_poll_waits_for_hold_at_most(self):
        self.bridge_up()
        self.clock.settle()
        last = self.admin.last()
        self.admin.fault("hold", path=wire.linked)
        self.clock.advance(FRESH)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asking = pool.submit(self.dav.ctag, self.list)
            self.admin.wait(path=wire.linked, arrived=True, after=last)
            self.clock.advance(1)
            answered, _ = concurrent.futures.wait([asking], PATIENCE)
            self.admin.release()
        self.assertTrue(answered)

    def test_rounds_are_rare_while_nobody_asks(self):
        self.bridge_up()
        self.assertGreaterEqual(self.rounds(20, 15), 10)  # near: 15 s, for ten minutes after a poll
        self.clock.advance(600)
        self.assertIn(self.rounds(20, 60), range(2, 7))  # far: 5 m
        self.poll()
        self.assertGreaterEqual(self.rounds(20, 15), 10)


class Skew(Case):
    def test_a_lost_answer_of_a_service_whose_clock_is_an_hour_off_is_found(self):
        clock = self.start_clock()
        ahead = self.started(TestClock(tempfile.mkdtemp(dir=self.folder), "2026-05-04T09:00:00Z"))
        sandbox = self.start_sandbox(clock=ahead)
        bridge, dav = self.start_bridge(sandbox, clock=clock)
        path = dav.collections()["Tasks"] + "a.ics"
        # it takes no marker: only its age tells the task that was made
        sandbox.admin.fault("status", method="POST", path="/tasks", status=400)
        sandbox.admin.fault("cut_after", method="POST", path="/tasks")
        text = vtodo("a", "SUMMARY:a", "LOCATION:kept")
        self.assertEqual(dav.put(path, text, if_none_match="*").status, 503)
        self.assertEqual(clock.until_final(dav.put, path, text, if_none_match="*").status, 201)
        self.assertEqual(list(sandbox.admin.tasks("alice")), ["a"])
        self.assertIn("LOCATION:kept", dav.get(path).text)


del Odd
