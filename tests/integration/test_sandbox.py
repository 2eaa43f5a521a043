"""The sandbox refuses and answers as reference/upstream.md section A says; raw HTTP against the real
program. Each test names its section."""
import base64
import http.client
import json
import re
import unittest

from harness import Case, Sandbox, TRACK

PARIS = "Romance Standard Time"
EASTERN = "Eastern Standard Time"
PACIFIC = "Pacific Standard Time"
PROPERTY = "String {1c7e0d52-93ab-4e1f-8d46-5b0f2a9c7e34} Name Mark"


def day(date, zone="UTC"):
    return {"DateTime": f"{date}T00:00:00", "TimeZone": zone}


def prefer(zone):
    return [("Prefer", f'outlook.timezone="{zone}"')]


def weekly(start, *days, **range_):
    return {"Pattern": {"Type": "Weekly", "Interval": 1, "DaysOfWeek": list(days),
                        "FirstDayOfWeek": "Monday"},
            "Range": {"Type": "NoEnd", "StartDate": start, **range_}}


def date_of(value):
    return value["DateTime"][:10]


class SandboxCase(Case):
    clock = None

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock("2026-05-04T08:00:00Z")
        self.sandbox = self.start_sandbox(clock=self.clock, users="alice:alice-token,bob:bob-token")
        self.admin = self.sandbox.admin
        self.rest = self.sandbox.rest()

    def refused(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer)
        error = answer.json["error"]
        self.assertTrue(error["message"])
        if code:
            self.assertEqual(error["code"], code, answer)

    def folder_id(self, name="Tasks"):
        folders = self.rest.get("/taskfolders?$top=50").json["value"]
        return next(f["Id"] for f in folders if f["Name"] == name)


class Addressing(SandboxCase):
    """A.1"""

    def test_path_segments_have_no_case_and_ids_two_spellings(self):
        task = self.rest.create("one")
        for path in (f"/tasks('{task['Id']}')", f"/Tasks/{task['Id']}", f"/TASKS('{task['Id']}')",
                     f"/tasks/{task['Id'].replace('=', '%3D')}", f"/tasks/{task['Id']}/"):
            answer = self.rest.get(path)
            self.assertEqual(answer.status, 200, path)
            self.assertEqual(answer.json["Id"], task["Id"])
        for path in ("/TaskFolders('Tasks')/Tasks", "/taskfolders/tasks/tasks/"):
            self.assertEqual(len(self.rest.get(path).json["value"]), 1)

    def test_ids_have_case_and_a_shape(self):
        task = self.rest.create("one")
        self.assertRegex(task["Id"], r"^AAMk[A-Za-z0-9_-]+=$")
        self.assertRegex(task["ParentFolderId"], r"^AQMk")
        swapped = task["Id"].swapcase()
        self.refused(self.rest.get(f"/tasks('{swapped}')"), 404, "ErrorItemNotFound")
        self.refused(self.rest.get("/tasks('no.such+id')"), 400, "ErrorInvalidIdMalformed")
        self.refused(self.rest.get("/nothing"), 404)

    def test_both_spellings_of_a_folder_id_lead_to_it(self):
        task = self.rest.create("one")
        answer = self.rest.get(f"/taskfolders('{task['ParentFolderId']}')/tasks")
        self.assertEqual([t["Id"] for t in answer.json["value"]], [task["Id"]])

    def test_a_mailbox_opens_only_with_its_token(self):
        self.rest.create("of alice")
        bob = self.sandbox.rest("bob-token")
        self.assertEqual(bob.get("/tasks").json["value"], [])
        answer = self.sandbox.rest("wrong").get("/tasks")
        self.refused(answer, 401)
        self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        task = self.rest.create("another")
        self.refused(bob.get(f"/tasks('{task['Id']}')"), 404, "ErrorItemNotFound")
        self.refused(bob.patch(f"/tasks('{task['Id']}')", {"Subject": "x"}), 404)

    def test_other_methods_are_refused(self):
        for method, path in (("PUT", "/tasks"), ("DELETE", "/tasks"), ("PATCH", "/taskfolders"),
                             ("GET", "/tasks('AAMk=')/complete"), ("OPTIONS", "/tasks")):
            self.refused(self.rest.request(method, path, b""), 405)

    def test_a_client_request_id_is_echoed_when_asked_for(self):
        answer = self.rest.get("/tasks", {"client-request-id": "abc-1",
                                          "return-client-request-id": "true"})
        self.assertEqual(answer.headers["client-request-id"], "abc-1")
        self.assertTrue(answer.headers["request-id"])


class Bodies(SandboxCase):
    """A.3, A.14"""

    def test_a_body_must_be_typed_and_measured(self):
        self.refused(self.rest.request("POST", "/tasks", b'{"Subject":"x"}'), 415)
        self.refused(self.rest.request("POST", "/tasks", b'{"Subject":"x"}',
                                       {"Content-Type": "text/json"}), 415)
        self.refused(self.rest.request("POST", "/tasks", b"Subject=x", {
            "Content-Type": "application/json"}), 400)
        self.refused(self.rest.request("POST", "/tasks", b"[]", {
            "Content-Type": "application/json; charset=utf-8"}), 400)
        self.refused(self.rest.request("POST", "/tasks", b'{"Subject":"a\\u0000b"}', {
            "Content-Type": "application/json"}), 400)
        self.refused(self.rest.request("POST", "/tasks", b'{"Subject":"\xff"}', {
            "Content-Type": "application/json"}), 400)
        self.refused(self.rest.request("POST", "/tasks", b'{"Subject":"x"} trailing', {
            "Content-Type": "application/json"}), 400)
        self.assertEqual(self.rest.get("/tasks").json["value"], [])

    def test_a_post_without_any_length_gets_411(self):
        task = self.rest.create("one")
        self.refused(self.rest.request("POST", f"/tasks('{task['Id']}')/complete"), 411)
        self.assertEqual(self.rest.post(f"/tasks('{task['Id']}')/complete").status, 200)

    def test_complete_takes_no_members(self):
        path = f"/tasks('{self.rest.create('one')['Id']}')/complete"
        self.refused(self.rest.post(path, {"Status": "Completed"}), 400)
        self.assertEqual(self.rest.post(path, {}).status, 200)

    def test_chunked_bodies_are_fine(self):
        connection = http.client.HTTPConnection(self.sandbox.origin[7:])
        connection.request("POST", "/api/v2.0/me/tasks", iter([b'{"Subj', b'ect":"c"}']), {
            "Authorization": "Bearer alice-token", "Content-Type": "application/json"},
            encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 201)
        connection.close()

    def test_unknown_read_only_and_mistyped_members_are_refused(self):
        for members in ({"Nonsense": 1}, {"subject": "lower case"}, {"Id": "AAMk="},
                        {"ChangeKey": "x"}, {"ParentFolderId": "AAMk="}, {"Owner": "me"},
                        {"AssignedTo": "me"}, {"HasAttachments": True},
                        {"CreatedDateTime": "2016-01-01T00:00:00Z"},
                        {"LastModifiedDateTime": "2016-01-01T00:00:00Z"},
                        {"Subject": 5}, {"Subject": "x" * 256}, {"Subject": "\U0001f600" * 128},
                        {"Importance": "high"}, {"Importance": 2}, {"Importance": None},
                        {"Sensitivity": "Secret"}, {"Status": "Done"},
                        {"Categories": "Work"}, {"Categories": [1]}, {"Categories": None},
                        {"IsReminderOn": "true"}, {"Body": "text"},
                        {"Body": {"ContentType": "text", "Content": ""}},
                        {"Body": {"ContentType": "Text"}},
                        {"Body": {"ContentType": "Text", "Content": "", "More": 1}}):
            self.refused(self.rest.post("/tasks", members), 400, "ErrorInvalidProperty")
        task = self.rest.create("x" * 255)
        for members in ({"Id": task["Id"]}, {"Owner": "me"}, {"Nonsense": None}):
            self.refused(self.rest.patch(f"/tasks('{task['Id']}')", members), 400,
                         "ErrorInvalidProperty")
        self.assertEqual(self.rest.get(f"/tasks('{task['Id']}')").json, {
            **task, "@odata.context": task["@odata.context"]})


class Tasks(SandboxCase):
    """A.3, A.4"""

    def test_a_new_task_shows_every_property(self):
        task = self.rest.post("/tasks", {"Subject": "Example"}).json
        self.assertTrue(task.pop("@odata.context").endswith("/$metadata#Me/Tasks/$entity"))
        self.assertRegex(task.pop("@odata.id"), r"/api/v2.0/Users\('.+@.+'\)/Tasks\('AAMk.+'\)$")
        key = task.pop("ChangeKey")
        self.assertEqual(len(base64.b64decode(key)), 22)
        self.assertEqual(task.pop("@odata.etag"), f'W/"{key}"')
        for name in ("Id", "ParentFolderId"):
            self.assertTrue(task.pop(name))
        for name in ("CreatedDateTime", "LastModifiedDateTime"):
            self.assertRegex(task.pop(name), r"^2026-05-04T08:00:00(\.\d{1,6}[1-9])?Z$")
        self.assertEqual(task, {
            "Categories": [], "AssignedTo": None, "Body": {"ContentType": "Text", "Content": ""},
            "CompletedDateTime": None, "DueDateTime": None, "HasAttachments": False,
            "Importance": "Normal", "IsReminderOn": False, "Owner": "alice", "Recurrence": None,
            "ReminderDateTime": None, "Sensitivity": "Normal", "StartDateTime": None,
            "Status": "NotStarted", "Subject": "Example"})

    def test_what_was_written_is_read_back(self):
        members = {
            "Subject": "Gl\u00fchwein \U0001f377 \"\\", "Categories": ["Work", "Blue category"],
            "Body": {"ContentType": "HTML", "Content": "<p>a\r\nb</p>"}, "Importance": "High",
            "Sensitivity": "Private", "Status": "WaitingOnOthers", "IsReminderOn": True}
        task = self.rest.post("/tasks", members).json
        for name, value in members.items():
            self.assertEqual(task[name], value)

    def test_patch_changes_only_what_it_names_and_the_version(self):
        task = self.rest.create("one", Importance="High", DueDateTime=day("2026-05-05"))
        changed = self.rest.patch(f"/tasks('{task['Id']}')", {"Subject": "two"}).json
        self.assertNotEqual(changed.pop("@odata.etag"), task.pop("@odata.etag"))
        self.assertNotEqual(changed.pop("ChangeKey"), task.pop("ChangeKey"))
        changed.pop("LastModifiedDateTime")
        task.pop("LastModifiedDateTime")
        self.assertEqual(changed, {**task, "Subject": "two"})
        cleared = self.rest.patch(f"/tasks/{task['Id']}", {"DueDateTime": None}).json
        self.assertIsNone(cleared["DueDateTime"])

    def test_delete_answers_204_and_then_404(self):
        task = self.rest.create("one")
        answer = self.rest.delete(f"/tasks('{task['Id']}')")
        self.assertEqual((answer.status, answer.body), (204, b""))
        for answer in (self.rest.delete(f"/tasks('{task['Id']}')"),
                       self.rest.get(f"/tasks('{task['Id']}')"),
                       self.rest.patch(f"/tasks('{task['Id']}')", {"Subject": "x"}),
                       self.rest.post(f"/tasks('{task['Id']}')/complete")):
            self.refused(answer, 404, "ErrorItemNotFound")

    def test_if_match_is_honoured(self):
        task = self.rest.create("one")
        path = f"/tasks('{task['Id']}')"
        old = {"If-Match": task["@odata.etag"]}
        new = self.rest.patch(path, {"Subject": "two"}, old).json
        self.refused(self.rest.patch(path, {"Subject": "three"}, old), 412)
        self.refused(self.rest.post(path + "/complete", headers=old), 412)
        self.refused(self.rest.delete(path, old), 412)
        self.assertEqual(self.rest.get(path).json["Subject"], "two")
        self.assertEqual(self.rest.patch(path, {}, {"If-Match": "*"}).status, 200)
        self.assertEqual(self.rest.delete(path, {"If-Match": new["@odata.etag"]}).status, 412)


class Dates(SandboxCase):
    """A.5, A.6"""

    def test_midnight_of_the_given_zone_is_kept(self):
        for sent, zone, wanted, back in (
                ("2016-04-26T09:00:00", EASTERN, None, "2016-04-26T04:00:00.0000000"),
                ("2016-04-23T18:00:00", PACIFIC, None, "2016-04-23T07:00:00.0000000"),
                ("2016-05-05T16:00:00", EASTERN, PACIFIC, "2016-05-04T21:00:00.0000000"),
                ("2016-05-06T16:00:00", EASTERN, EASTERN, "2016-05-06T00:00:00.0000000"),
                ("2016-01-06T23:59:59.1234567", "Europe/Paris", None,
                 "2016-01-05T23:00:00.0000000")):
            answer = self.rest.post("/tasks", {
                "DueDateTime": {"DateTime": sent, "TimeZone": zone}},
                prefer(wanted) if wanted else [])
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual(answer.json["DueDateTime"],
                             {"DateTime": back, "TimeZone": wanted or "UTC"})

    def test_all_six_properties_follow_the_preference(self):
        task = self.rest.create("one", StartDateTime=day("2026-05-04"),
                                DueDateTime=day("2026-05-05"), Status="Completed",
                                CompletedDateTime=day("2026-05-03"),
                                ReminderDateTime={"DateTime": "2026-05-04T06:30:00",
                                                  "TimeZone": "UTC"})
        self.assertEqual(task["ReminderDateTime"]["DateTime"], "2026-05-04T06:30:00.0000000")
        shown = self.rest.get(f"/tasks('{task['Id']}')", prefer("Tokyo Standard Time")).json
        for name, moment in (("StartDateTime", "2026-05-04T09:00:00.0000000"),
                             ("DueDateTime", "2026-05-05T09:00:00.0000000"),
                             ("CompletedDateTime", "2026-05-03T09:00:00.0000000"),
                             ("ReminderDateTime", "2026-05-04T15:30:00.0000000")):
            self.assertEqual(shown[name], {"DateTime": moment, "TimeZone": "Tokyo Standard Time"})
        for name in ("CreatedDateTime", "LastModifiedDateTime"):
            self.assertRegex(shown[name], r"^2026-05-04T17:00:00(\.\d{1,7})?\+09:00$")
        shown = self.rest.get(f"/tasks('{task['Id']}')", prefer("America/New_York")).json
        self.assertTrue(shown["CreatedDateTime"].endswith("-04:00"))

    def test_malformed_times_and_unknown_zones_are_refused(self):
        for value in ({"DateTime": "2026-05-04T00:00:00Z", "TimeZone": "UTC"},
                      {"DateTime": "2026-05-04T00:00:00+02:00", "TimeZone": "UTC"},
                      {"DateTime": "2026-02-30T00:00:00", "TimeZone": "UTC"},
                      {"DateTime": "tomorrow", "TimeZone": "UTC"},
                      {"DateTime": "2026-05-04T00:00:00", "TimeZone": "Europe/Nowhere"},
                      {"DateTime": "2026-05-04T00:00:00", "TimeZone": "Europe/Vienna"},
                      {"DateTime": "2026-05-04T00:00:00"}, {"TimeZone": "UTC"}):
            for name in ("DueDateTime", "ReminderDateTime"):
                self.refused(self.rest.post("/tasks", {name: value}), 400, "InvalidDateTime")
        for value in ("2026-05-04", 5, {**day("2026-05-04"), "More": 1}):
            self.refused(self.rest.post("/tasks", {"DueDateTime": value}), 400)
        self.refused(self.rest.get("/tasks", prefer("Mars")), 400)

    def test_start_and_due_are_coupled(self):
        start = day("2026-05-10", PARIS)
        task = self.rest.post("/tasks", {"StartDateTime": start}, prefer(PARIS)).json
        self.assertEqual(date_of(task["DueDateTime"]), "2026-05-10")
        path = f"/tasks('{task['Id']}')"
        self.refused(self.rest.patch(path, {"DueDateTime": day("2026-05-09", PARIS)}), 400)
        self.refused(self.rest.patch(path, {"StartDateTime": day("2026-05-11", PARIS)}), 400)
        self.refused(self.rest.patch(path, {"DueDateTime": None, "StartDateTime": start}), 400)
        self.refused(self.rest.post("/tasks", {"StartDateTime": day("2026-05-11"),
                                               "DueDateTime": day("2026-05-10")}), 400)
        moved = self.rest.patch(path, {"StartDateTime": day("2026-05-11", PARIS),
                                       "DueDateTime": day("2026-05-12", PARIS)}).json
        self.assertEqual(moved["DueDateTime"]["DateTime"], "2026-05-11T22:00:00.0000000")
        cleared = self.rest.patch(path, {"DueDateTime": None}).json
        self.assertIsNone(cleared["StartDateTime"])
        self.assertEqual(self.rest.create("due alone", DueDateTime=start)["StartDateTime"], None)

    def test_completion_needs_its_status(self):
        self.refused(self.rest.post("/tasks", {"CompletedDateTime": day("2026-05-04")}), 400)
        self.refused(self.rest.post("/tasks", {"Status": "Completed",
                                               "CompletedDateTime": None}), 400)
        task = self.rest.create("one", Status="Completed")
        self.assertEqual(task["CompletedDateTime"]["DateTime"], "2026-05-04T00:00:00.0000000")
        opened = self.rest.patch(f"/tasks('{task['Id']}')", {"Status": "NotStarted"}).json
        self.assertIsNone(opened["CompletedDateTime"])
        again = self.rest.patch(f"/tasks('{task['Id']}')", {
            "Status": "Completed", "CompletedDateTime": day("2026-04-01", EASTERN)}).json
        self.assertEqual(again["CompletedDateTime"]["DateTime"], "2026-04-01T04:00:00.0000000")


class Recurrence(SandboxCase):
    """A.7, A.8 and mapping.md 5.1"""

    def series(self, **members):
        return self.rest.create("series", **{
            "DueDateTime": day("2026-05-04", PARIS),
            "Recurrence": weekly("2026-05-04", "Monday"), **members})

    def test_a_pattern_is_shown_with_its_unused_members(self):
        task = self.series()
        self.assertEqual(task["Recurrence"], {
            "Pattern": {"Type": "Weekly", "Interval": 1, "Month": 0, "DayOfMonth": 0,
                        "DaysOfWeek": ["Monday"], "FirstDayOfWeek": "Monday", "Index": "First"},
            "Range": {"Type": "NoEnd", "StartDate": "2026-05-04", "EndDate": "0001-01-01",
                      "NumberOfOccurrences": 0}})
        again = self.rest.patch(f"/tasks('{task['Id']}')", {"Recurrence": task["Recurrence"]})
        self.assertEqual(again.json["Recurrence"], task["Recurrence"])
        gone = self.rest.patch(f"/tasks('{task['Id']}')", {"Recurrence": None})
        self.assertIsNone(gone.json["Recurrence"])

    def test_bad_patterns_and_ranges_are_refused(self):
        good = weekly("2026-05-04", "Monday")
        for place, members in (
                ("Pattern", {"Type": "Hourly"}), ("Pattern", {"Type": "weekly"}),
                ("Pattern", {"Interval": 0}), ("Pattern", {"Interval": "1"}),
                ("Pattern", {"DaysOfWeek": []}), ("Pattern", {"DaysOfWeek": ["Noday"]}),
                ("Pattern", {"DayOfMonth": 4}), ("Pattern", {"Index": "Last"}),
                ("Pattern", {"FirstDayOfWeek": "Someday"}), ("Pattern", {"Days": 1}),
                ("Pattern", {"Type": "Daily"}), ("Pattern", {"Type": "AbsoluteMonthly"}),
                ("Range", {"Type": "Forever"}), ("Range", {"EndDate": "2026-06-01"}),
                ("Range", {"NumberOfOccurrences": 3}), ("Range", {"Type": "EndDate"}),
                ("Range", {"Type": "EndDate", "EndDate": "2026-05-03"}),
                ("Range", {"Type": "EndDate", "EndDate": "2026-06-31"}),
                ("Range", {"Type": "Numbered"}),
                ("Range", {"Type": "Numbered", "NumberOfOccurrences": -1}),
                ("Range", {"StartDate": "2026-05-04T00:00:00"})):
            bad = {**good, place: {**good[place], **members}}
            self.refused(self.rest.post("/tasks", {"DueDateTime": day("2026-05-04"),
                                                   "Recurrence": bad}), 400)
        for bad in ({"Pattern": good["Pattern"]}, {"Range": good["Range"]}, {}, "weekly",
                    {**good, "More": 1},
                    {**good, "Range": {"Type": "NoEnd"}}):
            self.refused(self.rest.post("/tasks", {"DueDateTime": day("2026-05-04"),
                                                   "Recurrence": bad}), 400)
        self.refused(self.rest.post("/tasks", {"Recurrence": good}), 400)

    def test_complete_gives_the_finished_and_the_next_task(self):
        task = self.series(StartDateTime=day("2026-05-02", PARIS),
                           Recurrence=weekly("2026-05-02", "Saturday"), IsReminderOn=True,
                           ReminderDateTime={"DateTime": "2026-05-03T09:00:00", "TimeZone": PARIS},
                           SingleValueExtendedProperties=[{"PropertyId": PROPERTY, "Value": "m"}])
        answer = self.rest.post(f"/tasks('{task['Id']}')/complete", headers=prefer(PARIS))
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.json["@odata.context"].endswith("#Me/Tasks"))
        done, following = answer.json["value"]
        self.assertEqual((done["Status"], following["Status"]), ("Completed", "NotStarted"))
        self.assertEqual(following["Id"], task["Id"])
        self.assertNotEqual(done["Id"], task["Id"])
        self.assertIsNone(done["Recurrence"])
        self.assertEqual(date_of(done["CompletedDateTime"]), "2026-05-04")
        self.assertEqual(date_of(done["DueDateTime"]), "2026-05-04")
        self.assertEqual(date_of(following["StartDateTime"]), "2026-05-09")
        self.assertEqual(date_of(following["DueDateTime"]), "2026-05-11")
        self.assertEqual(following["ReminderDateTime"]["DateTime"], "2026-05-10T09:00:00.0000000")
        marks = {t["Id"]: t["properties"] for t in self.admin.state("alice")["tasks"]}
        self.assertEqual(marks[done["Id"]], marks[task["Id"]])

    def test_complete_of_the_last_date_completes_the_task_itself(self):
        task = self.series(Recurrence=weekly("2026-05-04", "Monday", Type="Numbered",
                                             NumberOfOccurrences=2))
        path = f"/tasks('{task['Id']}')/complete"
        self.assertEqual(len(self.rest.post(path).json["value"]), 2)
        last, = self.rest.post(path).json["value"]
        self.assertEqual((last["Id"], last["Status"]), (task["Id"], "Completed"))
        again, = self.rest.post(path).json["value"]
        self.assertEqual(again["@odata.etag"], last["@odata.etag"])

    def test_complete_of_a_plain_task_uses_today_of_the_zone(self):
        self.clock.set("2026-05-04T23:30:00Z")
        for zone, moment in ((None, "2026-05-04"), (PARIS, "2026-05-05"), (PACIFIC, "2026-05-04")):
            task = self.rest.create(f"in {zone}")
            done, = self.rest.post(f"/tasks('{task['Id']}')/complete",
                                   headers=prefer(zone) if zone else []).json["value"]
            self.assertEqual(done["Id"], task["Id"])
            self.assertEqual(done["CompletedDateTime"], {
                "DateTime": f"{moment}T00:00:00.0000000", "TimeZone": zone or "UTC"})

    def test_patching_the_status_of_a_series_advances_it(self):
        task = self.series()
        shown = self.rest.patch(f"/tasks('{task['Id']}')", {"Status": "Completed"}).json
        self.assertEqual((shown["Status"], shown["DueDateTime"]["DateTime"][:10]),
                         ("NotStarted", "2026-05-10"))
        self.assertEqual(len(self.rest.get("/tasks").json["value"]), 2)

    def test_patching_the_date_of_a_series_splits_the_occurrence_off(self):
        task = self.series()
        shown = self.rest.patch(f"/tasks('{task['Id']}')", {
            "DueDateTime": day("2026-05-06", PARIS)}, prefer(PARIS)).json
        self.assertEqual(date_of(shown["DueDateTime"]), "2026-05-11")
        single, = [t for t in self.rest.get("/tasks", prefer(PARIS)).json["value"]
                   if t["Id"] != task["Id"]]
        self.assertEqual(date_of(single["DueDateTime"]), "2026-05-06")
        self.assertIsNone(single["Recurrence"])

    def test_patching_the_series_moves_it_to_its_start(self):
        task = self.series()
        shown = self.rest.patch(f"/tasks('{task['Id']}')", {
            "Recurrence": weekly("2026-05-19", "Monday", "Wednesday")}, prefer(PARIS)).json
        self.assertEqual(date_of(shown["DueDateTime"]), "2026-05-20")
        self.assertEqual(len(self.rest.get("/tasks").json["value"]), 1)


class Folders(SandboxCase):
    """A.9"""

    def test_a_new_mailbox_has_the_defaults(self):
        folder, = self.rest.get("/taskfolders").json["value"]
        group, = self.rest.get("/taskgroups").json["value"]
        self.assertEqual((folder["Name"], folder["IsDefaultFolder"]), ("Tasks", True))
        self.assertEqual((group["Name"], group["IsDefaultGroup"]), ("My Tasks", True))
        self.assertEqual(group["GroupKey"], "0006f0b7-0000-0000-c000-000000000046")
        self.assertEqual(folder["ParentGroupKey"], group["GroupKey"])
        self.assertNotIn("@odata.etag", folder)

    def test_folders_are_made_renamed_and_deleted(self):
        answer = self.rest.post("/taskfolders", {"Name": "Volunteer"})
        self.assertEqual(answer.status, 201)
        folder = answer.json
        self.assertTrue(folder["@odata.context"].endswith("#Me/TaskFolders/$entity"))
        self.assertFalse(folder["IsDefaultFolder"])
        renamed = self.rest.patch(f"/taskfolders('{folder['Id']}')", {"Name": "Charity"}).json
        self.assertEqual(renamed["Name"], "Charity")
        self.assertNotEqual(renamed["ChangeKey"], folder["ChangeKey"])
        task = self.rest.create("in it", folder=folder["Id"])
        self.assertEqual(self.rest.delete(f"/taskfolders('{folder['Id']}')").status, 204)
        self.refused(self.rest.get(f"/taskfolders('{folder['Id']}')/tasks"), 404)
        self.refused(self.rest.get(f"/tasks('{task['Id']}')"), 404)

    def test_groups_hold_folders(self):
        group = self.rest.post("/taskgroups", {"Name": "Leisure"}).json
        path = f"/taskgroups('{group['Id']}')"
        folder = self.rest.post(path + "/taskfolders", {"Name": "Cooking"}).json
        self.assertEqual(folder["ParentGroupKey"], group["GroupKey"])
        listed, = self.rest.get(path + "/taskfolders").json["value"]
        self.assertEqual(listed["Id"], folder["Id"])
        self.assertEqual(len(self.rest.get("/taskfolders").json["value"]), 2)
        self.refused(self.rest.delete(path), 400)
        self.rest.delete(f"/taskfolders('{folder['Id']}')")
        self.assertEqual(self.rest.patch(path, {"Name": "Fun"}).json["Name"], "Fun")
        self.assertEqual(self.rest.delete(path).status, 204)
        self.refused(self.rest.delete(path), 404, "ErrorItemNotFound")

    def test_the_defaults_are_protected(self):
        folder = self.rest.get("/taskfolders").json["value"][0]["Id"]
        group = self.rest.get("/taskgroups").json["value"][0]["Id"]
        self.refused(self.rest.delete(f"/taskfolders('{folder}')"), 400)
        self.refused(self.rest.delete("/taskfolders('Tasks')"), 400)
        self.refused(self.rest.patch(f"/taskfolders('{folder}')", {"Name": "Mine"}), 400)
        self.refused(self.rest.delete(f"/taskgroups('{group}')"), 400)
        self.refused(self.rest.patch(f"/taskgroups('{group}')", {"Name": "Mine"}), 400)

    def test_names_are_checked(self):
        self.rest.post("/taskfolders", {"Name": "One"})
        self.refused(self.rest.post("/taskfolders", {"Name": "one"}), 409)
        self.refused(self.rest.post("/taskfolders", {"Name": "Tasks"}), 409)
        other = self.rest.post("/taskfolders", {"Name": "Two"}).json
        self.refused(self.rest.patch(f"/taskfolders('{other['Id']}')", {"Name": "One"}), 409)
        for members in ({}, {"Name": ""}, {"Name": 5}, {"Name": "x" * 256}, {"Nom": "x"},
                        {"Name": "x", "IsDefaultFolder": True},
                        {"Name": "x", "ParentGroupKey": "x"}):
            self.refused(self.rest.post("/taskfolders", members), 400, "ErrorInvalidProperty")
        self.refused(self.rest.post("/taskgroups('AAMk=')/taskfolders", {"Name": "x"}), 404)


class Sync(SandboxCase):
    """A.10"""

    def initial(self, path="/TaskFolders('Tasks')/Tasks", size=None):
        headers = [TRACK] + ([("Prefer", f"odata.maxpagesize={size}")] if size else [])
        answer = self.rest.get(path, headers)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def test_the_first_answer_always_has_a_delta_link(self):
        for number in range(3):
            self.rest.create(f"task {number}")
        first = self.initial(size=1)
        self.assertEqual(first.headers["Preference-Applied"], "odata.track-changes")
        self.assertEqual(len(first.json["value"]), 1)
        self.assertNotIn("@odata.nextLink", first.json)
        self.assertTrue(first.json["@odata.context"].endswith("/Tasks"))
        link = first.json["@odata.deltaLink"]
        self.assertRegex(link, r"/me/TaskFolders\('AAMk.*'\)/Tasks/\?%24deltatoken=[0-9a-f]{32}$")

        second = self.rest.get(link, [TRACK, ("Prefer", "odata.maxpagesize=1")])
        self.assertNotIn("Preference-Applied", second.headers)
        self.assertNotIn("@odata.deltaLink", second.json)
        self.assertTrue(second.json["@odata.context"].endswith("/Tasks/$delta"))
        link = second.json["@odata.nextLink"]
        self.assertRegex(link, r"/Tasks/\?%24skipToken=[0-9a-f]{32}$")

        third = self.rest.get(link, [("Prefer", "odata.maxpagesize=1")])
        self.assertNotIn("@odata.nextLink", third.json)
        self.assertRegex(third.json["@odata.deltaLink"], r"/\?%24deltaToken=[0-9a-f]{32}$")
        subjects = [page.json["value"][0]["Subject"] for page in (first, second, third)]
        self.assertEqual(sorted(subjects), ["task 0", "task 1", "task 2"])

    def test_a_round_brings_what_changed_and_nothing_else(self):
        path = "/TaskFolders('Tasks')/Tasks"
        one, two = self.rest.create("one"), self.rest.create("two")
        entries, link = self.rest.sync(path)
        self.assertEqual(len(entries), 2)
        entries, same = self.rest.sync(path, link)
        self.assertEqual(entries, [])
        self.assertNotEqual(same, link)
        self.rest.patch(f"/tasks('{one['Id']}')", {"Subject": "uno"})
        self.rest.delete(f"/tasks('{two['Id']}')")
        three = self.rest.create("three")
        changed, removed, new = self.rest.sync(path, same)[0]
        self.assertEqual((changed["Id"], changed["Subject"]), (one["Id"], "uno"))
        self.assertEqual(new["Id"], three["Id"])
        self.assertTrue(removed.pop("@odata.context").endswith("/$deletedEntity"))
        self.assertEqual(removed, {"id": f"Tasks('{two['Id']}')", "reason": "deleted"})
        self.assertEqual(len(self.rest.sync(path, link)[0]), 3)

    def test_a_first_round_does_not_tell_of_what_was_gone_before(self):
        self.rest.delete(f"/tasks('{self.rest.create('one')['Id']}')")
        task = self.rest.create("two")
        entries, _ = self.rest.sync("/TaskFolders('Tasks')/Tasks", page_size=1)
        self.assertEqual([entry["Id"] for entry in entries], [task["Id"]])

    def test_folders_are_synced_with_their_own_spellings(self):
        first = self.initial("/TaskFolders", 1)
        self.assertTrue(first.json["@odata.context"].endswith("#me/TaskFolders"))
        self.assertRegex(first.json["@odata.deltaLink"],
                         r"/me/TaskFolders/\?%24deltatoken=[\w-]+$")
        folder = self.rest.post("/taskfolders", {"Name": "New"}).json
        entries, link = self.rest.sync("/TaskFolders", first.json["@odata.deltaLink"])
        self.assertEqual([entry["Name"] for entry in entries], ["New"])
        self.assertRegex(link, r"/me/taskfolders/\?%24deltaToken=[\w-]+$")
        self.rest.delete(f"/taskfolders('{folder['Id']}')")
        (removed,), _ = self.rest.sync("/TaskFolders", link)
        self.assertEqual(removed["id"], f"TaskFolders('{folder['Id']}')")

    def test_the_spelling_of_the_token_option_does_not_matter(self):
        link = self.initial().json["@odata.deltaLink"]
        for old, new in (("%24deltatoken", "$deltatoken"), ("%24deltatoken", "$DeltaToken"),
                         ("/Tasks/?", "/tasks?")):
            self.assertEqual(self.rest.get(link.replace(old, new), [TRACK]).status, 200)

    def test_options_that_sync_does_not_take_are_refused(self):
        for option in ("$filter=Subject eq 'x'", "$orderby=Subject", "$search=x", "$top=1",
                       "$skip=1"):
            path = "/TaskFolders('Tasks')/Tasks?" + option.replace(" ", "%20")
            self.refused(self.rest.get(path, [TRACK]), 400)
        link = self.initial().json["@odata.deltaLink"]
        self.refused(self.rest.get(link), 400)
        self.refused(self.rest.get("/TaskFolders", [TRACK, ("Prefer", "odata.maxpagesize=0")]),
                     400)

    def test_select_and_expand_stay_in_the_links(self):
        self.rest.create("one", SingleValueExtendedProperties=[
            {"PropertyId": PROPERTY, "Value": "m"}])
        query = "?$select=Id,Subject&$expand=SingleValueExtendedProperties(" \
                f"$filter=PropertyId%20eq%20'{PROPERTY.replace(' ', '%20')}')"
        first = self.initial("/TaskFolders('Tasks')/Tasks" + query)
        entry, = first.json["value"]
        self.assertEqual(entry["SingleValueExtendedProperties"],
                         [{"PropertyId": PROPERTY, "Value": "m"}])
        self.assertEqual({name for name in entry if "@" not in name},
                         {"Id", "Subject", "SingleValueExtendedProperties"})
        self.rest.patch(f"/tasks('{entry['Id']}')", {"Subject": "two"})
        (again,), _ = self.rest.sync("", first.json["@odata.deltaLink"])
        self.assertEqual(set(again), set(entry))

    def test_tokens_expire_and_belong_to_one_folder_and_mailbox(self):
        link = self.initial().json["@odata.deltaLink"]
        other = self.rest.post("/taskfolders", {"Name": "Other"}).json["Id"]
        token = link.rsplit("=", 1)[1]
        self.refused(self.rest.get(f"/TaskFolders('{other}')/Tasks/?$deltatoken={token}",
                                   [TRACK]), 400, "ErrorInvalidSyncStateData")
        self.refused(self.rest.get(link.replace("deltatoken", "skipToken")), 400)
        bob = self.sandbox.rest("bob-token")
        self.refused(bob.get(f"/TaskFolders('Tasks')/Tasks/?$deltatoken={token}", [TRACK]), 400)
        self.admin.expire_tokens(user="bob")
        self.assertEqual(self.rest.get(link, [TRACK]).status, 200)
        self.admin.expire_tokens(user="alice")
        self.refused(self.rest.get(link, [TRACK]), 410, "SyncStateNotFound")
        link = self.initial().json["@odata.deltaLink"]
        self.clock.advance(40 * 86400)
        self.refused(self.rest.get(link, [TRACK]), 410, "SyncStateNotFound")

    def test_the_whole_mailbox_cannot_be_synced(self):
        answer = self.rest.get("/tasks", [TRACK])
        self.assertEqual(answer.status, 200)
        self.assertNotIn("Preference-Applied", answer.headers)
        self.assertNotIn("@odata.deltaLink", answer.json)


class ExtendedProperties(SandboxCase):
    """A.12"""

    def find(self, path, value, mark=PROPERTY):
        filter_ = (f"SingleValueExtendedProperties/Any(ep: ep/PropertyId eq '{mark}' and "
                   f"ep/Value eq '{value}')")
        return self.rest.get(f"{path}?$filter=" + filter_.replace(" ", "%20"))

    def test_marks_are_found_by_value_in_a_folder_and_in_all(self):
        task = self.rest.create("one", SingleValueExtendedProperties=[
            {"PropertyId": PROPERTY, "Value": "it's"}])
        self.assertNotIn("SingleValueExtendedProperties", task)
        for path in ("/tasks", "/taskfolders('Tasks')/tasks"):
            found = self.find(path, "it''s")
            self.assertEqual([t["Id"] for t in found.json["value"]], [task["Id"]], found)
            self.assertEqual(self.find(path, "other").json["value"], [])
        upper = PROPERTY.replace("1c7e0d52", "1C7E0D52")
        self.assertEqual(len(self.find("/tasks", "it''s", upper).json["value"]), 1)
        folder = self.rest.post("/taskfolders", {"Name": "F", "SingleValueExtendedProperties": [
            {"PropertyId": PROPERTY, "Value": "f"}]}).json
        self.assertEqual([f["Id"] for f in self.find("/taskfolders", "f").json["value"]],
                         [folder["Id"]])
        self.assertEqual(self.find(f"/taskfolders('{folder['Id']}')/tasks", "it''s").json["value"],
                         [])

    def test_they_are_shown_only_on_demand(self):
        many = "StringArray {1c7e0d52-93ab-4e1f-8d46-5b0f2a9c7e34} Name Many"
        task = self.rest.create("one", SingleValueExtendedProperties=[
            {"PropertyId": PROPERTY, "Value": "v"},
            {"PropertyId": "Integer {00062003-0000-0000-c000-000000000046} Id 0x8102",
             "Value": "5"}],
            MultiValueExtendedProperties=[{"PropertyId": many, "Value": ["a", "b"]}])
        shown = self.rest.get(
            f"/tasks('{task['Id']}')?$expand=SingleValueExtendedProperties($filter=PropertyId eq "
            f"'{PROPERTY}'),MultiValueExtendedProperties($filter=PropertyId eq '{many}')"
            .replace(" ", "%20")).json
        self.assertEqual(shown["SingleValueExtendedProperties"],
                         [{"PropertyId": PROPERTY, "Value": "v"}])
        self.assertEqual(shown["MultiValueExtendedProperties"],
                         [{"PropertyId": many, "Value": ["a", "b"]}])
        self.rest.patch(f"/tasks('{task['Id']}')", {"SingleValueExtendedProperties": [
            {"PropertyId": PROPERTY, "Value": "w"}]})
        state, = self.admin.state("alice")["tasks"]
        self.assertEqual(state["properties"][PROPERTY], "w")
        self.assertEqual(len(state["properties"]), 3)

    def test_malformed_ones_are_refused(self):
        for entry in ({"PropertyId": "String Name x", "Value": "v"},
                      {"PropertyId": "Text {1c7e0d52-93ab-4e1f-8d46-5b0f2a9c7e34} Name x",
                       "Value": "v"},
                      {"PropertyId": "String {1c7e} Name x", "Value": "v"},
                      {"PropertyId": PROPERTY}, {"PropertyId": PROPERTY, "Value": 5}, "x",
                      {"PropertyId": PROPERTY.replace("String", "StringArray"), "Value": "v"}):
            self.refused(self.rest.post("/tasks", {"SingleValueExtendedProperties": [entry]}), 400,
                         "ErrorInvalidProperty")
        self.assertEqual(self.rest.get("/tasks").json["value"], [])


class Queries(SandboxCase):
    """A.13"""

    def test_listings_come_in_pages_of_ten(self):
        self.admin.seed("alice", 23)
        seen, link = [], "/taskfolders('Tasks')/tasks?$select=Subject"
        sizes = []
        while link:
            page = self.rest.get(link).json
            sizes.append(len(page["value"]))
            seen += [task["Subject"] for task in page["value"]]
            link = page.get("@odata.nextLink")
        self.assertEqual(sizes, [10, 10, 3])
        self.assertEqual(len(set(seen)), 23)
        page = self.rest.get("/tasks?$top=5&%24skip=20").json
        self.assertEqual((len(page["value"]), "@odata.nextLink" in page), (3, False))
        self.assertEqual(len(self.rest.get("/tasks?$TOP=50").json["value"]), 23)

    def test_filters_and_orders(self):
        for subject, due in (("b", "2026-05-02"), ("a", "2026-05-03"), ("c", "2026-05-01")):
            self.rest.create(subject, DueDateTime=day(due),
                             Status="InProgress" if subject == "a" else "NotStarted")
        self.rest.create("d")

        def subjects(query):
            answer = self.rest.get("/tasks?" + query.replace(" ", "%20"))
            self.assertEqual(answer.status, 200, answer)
            return "".join(task["Subject"] for task in answer.json["value"])

        self.assertEqual(subjects("$filter=Subject eq 'a'"), "a")
        self.assertEqual(subjects("$filter=Status eq 'InProgress' or Subject eq 'c'"), "ca")
        self.assertEqual(subjects("$filter=(Subject gt 'a') and Subject ne 'd'&$orderby=Subject"),
                         "bc")
        self.assertEqual(subjects("$filter=DueDateTime/DateTime ge '2026-05-02'"
                                  "&$orderby=DueDateTime/DateTime desc"), "ab")
        self.assertEqual(subjects("$filter=CreatedDateTime lt 2026-05-04T08:00:00Z"), "")
        self.assertEqual(subjects("$orderby=Subject&$top=2"), "ab")

    def test_what_is_not_understood_is_refused(self):
        for query, code in (("$filter=Nonsense eq 1", "ErrorInvalidUrlQueryFilter"),
                            ("$filter=contains(Subject,'x')", "ErrorInvalidUrlQueryFilter"),
                            ("$filter=Subject eq", "ErrorInvalidUrlQueryFilter"),
                            ("$orderby=Body", "ErrorInvalidUrlQuery"),
                            ("$search=x", "ErrorInvalidUrlQuery"),
                            ("$top=51", "ErrorInvalidUrlQuery"), ("$top=0", "ErrorInvalidUrlQuery"),
                            ("$skip=-1", "ErrorInvalidUrlQuery"),
                            ("$expand=Attachments", "ErrorInvalidUrlQuery"),
                            ("$select=Nonsense", "ErrorInvalidUrlQuery"),
                            ("$nonsense=1", "ErrorInvalidUrlQuery")):
            answer = self.rest.get("/taskfolders('Tasks')/tasks?" + query.replace(" ", "%20"))
            self.refused(answer, 400, code)
        self.assertEqual(self.rest.get("/tasks?other=1").status, 200)


class Administration(SandboxCase):
    def send(self, method, body=None):
        """A request to /tasks on a connection of its own, whose answer is not waited for."""
        client = http.client.HTTPConnection(self.sandbox.origin[7:])
        self.addCleanup(client.close)
        client.request(method, "/api/v2.0/me/tasks", body, {
            "Authorization": "Bearer alice-token", "Content-Type": "application/json"})
        return client

    def test_requests_are_recorded_without_the_token(self):
        self.rest.post("/tasks", {"Subject": "one"}, [("Prefer", "a=1"), ("Prefer", "b=2")])
        record, = self.admin.requests(method="POST", path="/me/tasks")
        self.assertEqual((record["status"], record["user"]), (201, "alice"))
        self.assertEqual(json.loads(record["body"]), {"Subject": "one"})
        self.assertEqual(record["headers"]["prefer"], "a=1, b=2")
        self.assertNotIn("alice-token", json.dumps(record))
        self.admin.clear_requests()
        self.assertEqual(self.admin.requests(), [])

    def test_waiting_ends_when_the_requests_have_come(self):
        last = self.admin.last()
        self.rest.create("one")
        self.assertEqual(self.admin.wait(method="POST", after=last), 1)
        self.admin.fault("hold", method="POST")
        client = self.send("POST", b'{"Subject":"two"}')
        self.admin.wait(count=2, method="POST", after=last, arrived=True)
        self.assertEqual(self.admin.release(), 1)
        self.admin.wait(count=2, method="POST", after=last, status=201)
        self.assertEqual(client.getresponse().status, 201)

    def test_statuses_can_be_ordered(self):
        self.admin.fault("status", method="GET", path="/TASKS", nth=2, count=2, status=429,
                         retry_after=30, code="TooManyRequests")
        answers = [self.rest.get("/tasks") for _ in range(4)]
        self.assertEqual([a.status for a in answers], [200, 429, 429, 200])
        self.assertEqual(answers[1].headers["Retry-After"], "30")
        self.refused(answers[1], 429, "TooManyRequests")
        self.admin.fault("status", status=503, body="<html>down</html>", count=0)
        self.assertEqual(self.rest.get("/tasks").text, "<html>down</html>")
        self.assertEqual(self.rest.get("/taskfolders").status, 503)
        self.admin.clear_faults()
        self.assertEqual(self.rest.get("/tasks").status, 200)

    def test_connections_can_be_cut_before_and_after(self):
        for kind, count in (("cut_before", 0), ("cut_after", 1), ("truncate", 2)):
            self.admin.fault(kind, method="POST")
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                self.rest.post("/tasks", {"Subject": kind})
            self.assertEqual(len(self.rest.get("/tasks").json["value"]), count, kind)

    def test_answers_can_be_spoilt(self):
        self.admin.fault("malformed")
        with self.assertRaises(ValueError):
            self.rest.get("/taskfolders").json
        self.rest.create("one")
        path = "/TaskFolders('Tasks')/Tasks"
        self.admin.fault("repeat_items")
        self.assertEqual(len(self.rest.get(path, [TRACK]).json["value"]), 2)
        self.admin.fault("partial_items")
        entry, = self.rest.get(path, [TRACK]).json["value"]
        self.assertEqual(("Subject" in entry, "Status" in entry), (True, False))
        self.admin.fault("foreign_link")
        link = self.rest.get(path, [TRACK]).json["@odata.deltaLink"]
        self.assertTrue(link.startswith("https://tasks.example.net/api/v2.0/me/"))
        self.admin.fault("no_tracking")
        answer = self.rest.get(path, [TRACK])
        self.assertNotIn("Preference-Applied", answer.headers)

    def test_sync_can_be_disturbed(self):
        task = self.rest.create("one")
        path = "/TaskFolders('Tasks')/Tasks"
        _, link = self.rest.sync(path)
        self.rest.patch(f"/tasks('{task['Id']}')", {"Subject": "two"})
        self.admin.fault("empty_page")
        answer = self.rest.get(link, [TRACK])
        self.assertEqual(answer.json["value"], [])
        self.assertEqual(len(self.rest.get(answer.json["@odata.nextLink"]).json["value"]), 1)
        self.admin.fault("expire_delta", path="deltatoken")
        self.refused(self.rest.get(link, [TRACK]), 410, "SyncStateNotFound")
        self.admin.fault("expire_delta", status=404, code="ErrorSyncStateNotFound")
        self.refused(self.rest.get(link, [TRACK]), 404, "ErrorSyncStateNotFound")

    def test_rules_of_the_service_can_be_switched_off(self):
        task = self.rest.create("one")
        path = f"/tasks('{task['Id']}')"
        self.rest.patch(path, {"Subject": "two"})
        self.admin.fault("ignore_if_match", method="PATCH")
        old = {"If-Match": task["@odata.etag"]}
        self.assertEqual(self.rest.patch(path, {"Subject": "three"}, old).status, 200)
        self.rest.patch(path, {"DueDateTime": day("2026-05-04"),
                               "Recurrence": weekly("2026-05-04", "Monday")})
        self.admin.fault("delete_occurrence", method="DELETE")
        self.assertEqual(self.rest.delete(path).status, 204)
        self.assertEqual(date_of(self.rest.get(path).json["DueDateTime"]), "2026-05-11")
        self.assertEqual(self.rest.delete(path).status, 204)
        self.assertEqual(self.rest.get(path).status, 404)

    def test_a_held_request_is_carried_out_after_its_client_has_gone(self):
        self.admin.fault("hold", method="POST")
        client = self.send("POST", b'{"Subject":"late"}')
        self.admin.wait(method="POST", arrived=True)
        client.close()
        self.assertEqual(self.rest.get("/tasks").json["value"], [])
        self.assertEqual(self.admin.release(), 1)
        self.assertEqual(list(self.admin.tasks("alice")), ["late"])

    def test_the_fifth_request_in_flight_is_refused(self):
        self.admin.fault("hold", method="GET", user="alice", count=0)
        clients = [self.send("GET") for _ in range(4)]
        self.admin.wait(count=4, method="GET", arrived=True)
        answer = self.rest.get("/tasks")
        self.refused(answer, 429, "ErrorTooManyObjectsOpened")
        self.assertTrue(answer.headers["Retry-After"])
        self.assertEqual(self.sandbox.rest("bob-token").get("/tasks").status, 200)
        self.assertEqual(self.admin.loads()["alice"], {"now": 4, "most": 4, "refused": 1})
        self.assertEqual(self.admin.release(), 4)
        for client in clients:
            self.assertEqual(client.getresponse().status, 200)
        self.assertEqual(self.admin.loads()["alice"]["now"], 0)

    def test_delays_follow_the_test_clock(self):
        self.admin.fault("delay", method="GET", ms=5000)
        client = self.send("GET")
        self.admin.wait(method="GET", arrived=True)
        self.assertEqual(self.admin.loads()["alice"]["now"], 1)
        self.clock.advance(5)
        self.assertEqual(client.getresponse().status, 200)

    def test_mistakes_in_rules_are_told(self):
        for rule in ({"fault": "nonsense"}, {}, {"fault": "stall", "match": {"url": "x"}},
                     {"fault": "stall", "times": 1}):
            answer = self.admin.request("POST", "/admin/faults", json.dumps(rule))
            self.assertEqual(answer.status, 400)
        self.assertEqual(self.admin.faults(), [])
        self.assertEqual(self.admin.request("GET", "/admin/nothing").status, 404)

    def test_stalled_requests_do_not_keep_it_from_stopping(self):
        self.admin.fault("stall", count=2)
        self.admin.fault("stall_after")
        clients = [self.send("POST", b"{}") for _ in range(3)]
        self.admin.wait(count=3, method="POST", arrived=True)
        clients[0].close()
        self.assertEqual(len(self.admin.state("alice")["tasks"]), 1)


class Life(Case):
    def test_the_administration_is_off_unless_asked_for(self):
        sandbox = self.start_sandbox(admin=False)
        self.assertEqual(sandbox.admin.request("GET", "/admin/requests").status, 404)
        self.assertEqual(sandbox.rest().get("/taskfolders").status, 200)

    def test_state_survives_a_restart(self):
        state = f"{self.folder}/state"
        listen = f"127.0.0.1:{self.reserve_port()}"
        first = Sandbox(self.folder, state=state, listen=listen)
        task = first.rest().create("kept")
        _, link = first.rest().sync("/TaskFolders('Tasks')/Tasks")
        first.stop()
        second = self.started(Sandbox(self.folder, state=state, listen=listen))
        shown = second.rest().get(f"/tasks('{task['Id']}')").json
        self.assertEqual(shown["@odata.etag"], task["@odata.etag"])
        self.assertEqual(second.rest().sync("", link)[0], [])

    def test_the_demo_has_a_dozen_varied_tasks_in_three_folders(self):
        sandbox = self.start_sandbox(clock=self.start_clock())
        for _ in range(2):
            sandbox.admin.seed_demo("alice", "Europe/Paris")
        state = sandbox.admin.state("alice")
        self.assertEqual(len(state["folders"]), 3)
        self.assertGreaterEqual(len(state["tasks"]), 12)
        self.assertTrue(any(task["Recurrence"] for task in state["tasks"]))
        self.assertTrue(any(task["Status"] == "Completed" for task in state["tasks"]))
        self.assertTrue(any(task["Body"]["ContentType"] == "HTML" for task in state["tasks"]))
        self.assertTrue(any(task["IsReminderOn"] for task in state["tasks"]))


if __name__ == "__main__":
    unittest.main()
