"""mapping.md 7.8: who a task is, what its ETag says, and what becomes of refused values."""
import re

from harness import Case, vtodo

FRESH = 6  # seconds: past [sync] fresh


class Identity(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.collections()["Tasks"]

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def tasks(self):
        return self.sandbox.admin.state("alice")["tasks"]

    def hrefs(self):
        return sorted(self.dav.etags(self.list))

    def uid_at(self, href):
        return re.search(r"^UID:(.*)\r$", self.dav.get(href).text, re.M)[1]

    def test_v184_a_task_keeps_the_uid_and_the_name_that_its_client_gave_it(self):
        self.assertEqual(201, self.dav.put(self.list + "abc.ics", vtodo("abc", "SUMMARY:x")).status)
        self.rest.patch(f"/tasks/{self.tasks()[0]['Id']}", {"Subject": "y"})
        self.poll()
        text = self.dav.get(self.list + "abc.ics").text
        self.assertIn("UID:abc\r\n", text)
        self.assertIn("SUMMARY:y\r\n", text)
        self.assertNotIn(self.tasks()[0]["Id"], text)
        self.assertEqual([self.list + "abc.ics"], self.hrefs())

    def test_v185_the_uid_of_a_task_born_upstream_outlives_a_restart(self):
        self.rest.create("born there")
        self.poll()
        [href] = self.hrefs()
        uid = self.uid_at(href)
        self.assertEqual(href, f"{self.list}{uid}.ics")
        self.bridge.stop()
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.bridge.run(
            "password", "add", "alice", "--label", "more").strip())
        self.assertEqual([href], self.hrefs())
        self.assertEqual(uid, self.uid_at(href))

    def test_v186_reading_twice_gives_the_same_bytes(self):
        self.rest.create("born there")
        self.poll()
        [href] = self.hrefs()
        first = self.dav.get(href)
        self.poll()
        again = self.dav.get(href)
        self.assertEqual((first.text, first.etag), (again.text, again.etag))

    def test_v187_no_etag_where_other_bytes_are_served(self):
        body = vtodo("a", "SUMMARY:x", "DTSTART;VALUE=DATE:20260510", "DUE;VALUE=DATE:20260507")
        put = self.dav.put(self.list + "a.ics", body)
        self.assertEqual((201, None), (put.status, put.etag))
        served = self.dav.get(self.list + "a.ics")
        self.assertNotIn("\r\nDTSTART", served.text)  # V034
        self.assertIn("\r\nDUE;VALUE=DATE:20260507", served.text)
        put = self.dav.put(self.list + "a.ics", served.text, if_match=served.etag)
        self.assertEqual((204, served.etag), (put.status, put.etag))

    def test_v191_what_may_be_at_fault_is_left_out_once(self):
        dates = ("DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260504")
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:x", *dates))
        changed = vtodo("a", "SUMMARY:y", *dates, "RRULE:FREQ=DAILY")
        self.sandbox.admin.fault("status", method="PATCH", status=400, code="ErrorInvalidProperty")
        answer = self.dav.put(self.list + "a.ics", changed, if_match=put.etag)
        self.assertEqual(204, answer.status, answer)
        [task] = self.tasks()
        self.assertEqual(("y", None), (task["Subject"], task.get("Recurrence")))
        self.assertEqual(changed, self.dav.get(self.list + "a.ics").text)
        self.assertEqual(2, len(self.sandbox.admin.requests(method="PATCH")))

        self.sandbox.admin.fault("status", method="PATCH", status=400, code="ErrorInvalidProperty",
                                 count=2)
        other = vtodo("a", "SUMMARY:z", *dates, "RRULE:FREQ=DAILY", "CATEGORIES:c")
        self.assertEqual(403, self.dav.put(self.list + "a.ics", other).status)
        self.assertEqual(changed, self.dav.get(self.list + "a.ics").text)
        self.assertEqual("y", self.tasks()[0]["Subject"])

    def test_v192_trouble_upstream_changes_nothing(self):
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:x"))
        before = self.dav.get(self.list + "a.ics").text
        for status in 503, 429:
            self.sandbox.admin.fault("status", method="PATCH", status=status, retry_after=3)
            answer = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:y"), if_match=put.etag)
            self.assertEqual(503, answer.status, answer)
            self.assertIn("Retry-After", answer.headers)
            served = self.dav.get(self.list + "a.ics")
            self.assertEqual((before, put.etag), (served.text, served.etag))
            self.clock.advance(60)
            for client in (self.dav, self.sandbox.admin, self.rest):
                client.close()
        self.assertEqual("x", self.tasks()[0]["Subject"])
