"""[sync] sign_in_task: a task in the default list tells its user that the service refuses the account."""
import json
import pathlib

from harness import XMLNS, Bridge, Case, unfold, vtodo

SETTINGS = {"sync": {"sign_in_task": "yes"}, "mapping": {"keep_upstream": "yes"}}


class Refused(Case):
    settings = SETTINGS

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.admin = self.sandbox.admin
        self.rest = self.sandbox.rest()
        self.rest.create("One")
        self.garden = self.rest.post("/taskfolders", {"Name": "Garden"}).json["Id"]
        self.bridge = Bridge(self.folder, self.sandbox.url, self.clock, **self.settings)
        self.password = self.bridge.add_user("alice", "alice-token")
        self.started(self.bridge)
        self.start()
        self.list = self.dav.collections()["Tasks"]
        self.path = self.list + "duedav-sign-in.ics"
        self.bridge.run("sync", "alice")
        self.clock.settle()
        self.tasks = list(self.dav.etags(self.list))

    def start(self):
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)

    def state(self):
        return json.loads(self.bridge.run("status", "--json"))[-1]

    def until(self, holds):
        while not holds(self.state()):
            self.clock.advance(30)
        self.clock.settle()

    def begin(self, **match):
        self.admin.fault("status", status=401, count=0, **match)
        self.until(lambda state: state["needs_sign_in"])

    def go_on(self):
        """Two rounds more are refused."""
        failures = self.state()["failures"]
        self.until(lambda state: state["failures"] >= failures + 2)

    def end(self):
        self.admin.clear_faults()
        self.until(lambda state: not state["needs_sign_in"])

    def is_there(self):
        status = self.dav.get(self.path).status
        self.assertIn(status, (200, 404))
        self.assertEqual(sorted(self.dav.etags(self.list)),
                         sorted(self.tasks + [self.path] * (status == 200)))
        return status == 200


class Task(Refused):
    def test_it_comes_with_the_trouble_and_goes_with_it(self):
        ctag, (_, token) = self.dav.ctag(self.list), self.dav.sync_collection(self.list)
        self.begin()
        changed, token = self.dav.sync_collection(self.list, token)
        self.assertEqual(list(changed), [self.path])
        seen = self.dav.ctag(self.list)
        self.assertNotEqual(seen, ctag)
        text = "\n".join(unfold(self.dav.get(self.path).text))
        got = self.dav.multiget(self.list, [self.path])[self.path]
        self.assertEqual(got.split(), self.dav.get(self.path).text.split())
        self.assertIn("SUMMARY:duedav needs you to sign in again (sandbox)\n", text)
        self.assertIn("PRIORITY:1\n", text)
        self.assertIn("duedav account link alice --upstream sandbox", text)
        self.assertIn("on 2026-05-04 at 08:0", text)
        for wanted, found in (("sign in again", [self.path]), ("sign in never", [])):
            self.assertEqual(list(self.dav.report(self.list, f"""<c:calendar-query {XMLNS}><d:prop>
                <d:getetag/></d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter
                name="VTODO"><c:prop-filter name="SUMMARY"><c:text-match>{wanted}</c:text-match>
                </c:prop-filter></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>
                """).items), found)
        self.go_on()
        self.assertEqual(self.dav.ctag(self.list), seen)
        self.assertEqual(self.state()["open_operations"], 0)
        self.end()
        self.assertEqual(self.dav.sync_collection(self.list, token)[0], {self.path: None})
        self.assertNotEqual(self.dav.ctag(self.list), seen)
        self.assertFalse(self.is_there())
        self.assertEqual(list(self.admin.tasks("alice")), ["One"])

    def test_a_full_round_does_not_miss_it(self):
        self.begin(path=self.garden)  # the other list is read all the same
        self.admin.expire_tokens()
        self.rest.create("Two")
        self.go_on()
        self.assertEqual(len(self.dav.etags(self.list)), 3)
        self.assertEqual(self.dav.get(self.path).status, 200)
        self.assertTrue(self.state()["needs_sign_in"])

    def test_it_can_be_dismissed_until_the_next_trouble(self):
        def complete():
            text = self.dav.get(self.path)
            return self.dav.put(self.path, text.text.replace("NEEDS-ACTION", "COMPLETED"),
                                if_match=text.etag)

        for dismiss in (complete, lambda: self.dav.delete(self.path)):
            self.begin()
            self.assertTrue(self.is_there())
            _, token = self.dav.sync_collection(self.list)
            self.assertEqual(dismiss().status, 204)
            self.assertEqual(self.dav.sync_collection(self.list, token)[0], {self.path: None})
            self.go_on()
            self.bridge.stop()
            self.start()
            self.go_on()
            self.assertFalse(self.is_there())
            self.assertEqual(self.dav.delete(self.path).status, 404)
            self.end()
        self.assertEqual(list(self.admin.tasks("alice")), ["One"])
        self.assertEqual(self.admin.requests(method="POST", path="alice"), [])

    def test_nothing_else_can_be_done_with_it(self):
        self.begin(path=self.garden)
        answer = self.dav.get(self.path)
        uid = [line[4:] for line in unfold(answer.text) if line.startswith("UID:")][0]
        garden = self.dav.collections()["Garden"]
        destination = {"Destination": self.bridge.url + garden + "x.ics"}
        done = answer.text.replace("NEEDS-ACTION", "COMPLETED")
        for refused in (
                self.dav.put(self.path, answer.text.replace("needs you", "wants you")),
                self.dav.put(self.path, vtodo("other", "SUMMARY:x")),
                self.dav.put(self.path, vtodo("other", "SUMMARY:x", "STATUS:COMPLETED")),
                self.dav.put(garden + "x.ics", answer.text),
                self.dav.put(self.list + "x.ics", done),
                self.dav.request("COPY", self.path, headers=destination),
                self.dav.request("MOVE", self.path, headers=destination),
                self.dav.request("POST", self.path + "?action=attachment-add", "x",
                                 {"Content-Type": "text/plain"})):
            self.assertEqual(refused.status, 403, refused)
            self.assertIn("need-privileges", refused.text)
        self.assertEqual(self.dav.put(self.path, done, if_match='"old"').status, 412)
        self.assertEqual(self.dav.delete(self.path, if_match='"old"').status, 412)
        self.assertEqual(self.dav.get(self.path).etag, answer.etag)
        child = vtodo("child", "SUMMARY:Child", f"RELATED-TO:{uid}")
        self.assertEqual(self.dav.put(self.list + "child.ics", child).status, 201)
        self.assertEqual(sorted(self.admin.tasks("alice")), ["Child", "One"])


class Store(Refused):
    def test_it_outlives_a_kill_and_an_older_database_and_goes_when_linked_again(self):
        self.begin()
        before = self.dav.get(self.path).etag, self.dav.ctag(self.list)
        self.bridge.kill()
        self.start()
        self.assertTrue(self.is_there())
        self.assertEqual((self.dav.get(self.path).etag, self.dav.ctag(self.list)), before)
        self.bridge.stop()
        store = pathlib.Path(self.folder) / "bridge.db"
        older = store.read_bytes()
        self.start()
        self.admin.clear_faults()
        self.bridge.link("alice", "alice-token")
        self.assertFalse(self.state()["needs_sign_in"])
        self.clock.settle()
        self.assertFalse(self.is_there())
        self.bridge.stop()
        store.write_bytes(older)
        self.start()
        self.until(lambda state: not state["needs_sign_in"])
        self.assertFalse(self.is_there())

    def test_it_does_not_come_back_with_an_account_that_was_unlinked(self):
        self.begin()
        _, token = self.dav.sync_collection(self.list)
        self.bridge.run("account", "unlink", "alice", "1")
        self.admin.clear_faults()
        self.bridge.link("alice", "alice-token")
        self.clock.settle()
        self.assertEqual(self.dav.sync_collection(self.list, token)[0], {self.path: None})
        self.assertFalse(self.is_there())


class Accounts(Refused):
    def test_each_account_has_its_own(self):
        self.admin.add_user("bob", "bob-token")
        self.bridge.link("alice", "bob-token", "UTC", "--label", "home")
        self.bridge.run("sync", "alice")
        self.begin(user="bob")
        lists = self.dav.collections()
        self.assertIn("Tasks (home)", lists)
        self.assertEqual(self.dav.get(self.path).status, 404)
        text = self.dav.get(lists["Tasks (home)"] + "duedav-sign-in.ics").text
        self.assertIn("(home)", text)


class Unasked(Refused):
    settings = {}

    def test_without_the_setting_there_is_none(self):
        ctag = self.dav.ctag(self.list)
        self.begin()
        self.assertFalse(self.is_there())
        self.assertEqual(self.dav.ctag(self.list), ctag)


del Refused
