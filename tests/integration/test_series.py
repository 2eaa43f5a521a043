"""Recurring tasks, end to end: what each style of client does to a series (mapping.md 7.7)."""
import concurrent.futures
import time

from harness import DEADLINE, Case, unfold, vtodo, wire

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
WAIT = 601  # seconds that a copy waits for its series
LOOK_AGAIN = 6  # seconds after which an unclear operation is looked up again (5 s)
WEEKLY = "RRULE:FREQ=WEEKLY"
DRIVEN = "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO"


def dates(day):
    return [f"DTSTART;VALUE=DATE:{day}", f"DUE;VALUE=DATE:{day}"]


def override(day, *lines):
    """The end of the master and one occurrence."""
    return ["END:VTODO", "BEGIN:VTODO", "UID:S1", "DTSTAMP:20260504T160000Z", "SUMMARY:x",
            f"RECURRENCE-ID;VALUE=DATE:{day}", *lines]


def completed(day):
    return override(day, "STATUS:COMPLETED", "COMPLETED:20260504T070000Z", "X-OWN:kept")


class Series(Case):
    """S1: weekly, at Monday 2026-05-04; it is 10:00 in Paris on that day."""
    settings = {}

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest(zone="Romance Standard Time")
        self.bridge, self.dav = self.start_bridge(
            self.sandbox, clock=self.clock, **self.settings)
        self.list = self.dav.collections()["Tasks"]
        self.path = self.list + "S1.ics"

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def poll_until_at(self, day):
        """What was completed upstream is led on by the bridge itself, after the round."""
        end = time.monotonic() + DEADLINE
        self.poll()
        while f":{day}" not in self.dav.get(self.path).text and time.monotonic() < end:
            self.poll()

    def restart(self, how="stop"):
        getattr(self.bridge, how)()
        self.start_again()

    def start_again(self):
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.bridge.run(
            "password", "add", "alice", "--label", "more").strip())

    def tasks(self):
        """[(status, due date, has a rule)] upstream, by date."""
        value = self.rest.get("/tasks").json["value"]
        return sorted((task["Status"], task["DueDateTime"]["DateTime"][:10],
                       task["Recurrence"] is not None) for task in value)

    def put(self, *lines, status=204, path=None, uid="S1", **headers):
        answer = self.dav.put(path or self.path, vtodo(uid, "SUMMARY:x", *lines), **headers)
        self.assertEqual(answer.status, status, answer)
        return answer

    def put_series(self, rule=WEEKLY, *lines):
        self.put(*dates("20260504"), rule, *lines, status=201, if_none_match="*")

    def calls(self, method, path=""):
        return len(self.sandbox.admin.requests(
            method=method, path=path, arrived=1))

    def completions(self):
        return wire.completions(self.sandbox.admin)

    def lines(self, path=None):
        answer = self.dav.get(path or self.path)
        self.assertEqual(answer.status, 200, answer)
        return unfold(answer.text)

    def others(self):
        """The lines of the other resources of the list."""
        return [self.lines(href) for href in sorted(self.dav.etags(self.list))
                if href != self.path]

    def assert_lines(self, lines, *wanted):
        for line in wanted:
            if line.startswith("!"):
                self.assertFalse([l for l in lines if l.startswith(line[1:])], lines)
            else:
                self.assertIn(line, lines)

    def complete_with_new_id(self):
        """As a service does that lets the completed occurrence keep the id."""
        task, = self.rest.get("/tasks").json["value"]
        day = {"DateTime": "2026-05-11T00:00:00", "TimeZone": "Romance Standard Time"}
        rule = task["Recurrence"]
        rule["Range"]["StartDate"] = "2026-05-11"
        self.rest.patch(f"/tasks/{task['Id']}", {"Recurrence": None, "Status": "Completed"})
        return self.rest.create("x", StartDateTime=day, DueDateTime=day, Recurrence=rule)["Id"]

    def assert_completed_once(self, *lines):
        """S1 stands at 05-11, and 05-04 is a completed task of its own, here and there."""
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", "!RECURRENCE-ID",
                              "!COMPLETED", "!STATUS:COMPLETED")
            done, = self.others()
            self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE",
                              "RELATED-TO;RELTYPE=SIBLING:S1", *lines)
            self.poll()  # and the rounds that follow change nothing


class Completion(Series):
    def test_v157_v158_style_b_an_override_is_completed(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z", "X-OWN:kept")
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))  # V158
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z")

    def test_v159_the_answer_to_complete_is_lost(self):
        self.put_series()
        self.sandbox.admin.fault("cut_after", **wire.complete)
        lines = [*dates("20260504"), WEEKLY, *completed("20260504")]
        etag = self.dav.get(self.path).etag
        self.put(*lines, status=503, if_match=etag)
        self.clock.advance(LOOK_AGAIN)
        self.put(*lines, if_match=etag)  # the client's retry
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z")

    def test_v159_the_bridge_is_killed_while_it_completes(self):
        self.put_series()
        etag = self.dav.get(self.path).etag
        self.sandbox.admin.fault("hold_after", **wire.complete)
        lines = [*dates("20260504"), WEEKLY, *completed("20260504")]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            put = pool.submit(self.dav.put, self.path, vtodo("S1", "SUMMARY:x", *lines),
                              if_match=etag)
            self.sandbox.admin.wait(**wire.complete, arrived=True)
            self.restart("kill")
            self.assertIsNotNone(put.exception())
        self.clock.advance(LOOK_AGAIN)
        self.put(*lines, if_match=etag)
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z")

    def test_a_complete_that_never_arrived_is_done_by_the_retry(self):
        self.put_series()
        self.sandbox.admin.fault("cut_before", **wire.complete)
        lines = [*dates("20260504"), WEEKLY, *completed("20260504")]
        after = self.sandbox.admin.last()
        self.put(*lines, status=503)
        self.sandbox.admin.wait(2, after=after, method="GET", path=wire.single)
        self.clock.advance(LOOK_AGAIN)
        self.put(*lines)
        self.assertEqual(self.completions(), 2)
        self.assert_completed_once()

    def test_v160_the_next_occurrence_has_the_new_id(self):
        self.put_series()
        self.sandbox.admin.fault("stall", **wire.complete)
        after = self.sandbox.admin.last()
        lines = [*dates("20260504"), WEEKLY, *completed("20260504")]
        etag = self.dav.get(self.path).etag
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.dav.put, self.path, vtodo("S1", "SUMMARY:x", *lines))
            self.sandbox.admin.wait(**wire.complete, after=after, arrived=True)
            self.restart("kill")
        self.sandbox.admin.clear_faults()
        self.complete_with_new_id()
        self.clock.advance(LOOK_AGAIN)
        self.put(*lines, if_match=etag)
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z", "X-OWN:kept")

    def test_the_resource_of_a_series_follows_it_to_a_new_id(self):
        self.put_series()
        self.poll()
        self.complete_with_new_id()
        self.poll()
        self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", WEEKLY, "!STATUS:COMPLETED")
        done, = self.others()
        self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE")
        self.put(*dates("20260518"), WEEKLY)  # and it is the series' task that goes on
        self.assertEqual(self.tasks()[-1], ("NotStarted", "2026-05-18", True))

    def test_the_next_task_is_read_before_the_resource_follows_it(self):
        self.put_series()
        self.poll()
        task = self.complete_with_new_id()
        answer = self.rest.post(f"/tasks/{task}/attachments", {
            "@odata.type": "#Microsoft.OutlookServices.FileAttachment", "Name": "a.txt",
            "ContentBytes": "aGk="})
        self.assertEqual(answer.status, 201, answer)
        self.poll_until_at("20260511")
        self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", WEEKLY, "!STATUS:COMPLETED")
        done, = self.others()
        self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE")

    def test_a_series_born_upstream_goes_on_under_a_rule_that_is_driven(self):
        day = {"DateTime": "2026-05-04T00:00:00", "TimeZone": "Romance Standard Time"}
        self.rest.create("x", StartDateTime=day, DueDateTime=day)
        self.poll()
        path, = self.dav.etags(self.list)
        for rule, status in (DRIVEN, "NEEDS-ACTION"), (DRIVEN, "COMPLETED"):
            lines = [line for line in self.lines(path) if not line.startswith(("RRULE", "STATUS"))]
            at = lines.index("END:VTODO")
            answer = self.dav.put(
                path, "\r\n".join(lines[:at] + [rule, "STATUS:" + status] + lines[at:]))
            self.assertEqual(answer.status, 204, answer)
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-18", False)])
        self.assertEqual(len(self.dav.etags(self.list)), 2)
        self.assert_lines(self.lines(path), DRIVEN, "DUE;VALUE=DATE:20260518")

    def test_v161_style_a_the_dates_move_on(self):
        self.put_series()
        self.put(*dates("20260511"), WEEKLY)
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once()

    def test_v162_v163_style_a_counts_down(self):
        self.put_series(WEEKLY + ";COUNT=5")
        self.put(*dates("20260511"),
                 "RRULE;X-EVOLUTION-ENDDATE=20260601T000000Z:FREQ=WEEKLY;COUNT=4")
        self.assert_completed_once()
        self.assert_lines(
            self.lines(), "RRULE;X-EVOLUTION-ENDDATE=20260601T000000Z:FREQ=WEEKLY;COUNT=4")
        self.put(*dates("20260525"), WEEKLY + ";COUNT=2")
        self.assertEqual(self.completions(), 2)
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("Completed", "2026-05-11", False),
                                        ("NotStarted", "2026-05-25", True)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260525", WEEKLY + ";COUNT=2")
            self.poll()

    def test_v164_style_d_the_whole_is_completed(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, "STATUS:COMPLETED", "COMPLETED:20260504T070000Z")
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z")

    def test_v165_the_last_occurrence_ends_the_series(self):
        self.put_series(WEEKLY + ";COUNT=1")
        self.put(*dates("20260504"), WEEKLY + ";COUNT=1", "STATUS:COMPLETED")
        self.assertEqual([task[:2] for task in self.tasks()], [("Completed", "2026-05-04")])
        for _ in range(2):
            self.assert_lines(self.lines(), "STATUS:COMPLETED", "!RRULE")
            self.poll()

    def test_v169_style_f_the_pending_marker_moves(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, "X-KDE-LIBKCAL-DTRECURRENCE:20260511T000000")
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once()

    def test_v170_v171_completed_in_outlook(self):
        self.put_series()
        task = self.rest.get("/tasks").json["value"][0]["Id"]
        self.rest.post(f"/tasks/{task}/complete")
        self.poll()
        self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", WEEKLY, "!STATUS:COMPLETED")
        done, = self.others()
        self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE")

    def test_v172_v173_occurrences_before_and_after(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260518"))
        self.assertEqual(self.completions(), 0)
        self.assertEqual(self.tasks(), [("Completed", "2026-05-18", False),
                                        ("NotStarted", "2026-05-04", True)])
        self.assert_lines(self.lines(), "EXDATE;VALUE=DATE:20260518", "DUE;VALUE=DATE:20260504")
        done, = self.others()
        self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260518", "X-OWN:kept")
        exdate = "EXDATE;VALUE=DATE:20260518"
        before = self.calls("PATCH") + self.calls("POST")
        self.put(*dates("20260504"), WEEKLY, exdate, *completed("20260427"))  # V173
        self.assertEqual(self.calls("PATCH") + self.calls("POST"), before)
        self.put(*dates("20260511"), WEEKLY, exdate)
        self.put(*dates("20260525"), WEEKLY, exdate)  # over the excepted date
        self.assertEqual(self.completions(), 2)
        self.assertEqual(self.tasks()[-1], ("NotStarted", "2026-05-25", True))
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260525")
            self.poll()

    def test_v172_the_answer_about_the_early_one_is_lost(self):
        self.put_series()
        self.sandbox.admin.fault("cut_after", method="POST", path="/tasks")
        lines = [*dates("20260504"), WEEKLY, *completed("20260518")]
        self.put(*lines, status=503)
        self.put(*lines)
        self.assertEqual(self.tasks(), [("Completed", "2026-05-18", False),
                                        ("NotStarted", "2026-05-04", True)])
        self.assertEqual(len(self.dav.etags(self.list)), 2)

    def test_v174_the_completed_one_is_reopened(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))
        href, = [href for href in self.dav.etags(self.list) if href != self.path]
        lines = [line for line in self.lines(href)
                 if not line.startswith(("STATUS", "COMPLETED", "PERCENT"))]
        answer = self.dav.put(href, "\r\n".join(lines))
        self.assertEqual(answer.status, 204, answer)
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])

    def test_v183_two_clients_complete_the_same_one(self):
        self.put_series()
        etag = self.dav.get(self.path).etag
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"), if_match=etag)
        self.put(*dates("20260511"), WEEKLY, status=412, if_match=etag)
        self.put(*dates("20260511"), WEEKLY)
        self.assertEqual(self.completions(), 1)
        self.assert_completed_once("COMPLETED:20260504T070000Z")

    def test_a_change_beside_the_completion_is_sent_too(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, "PRIORITY:1", *completed("20260504"))
        self.assert_completed_once()
        self.assertEqual(
            sorted(task["Importance"] for task in self.rest.get("/tasks").json["value"]),
            ["High", "Normal"])
        self.assert_lines(self.lines(), "PRIORITY:1")


class FoundAgain(Series):
    """The answer to the PUT of a new series is lost, and the occurrence is completed upstream before
    the bridge has found out: the client's resource is the series that goes on."""

    def complete_there(self):
        """v2.0: the series keeps the id."""
        task, = self.rest.get("/tasks").json["value"]
        self.assertEqual(self.rest.post(f"/tasks/{task['Id']}/complete").status, 200)

    def complete_in_to_do(self):
        """The completed one keeps it, and the next one gets a copy of what is kept beside it."""
        graph = self.sandbox.graph(prefer=['IdType="ImmutableId"'])
        tasks = f"/lists/{graph.list_id()}/tasks"
        task, = graph.pages(tasks)
        graph.patch(f"{tasks}/{task['id']}", {"status": "completed"})

    def found_again(self, complete, moment):
        admin = self.sandbox.admin
        admin.fault("cut_after", method="POST", path="/tasks")
        admin.fault("hold", method="GET", path=moment)
        after = admin.last()
        lines = [*dates("20260504"), WEEKLY, "X-OWN:kept"]
        self.put(*lines, status=503, if_none_match="*")
        admin.wait(method="GET", after=after, arrived=True, path=moment)
        complete()
        admin.release()
        self.poll_until_at("20260511")
        again = self.dav.put(self.path, vtodo("S1", "SUMMARY:x", *lines), if_none_match="*")
        self.assertIn(again.status, (201, 412), again)  # 412: it has moved on since
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])
        for _ in range(2):
            self.assert_lines(self.lines(), "UID:S1", "DUE;VALUE=DATE:20260511", WEEKLY,
                              "X-OWN:kept", "!STATUS:COMPLETED", "!COMPLETED")
            done, = self.others()
            self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE",
                              "!UID:S1")
            self.poll()
        self.put(*dates("20260518"), WEEKLY)  # and it is the series that a client writes to
        self.assertEqual(self.tasks()[-1], ("NotStarted", "2026-05-18", True))

    def each(self, *ways):
        """(how it is completed, the request before which that happens)"""
        for complete, moment in ways:
            with self.subTest(complete=complete.__name__, moment=moment):
                self.found_again(complete, moment)
                for href in self.dav.etags(self.list):
                    self.assertEqual(self.dav.delete(href).status, 204)

    def test_with_a_marker_and_without(self):
        self.each((self.complete_there, wire.mark), (self.complete_in_to_do, wire.mark),
                  (self.complete_with_new_id, wire.mark), (self.complete_in_to_do, wire.single))
        self.sandbox.admin.fault("status", method="POST", path="/tasks", status=400)
        self.put("STATUS:COMPLETED", status=201, uid="T", path=self.list + "T.ics")
        self.assertEqual(self.dav.delete(self.list + "T.ics").status, 204)
        self.each((self.complete_with_new_id, wire.listing), (self.complete_in_to_do, wire.single))

    def test_after_a_kill_and_driven_by_the_bridge(self):
        self.sandbox.admin.fault("hold_after", method="POST", path="/tasks")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.dav.put, self.path,
                        vtodo("S1", "SUMMARY:x", *dates("20260504"), DRIVEN), if_none_match="*")
            self.sandbox.admin.wait(method="POST", path="/tasks", arrived=True)
            self.bridge.kill()
        task, = self.rest.get("/tasks").json["value"]
        self.rest.patch(f"/tasks/{task['Id']}", {"Status": "Completed"})
        self.start_again()
        self.poll_until_at("20260518")
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-18", False)])
        self.assert_lines(self.lines(), "UID:S1", DRIVEN, "!STATUS:COMPLETED")
        done, = self.others()
        self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE")


class Moving(Series):
    def test_v175_the_series_is_moved(self):
        self.put_series()
        self.put(*dates("20260506"), WEEKLY)
        task, = self.rest.get("/tasks").json["value"]
        self.assertEqual(task["Recurrence"]["Pattern"]["DaysOfWeek"], ["Wednesday"])
        self.assertEqual(task["Recurrence"]["Range"]["StartDate"], "2026-05-06")
        self.assertEqual(self.completions(), 0)

    def test_v176_one_occurrence_is_moved(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY,
                 *override("20260504", "DUE;VALUE=DATE:20260507", "X-OWN:kept"))
        self.assertEqual(self.completions(), 0)
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-07", False),
                                        ("NotStarted", "2026-05-11", True)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", WEEKLY, "!RECURRENCE-ID")
            moved, = self.others()
            self.assert_lines(moved, "DUE;VALUE=DATE:20260507", "!RRULE", "X-OWN:kept",
                              "RELATED-TO;RELTYPE=SIBLING:S1")
            self.poll()

    def test_v176_the_answer_is_lost(self):
        self.put_series()
        self.sandbox.admin.fault("cut_after", method="PATCH")
        lines = [*dates("20260504"), WEEKLY, *override("20260504", "DUE;VALUE=DATE:20260507")]
        etag = self.dav.get(self.path).etag
        self.put(*lines, status=503, if_match=etag)
        self.put(*lines, if_match=etag)
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-07", False),
                                        ("NotStarted", "2026-05-11", True)])
        self.assertEqual(len(self.dav.etags(self.list)), 2)

    def test_v177_the_current_date_is_excepted(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, "EXDATE;VALUE=DATE:20260504")
        self.assertEqual(self.completions(), 0)
        for _ in range(3):  # it does not go on and on
            self.assertEqual(self.tasks(), [("NotStarted", "2026-05-11", True)])
            self.poll()

    def test_v178_an_override_in_a_resource_of_its_own_is_refused(self):
        self.put_series()
        answer = self.put("RECURRENCE-ID;VALUE=DATE:20260504", "STATUS:COMPLETED", status=403,
                          path=self.list + "other.ics", if_none_match="*")
        self.assertIn("no-uid-conflict", answer.text)
        self.assertIn(self.path, answer.text)
        self.put(*dates("20260511"), WEEKLY)  # the master's PUT that follows
        self.assert_completed_once()

    def test_v181_a_series_is_deleted_whole(self):
        self.put_series()
        self.put(*dates("20260504"), WEEKLY, *completed("20260504"))
        self.sandbox.admin.fault("delete_occurrence", method="DELETE", count=0)
        self.assertEqual(self.dav.delete(self.path).status, 204)
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False)])
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 1)


class Driven(Series):
    def assert_driven_on(self):
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-18", False)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260518", DRIVEN,
                              "!STATUS:COMPLETED", "!COMPLETED")
            done, = self.others()
            self.assert_lines(done, "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504", "!RRULE")
            self.poll()

    def test_v180_a_driven_series_goes_on(self):
        self.put_series(DRIVEN)
        self.put(*dates("20260504"), DRIVEN, "STATUS:COMPLETED")
        self.assert_driven_on()

    def test_one_occurrence_of_a_driven_series_is_moved(self):
        self.put_series(DRIVEN)
        lines = [*dates("20260504"), DRIVEN,
                 *override("20260504", "DUE;VALUE=DATE:20260507", "X-OWN:kept")]
        self.put(*lines)
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-07", False),
                                        ("NotStarted", "2026-05-18", False)])
        for _ in range(2):
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260518", DRIVEN, "!RECURRENCE-ID")
            moved, = self.others()
            self.assert_lines(moved, "DUE;VALUE=DATE:20260507", "!RRULE", "X-OWN:kept")
            self.poll()

    def test_v180_the_answer_about_the_next_one_is_lost(self):
        self.put_series(DRIVEN)
        self.sandbox.admin.fault("cut_after", method="POST", path="/tasks")
        etag = self.dav.get(self.path).etag
        self.put(*dates("20260504"), DRIVEN, "STATUS:COMPLETED", status=503, if_match=etag)
        self.clock.advance(LOOK_AGAIN)
        self.put(*dates("20260504"), DRIVEN, "STATUS:COMPLETED", if_match=etag)
        self.assert_driven_on()

    def test_v180_the_service_takes_no_markers(self):
        self.put_series(DRIVEN)
        self.sandbox.admin.fault("status", method="POST", path="/tasks", status=400)
        self.put(*dates("20260504"), DRIVEN, "STATUS:COMPLETED")
        self.assert_driven_on()

    def test_v180_killed_between_the_two(self):
        self.put_series(DRIVEN)
        etag = self.dav.get(self.path).etag
        self.sandbox.admin.fault("stall", method="POST", path="/tasks")
        after = self.sandbox.admin.last()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.dav.put, self.path, vtodo(
                "S1", "SUMMARY:x", *dates("20260504"), DRIVEN, "STATUS:COMPLETED"))
            self.sandbox.admin.wait(method="POST", path="/tasks", after=after, arrived=True)
            after = self.sandbox.admin.last()
            self.restart("kill")
        self.sandbox.admin.release()
        self.sandbox.admin.wait(method="GET", path="filter", after=after)
        self.clock.advance(LOOK_AGAIN)
        self.put(*dates("20260504"), DRIVEN, "STATUS:COMPLETED", if_match=etag)
        self.assert_driven_on()


class Copies(Series):
    """Style C: the completed occurrence is a new object, and the master moves on."""
    copy = ["DUE;VALUE=DATE:20260504", "STATUS:COMPLETED", "COMPLETED:20260504T070000Z"]

    def put_copy(self, **more):
        return self.put(*self.copy, uid="T1", path=self.list + "T1.ics", status=201,
                        if_none_match="*", **more)

    def send_what_waits(self):
        after = self.sandbox.admin.last()
        self.clock.advance(WAIT)
        self.sandbox.admin.wait(method="POST", path="/tasks", after=after)
        self.put(*self.copy, uid="T1", path=self.list + "T1.ics", status=412, if_match='"x"')

    def assert_one_each(self):
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", True)])
        for _ in range(2):
            self.assertEqual(len(self.dav.etags(self.list)), 2)
            self.assert_lines(self.lines(), "DUE;VALUE=DATE:20260511", WEEKLY)
            self.assert_lines(self.lines(self.list + "T1.ics"), "STATUS:COMPLETED")
            self.poll()

    def test_v166_style_c_the_copy_comes_first(self):
        self.put_series()
        etag = self.put_copy().etag
        self.assertEqual(self.calls("POST", "/tasks"), 1)  # the series: the copy waits
        self.put(*dates("20260511"), WEEKLY)
        self.assertEqual(self.completions(), 1)
        self.assert_one_each()
        self.assertEqual(self.dav.get(self.list + "T1.ics").etag, etag)
        self.clock.advance(WAIT)  # and nothing is sent later
        self.assert_one_each()

    def test_v167_style_c_the_master_comes_first(self):
        self.put_series()
        _, token = self.dav.sync_collection(self.list)
        self.put(*dates("20260511"), WEEKLY)
        self.assertEqual(self.completions(), 1)
        made, = [href for href in self.dav.etags(self.list) if href != self.path]
        _, token = self.dav.sync_collection(self.list, token)
        self.put_copy()
        self.assert_one_each()
        changed, _ = self.dav.sync_collection(self.list, token)
        self.assertIsNone(changed[made])

    def test_v168_style_c_a_copy_alone_is_a_completed_task(self):
        self.put_series()
        etag = self.put_copy().etag
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-04", True)])
        self.send_what_waits()
        self.assertEqual(self.dav.get(self.list + "T1.ics").etag, etag)
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-04", True)])

    def test_v168_a_copy_that_waits_survives_a_kill(self):
        self.put_series()
        self.put_copy()
        self.restart("kill")
        self.assert_lines(self.lines(self.list + "T1.ics"), "STATUS:COMPLETED")
        self.send_what_waits()
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-04", True)])

    def test_v168_the_answer_about_the_copy_is_lost(self):
        self.put_series()
        self.put_copy()
        self.sandbox.admin.fault("cut_after", method="POST", path="/tasks")
        self.send_what_waits()
        for _ in range(3):
            self.clock.advance(WAIT)
            self.poll()
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-04", True)])
        self.assertEqual(len(self.dav.etags(self.list)), 2)

    def test_v166_killed_while_the_occurrence_is_completed(self):
        self.put_series()
        self.put_copy()
        self.sandbox.admin.fault("hold_after", **wire.complete)
        etag = self.dav.get(self.path).etag
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.dav.put, self.path,
                        vtodo("S1", "SUMMARY:x", *dates("20260511"), WEEKLY), if_match=etag)
            self.sandbox.admin.wait(**wire.complete, arrived=True)
            self.restart("kill")
        self.clock.advance(LOOK_AGAIN)
        self.put(*dates("20260511"), WEEKLY, if_match=etag)
        self.assertEqual(self.completions(), 1)
        self.assert_one_each()
        self.clock.advance(WAIT)
        self.assert_one_each()

    def test_a_copy_that_waits_can_be_changed(self):
        self.put_series()
        self.put_copy()
        self.put(*self.copy, "PRIORITY:1", uid="T1", path=self.list + "T1.ics")
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-04", True)])
        self.put(*dates("20260511"), WEEKLY)  # an ordinary task now: the series is only moved on
        self.assertEqual(self.completions(), 0)
        self.assert_one_each()

    def test_a_copy_that_waits_can_be_deleted(self):
        self.put_series()
        self.put_copy()
        self.assertEqual(self.dav.delete(self.list + "T1.ics").status, 204)
        self.clock.advance(WAIT)
        self.poll()
        self.assertEqual(self.tasks(), [("NotStarted", "2026-05-04", True)])
        self.put(*dates("20260511"), WEEKLY)
        self.assert_completed_once()


class Refused(Series):
    """V191: a service that refuses a value gets the rest without it."""

    def refuse(self, count=1, **match):
        self.sandbox.admin.fault("status", status=400, count=count, **match)

    def test_v191_a_rule_that_is_refused_stays_in_the_document(self):
        self.put(*dates("20260504"), status=201, if_none_match="*")
        self.refuse(method="PATCH")
        self.put(*dates("20260504"), WEEKLY, "PRIORITY:1")
        self.assertEqual(self.calls("PATCH"), 2)
        task, = self.rest.get("/tasks").json["value"]
        self.assertEqual((task["Importance"], task["Recurrence"]), ("High", None))
        for _ in range(2):
            self.assert_lines(self.lines(), WEEKLY, "PRIORITY:1")
            self.poll()
        self.put(*dates("20260504"), WEEKLY, "PRIORITY:1", "STATUS:COMPLETED")  # it is driven
        self.assertEqual(self.tasks(), [("Completed", "2026-05-04", False),
                                        ("NotStarted", "2026-05-11", False)])
        self.assert_lines(self.lines(), WEEKLY, "DUE;VALUE=DATE:20260511", "!STATUS:COMPLETED")

    def test_v191_what_is_refused_twice_is_forbidden_and_changes_nothing(self):
        self.put(*dates("20260504"), status=201, if_none_match="*")
        etag = self.dav.get(self.path).etag
        self.refuse(method="PATCH", count=2)
        self.put(*dates("20260504"), WEEKLY, "PRIORITY:1", status=403)
        self.assertEqual(self.dav.get(self.path).etag, etag)
        self.assertEqual(self.calls("PATCH"), 2)

    def test_v191_a_new_task_with_values_that_are_refused(self):
        self.refuse(method="POST", path="/tasks", count=2)  # with a marker and without
        self.put_series(WEEKLY, "CATEGORIES:a,b", "X-OWN:kept")
        task, = self.rest.get("/tasks").json["value"]
        self.assertEqual((task["Categories"], task["Recurrence"]), ([], None))
        for _ in range(2):
            self.assert_lines(self.lines(), WEEKLY, "CATEGORIES:a,b", "X-OWN:kept")
            self.poll()
