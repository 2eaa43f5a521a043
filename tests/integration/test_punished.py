"""What clients punish (design section 7): a test named for each point of the list, and none can be
left out without being missed by users of the client that it names.

DAVx5 deletes a list on 403, 404 or 410; Tasks.org drops lists that the home does not name; Thunderbird
switches a calendar off at a 4xx; Evolution sends no If-Match and never asks for a sync-collection; Apple
asks without a password first. Whole sequences of these clients: test_replays.py, test_clients.py.
"""
import time

import conformance
from conformance import NS, Answer
from harness import DEADLINE, Case, Http, unfold, vtodo, wire

FRESH = 6  # seconds after which a poll starts a round


class Punished(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.collections()["Tasks"]
        self.path = self.list + "a.ics"
        self.text = vtodo("a", "SUMMARY:A", "X-ODD:kept")
        self.etag = self.dav.put(self.path, self.text).etag

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)


class Trouble(Punished):
    """Trouble upstream is 503 for writes, and what is stored goes on being served."""

    def assert_reads_go_on(self):
        self.assertIn(self.list, self.dav.collections().values())
        self.assertEqual({self.path: self.etag}, self.dav.etags(self.list))
        self.assertEqual(self.text, self.dav.get(self.path).text)
        self.assertEqual(207, self.dav.request("PROPFIND", self.list, None,
                                               {"Depth": "0"}).status)
        self.assertEqual({self.path: self.etag}, self.dav.sync_collection(self.list)[0])

    def under(self, status):
        self.sandbox.admin.fault("status", status=status, count=0)
        for _ in range(3):
            self.clock.advance(FRESH)
            self.assert_reads_go_on()
        for reply in (self.dav.put(self.path, self.text.replace("A\r", "B\r"), if_match=self.etag),
                      self.dav.request("MKCALENDAR", self.dav.home + "new/")):
            self.assertEqual(503, reply.status, reply)
            self.assertGreater(int(reply.headers["Retry-After"]), 0)
        self.sandbox.admin.clear_faults()
        self.assert_reads_go_on()

    def test_a_service_that_is_down_costs_no_list(self):
        self.under(503)

    def test_a_service_that_throttles_costs_no_list(self):
        self.under(429)

    def test_an_expired_sign_in_upstream_costs_no_list_and_asks_for_no_password(self):
        self.under(401)

    def test_a_service_that_breaks_costs_no_list(self):
        self.under(500)

    def test_a_service_that_denies_reading_costs_no_list(self):
        self.sandbox.admin.fault("status", status=403, method="GET", count=0)
        for _ in range(3):
            self.clock.advance(FRESH)
            self.assert_reads_go_on()

    def test_a_service_that_says_404_to_everything_costs_no_list(self):
        """The list of folders did not come, so nothing has been said about any folder."""
        self.sandbox.admin.fault("status", status=404, method="GET", count=0)
        for _ in range(3):
            self.clock.advance(FRESH)
            self.assertIn(self.list, self.dav.collections().values())
            self.assertEqual(207, self.dav.request("PROPFIND", self.list, None,
                                                   {"Depth": "0"}).status)


class Folders(Punished):
    def test_a_list_goes_only_when_a_completed_round_has_said_so(self):
        made = self.rest.post("/taskfolders", {"Name": "Short-lived"}).json
        self.clock.advance(FRESH)
        path = self.dav.collections()["Short-lived"]
        self.assertEqual(204, self.rest.delete(f"/taskfolders('{made['Id']}')").status)
        self.sandbox.admin.fault("status", status=503, path=wire.folders, method="GET", count=0)
        for _ in range(3):
            self.clock.advance(FRESH)
            self.assertIn(path, self.dav.collections().values())
        self.sandbox.admin.clear_faults()
        deadline = time.monotonic() + DEADLINE
        while path in self.dav.collections().values():  # a poll does not wait after trouble
            self.assertLess(time.monotonic(), deadline)
            self.clock.advance(30)
        self.assertEqual(404, self.dav.request("PROPFIND", path, None, {"Depth": "0"}).status)
        self.assertIn(self.list, self.dav.collections().values())


class Echoes(Punished):
    def test_an_etag_does_not_move_by_the_echo_of_an_own_write(self):
        ctag = self.poll()
        for _ in range(5):
            self.assertEqual(ctag, self.poll())
            self.assertEqual(self.etag, self.dav.get(self.path).etag)
        reply = self.dav.put(self.path, self.text.replace("A\r", "B\r"), if_match=self.etag)
        self.assertEqual(204, reply.status)

    def test_an_etag_does_not_move_when_upstream_stamps_a_task_without_a_change(self):
        task = self.sandbox.admin.tasks("alice")["A"]
        self.poll()
        self.rest.patch(f"/tasks/{task['Id']}", {"Subject": "A"})
        self.poll()
        self.assertEqual(self.etag, self.dav.get(self.path).etag)


class Clients(Punished):
    def test_evolution_writes_without_if_match(self):
        self.assertEqual(204, self.dav.put(self.path, self.text.replace("A\r", "B\r")).status)
        self.assertEqual(204, self.dav.delete(self.path).status)

    def test_evolution_finds_changes_without_a_sync_collection(self):
        before, ctag = self.dav.etags(self.list), self.dav.ctag(self.list)
        task = self.sandbox.admin.tasks("alice")["A"]
        self.rest.patch(f"/tasks/{task['Id']}", {"Subject": "Renamed"})
        self.assertNotEqual(ctag, self.poll())
        after = self.dav.etags(self.list)
        self.assertEqual(before.keys(), after.keys())
        self.assertNotEqual(before, after)

    def test_thunderbird_asks_for_changes_with_depth_1(self):
        body = conformance.sync("")
        for depth in ("0", "1"):
            reply = self.dav.request("REPORT", self.list, body, {"Depth": depth})
            self.assertEqual([self.path], list(Answer(reply.body).found))

    def test_evolution_vdirsyncer_and_apple_ask_the_bare_host(self):
        for path in ("/", ""):
            reply = self.dav.request("PROPFIND", path or "/", conformance.propfind(
                "D:current-user-principal", "C:calendar-home-set"), {"Depth": "0"})
            self.assertEqual(2, len(Answer(reply.body).found["/"]))

    def test_apples_requests_without_a_password_are_no_failed_sign_ins(self):
        anonymous = self.started(Http(self.bridge.url))
        for _ in range(100):
            self.assertEqual(401, anonymous.request("PROPFIND", "/").status)
        self.assertEqual(207, self.dav.request("PROPFIND", "/", None, {"Depth": "0"}).status)

    def test_apples_list_of_events_is_refused_cleanly(self):
        reply = self.dav.request("MKCALENDAR", self.dav.home + "events/", "<C:mkcalendar %s><D:set>"
                                 "<D:prop><C:supported-calendar-component-set><C:comp "
                                 "name='VEVENT'/></C:supported-calendar-component-set></D:prop>"
                                 "</D:set></C:mkcalendar>" % NS)
        self.assertEqual(403, reply.status)
        self.assertIn("supported-calendar-component", reply.text)
        self.assertEqual({"Tasks"}, set(self.dav.collections()))

    def test_a_rule_of_seconds_never_comes_into_a_list(self):
        for rule in ("SECONDLY", "MINUTELY", "HOURLY"):
            reply = self.dav.put(self.list + "r.ics", vtodo(
                "r", "DTSTART:20260601T100000Z", "RRULE:FREQ=" + rule))
            self.assertEqual(403, reply.status)
            self.assertIn("max-instances", reply.text)
        self.assertEqual([self.path], list(self.dav.etags(self.list)))


class Survivors(Punished):
    """What mainstream clients write comes back, also after a change upstream."""

    def survives(self, text, *lines):
        reply = self.dav.put(self.list + "s.ics", text)
        self.assertEqual(201, reply.status, reply)
        task = self.sandbox.admin.tasks("alice")["Survivor"]
        self.rest.patch(f"/tasks/{task['Id']}", {"Subject": "Changed there"})
        self.poll()
        seen = unfold(self.dav.get(self.list + "s.ics").text)
        self.assertIn("SUMMARY:Changed there", seen)
        for line in lines:
            self.assertIn(line, seen)

    def test_unknown_properties_and_parameters_survive(self):
        lines = ["X-MOZ-LASTACK:20260101T000000Z", "X-APPLE-SORT-ORDER:1",
                 'X-ODD;X-A="b:c;d";Y=1,2:v', "RELATED-TO;RELTYPE=PARENT;X-B=2:p",
                 "DESCRIPTION;ALTREP=\"data:text/html,%3Cb%3E\":b", "IANA-NEW:1"]
        self.survives(vtodo("s", "SUMMARY:Survivor", *lines), *lines)

    def test_a_timezone_of_190_lines_survives(self):
        zone = ["BEGIN:VTIMEZONE", "TZID:Europe/Oslo"]
        for year in range(1950, 1981):
            zone += ["BEGIN:STANDARD", f"DTSTART:{year}1001T030000", "TZOFFSETFROM:+0200",
                     "TZOFFSETTO:+0100", "TZNAME:CET", "END:STANDARD"]
        zone += ["X-LIC-LOCATION:Europe/Oslo", "END:VTIMEZONE"]
        self.assertGreaterEqual(len(zone), 190)
        text = vtodo("s", "SUMMARY:Survivor", "DUE;TZID=Europe/Oslo:20261201T090000").replace(
            "BEGIN:VTODO", "\r\n".join(zone) + "\r\nBEGIN:VTODO")
        self.survives(text, *zone)

    def test_odd_folding_survives(self):
        text = vtodo("s", "SUMMARY:Sur\r\n viv\r\n\tor", "LOCATION:Kaf\r\n fee",
                     "X-LONG:" + "x" * 300)
        self.survives(text, "LOCATION:Kaffee", "X-LONG:" + "x" * 300)
