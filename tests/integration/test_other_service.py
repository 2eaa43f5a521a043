"""The bridge against a second, independent implementation of the service (other_service.py), which
makes other choices than our sandbox wherever the service's documents leave one. Each personality
goes through the same life; in the end both sides must agree, with nothing doubled and nothing lost.
"""
import collections
import datetime
import os
import random
import re
import zoneinfo

from harness import Bridge, Case, unfold, vtodo
from other_service import UTC, Choices, OtherService

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
LETTER = Choices()
MOVING = Choices(
    links="raw", links_move=True, first_page=0, page=7, repeats=True, empty_pages=True,
    removed="graph", changed="members", sync_zone="utc", fraction=0, completes_at="utc",
    create_answer="id", patch_answer="none", transfer="chunked", completed_first=False,
    retry_after="fraction", copy_is_completed=False)
BARE = Choices(
    tracks=False, tracks_folders=False, page=25, zone="utc", sync_zone="utc", body="html",
    etags=False, change_keys=False, if_match=False, properties="refused", errors="empty",
    transfer="old", patch_answer="some", create_answer="some")
SLOPPY = Choices(
    links="shouted", first_page=1, removed="context", changed="members", body="breaks",
    default_folder="Aufgaben", groups=3, more=True, properties="unfiltered", errors="html",
    forgotten=(400, "ErrorInvalidSyncStateData"), transfer="close", delete_twice=204,
    retry_after="date", id_tail="==", fraction=3, completes_at="utc")
NARROW = Choices(
    page=3, confirms_tracking=False, removed="reference", properties="no filter", transfer="gzip",
    omits=("Owner", "AssignedTo", "Sensitivity", "HasAttachments", "CreatedDateTime"),
    forgotten=(404, "syncStateNotFound"), if_match=False, fraction=1, says_null=False)
LOST = Choices(
    properties="lost", transfer="drip", says_date=False, id_tail="", patch_answer="none",
    create_answer="some", body="html", forgotten=(410, ""), errors="empty", links_move=True)


ALTERNATIVES = {
    "links": ("encoded", "raw", "shouted"), "links_move": (False, True), "id_tail": ("", "=", "=="),
    "tracks": (True, True, False), "tracks_folders": (True, True, False),
    "confirms_tracking": (True, False), "first_page": (0, 1, 5, 100), "page": (1, 3, 20, 100),
    "repeats": (False, True), "empty_pages": (False, True),
    "removed": ("reason", "graph", "context", "reference"), "changed": ("whole", "members"),
    "forgotten": ((410, "SyncStateNotFound"), (410, ""), (400, "ErrorInvalidSyncStateData"),
                  (404, "syncStateNotFound")),
    "zone": ("asked", "utc"), "sync_zone": ("asked", "utc"), "fraction": tuple(range(8)),
    "completes_at": ("asked", "utc"), "body": ("same", "html", "breaks"),
    "default_folder": ("Tasks", "Aufgaben"), "groups": (1, 3), "more": (False, True),
    "omits": ((), (), NARROW.omits), "says_null": (True, False),
    "create_answer": ("whole", "some", "id"), "patch_answer": ("whole", "some", "none"),
    "if_match": (True, False), "etags": (True, False), "change_keys": (True, False),
    "delete_twice": (404, 204), "copy_is_completed": (True, False),
    "completed_first": (True, False),
    "properties": ("kept", "unfiltered", "no filter", "refused", "lost"),
    "errors": ("json", "html", "empty"),
    "transfer": ("length", "chunked", "close", "old", "gzip", "drip"),
    "retry_after": ("seconds", "fraction", "date"), "says_date": (True, False),
}
ZONES = ("Europe/Paris", "America/Los_Angeles", "Pacific/Auckland")


def members_of(text):
    """The properties of the one VTODO, by name, without its alarms."""
    found, inside = {}, []
    for line in unfold(text):
        name, _, value = line.partition(":")
        if name == "BEGIN":
            inside.append(value)
        elif name == "END":
            inside.pop()
        elif inside[-1:] == ["VTODO"]:
            found[name.partition(";")[0]] = value
    return found


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], text)


class Life:
    """One life with one personality of the service; mixed into a test case for each."""
    choices = None
    zone = None

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.service = self.started(OtherService(self.choices, lambda: self.clock.now_us))
        self.clock.services.append(self.service)
        self.work = self.service.add_folder("Work", group=self.choices.groups - 1)
        self.fill()
        self.bridge = Bridge(self.folder, self.service.url, self.clock)
        self.password = self.bridge.add_user("alice", "other-token", self.zone)
        self.started(self.bridge)
        self.come()

    def come(self):
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)
        lists = self.dav.collections()
        self.lists = {self.service.default: lists[self.choices.default_folder],
                      self.work: lists["Work"]}
        self.main = self.lists[self.service.default]

    def fill(self):
        for i in range(60):
            day = (datetime.date(2026, 5, 4) + datetime.timedelta(days=i % 9)).isoformat()
            members = {"DueDateTime": day} if i % 4 else {}
            if i % 8 == 1:
                members["StartDateTime"] = "2026-03-29"  # the night without an hour in Paris
            if i % 5 == 0:
                members["Body"] = {"ContentType": "Text", "Content": f"a < b & c\r\nline {i}"}
            if i % 6 == 0:
                members["Importance"] = "High"
            if i % 7 == 0:
                members["Categories"] = ["Red", f"Group {i % 3}"]
            if i % 10 == 3:
                members.update(IsReminderOn=True, ReminderDateTime="2026-05-08T09:30:00")
            if i % 15 == 4:
                members.update(Status="Completed", CompletedDateTime="2026-05-01")
            name = f"strange {i}" if i % 9 == 0 else f"task {i}"
            self.service.add_task(self.service.default if i < 40 else self.work, name,
                                  self.zone, **members)

    # --- steps ------------------------------------------------------------------------------

    def poll(self, seconds=FRESH):
        self.clock.advance(seconds)
        return {path: self.dav.ctag(path) for path in self.lists.values()}

    def put_until_done(self, path, text, statuses=(201, 204), **headers):
        """As a client does: the same request again after each 503."""
        answer = self.clock.until_final(self.dav.put, path, text, **headers)
        self.assertIn(answer.status, statuses, answer)
        return answer

    def edited(self, path, **changes):
        """Its text with lines replaced, put where None; and its ETag."""
        answer = self.dav.get(path)
        self.assertEqual(answer.status, 200)
        lines = [line for line in unfold(answer.text)
                 if not any(re.match(f"{name}[;:]", line) for name in changes)]
        at = lines.index("END:VTODO")
        lines[at:at] = [line for line in changes.values() if line]
        return "\r\n".join(lines), answer.etag

    # --- the oracle -------------------------------------------------------------------------

    def day_of(self, moment):
        """The civil date that a stored midnight means."""
        if moment is None:
            return None
        if (moment.hour, moment.minute) == (0, 0):
            return moment.strftime("%Y%m%d")
        return moment.astimezone(zoneinfo.ZoneInfo(self.zone)).strftime("%Y%m%d")

    def day_in(self, value):
        """The same of a DTSTART, DUE or COMPLETED."""
        if value is None:
            return None
        if value.endswith("Z"):
            moment = datetime.datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return moment.astimezone(zoneinfo.ZoneInfo(self.zone)).strftime("%Y%m%d")
        return value[:8]

    def upstream(self, task):
        is_series = "series" in task["Subject"]  # a rule hangs on a DTSTART
        return {
            "SUMMARY": task["Subject"],
            "DESCRIPTION": task["Body"]["Content"].replace("\r\n", "\n").rstrip() or None,
            "DTSTART": None if is_series else self.day_of(task["StartDateTime"]),
            "DUE": self.day_of(task["DueDateTime"]),
            "STATUS": {"NotStarted": "NEEDS-ACTION", "InProgress": "IN-PROCESS",
                       "Completed": "COMPLETED"}[task["Status"]],
            "COMPLETED": self.day_of(task["CompletedDateTime"]),
            "URGENT": task["Importance"] == "High",
            "CATEGORIES": sorted(task["Categories"]),
        }

    def here(self, text):
        found = members_of(text)
        is_series = "series" in found["SUMMARY"]
        return {
            "SUMMARY": unescape(found["SUMMARY"]),
            "DESCRIPTION": unescape(found.get("DESCRIPTION", "")).rstrip() or None,
            "DTSTART": None if is_series else self.day_in(found.get("DTSTART")),
            "DUE": self.day_in(found.get("DUE")),
            "STATUS": found.get("STATUS", "NEEDS-ACTION"),
            "COMPLETED": self.day_in(found.get("COMPLETED")),
            "URGENT": found.get("PRIORITY") in ("1", "2", "3", "4"),
            "CATEGORIES": sorted(filter(None, found.get("CATEGORIES", "").split(","))),
        }

    def check(self):
        """Both sides agree, entry by entry."""
        for folder, path in self.lists.items():
            there = [str(self.upstream(task)) for task in self.service.all_tasks(folder)]
            hrefs = list(self.dav.etags(path))
            texts = self.dav.multiget(path, hrefs) if hrefs else {}
            self.assertNotIn(None, texts.values())  # gone since it was listed
            here = [str(self.here(text)) for text in texts.values()]
            only_here, only_there = collections.Counter(here), collections.Counter(there)
            only_here.subtract(there)
            only_there.subtract(here)
            self.assertEqual(sorted((+only_here).elements()), sorted((+only_there).elements()))

    def settle(self):
        """After trouble a poll does not wait for the round under way, and a few rounds may be needed;
        then both sides agree and stay as they are."""
        for i in range(30):
            self.poll(FRESH if i < 10 else 60)  # a failed round lets the next one wait
            try:
                self.check()
                break
            except AssertionError:
                pass
        self.check()
        stamps = self.poll()
        self.assertEqual(self.poll(), stamps)
        return stamps

    def await_lists(self, *names):
        for _ in range(30):
            self.poll()
            lists = self.dav.collections()
            if set(lists) == set(names):
                return lists
        self.fail(f"{set(lists)} are not {names}")

    def subjects(self, folder=None):
        return sorted(task["Subject"] for task in self.service.all_tasks(folder))

    def task(self, subject, folder=None):
        found = [t for t in self.service.all_tasks(folder) if t["Subject"] == subject]
        self.assertEqual(len(found), 1, subject)
        return found[0]

    # --- the life ---------------------------------------------------------------------------

    def test_first_sync_and_rest(self):
        stamps = self.settle()
        for _ in range(10):
            self.assertEqual(self.poll(), stamps)
        self.bridge.stop()
        self.come()
        self.assertEqual(self.poll(), stamps)
        self.settle()

    def test_a_client_writes(self):
        self.poll()
        href = self.main + "mine.ics"
        answer = self.dav.put(href, vtodo(
            "mine", "SUMMARY:Mine", "DESCRIPTION:one & <two>\\nthree", "PRIORITY:1",
            "DTSTART;VALUE=DATE:20260328", "DUE;VALUE=DATE:20260329", "LOCATION:Here",
            "CATEGORIES:Blue"), if_none_match="*")
        self.assertEqual(answer.status, 201, answer)
        self.settle()
        self.assertIn("LOCATION:Here", unfold(self.dav.get(href).text))

        def write(**changes):
            text, etag = self.edited(href, **changes)
            answer = self.dav.put(href, text, if_match=etag)
            self.assertEqual(answer.status, 204, answer)
            stamps = self.settle()
            self.assertIn("LOCATION:Here", unfold(self.dav.get(href).text))
            return stamps

        write(SUMMARY="SUMMARY:Mine too", DUE="DUE;VALUE=DATE:20261101", PRIORITY="PRIORITY:9")
        self.assertEqual(self.task("Mine too")["Importance"], "Low")
        write(DESCRIPTION="DESCRIPTION:four", DTSTART=None)
        write(STATUS="STATUS:COMPLETED", COMPLETED="COMPLETED:20260504T070000Z",
              PERCENT="PERCENT-COMPLETE:100")
        self.assertEqual(self.task("Mine too")["Status"], "Completed")
        write(STATUS="STATUS:NEEDS-ACTION", COMPLETED=None, PERCENT=None)
        stamps = write(DUE=None)
        for _ in range(3):
            self.assertEqual(self.poll(), stamps)
        self.assertEqual(self.dav.delete(href).status, 204)
        self.assertEqual(len(self.subjects()), 40)
        self.settle()
        self.assertEqual(self.dav.get(href).status, 404)

    def test_people_change_things_elsewhere(self):
        self.poll()
        self.poll()
        _, token = self.dav.sync_collection(self.main)
        known = self.dav.multiget(self.main, self.dav.etags(self.main))
        at = {self.here(text)["SUMMARY"]: href for href, text in known.items()}

        def news():
            nonlocal token
            self.settle()
            changed, token = self.dav.sync_collection(self.main, token)
            return changed

        self.service.change_task(self.task("task 1")["Id"], self.zone, Subject="renamed",
                                 DueDateTime="2026-10-25")
        self.assertEqual(list(news()), [at["task 1"]])
        self.service.change_task(self.task("task 2")["Id"], self.zone, DueDateTime=None,
                                 Categories=["New"])
        self.service.remove_task(self.task("task 3")["Id"])
        changed = news()
        self.assertEqual(set(changed), {at["task 2"], at["task 3"]})
        self.assertIsNone(changed[at["task 3"]])
        self.service.add_task(self.service.default, "born there", self.zone,
                              DueDateTime="2026-05-31")
        self.service.complete(self.task("task 5")["Id"], "UTC")
        self.assertEqual(len(news()), 2)
        self.service.change_task(self.task("task 5")["Id"], Status="NotStarted")
        self.assertEqual(list(news()), [at["task 5"]])
        self.assertEqual(news(), {})

    def test_a_create_whose_answer_is_lost(self):
        self.poll()
        self.put_until_done(self.main + "first.ics", vtodo("first", "SUMMARY:First"))
        self.service.drop_answer("POST", "/tasks")
        text = vtodo("lost", "SUMMARY:Lost answer", "DUE;VALUE=DATE:20260515")
        self.put_until_done(self.main + "lost.ics", text, if_none_match="*")
        self.settle()
        self.assertEqual(self.subjects().count("Lost answer"), 1)
        self.assertEqual(self.dav.get(self.main + "lost.ics").status, 200)
        # one that was never done, beside a task of the same name that is somebody else's
        self.service.add_task(self.service.default, "Not done", self.zone, age_s=3600)
        self.settle()
        self.service.fail("POST", "/tasks", 502)
        text = vtodo("undone", "SUMMARY:Not done")
        self.put_until_done(self.main + "undone.ics", text, if_none_match="*")
        self.settle()
        self.assertEqual(self.subjects().count("Not done"), 2)

    def test_two_of_the_same_name_and_a_crash(self):
        self.poll()
        self.put_until_done(self.main + "first.ics", vtodo("first", "SUMMARY:First"))
        texts = {f"{self.main}twin{i}.ics": vtodo(f"twin{i}", "SUMMARY:Twin") for i in range(3)}
        for path, text in texts.items():
            self.service.drop_answer("POST", "/tasks")
            self.assertEqual(self.dav.put(path, text, if_none_match="*").status, 503)
        self.bridge.kill()
        self.come()
        for path, text in texts.items():
            self.put_until_done(path, text, if_none_match="*")
        self.settle()
        self.assertEqual(self.subjects().count("Twin"), 3)

    def test_changes_whose_answers_are_lost(self):
        self.poll()
        href = self.main + "mine.ics"
        answer = self.dav.put(href, vtodo("mine", "SUMMARY:Mine"), if_none_match="*")
        self.assertEqual(answer.status, 201, answer)
        self.settle()
        self.service.drop_answer("PATCH", "tasks")
        text, etag = self.edited(href, SUMMARY="SUMMARY:Yours", PRIORITY="PRIORITY:1")
        self.put_until_done(href, text, if_match=etag)
        self.settle()
        self.assertEqual(self.task("Yours")["Importance"], "High")
        self.service.drop_answer("DELETE", "tasks")
        self.assertIn(self.clock.until_final(self.dav.delete, href).status, (204, 404))
        self.settle()
        self.assertNotIn("Yours", self.subjects())

    def test_forgotten_tokens_and_throttling(self):
        self.poll()
        self.check()
        self.service.remove_task(self.task("task 10")["Id"])
        self.service.change_task(self.task("task 11")["Id"], Subject="changed meanwhile")
        self.service.forget_tokens()
        stamps = self.settle()
        value = {"seconds": "3", "fraction": "2.128",
                 "date": "Mon, 04 May 2026 12:00:00 GMT"}[self.choices.retry_after]
        self.service.fail("GET", "asks", 429, ("Retry-After", value))
        self.poll()
        for _ in range(3):
            self.clock.advance(60)
            self.assertEqual(len(self.dav.etags(self.main)), 39)
        self.clock.advance(8 * 3600)
        self.assertEqual(self.settle(), stamps)

    def test_lists(self):
        self.poll()
        answer = self.dav.request("MKCALENDAR", self.dav.home + "first/", "")
        self.assertEqual(answer.status, 201, answer)
        self.service.drop_answer("POST", "taskfolders")
        answer = self.dav.request("MKCALENDAR", self.dav.home + "made/", "")
        self.assertEqual(answer.status, 503, answer)
        names = self.await_lists(self.choices.default_folder, "Work", "first", "made")
        self.assertEqual(names["made"], self.dav.home + "made/")
        made = next(f["Id"] for f in self.service.folders.entries.values() if f["Name"] == "made")
        self.lists[made] = self.dav.home + "made/"
        answer = self.dav.put(self.dav.home + "made/a.ics", vtodo("a", "SUMMARY:A"))
        self.assertEqual(answer.status, 201, answer)
        self.settle()
        self.service.rename_folder(made, "Renamed")
        self.service.rename_folder(self.service.default, "Default")
        more = self.service.add_folder("More")
        self.service.add_task(more, "in more", self.zone)
        names = self.await_lists("Default", "Work", "first", "Renamed", "More")
        self.assertEqual(names["Renamed"], self.dav.home + "made/")
        self.lists[more] = names["More"]
        self.settle()
        with self.service.lock:
            self.service.folders.remove(made)
        del self.lists[made]
        self.await_lists("Default", "Work", "first", "More")
        self.settle()

    def test_a_series(self):
        rule = {"Pattern": {"Type": "Daily", "Interval": 1, "Month": 0, "DayOfMonth": 0,
                            "DaysOfWeek": [], "FirstDayOfWeek": "Sunday", "Index": "First"},
                "Range": {"Type": "NoEnd", "StartDate": "2026-05-04", "EndDate": "0001-01-01",
                          "NumberOfOccurrences": 0}}
        key = self.service.add_task(self.service.default, "a series", self.zone,
                                    DueDateTime="2026-05-04", Recurrence=rule)
        self.settle()
        with self.service.lock:
            self.service.complete(key, "UTC")
        self.settle()
        self.assertEqual(self.subjects().count("a series"), 2)
        # one of the client's, completed there before the answer to its making was found again:
        # both halves show the marker of its making
        self.put_until_done(self.main + "first.ics", vtodo("first", "SUMMARY:First"))
        self.service.drop_answer("POST", "/tasks")
        text = vtodo("own", "SUMMARY:own series", "DTSTART;VALUE=DATE:20260504",
                     "DUE;VALUE=DATE:20260504", "RRULE:FREQ=DAILY")
        answer = self.dav.put(self.main + "own.ics", text, if_none_match="*")
        self.assertEqual(answer.status, 503, answer)
        with self.service.lock:
            halves = self.service.complete(self.task("own series")["Id"], "UTC")
        self.put_until_done(self.main + "own.ics", text, if_none_match="*")
        self.settle()
        self.assertEqual(self.subjects().count("own series"), len(halves))


def lives(name, choices, zone):
    return type(name, (Life, Case), {"choices": choices, "zone": zone})


Letter = lives("Letter", LETTER, "Europe/Paris")
Moving = lives("Moving", MOVING, "America/Los_Angeles")
Bare = lives("Bare", BARE, "Pacific/Auckland")
Sloppy = lives("Sloppy", SLOPPY, "Europe/Paris")
Narrow = lives("Narrow", NARROW, "Pacific/Auckland")
Lost = lives("Lost", LOST, "America/Los_Angeles")


def mixed(seed):
    """A personality by chance."""
    chance = random.Random(seed)
    choices = Choices(**{name: chance.choice(values) for name, values in ALTERNATIVES.items()})
    return lives(f"Mixed{seed}", choices, chance.choice(ZONES))


if os.environ.get("DUEDAV_LONG"):
    for number in range(20):
        globals()[f"Mixed{number}"] = mixed(number)
