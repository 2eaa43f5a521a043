"""The promises of the design, on the real program with a sandbox and a clock in the test's hand."""
import concurrent.futures
import json
import os
import pathlib
import queue
import re
import shutil
import threading
import time

from harness import DEADLINE, Bridge, Case, needs_if_match, unfold, vtodo, wire

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
NEAR = 20  # seconds after which the next round has begun by itself (near is 15 s, with jitter)

RICH = "\r\n".join([
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", "X-WR-CALNAME:kept",
    "BEGIN:VTODO", "UID:rich-1", "DTSTAMP:20260501T080000Z", "CREATED:20260430T080000Z",
    "SUMMARY:Buy milk", "DESCRIPTION:two\\nlines", "LOCATION:Paris\\, 7 rue X",
    'X-FOO;BAR="a:b":z', "X-APPLE-SORT-ORDER:621354239",
    "DUE;TZID=Europe/Paris:20260506T170000", "PRIORITY:2", "CATEGORIES:Home,Work",
    "RELATED-TO;RELTYPE=PARENT:other", "STATUS:NEEDS-ACTION",
    "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:a",
    "TRIGGER;VALUE=DATE-TIME:20260505T080000Z", "END:VALARM",
    "BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER;RELATED=END:-PT30M", "X-MORE:1", "END:VALARM",
    "END:VTODO",
    "BEGIN:X-UNKNOWN", "X-A:b", "END:X-UNKNOWN",
    "END:VCALENDAR", ""])


def lines_changed(before, after):
    """(removed, added) content lines, by property name."""
    old, new = unfold(before), unfold(after)
    gone = [line for line in old if line not in new]
    come = [line for line in new if line not in old]
    return sorted(re.split("[;:]", line)[0] for line in gone), sorted(
        re.split("[;:]", line)[0] for line in come)


class Promises(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()

    def bridge_up(self, **settings):
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock, **settings)
        self.list = self.dav.collections()["Tasks"]

    def jump(self, seconds):
        """Far ahead: connections that idle are closed by it."""
        for client in (self.dav, self.sandbox.admin, self.rest):
            client.close()
        self.clock.advance(seconds)

    def poll(self):
        """What a client does: refresh. The answer of a round that began now."""
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def poll_until(self, holds):
        """After trouble a poll does not wait for the round that is under way: more may be needed."""
        deadline = time.monotonic() + DEADLINE
        while self.poll() and not holds():
            if time.monotonic() > deadline:
                return False
        return True

    def only_task(self):
        tasks = self.sandbox.admin.state("alice")["tasks"]
        self.assertEqual(len(tasks), 1, tasks)
        return tasks[0]

    def put_new(self, name="a", *lines, expect=201):
        answer = self.dav.put(self.list + name + ".ics", vtodo(name, *lines), if_none_match="*")
        self.assertEqual(answer.status, expect, answer)
        return answer

    def in_background(self, function, *arguments, **more):
        """A request that is answered later; the result is waited for with .result()."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(function, *arguments, **more)

    def another_client(self):
        client = self.bridge.dav("alice", self.dav_password())
        return client

    def dav_password(self):
        return self.bridge.run("password", "add", "alice", "--label", "more").strip()


class Reading(Promises):
    def test_an_upstream_change_shows_at_the_next_poll(self):
        self.bridge_up()
        before, token = self.dav.sync_collection(self.list)
        task = self.rest.create("Made in Outlook")
        self.poll()
        changed, token = self.dav.sync_collection(self.list, token)
        self.assertEqual(len(changed), 1)
        href = list(changed)[0]
        self.assertIn("SUMMARY:Made in Outlook", unfold(self.dav.get(href).text))
        self.rest.patch(f"/tasks/{task['Id']}", {"Subject": "Renamed there"})
        self.poll()
        self.assertIn("SUMMARY:Renamed there", unfold(self.dav.get(href).text))
        self.rest.delete(f"/tasks/{task['Id']}")
        self.poll()
        changed, _ = self.dav.sync_collection(self.list, token)
        self.assertEqual(changed, {href: None})
        self.assertEqual(self.dav.get(href).status, 404)

    def test_an_unchanged_list_keeps_its_ctag_over_100_polls_and_10_rounds(self):
        self.rest.create("One")
        self.bridge_up()
        ctag = self.poll()
        rounds = len(self.sandbox.admin.requests(path="delta"))
        for _ in range(10):
            for _ in range(10):
                self.assertEqual(self.dav.ctag(self.list), ctag)
            self.assertEqual(self.poll(), ctag)
        more = len(self.sandbox.admin.requests(path="delta")) - rounds
        self.assertGreaterEqual(more, 10)

    def test_an_own_write_moves_the_ctag_exactly_once(self):
        self.bridge_up()
        stamps = [self.poll()]
        self.put_new("a", "SUMMARY:A")
        for _ in range(5):
            stamps.append(self.poll())  # the echo comes with one of these rounds
        self.assertEqual(len(set(stamps)), 2, stamps)
        number = [int(stamp.rsplit("-", 1)[1]) for stamp in stamps]
        self.assertEqual(number[-1], number[0] + 1)

    def test_reads_go_on_when_the_service_is_down_or_denies(self):
        self.rest.create("One")
        self.bridge_up()
        self.poll()
        for status in (500, 401, 503):
            self.sandbox.admin.fault("status", status=status, count=0)
            self.clock.advance(NEAR)
            self.assertEqual(len(self.dav.etags(self.list)), 1)
            self.assertEqual(len(self.dav.collections()), 1)
            name = f"x{status}"
            put = self.dav.put(
                self.list + name + ".ics", vtodo(name, "SUMMARY:X"), if_none_match="*")
            self.assertEqual(put.status, 503, put)
            self.assertIn("Retry-After", put.headers)
            self.sandbox.admin.clear_faults()
            last = self.sandbox.admin.last()
            self.jump(400)  # the back-off is over: the next round is well
            self.sandbox.admin.wait(method="GET", path=wire.delta, after=last, count=2)

    def test_a_link_to_another_host_is_an_error_and_nothing_is_lost(self):
        self.rest.create("One")
        self.bridge_up()
        self.poll()
        self.sandbox.admin.fault("foreign_link", path="/Tasks", count=1)
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 1)
        self.rest.create("Two")
        last = self.sandbox.admin.last()
        self.jump(400)
        self.sandbox.admin.wait(method="GET", path=wire.linked, status=200, after=last)
        self.assertTrue(self.poll_until(lambda: len(self.dav.etags(self.list)) == 2))

    def test_an_expired_delta_token_costs_a_full_round_and_no_stamp(self):
        self.rest.create("One")
        gone = self.rest.create("Two")
        self.bridge_up()
        ctag = self.poll()
        self.sandbox.admin.expire_tokens()
        self.assertEqual(self.poll(), ctag)
        self.sandbox.admin.expire_tokens()
        self.rest.delete(f"/tasks/{gone['Id']}")
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 1)

    def test_repeated_and_partial_items_change_nothing(self):
        self.rest.create("One")
        task = self.rest.create("Two", Categories=["Home"], Importance="High")
        self.bridge_up()
        ctag = self.poll()
        self.sandbox.admin.fault("repeat_items", count=0)
        self.sandbox.admin.expire_tokens()
        self.assertEqual(self.poll(), ctag)
        self.sandbox.admin.clear_faults()
        # no Categories, no Importance: that entry is read singly, where they are
        self.sandbox.admin.fault("partial_items", path="delta", count=0)
        self.rest.patch(f"/tasks/{task['Id']}", {"Subject": "Second"})
        self.poll()
        texts = self.dav.multiget(self.list, self.dav.etags(self.list)).values()
        text = [text for text in texts if "SUMMARY:Second" in text][0]
        self.assertIn("CATEGORIES:Home", text)
        self.assertIn("PRIORITY:1", text)
        self.assertEqual(len(texts), 2)

    def test_a_task_too_large_for_a_document_stops_no_other(self):
        large = {"ContentType": "Text", "Content": "\n" * 1_700_000}
        self.rest.create("Large", Body=large)
        small = self.rest.create("Small")
        self.bridge_up()
        self.assertEqual(len(self.dav.etags(self.list)), 2)
        self.rest.patch(f"/tasks/{small['Id']}", {"Body": large})
        self.rest.create("Third")
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 3)

    def test_folders_come_go_and_are_renamed(self):
        self.bridge_up()
        made = self.rest.post("/taskfolders", {"Name": "Garden"}).json
        self.clock.advance(FRESH)
        path = self.dav.collections()["Garden"]
        self.rest.patch(f"/taskfolders/{made['Id']}", {"Name": "Balcony"})
        self.clock.advance(FRESH)
        self.assertEqual(self.dav.collections()["Balcony"], path)
        self.rest.delete(f"/taskfolders/{made['Id']}")
        self.clock.advance(FRESH)
        self.assertNotIn("Balcony", self.dav.collections())

    def test_restart_moves_no_ctag_and_keeps_tokens(self):
        self.rest.create("One")
        self.bridge_up()
        ctag = self.poll()
        _, token = self.dav.sync_collection(self.list)
        self.bridge.kill()
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.dav_password())
        self.assertEqual(self.dav.ctag(self.list), ctag)
        changed, same = self.dav.sync_collection(self.list, token)
        self.assertEqual((changed, same), ({}, token))

    def test_a_restored_database_refuses_tokens_from_its_lost_future(self):
        self.bridge_up()
        self.put_new("a", "SUMMARY:A")
        _, old = self.dav.sync_collection(self.list)
        self.bridge.stop()
        store = self.bridge.folder / "bridge.db"
        shutil.copy(store, str(store) + ".old")
        self.bridge.start()
        password = self.dav_password()
        self.dav = self.bridge.dav("alice", password)
        self.put_new("b", "SUMMARY:B")
        _, lost = self.dav.sync_collection(self.list)
        self.bridge.stop()
        for leftover in self.bridge.folder.glob("bridge.db-*"):
            leftover.unlink()
        shutil.copy(str(store) + ".old", store)
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.dav_password())
        self.poll()
        self.put_new("c", "SUMMARY:C")
        answer = self.dav.request("REPORT", self.list, f"""<sync-collection xmlns="DAV:">
            <sync-token>{lost}</sync-token><sync-level>1</sync-level><prop><getetag/></prop>
            </sync-collection>""")
        self.assertEqual(answer.status, 403, answer)
        self.assertIn("valid-sync-token", answer.text)
        changed, _ = self.dav.sync_collection(self.list, old)
        self.assertEqual(len(changed), 2)  # b, seen again upstream, and c

    def test_a_large_first_sync_killed_half_way_goes_on_where_it_was(self):
        count = 10000
        self.sandbox.admin.seed("alice", count)
        self.sandbox.admin.fault("hold", path=wire.page, nth=count // 400)
        bridge = Bridge(self.folder, self.sandbox.url, self.clock)
        password = bridge.add_user("alice", "alice-token")
        self.addCleanup(bridge.stop)
        bridge.start()
        self.clock.advance(NEAR)
        self.sandbox.admin.wait(path=wire.page, arrived=True, count=count // 400)
        bridge.kill()
        self.sandbox.admin.clear_faults()
        self.sandbox.admin.release()
        bridge.start()
        dav = bridge.dav("alice", password)
        bridge.run("sync", "alice")
        self.assertEqual(len(dav.etags(dav.collections()["Tasks"])), count)
        # pages of 200: nearly none is asked for twice
        pages = [r for r in self.sandbox.admin.requests(path=wire.page) if r["status"] == 200]
        self.assertLess(len(pages), count // 200 + 3)
        singles = [r for r in self.sandbox.admin.requests(method="GET", path=wire.single)]
        self.assertLess(len(singles), 5)

    def peak_kib(self):
        """The most memory that the bridge has had, in KiB."""
        status = pathlib.Path(f"/proc/{self.bridge.server.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def test_a_full_resync_of_a_large_list_shows_only_what_changed(self):
        count = 10000 if os.environ.get("DUEDAV_LONG") else 2000
        self.bridge_up()
        self.dav.deadline = 4 * DEADLINE  # a poll waits for the whole round
        self.dav.close()
        self.sandbox.admin.seed("alice", count - 3)
        change, *remove = [self.rest.create(name)["Id"] for name in ("change", "remove", "this too")]
        self.bridge.run("sync", "alice")
        ctag = self.poll()
        before, token = self.dav.sync_collection(self.list)
        self.assertEqual(len(before), count)
        peak = self.peak_kib()
        for changed, removed in ((0, 0), (1, 2)):
            if changed:
                self.rest.patch(f"/tasks/{change}", {"Subject": "changed"})
                for task in remove:
                    self.rest.delete(f"/tasks/{task}")
            self.sandbox.admin.expire_tokens()
            last = self.sandbox.admin.last()
            self.assertEqual(self.poll() == ctag, not changed)
            self.assertGreater(len(self.sandbox.admin.requests(path=wire.page, after=last)),
                               count // 200 - 5)
            self.assertEqual(len(self.sandbox.admin.requests(status=404, after=last)), removed)
            news, token = self.dav.sync_collection(self.list, token)
            self.assertEqual((len(news), list(news.values()).count(None)),
                             (changed + removed, removed))
        if b"libasan" not in pathlib.Path(f"/proc/{self.bridge.server.process.pid}/maps").read_bytes():
            self.assertLess(self.peak_kib() - peak, 32 * 1024)


class Writing(Promises):
    def test_everything_comes_back_but_what_upstream_changed(self):
        self.bridge_up()
        put = self.dav.put(self.list + "r.ics", RICH, if_none_match="*")
        self.assertEqual(put.status, 201, put)
        got = self.dav.get(self.list + "r.ics")
        self.assertEqual(got.text, RICH)
        self.assertEqual(got.etag, put.etag)
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Subject": "Buy bread"})
        self.poll()
        after = self.dav.get(self.list + "r.ics")
        self.assertNotEqual(after.etag, put.etag)
        gone, come = lines_changed(RICH, after.text)
        self.assertEqual(gone, ["DTSTAMP", "SUMMARY"])
        self.assertEqual(come, ["DTSTAMP", "LAST-MODIFIED", "SUMMARY", "X-MSTASK-REV"])
        self.assertIn("SUMMARY:Buy bread", unfold(after.text))

    def test_a_due_time_moves_with_the_date(self):
        self.bridge_up()
        self.dav.put(self.list + "r.ics", RICH, if_none_match="*")
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"DueDateTime": {
            "DateTime": "2026-05-13T00:00:00", "TimeZone": "Romance Standard Time"}})
        self.poll()
        self.assertIn("DUE;TZID=Europe/Paris:20260513T170000",
                      unfold(self.dav.get(self.list + "r.ics").text))

    def test_only_what_changed_is_sent(self):
        self.bridge_up()
        self.dav.put(self.list + "r.ics", RICH, if_none_match="*")
        etag = self.dav.get(self.list + "r.ics").etag
        last = self.sandbox.admin.last()
        quiet = RICH.replace("X-APPLE-SORT-ORDER:621354239", "X-APPLE-SORT-ORDER:1").replace(
            "PRIORITY:2", "PRIORITY:1")
        put = self.dav.put(self.list + "r.ics", quiet, if_match=etag)
        self.assertEqual(put.status, 204, put)
        self.assertEqual(self.sandbox.admin.requests(method="PATCH", after=last), [])
        loud = quiet.replace("SUMMARY:Buy milk", "SUMMARY:Buy tea")
        put = self.dav.put(self.list + "r.ics", loud, if_match=put.etag)
        self.assertEqual(put.status, 204, put)
        patches = self.sandbox.admin.requests(method="PATCH", after=last)
        self.assertEqual([json.loads(p["body"]) for p in patches],
                         [wire.spell({"Subject": "Buy tea"})])
        self.assertEqual(self.dav.get(self.list + "r.ics").text, loud)

    def test_complete_and_delete_go_through(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A", "STATUS:NEEDS-ACTION")
        done = vtodo("a", "SUMMARY:A", "STATUS:COMPLETED", "PERCENT-COMPLETE:100",
                     "COMPLETED:20260504T075500Z")
        put = self.dav.put(self.list + "a.ics", done, if_match=first.etag)
        self.assertEqual(put.status, 204, put)
        self.assertEqual(self.only_task()["Status"], "Completed")
        self.assertEqual(self.dav.delete(self.list + "a.ics", if_match=put.etag).status, 204)
        self.assertEqual(self.sandbox.admin.state("alice")["tasks"], [])
        self.assertEqual(self.dav.get(self.list + "a.ics").status, 404)

    @needs_if_match
    def test_the_same_field_changed_on_both_sides_keeps_upstreams(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Subject": "Theirs"})
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:Mine"), if_match=first.etag)
        self.assertEqual(put.status, 412, put)
        self.assertEqual(self.only_task()["Subject"], "Theirs")
        got = self.dav.get(self.list + "a.ics")
        self.assertIn("SUMMARY:Theirs", unfold(got.text))
        self.assertEqual(got.etag, put.etag)

    def test_different_fields_changed_on_both_sides_both_survive(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Importance": "High"})
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:Mine"), if_match=first.etag)
        self.assertEqual(put.status, 204, put)
        self.assertIsNone(put.etag)
        task = self.only_task()
        self.assertEqual((task["Subject"], task["Importance"]), ("Mine", "High"))
        got = unfold(self.dav.get(self.list + "a.ics").text)
        self.assertIn("SUMMARY:Mine", got)
        self.assertIn("PRIORITY:1", got)

    def test_a_service_that_ignores_if_match_loses_only_the_racing_field(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.sandbox.admin.fault("ignore_if_match", count=0)
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Importance": "High"})
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:Mine"), if_match=first.etag)
        self.assertEqual(put.status, 204, put)
        task = self.only_task()
        self.assertEqual((task["Subject"], task["Importance"]), ("Mine", "High"))
        self.assertIn("PRIORITY:1", unfold(self.dav.get(self.list + "a.ics").text))

    def test_a_put_without_if_match_undoes_no_newer_change(self):
        """Evolution's way (mapping.md 1.3)."""
        self.bridge_up()
        self.put_new("a", "SUMMARY:A", "STATUS:NEEDS-ACTION", "PRIORITY:5")
        self.rest.post(f"/tasks/{self.only_task()['Id']}/complete")
        self.poll()
        stale = vtodo("a", "SUMMARY:Renamed", "STATUS:NEEDS-ACTION", "PRIORITY:5")
        put = self.dav.put(self.list + "a.ics", stale)
        self.assertEqual(put.status, 204, put)
        self.assertIsNone(put.etag)
        task = self.only_task()
        self.assertEqual((task["Subject"], task["Status"]), ("Renamed", "Completed"))
        self.assertIn("STATUS:COMPLETED", unfold(self.dav.get(self.list + "a.ics").text))

    def test_x_mstask_rev_names_the_version_that_a_client_saw(self):
        self.bridge_up()
        self.put_new("a", "SUMMARY:A", "STATUS:NEEDS-ACTION")
        self.rest.post(f"/tasks/{self.only_task()['Id']}/complete")
        self.poll()
        seen = self.dav.get(self.list + "a.ics").text
        self.assertIn("X-MSTASK-REV:", seen)
        reopened = re.sub("STATUS:COMPLETED", "STATUS:NEEDS-ACTION", seen)
        reopened = re.sub("(COMPLETED|PERCENT-COMPLETE):.*\r\n", "", reopened)
        self.assertEqual(self.dav.put(self.list + "a.ics", reopened).status, 204)
        self.assertEqual(self.only_task()["Status"], "NotStarted")
        self.assertNotIn("X-MSTASK-REV", self.dav.get(self.list + "a.ics").text)

    def test_put_on_a_task_that_vanished(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.rest.delete(f"/tasks/{self.only_task()['Id']}")
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:B"), if_match=first.etag)
        self.assertEqual(put.status, 412, put)
        self.assertEqual(self.dav.get(self.list + "a.ics").status, 404)
        self.put_new("b", "SUMMARY:C")
        self.rest.delete(f"/tasks/{self.only_task()['Id']}")
        put = self.dav.put(self.list + "b.ics", vtodo("b", "SUMMARY:D"))
        self.assertEqual(put.status, 204, put)
        self.assertEqual(self.only_task()["Subject"], "D")

    @needs_if_match
    def test_delete_against_a_change(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Subject": "Theirs"})
        self.assertEqual(self.dav.delete(self.list + "a.ics", if_match=first.etag).status, 412)
        self.assertEqual(self.only_task()["Subject"], "Theirs")
        self.assertEqual(self.dav.delete(self.list + "a.ics").status, 204)  # without: it wins
        self.assertEqual(self.sandbox.admin.state("alice")["tasks"], [])

    def test_a_uid_stands_once_in_a_list(self):
        self.bridge_up()
        self.put_new("a", "SUMMARY:A")
        answer = self.dav.put(self.list + "b.ics", vtodo("a", "SUMMARY:B"), if_none_match="*")
        self.assertEqual(answer.status, 403, answer)
        self.assertIn("no-uid-conflict", answer.text)
        self.assertIn(self.list + "a.ics", answer.text)
        self.assertEqual(self.dav.delete(self.list + "a.ics").status, 204)
        answer = self.dav.put(self.list + "b.ics", vtodo("a", "SUMMARY:B"), if_none_match="*")
        self.assertEqual(answer.status, 201, answer)

    def test_two_puts_with_the_same_if_match_at_once(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        other = self.another_client()
        self.sandbox.admin.fault("hold", method="PATCH")
        one = self.in_background(self.dav.put, self.list + "a.ics", vtodo("a", "SUMMARY:B"),
                                 if_match=first.etag)
        self.sandbox.admin.wait(method="PATCH", arrived=True)
        two = self.in_background(other.put, self.list + "a.ics", vtodo("a", "SUMMARY:C"),
                                 if_match=first.etag)
        self.bridge.await_operations(2, two)
        self.sandbox.admin.release()
        self.assertEqual(sorted([one.result().status, two.result().status]), [204, 412])
        self.assertEqual(self.only_task()["Subject"], "B")

    def test_a_throttled_write_is_told_to_come_back(self):
        self.bridge_up()
        self.sandbox.admin.fault("status", method="POST", status=429, retry_after=7)
        answer = self.put_new("a", "SUMMARY:A", expect=503)
        self.assertEqual(answer.headers["Retry-After"], "7")
        again = self.put_new("a", "SUMMARY:A", expect=503)  # nothing is sent while it lasts
        self.assertIn("Retry-After", again.headers)
        self.assertEqual(len(self.sandbox.admin.requests(method="POST")), 1)
        self.clock.advance(8)
        self.put_new("a", "SUMMARY:A")

    def test_a_value_that_the_service_refuses_is_403_and_nothing_is_stored(self):
        self.bridge_up()
        # twice: it is tried once more without the marker
        self.sandbox.admin.fault("status", method="POST", status=400, code="ErrorInvalidProperty",
                                 count=2)
        self.put_new("a", "SUMMARY:A", expect=403)
        self.assertEqual(self.dav.get(self.list + "a.ics").status, 404)
        self.put_new("a", "SUMMARY:A")


class Unclear(Promises):
    """Writes whose answer is lost."""

    def test_a_create_applied_before_the_connection_broke_is_adopted(self):
        self.bridge_up()
        for kind in ("cut_after", "truncate", "malformed"):
            name = f"a-{kind}"
            text = vtodo(name, f"SUMMARY:{kind}")
            self.sandbox.admin.fault(kind, method="POST")
            answer = self.dav.put(self.list + name + ".ics", text, if_none_match="*")
            self.assertEqual(answer.status, 503, (kind, answer))
            answer = self.clock.until_final(self.dav.put, self.list + name + ".ics", text, if_none_match="*")
            self.assertEqual(answer.status, 201, (kind, answer))
            self.assertEqual(answer.etag, self.dav.get(self.list + name + ".ics").etag)
        self.assertEqual(len(self.sandbox.admin.tasks("alice")), 3)

    def test_a_create_that_was_not_applied_is_made_by_the_retry(self):
        self.bridge_up()
        self.sandbox.admin.fault("cut_before", method="POST")
        text = vtodo("a", "SUMMARY:A")
        answer = self.dav.put(self.list + "a.ics", text, if_none_match="*")
        self.assertEqual(answer.status, 503, answer)
        answer = self.clock.until_final(self.dav.put, self.list + "a.ics", text, if_none_match="*")
        self.assertEqual(answer.status, 201, answer)
        self.only_task()

    def test_a_stalled_create_still_running_when_it_is_looked_up_is_not_doubled(self):
        self.bridge_up()
        self.sandbox.admin.fault("hold", method="POST")
        text = vtodo("a", "SUMMARY:A")
        pending = self.in_background(self.dav.put, self.list + "a.ics", text, if_none_match="*")
        self.sandbox.admin.wait(method="POST", arrived=True)
        last = self.sandbox.admin.last()
        self.clock.advance(21)
        self.assertEqual(pending.result().status, 503)
        self.sandbox.admin.wait(method="GET", path=wire.mark, after=last)  # first look: a miss
        self.clock.settle()
        self.sandbox.admin.release()
        self.sandbox.admin.wait(method="POST")
        self.clock.advance(6)  # the second look finds it
        answer = self.clock.until_final(self.dav.put, self.list + "a.ics", text, if_none_match="*")
        self.assertEqual(answer.status, 201, answer)
        self.only_task()

    def test_a_create_that_is_unclear_is_known_by_its_marker_whatever_it_is_called_now(self):
        self.bridge_up()
        self.sandbox.admin.fault("hold_after", method="POST")
        text = vtodo("a", "SUMMARY:A", "LOCATION:kept")
        pending = self.in_background(self.dav.put, self.list + "a.ics", text, if_none_match="*")
        self.sandbox.admin.wait(method="POST", arrived=True)
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Subject": "B", "Importance": "High"})
        self.clock.advance(21)
        self.assertEqual(pending.result().status, 503)
        self.sandbox.admin.release()
        answer = self.clock.until_final(self.dav.put, self.list + "a.ics", text, if_none_match="*")
        self.assertEqual((answer.status, answer.etag), (201, None), answer)
        self.assertEqual(self.only_task()["Subject"], "B")
        lines = unfold(self.dav.get(self.list + "a.ics").text)
        for line in "SUMMARY:B", "PRIORITY:1", "LOCATION:kept":
            self.assertIn(line, lines)

    def test_an_update_applied_before_the_connection_broke_is_recognised(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.sandbox.admin.fault("cut_after", method="PATCH")
        text = vtodo("a", "SUMMARY:B")
        answer = self.dav.put(self.list + "a.ics", text, if_match=first.etag)
        self.assertEqual(answer.status, 503, answer)
        answer = self.clock.until_final(self.dav.put, self.list + "a.ics", text, if_match=first.etag)
        self.assertEqual(answer.status, 204, answer)
        self.assertEqual(self.dav.get(self.list + "a.ics").text, text)
        self.assertEqual(len(self.sandbox.admin.requests(method="PATCH")), 1)

    def test_a_delete_applied_before_the_connection_broke_is_recognised(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A")
        self.sandbox.admin.fault("cut_after", method="DELETE")
        answer = self.dav.delete(self.list + "a.ics", if_match=first.etag)
        self.assertEqual(answer.status, 503, answer)
        self.sandbox.admin.wait(method="GET", path="/tasks", status=404)
        again = self.clock.until_final(self.dav.delete, self.list + "a.ics", if_match=first.etag)
        self.assertEqual(again.status, 404)  # which clients take for done
        self.assertEqual(self.dav.get(self.list + "a.ics").status, 404)

    def test_a_page_that_brings_the_new_task_before_its_post_answers(self):
        self.bridge_up()
        self.poll()
        self.sandbox.admin.fault("hold_after", method="POST")
        pending = self.in_background(self.dav.put, self.list + "a.ics", vtodo("a", "SUMMARY:A"),
                                     if_none_match="*")
        self.sandbox.admin.wait(method="POST", arrived=True)
        other = self.another_client()
        self.clock.advance(FRESH)
        self.assertEqual(other.etags(self.list), {})  # held: it may be the one being made
        self.sandbox.admin.release()
        self.assertEqual(pending.result().status, 201)
        self.clock.advance(FRESH)
        self.assertEqual(list(other.etags(self.list)), [self.list + "a.ics"])

    def test_a_page_older_than_a_write_is_not_applied(self):
        self.bridge_up()
        first = self.put_new("a", "SUMMARY:A", "PRIORITY:1")
        self.poll()
        self.rest.patch(f"/tasks/{self.only_task()['Id']}", {"Body": {
            "ContentType": "Text", "Content": "from Outlook"}})
        other = self.another_client()
        self.sandbox.admin.fault("hold_after", method="GET", path=wire.linked)
        self.clock.advance(FRESH)
        polling = self.in_background(other.ctag, self.list)
        self.sandbox.admin.wait(method="GET", path=wire.linked, arrived=True)
        put = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:B", "PRIORITY:1"),
                           if_match=first.etag)
        self.assertEqual(put.status, 204, put)
        self.sandbox.admin.release()  # the page still says SUMMARY:A
        polling.result()
        self.assertIn("SUMMARY:B", unfold(self.dav.get(self.list + "a.ics").text))
        self.poll()
        got = unfold(self.dav.get(self.list + "a.ics").text)
        self.assertIn("SUMMARY:B", got)
        self.assertIn("DESCRIPTION:from Outlook", got)
        self.assertEqual(self.only_task()["Subject"], "B")

    def test_making_a_list_whose_answer_is_lost(self):
        self.bridge_up()
        body = """<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
            <D:displayname>Garden</D:displayname></D:prop></D:set></C:mkcalendar>"""
        self.sandbox.admin.fault("cut_after", method="POST", path=wire.folders)
        answer = self.dav.request("MKCALENDAR", self.dav.home + "garden/", body)
        self.assertEqual(answer.status, 503, answer)
        last = self.sandbox.admin.last()
        self.clock.advance(6)
        self.assertEqual(self.dav.collections()["Garden"], self.dav.home + "garden/")
        names = [f["Name"] for f in self.sandbox.admin.state("alice")["folders"]]
        self.assertEqual(sorted(names), ["Garden", "Tasks"], last)


    def test_a_list_is_made_once_though_it_is_asked_for_again_while_that_is_unclear(self):
        self.bridge_up()
        path = self.dav.home + "garden/"
        self.sandbox.admin.fault("cut_before", method="POST", path=wire.folders)
        self.sandbox.admin.fault("status", method="GET", status=503, count=0)  # it can't be looked up
        for _ in range(2):
            self.assertEqual(self.dav.request("MKCALENDAR", path).status, 503)
        self.assertEqual(len(self.sandbox.admin.requests(method="POST")), 1)
        self.sandbox.admin.clear_faults()
        answer = self.clock.until_final(self.dav.request, "MKCALENDAR", path)
        self.assertEqual(answer.status, 201, answer)
        names = [f["Name"] for f in self.sandbox.admin.state("alice")["folders"]]
        self.assertEqual(sorted(names), ["Tasks", "garden"])


class Killed(Promises):
    """kill -9 in the middle of 200 PUTs; every one must stand upstream exactly once."""

    PUTS = 200
    THREADS = 4

    def put_all(self, password, names, base):
        """PUT each name from several connections until the server dies; {name: acknowledged}."""
        lock = threading.Lock()
        waiting = list(names)
        acknowledged = set()

        def work():
            client = base.dav("alice", password)
            while True:
                with lock:
                    if not waiting:
                        return
                    name = waiting.pop()
                try:
                    answer = client.put(self.list + name + ".ics", vtodo(name, "SUMMARY:" + name),
                                        if_none_match="*")
                except OSError:
                    return
                except Exception as error:  # a cut answer
                    assert "http" in type(error).__module__, error
                    return
                if answer.status == 201:
                    with lock:
                        acknowledged.add(name)
                elif answer.status != 503:
                    raise AssertionError(answer)

        threads = [threading.Thread(target=work) for _ in range(self.THREADS)]
        for thread in threads:
            thread.start()
        return threads, acknowledged

    def repeat(self, password, names):
        """What their clients do: ask again, as late as they are told, until it is done."""
        clients = queue.SimpleQueue()
        for _ in range(8):
            clients.put(self.bridge.dav("alice", password))

        def again(name):
            client = clients.get()
            answer = client.put(self.list + name + ".ics", vtodo(name, "SUMMARY:" + name),
                                if_none_match="*")
            clients.put(client)
            return name, answer

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(20):
                pending = {pool.submit(again, name) for name in names}
                names, later = [], 0
                while pending:
                    done, pending = concurrent.futures.wait(pending, timeout=0.05)
                    for name, answer in (future.result() for future in done):
                        self.assertIn(answer.status, (201, 503), (name, answer))
                        if answer.status == 503:
                            names.append(name)
                            later = max(later, int(answer.headers["Retry-After"]))
                    if pending:
                        self.clock.advance(1)
                if not names:
                    return
                self.clock.advance(later)
        self.fail(f"not done in 20 tries: {names}")

    def check_kill_points(self, points, fault=None):
        self.bridge_up()
        password = self.dav_password()
        for point in points:
            names = [f"k{point}-{i}" for i in range(self.PUTS)]
            last = self.sandbox.admin.last()
            if fault:
                self.sandbox.admin.fault(fault, method="POST", nth=max(point - 2, 1), count=3)
            threads, acknowledged = self.put_all(password, names, self.bridge)
            self.sandbox.admin.wait(method="POST", after=last, count=point, arrived=True)
            self.bridge.kill()
            for thread in threads:
                thread.join()
            self.sandbox.admin.clear_faults()
            self.bridge.start()
            there = {t["Subject"] for t in self.sandbox.admin.state("alice")["tasks"]}
            self.assertLessEqual(acknowledged, there, "acknowledged and not upstream")
            self.repeat(password, [name for name in names if name not in acknowledged])
            subjects = [t["Subject"] for t in self.sandbox.admin.state("alice")["tasks"]]
            mine = [s for s in subjects if s.startswith(f"k{point}-")]
            self.assertEqual(len(mine), len(set(mine)), "doubled")
            self.assertEqual(set(mine), set(names), "lost")
            self.dav = self.bridge.dav("alice", password)
            served = [href for href in self.dav.etags(self.list) if f"/k{point}-" in href]
            self.assertEqual(len(served), self.PUTS)

    def test_kill_9_at_20_points(self):
        self.check_kill_points(range(1, 200, 10))

    def test_kill_9_with_the_connection_cut_after_applying(self):
        self.check_kill_points(range(6, 200, 10), fault="cut_after")


class Accounts(Promises):
    def test_two_accounts_in_one_home_and_commands_beside_the_server(self):
        self.bridge_up()
        self.sandbox.admin.add_user("work", "work-token")
        self.bridge.link("alice", "work-token", "Europe/Paris", "--label", "Work")
        names = self.dav.collections()
        self.assertEqual(len(names), 2)
        self.assertIn("Tasks (Work)", names)
        path = names["Tasks (Work)"] + "w.ics"
        self.assertEqual(self.dav.put(path, vtodo("w", "SUMMARY:W")).status, 201)
        self.assertEqual([t["Subject"] for t in self.sandbox.admin.state("work")["tasks"]], ["W"])

    def test_the_same_mailbox_linked_again_keeps_lists_and_ctags(self):
        self.rest.create("One")
        self.bridge_up()
        ctag = self.poll()
        self.sandbox.admin.add_user("alice", "second-token")
        self.bridge.run("account", "unlink", "alice", "1")
        self.assertEqual(self.dav.collections(), {})
        self.bridge.link("alice", "second-token")
        self.assertEqual(self.dav.collections()["Tasks"], self.list)
        self.assertEqual(self.poll(), ctag)

    def test_a_second_server_on_the_same_store_refuses(self):
        self.bridge_up()
        second = self.bridge.run("serve", status=1)
        self.assertIn("bridge.db", second)


del Promises
