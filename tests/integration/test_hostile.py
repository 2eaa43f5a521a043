"""A service that lies, and clients that flood: what is theirs alone stays theirs."""
import json
import select
import socket
import urllib.parse

from harness import DEADLINE, Case, vtodo, wire

FRESH = 6


class Hostile(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()

    def bridge_up(self):
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.collections()["Tasks"]
        self.poll()

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def next_page(self, *entries):
        """The next answer of the list's delta round holds these entries and ends the round."""
        last = self.sandbox.admin.requests(path=wire.linked)[-1]
        link = f"{self.sandbox.origin}{last['path']}?{last['query']}"
        self.sandbox.admin.fault("status", path=wire.linked, status=200, body=json.dumps(
            {"value": list(entries), "@odata.deltaLink": link}))


class LyingService(Hostile):
    def test_one_entry_that_cannot_be_read_stops_no_other(self):
        self.rest.create("Known")
        self.bridge_up()
        known = self.sandbox.admin.tasks("alice")["Known"]
        good = dict(wire.entry(self.sandbox, known["Id"]), **wire.spell({"Subject": "Renamed"}))
        worse = {"Id": "AAMkWorse=", "DueDateTime": {"DateTime": "soon"}}
        self.next_page(wire.spell({"Id": "AAMkBad=", "Subject": 5}), wire.spell({"Id": ""}), 7,
                       dict(good, **wire.spell(worse)), good)
        before = self.dav.etags(self.list)
        self.poll()
        after = self.dav.etags(self.list)
        self.assertEqual(before.keys(), after.keys())
        self.assertNotEqual(before, after)
        self.assertIn("SUMMARY:Renamed", self.dav.get(list(after)[0]).text)

    def test_a_known_task_that_cannot_be_read_keeps_what_it_has(self):
        self.rest.create("Known")
        self.bridge_up()
        known = self.sandbox.admin.tasks("alice")["Known"]
        before = self.dav.etags(self.list)
        entry = wire.entry(self.sandbox, known["Id"])
        self.next_page(dict(entry, **wire.spell({"Subject": 5})))
        self.poll()
        self.assertEqual(self.dav.etags(self.list), before)

    def test_pages_without_end_end_the_round_and_nothing_is_lost(self):
        self.rest.create("One")
        self.bridge_up()
        self.sandbox.admin.fault("empty_page", path="/tasks", count=0)
        self.poll()
        asked = len(self.sandbox.admin.requests(path=wire.linked))
        self.assertLess(asked, 100)
        self.assertEqual(len(self.dav.etags(self.list)), 1)


    def test_an_empty_list_without_end_is_not_removed(self):
        self.bridge_up()
        path = f"{self.dav.home}garden/"
        self.assertEqual(self.dav.request("MKCALENDAR", path).status, 201)
        self.sandbox.admin.fault("empty_page", path="/tasks", count=0)
        last = self.sandbox.admin.last()
        self.assertEqual(self.dav.delete(path).status, 503)
        self.assertLess(len(self.sandbox.admin.requests(path="/tasks", after=last)), 100)
        self.assertIn(path, self.dav.collections().values())
        self.sandbox.admin.clear_faults()
        self.assertEqual(self.dav.delete(path).status, 204)


class FloodingClient(Hostile):
    def status(self, client):
        with client.makefile("rb") as answer:
            return answer.read().split(b" ")[1]

    def test_changes_that_wait_for_their_turn_are_bounded(self):
        self.bridge_up()
        etag = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:A")).etag
        self.sandbox.admin.fault("hold", method="PATCH")
        address = urllib.parse.urlsplit(self.bridge.url)
        body = vtodo("a", "SUMMARY:B").encode()
        head = (f"PUT {self.list}a.ics HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Authorization: {self.dav.headers['Authorization']}\r\n"
                f"Content-Type: text/calendar\r\nContent-Length: {len(body)}\r\n"
                f"Connection: close\r\nIf-Match: {etag}\r\n\r\n").encode()
        waiting = set()
        for number in range(300):
            client = socket.create_connection((address.hostname, address.port), timeout=DEADLINE)
            self.addCleanup(client.close)
            client.sendall(head + body)
            waiting.add(client)
            if number == 0:
                self.sandbox.admin.wait(method="PATCH", arrived=True)
        while len(waiting) > 256:  # who comes later than those is told so
            refused, _, _ = select.select(waiting, [], [], DEADLINE)
            self.assertTrue(refused)
            self.assertEqual({self.status(client) for client in refused}, {b"503"})
            waiting -= set(refused)
        self.sandbox.admin.release()
        self.assertEqual({self.status(client) for client in waiting}, {b"204"})  # replays of the first
        self.assertEqual(self.sandbox.admin.requests(method="PATCH")[0]["status"], 200)
        self.assertEqual(len(self.sandbox.admin.requests(method="PATCH")), 1)


del Hostile
