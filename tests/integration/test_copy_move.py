"""RFC 4918 9.8 and 9.9: a task goes into another list, also of another account."""
import concurrent.futures

from harness import Case, needs_if_match, vtodo


class Transfer(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(
            clock=self.clock, users="alice:alice-token,bob:bob-token")
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.tasks = self.dav.collections()["Tasks"]
        self.other = self.dav.home + "other/"
        self.assertEqual(201, self.dav.request("MKCALENDAR", self.other).status)
        self.text = vtodo("one", "SUMMARY:Buy milk", "X-ODD:kept")
        self.assertEqual(201, self.dav.put(self.tasks + "a.ics", self.text).status)

    def send(self, method, source, target, status, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields["Destination"] = self.bridge.url + target
        reply = self.dav.request(method, source, None, fields)
        self.assertEqual(status, reply.status, reply)
        return reply

    def names(self, user="alice"):
        rest = self.sandbox.rest(user + "-token")
        return sorted((folder["Name"], task["Subject"])
                      for folder in rest.get("/taskfolders").json["value"]
                      for task in rest.get(f"/taskfolders('{folder['Id']}')/tasks").json["value"])

    def test_move_into_another_list(self):
        _, token = self.dav.sync_collection(self.tasks)
        self.send("MOVE", self.tasks + "a.ics", self.other + "b%20c.ics", 201)
        self.assertEqual([("other", "Buy milk")], self.names())
        self.assertEqual(404, self.dav.get(self.tasks + "a.ics").status)
        self.assertEqual(self.text, self.dav.get(self.other + "b%20c.ics").text)
        changes, _ = self.dav.sync_collection(self.tasks, token)
        self.assertEqual({self.tasks + "a.ics": None}, changes)

    def test_copy_and_overwrite(self):
        self.send("COPY", self.tasks + "a.ics", self.other + "a.ics", 201)
        self.assertEqual([("Tasks", "Buy milk"), ("other", "Buy milk")], self.names())
        changed = self.text.replace("milk", "bread")
        etag = self.dav.put(self.tasks + "a.ics", changed).etag
        self.send("COPY", self.tasks + "a.ics", self.other + "a.ics", 412, Overwrite="F")
        self.assertEqual(self.text, self.dav.get(self.other + "a.ics").text)
        self.send("COPY", self.tasks + "a.ics", self.other + "a.ics", 412, If_Match='"x"')
        self.send("COPY", self.tasks + "a.ics", self.other + "a.ics", 204, If_Match=etag)
        self.assertEqual(changed, self.dav.get(self.other + "a.ics").text)
        self.assertEqual([("Tasks", "Buy bread"), ("other", "Buy bread")], self.names())

    def test_a_uid_stands_once_in_the_other_list_too(self):
        self.assertEqual(201, self.dav.put(
            self.other + "same.ics", self.text.replace("milk", "bread")).status)
        reply = self.send("MOVE", self.tasks + "a.ics", self.other + "b.ics", 403)
        self.assertIn(f"no-uid-conflict><D:href>{self.other}same.ics</D:href>", reply.text)
        self.assertEqual(self.text, self.dav.get(self.tasks + "a.ics").text)
        self.send("MOVE", self.tasks + "a.ics", self.other + "same.ics", 204)
        self.assertEqual([("other", "Buy milk")], self.names())

    def test_refusals(self):
        here = self.tasks + "a.ics"
        self.send("MOVE", here, here, 403)
        self.send("MOVE", here, self.tasks + "b.ics", 403)
        self.send("MOVE", here, self.dav.home + "nothing/a.ics", 409)
        self.send("MOVE", self.tasks, self.dav.home + "new/", 403)
        self.send("COPY", self.tasks + "none.ics", self.other + "a.ics", 404)
        reply = self.dav.request("COPY", here, None, {
            "Destination": "http://elsewhere.example" + self.other + "a.ics"})
        self.assertEqual(502, reply.status)
        self.assertEqual(400, self.dav.request("COPY", here).status)
        self.assertIn("MOVE", self.dav.request("OPTIONS", here).headers["Allow"])
        self.assertEqual([("Tasks", "Buy milk")], self.names())

    def test_move_into_a_list_of_another_account(self):
        self.bridge.link("alice", "bob-token", "Europe/Paris", "--label", "Office")
        theirs = next(path for name, path in self.dav.collections().items()
                      if path not in (self.tasks, self.other))
        self.send("MOVE", self.tasks + "a.ics", theirs + "a.ics", 201)
        self.assertEqual([], self.names())
        self.assertEqual([("Tasks", "Buy milk")], self.names("bob"))
        self.assertEqual(self.text, self.dav.get(theirs + "a.ics").text)

    def test_nothing_is_made_when_the_service_is_down(self):
        self.sandbox.admin.fault("status", status=503, method="POST", count=0)
        reply = self.send("MOVE", self.tasks + "a.ics", self.other + "a.ics", 503)
        self.assertGreater(int(reply.headers["Retry-After"]), 0)
        self.assertEqual(self.text, self.dav.get(self.tasks + "a.ics").text)
        self.sandbox.admin.clear_faults()

    @needs_if_match
    def test_a_change_upstream_during_a_move_moves_along(self):
        task = self.sandbox.admin.tasks("alice")["Buy milk"]["Id"]
        last = self.sandbox.admin.last()
        self.sandbox.admin.fault("hold_after", method="POST")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            moving = pool.submit(self.send, "MOVE", self.tasks + "a.ics", self.other + "a.ics", 201)
            self.sandbox.admin.wait(method="POST", after=last, arrived=True)
            self.sandbox.rest().patch(f"/tasks/{task}", {"Subject": "Buy bread"})
            self.sandbox.admin.release()
            moving.result()
        self.assertEqual([("other", "Buy bread")], self.names())
        self.assertIn("X-ODD:kept", self.dav.get(self.other + "a.ics").text)

    def assert_retry_finishes(self, **headers):
        reply = self.clock.until_final(self.dav.request, "MOVE", self.tasks + "a.ics", None, {
            "Destination": self.other + "a.ics", **headers})
        self.assertIn(reply.status, (201, 204), reply)
        self.assertEqual([("other", "Buy milk")], self.names())
        self.assertEqual(404, self.dav.get(self.tasks + "a.ics").status)
        self.assertEqual(self.text, self.dav.get(self.other + "a.ics").text)

    def test_a_removal_that_fails_is_done_by_the_retry(self):
        for overwrite in ("T", "F"):
            with self.subTest(overwrite):
                self.sandbox.admin.fault("status", status=503, method="DELETE")
                self.send("MOVE", self.tasks + "a.ics", self.other + "a.ics", 503,
                          Overwrite=overwrite)
                self.assertEqual([("Tasks", "Buy milk"), ("other", "Buy milk")], self.names())
                self.clock.advance(15)
                self.assert_retry_finishes(Overwrite=overwrite)
                self.assertEqual(204, self.dav.delete(self.other + "a.ics").status)
                self.assertEqual(201, self.dav.put(self.tasks + "a.ics", self.text).status)

    def kill_in_the_removal(self, fault):
        """Die while the service has the DELETE of a MOVE in hand, having done it or not."""
        last = self.sandbox.admin.last()
        self.sandbox.admin.fault(fault, method="DELETE")
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        pending = pool.submit(self.dav.request, "MOVE", self.tasks + "a.ics", None,
                              {"Destination": self.other + "a.ics"})
        self.sandbox.admin.wait(method="DELETE", after=last, arrived=True)
        headers = self.dav.headers
        self.bridge.kill()
        self.assertIsNotNone(pending.exception())
        self.sandbox.admin.clear_faults()
        self.sandbox.admin.release()
        self.bridge.start()
        self.dav = self.bridge.dav("alice", "")
        self.dav.headers = headers
        self.assertEqual(200, self.dav.get(self.other + "a.ics").status)

    def test_killed_between_making_and_removing(self):
        self.kill_in_the_removal("stall")
        self.assert_retry_finishes()

    def test_killed_after_removing(self):
        self.kill_in_the_removal("stall_after")
        self.assertEqual([("other", "Buy milk")], self.names())
        # Whether the bridge knows by now that the first one is gone or the retry finds out, the
        # task stands in one place.
        reply = self.clock.until_final(self.dav.request, "MOVE", self.tasks + "a.ics", None, {
            "Destination": self.other + "a.ics"})
        self.assertIn(reply.status, (201, 204, 404), reply)
        self.dav.ctag(self.tasks)
        self.assertEqual([("other", "Buy milk")], self.names())
        self.assertEqual(404, self.dav.get(self.tasks + "a.ics").status)
        self.assertEqual(self.text, self.dav.get(self.other + "a.ics").text)
