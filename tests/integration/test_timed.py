"""What the bridge does by itself when a time has come (design section 7, 'Timed work')."""
import concurrent.futures
import sqlite3

from harness import vtodo, wire
from test_series import DRIVEN, FRESH, LOOK_AGAIN, WEEKLY, Series, completed, dates, override

NEAR = 17  # seconds over which the work of all accounts is spread after a start (near is 15 s)
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


def alarm(trigger):
    return ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:" + trigger, "END:VALARM"]


class Timed(Series):
    # a list that is not in use does not stay in memory
    settings = {"sync": {"memory": "1M"}}

    def when(self, seconds, method="PATCH", path="/tasks", count=1):
        """Let so much time pass, and wait for what the bridge then asks of the service."""
        after = self.sandbox.admin.last()
        self.clock.advance(seconds)
        self.sandbox.admin.wait(count, method=method, path=path, after=after)
        self.barrier()

    def barrier(self, path=None):
        """Until nothing is under way on the address: this one waits for its turn."""
        self.assertEqual(self.dav.put(path or self.path, vtodo("S1"), if_match='"x"').status, 412)

    def upstream(self, path="/tasks"):
        task, = self.rest.get(path).json["value"]
        return task

    def round_until(self, method="POST", path="/tasks"):
        after = self.sandbox.admin.last()
        self.poll()
        self.sandbox.admin.wait(method=method, path=path, after=after)
        self.barrier()

    def all_named(self, subject):
        return self.rest.get(f"/tasks?$filter=Subject%20eq%20'{subject}'").json["value"]

    def reminder(self, task=None):
        task = task or self.upstream()
        return task["IsReminderOn"] and task["ReminderDateTime"]["DateTime"][:16]

    def changes(self):
        return self.calls("PATCH") + self.calls("POST") + self.calls("DELETE")


class Reminders(Timed):
    """It is 10:00 in Paris (and the sandbox answers in that zone); due at 18:00."""
    LINES = ["DUE;TZID=Europe/Paris:20260504T180000", *alarm("-PT6H"), *alarm("-PT1H")]

    def put_task(self, *lines):
        self.put(*(lines or self.LINES), status=201, if_none_match="*")

    def test_the_next_alarm_follows_five_minutes_before_it_rings(self):
        self.put_task()
        self.assertEqual(self.reminder(), "2026-05-04T12:00")
        before = self.dav.get(self.path)
        ctag = self.poll()
        self.clock.advance(6 * HOUR)  # 16:00: the first has rung, nobody dismissed it
        self.poll()
        self.assertEqual(self.reminder(), "2026-05-04T12:00")
        self.when(56 * MINUTE)
        self.assertEqual(self.reminder(), "2026-05-04T17:00")
        self.assertEqual(self.poll(), ctag)  # nobody's client is woken
        self.assertEqual(self.dav.get(self.path).etag, before.etag)
        self.assertEqual(self.calls("PATCH"), 1)
        self.clock.advance(DAY)
        self.poll()
        self.assertEqual(self.calls("PATCH"), 1)

    def test_one_that_is_dismissed_in_outlook_gives_way_at_once(self):
        self.put_task()
        self.clock.advance(3 * HOUR)
        self.rest.patch(f"/tasks/{self.upstream()['Id']}", {"IsReminderOn": False})
        after = self.sandbox.admin.last()
        self.poll()
        self.sandbox.admin.wait(method="PATCH", after=after)
        self.barrier()
        self.assertEqual(self.reminder(), "2026-05-04T17:00")
        self.assertIn("ACKNOWLEDGED", "".join(self.lines()))

    def test_an_alarm_moves_on_after_a_kill_and_a_restart(self):
        self.put_task()
        self.restart("kill")
        self.clock.advance(6 * HOUR)
        self.when(56 * MINUTE)
        self.assertEqual(self.reminder(), "2026-05-04T17:00")

    def test_an_alarm_moves_on_in_a_store_of_an_older_version(self):
        self.put_task()
        before = self.dav.get(self.path)
        self.bridge.stop()
        with sqlite3.connect(f"{self.folder}/bridge.db") as db:
            db.execute("DELETE FROM due")  # schema 6 changed no table that 7 fills
            db.execute("ALTER TABLE used_revs DROP COLUMN meant_rev")  # schema 8
            db.execute("PRAGMA user_version = 6")
        db.close()
        after = self.sandbox.admin.last()
        self.start_again()
        self.clock.advance(NEAR)
        self.sandbox.admin.wait(method="GET", path=wire.single, after=after)  # it finds its time
        self.barrier()
        self.assertEqual(self.dav.get(self.path).etag, before.etag)
        self.clock.advance(6 * HOUR)
        self.when(56 * MINUTE)
        self.assertEqual(self.reminder(), "2026-05-04T17:00")

    def test_what_was_missed_while_switched_off_is_done_once(self):
        self.put_task("DUE;TZID=Europe/Paris:20260514T180000", *alarm("-P10D"), *alarm("-P9D"),
                      *alarm("-P8D"), *alarm("-P1D"))
        self.assertEqual(self.reminder(), "2026-05-04T18:00")
        self.bridge.kill()
        self.clock.advance(4 * DAY)
        self.start_again()
        self.clock.advance(NEAR)
        self.poll()
        self.barrier()
        self.assertEqual(self.calls("PATCH"), 0)  # 05-13 is far away, and it has not been 17:55
        self.clock.advance(5 * DAY)
        self.poll()
        self.when(7 * HOUR + 56 * MINUTE)
        self.assertEqual(self.reminder(), "2026-05-13T18:00")
        self.assertEqual(self.calls("PATCH"), 1)

    def test_it_works_for_a_list_that_is_not_in_memory(self):
        self.put_task()
        self.sandbox.admin.seed("alice", 2000)  # more than 1M of them
        self.poll()
        self.clock.advance(2 * MINUTE)  # eviction looks every second
        self.when(6 * HOUR + 55 * MINUTE)
        self.assertEqual(self.reminder(self.named("x")), "2026-05-04T17:00")

    def named(self, subject):
        return self.all_named(subject)[0]

    def test_a_service_in_trouble_is_asked_again(self):
        self.put_task()
        self.clock.advance(6 * HOUR)
        self.poll()
        self.sandbox.admin.fault("status", method="PATCH", status=503)
        self.when(56 * MINUTE)
        self.assertEqual(self.reminder(), "2026-05-04T12:00")
        self.when(3 * MINUTE)
        self.assertEqual(self.reminder(), "2026-05-04T17:00")

    def test_one_that_fails_lets_the_next_one_go_first(self):
        self.put_task()
        self.put(*self.LINES, uid="S2", path=self.list + "S2.ics", status=201, if_none_match="*")
        self.clock.advance(6 * HOUR)
        self.poll()
        self.sandbox.admin.fault("status", method="PATCH", status=500)
        self.when(56 * MINUTE)
        self.when(3 * MINUTE, count=2)
        failed, second, again = [r["path"] for r in self.sandbox.admin.requests(method="PATCH")]
        self.assertNotEqual(second, failed)
        self.assertEqual(again, failed)

    def test_the_answer_is_lost(self):
        self.put_task()
        self.clock.advance(6 * HOUR)
        self.poll()
        self.sandbox.admin.fault("cut_after", method="PATCH")
        self.when(56 * MINUTE)
        etag = self.dav.get(self.path).etag
        self.poll()
        self.assertEqual(self.calls("PATCH"), 1)
        self.assertEqual(self.reminder(), "2026-05-04T17:00")
        self.assertEqual(self.dav.get(self.path).etag, etag)

    def test_killed_while_the_reminder_moves(self):
        self.put_task()
        self.clock.advance(6 * HOUR)
        self.poll()
        self.sandbox.admin.fault("hold_after", method="PATCH")
        after = self.sandbox.admin.last()
        self.clock.advance(56 * MINUTE)
        self.sandbox.admin.wait(method="PATCH", after=after, arrived=True)
        etag = self.dav.get(self.path).etag
        self.restart("kill")
        self.barrier()
        self.poll()
        self.assertEqual(self.calls("PATCH"), 1)
        self.assertEqual(self.reminder(), "2026-05-04T17:00")
        self.assertEqual(self.dav.get(self.path).etag, etag)

    def test_v182_a_reminder_that_went_along_over_a_change_of_clocks_is_set_right(self):
        self.clock.advance(165 * DAY)  # Friday, 2026-10-16
        self.put("DTSTART;TZID=Europe/Paris:20261019T180000",
                 "DUE;TZID=Europe/Paris:20261019T180000", WEEKLY, *alarm("-PT1H"), status=201,
                 if_none_match="*")
        self.assertEqual(self.reminder(), "2026-10-19T17:00")
        self.bridge.stop()
        task = self.upstream()["Id"]
        self.rest.post(f"/tasks/{task}/complete")
        open_task, = [t for t in self.rest.get("/tasks").json["value"]
                      if t["Status"] == "NotStarted"]
        self.rest.patch(f"/tasks/{open_task['Id']}", {"ReminderDateTime": {
            "DateTime": "2026-10-26T15:00:00", "TimeZone": "UTC"}})
        after = self.sandbox.admin.last()
        self.start_again()
        self.poll()
        self.sandbox.admin.wait(method="PATCH", after=after)
        self.barrier()
        open_task, = [t for t in self.rest.get("/tasks").json["value"]
                      if t["Status"] == "NotStarted"]
        self.assertEqual(self.reminder(open_task), "2026-10-26T17:00")
        self.assert_lines(self.lines(), "TRIGGER:-PT1H", "DUE;TZID=Europe/Paris:20261026T180000")


class CompletedInOutlook(Timed):
    """A series whose occurrence was completed there, and that the bridge has to lead on."""

    def complete(self):
        task, = [t for t in self.rest.get("/tasks").json["value"] if t["Status"] == "NotStarted"]
        self.rest.patch(f"/tasks/{task['Id']}", {"Status": "Completed"})

    def assert_led_on(self):
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-18", False)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260518", DRIVEN,
                              "!STATUS:COMPLETED", "!COMPLETED")
            done, = self.others()
            self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE",
                              "RELATED-TO;RELTYPE=SIBLING:S1", "X-OWN:kept")
            self.poll()

    def test_the_next_task_of_a_driven_series_is_made(self):
        self.put_series(DRIVEN, "X-OWN:kept")
        self.complete()
        self.round_until()
        self.assert_led_on()

    def test_the_next_task_is_made_after_a_kill(self):
        self.put_series(DRIVEN, "X-OWN:kept")
        self.complete()
        self.sandbox.admin.fault("stall", method="POST", path="/tasks")
        after = self.sandbox.admin.last()
        self.poll()
        self.sandbox.admin.wait(method="POST", path="/tasks", after=after, arrived=True)
        after = self.sandbox.admin.last()
        self.restart("kill")
        self.sandbox.admin.clear_faults()
        self.sandbox.admin.wait(method="GET", path="filter", after=after)
        self.when(LOOK_AGAIN, method="POST")
        self.assert_led_on()

    def test_the_answer_about_the_next_task_is_lost(self):
        self.put_series(DRIVEN, "X-OWN:kept")
        self.complete()
        self.sandbox.admin.fault("cut_after", method="POST", path="/tasks")
        self.round_until()
        self.assert_led_on()

    def test_a_client_completes_the_same_one_meanwhile(self):
        self.put_series(DRIVEN, "X-OWN:kept")
        self.complete()
        self.put(*dates("20260504"), DRIVEN, "X-OWN:kept", "STATUS:COMPLETED")
        self.poll()
        self.assert_led_on()

    def test_a_series_goes_on_while_the_server_is_off(self):
        self.put_series(DRIVEN, "X-OWN:kept")
        self.bridge.stop()
        self.complete()
        self.clock.advance(30 * DAY)
        self.start_again()
        self.round_until()
        self.assert_led_on()

    def test_v150_v170_an_excepted_date_is_passed_over(self):
        self.put_series(WEEKLY, "EXDATE;VALUE=DATE:20260511")
        task = self.upstream()["Id"]
        self.rest.post(f"/tasks/{task}/complete")
        self.round_until("PATCH")
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-18", True)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260518", WEEKLY,
                              "!STATUS:COMPLETED")
            self.poll()


class HandOver(Timed):
    """A service that lets the completed occurrence keep the id, and goes on with a new task."""

    def complete_first(self):
        task, = self.rest.get("/tasks").json["value"]
        self.rule = task["Recurrence"]
        self.rule["Range"]["StartDate"] = "2026-05-11"
        self.rest.patch(f"/tasks/{task['Id']}", {"Recurrence": None, "Status": "Completed"})

    def create_next(self):
        day = {"DateTime": "2026-05-11T00:00:00", "TimeZone": "Romance Standard Time"}
        self.rest.create("x", StartDateTime=day, DueDateTime=day, Recurrence=self.rule)

    def look_again(self):
        """The bridge reads the task, and lists them all, every 30 s."""
        self.when(31, "GET", wire.single)

    def assert_followed(self):
        self.assert_completed_once()
        self.put(*dates("20260518"), WEEKLY)  # and it is the series' task that goes on
        self.assertEqual(self.tasks()[-1], ("NotStarted", "2026-05-18", True))

    def test_over_two_rounds_the_completed_one_first(self):
        self.put_series()
        self.complete_first()
        self.round_until("GET", wire.single)
        self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260504", "!STATUS:COMPLETED")
        self.create_next()
        self.look_again()
        self.assert_followed()

    def test_over_two_rounds_the_next_one_first(self):
        self.put_series()
        self.rule = self.upstream()["Recurrence"]
        self.rule["Range"]["StartDate"] = "2026-05-11"
        task = self.upstream()["Id"]
        self.create_next()
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 2)
        self.rest.patch(f"/tasks/{task}", {"Recurrence": None, "Status": "Completed"})
        self.round_until("GET", wire.single)
        self.assert_followed()

    def test_over_two_pages(self):
        self.put_series()
        self.complete_first()
        self.sandbox.admin.seed("alice", 300)
        self.create_next()
        self.round_until("GET", wire.single)
        self.poll()
        self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", WEEKLY, "!STATUS:COMPLETED")
        self.assertEqual(len(self.all_named("x")), 2)
        self.assertEqual(len(self.dav.etags(self.list)), 302)

    def test_a_series_that_has_ended_there_is_completed(self):
        self.put_series()
        self.complete_first()
        self.round_until("GET", wire.single)
        for _ in range(10):  # it waits for five minutes
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260504", "!STATUS:COMPLETED")
            self.look_again()
        self.assert_lines(self.lines(), "STATUS:COMPLETED", "!RRULE")
        self.assertEqual(len(self.dav.etags(self.list)), 1)


class Occurrences(Timed):
    """Overrides of single dates, when the series has come to them."""

    def put_override(self, *lines):
        self.put(*dates("20260504"), WEEKLY, *override("20260511", *lines))

    def subjects(self):
        return sorted((t["DueDateTime"]["DateTime"][:10], t["Subject"], t["Importance"])
                      for t in self.rest.get("/tasks").json["value"])

    def advance_upstream(self):
        task, = [t for t in self.rest.get("/tasks").json["value"] if t["Status"] == "NotStarted"]
        self.rest.post(f"/tasks/{task['Id']}/complete")

    def test_other_content_is_applied_when_its_date_comes_and_taken_back_after_it(self):
        self.put_series()
        lines = [line for line in override("20260511") if line != "SUMMARY:x"]
        self.put(*dates("20260504"), WEEKLY, *lines, "SUMMARY:special", "PRIORITY:1")
        self.assertEqual(self.subjects(), [("2026-05-04", "x", "Normal")])
        self.advance_upstream()
        self.round_until("PATCH")
        self.assertEqual(self.subjects(), [("2026-05-04", "x", "Normal"),
                                           ("2026-05-11", "special", "High")])
        self.assert_lines(self.lines(), "SUMMARY:x", "SUMMARY:special",
                          "RECURRENCE-ID;VALUE=DATE:20260511")
        self.advance_upstream()
        self.round_until("PATCH")
        self.assertEqual(self.subjects()[1:], [("2026-05-11", "special", "High"),
                                               ("2026-05-18", "x", "Normal")])
        for _ in range(2):
            self.assert_lines(self.lines(), "SUMMARY:x", "DUE;VALUE=DATE:20260518",
                              "!RECURRENCE-ID", "!SUMMARY:special")
            self.poll()
        changes = self.changes()
        self.clock.advance(HOUR)
        self.poll()
        self.assertEqual(self.changes(), changes)

    def test_v174_an_occurrence_is_reopened_by_its_recurrence_id(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))
        done, = [href for href in self.dav.etags(self.list) if href != self.path]
        self.put(*dates("20260511"), WEEKLY, *override("20260504", "STATUS:NEEDS-ACTION"))
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])
        for _ in range(2):
            self.assert_lines(self.lines(done), "DUE;VALUE=DATE:20260504", "X-OWN:kept",
                              "!STATUS:COMPLETED", "!COMPLETED")
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", "!RECURRENCE-ID")
            self.poll()

    def test_v174_the_answer_to_the_reopening_is_lost(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))
        done, = [href for href in self.dav.etags(self.list) if href != self.path]
        self.sandbox.admin.fault("cut_after", method="PATCH")
        lines = [*dates("20260511"), WEEKLY, *override("20260504", "STATUS:NEEDS-ACTION")]
        etag = self.dav.get(self.path).etag
        self.put(*lines, status=503, if_match=etag)
        self.put(*lines, if_match=etag)
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])
        self.assert_lines(self.lines(done), "!STATUS:COMPLETED")

    def test_v174_killed_while_it_is_reopened(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))
        done, = [href for href in self.dav.etags(self.list) if href != self.path]
        self.sandbox.admin.fault("stall", method="PATCH")
        lines = [*dates("20260511"), WEEKLY, *override("20260504", "STATUS:NEEDS-ACTION")]
        etag = self.dav.get(self.path).etag
        after = self.sandbox.admin.last()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.dav.put, self.path, vtodo("S1", "SUMMARY:x", *lines), if_match=etag)
            self.sandbox.admin.wait(method="PATCH", after=after, arrived=True)
            self.restart("kill")
        self.sandbox.admin.clear_faults()
        self.put(*lines, if_match=etag)
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])
        self.assert_lines(self.lines(done), "!STATUS:COMPLETED")
