"""The To Do side of the sandbox refuses and answers as reference/upstream.md section B says, over the
same mailbox as its v2.0 side; raw HTTP against the real program. Each test class names its section."""
import base64
import re
import unittest

from harness import Case, TRACK

PARIS = "Romance Standard Time"
EASTERN = "Eastern Standard Time"
IMMUTABLE = [("Prefer", 'IdType="ImmutableId"')]


def day(date, zone="UTC"):
    return {"dateTime": f"{date}T00:00:00", "timeZone": zone}


def weekly(start=None, *days, **range_):
    value = {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": list(days) or ["monday"],
                         "firstDayOfWeek": "monday"}}
    if start:
        value["range"] = {"type": "noEnd", "startDate": start, **range_}
    return value


def date_of(value):
    return value["dateTime"][:10]


class GraphCase(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock("2026-05-04T08:00:00Z")
        self.sandbox = self.start_sandbox(clock=self.clock, users="alice:alice-token,bob:bob-token")
        self.admin = self.sandbox.admin
        self.graph = self.sandbox.graph()
        self.rest = self.sandbox.rest()
        self.list_id = self.graph.list_id()
        self.tasks = f"/lists/{self.list_id}/tasks"

    def refused(self, answer, status, code=None, inner=None):
        self.assertEqual(answer.status, status, answer)
        error = answer.json["error"]
        self.assertTrue(error["message"])
        self.assertTrue(error["innerError"]["request-id"])
        if code:
            self.assertEqual(error["code"], code, answer)
        if inner:
            self.assertEqual(error["innerError"]["code"], inner, answer)

    def create(self, title="Example", **members):
        return self.graph.create(title, self.list_id, **members)

    def path(self, task):
        return f"{self.tasks}/{task['id']}"

    def patch(self, task, **members):
        answer = self.graph.patch(self.path(task), members)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def read(self, task, query="", headers=()):
        answer = self.graph.get(self.path(task) + query, headers)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def by_title(self):
        return {task["title"]: task for task in self.graph.pages(self.tasks)}


class Addressing(GraphCase):
    """B.1, B.2, B.13"""

    def test_routes_have_a_case_and_errors_a_shape_of_their_own(self):
        self.refused(self.graph.get("/Lists"), 400)
        self.refused(self.graph.get("/lists/AAMkx=/tasks"), 404, "ErrorItemNotFound")
        self.refused(self.graph.get("/lists/no.such+id/tasks"), 400, "ErrorInvalidIdMalformed")
        self.refused(self.graph.request("PUT", "/lists", b""), 405)
        answer = self.graph.get("/lists")
        self.assertTrue(answer.headers["Content-Type"].startswith(
            "application/json;odata.metadata=minimal;"))
        answer = self.sandbox.graph("wrong").get("/lists")
        self.refused(answer, 401, "InvalidAuthenticationToken")

    def test_the_default_list_answers_to_its_old_name_too(self):
        task = self.graph.create("one", "tasks")
        self.assertEqual(self.read(task)["title"], "one")
        self.assertEqual(self.graph.get(f"/lists/Tasks/tasks/{task['id']}").status, 200)

    def test_a_task_is_found_in_its_list_only(self):
        other = self.graph.post("/lists", {"displayName": "Other"}).json["id"]
        task = self.create("one")
        self.refused(self.graph.get(f"/lists/{other}/tasks/{task['id']}"), 404)
        self.refused(self.sandbox.graph("bob-token").get(self.path(task)), 404)

    def test_a_fifth_request_at_once_is_throttled(self):
        self.create("one")
        before = self.admin.last()
        self.admin.fault("hold", path="/todo/lists", count=4)
        import threading
        threads = [threading.Thread(target=self.sandbox.graph().get, args=("/lists",))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        self.admin.wait(count=4, path="/todo/lists", arrived=True, after=before)
        answer = self.graph.get("/lists")
        self.admin.release()
        for thread in threads:
            thread.join()
        self.refused(answer, 429, "TooManyRequests")
        self.assertEqual(answer.headers["Retry-After"], "0.875")

    def test_immutable_ids_are_others_and_lead_to_the_same_task(self):
        task = self.create("one")
        other = self.read(task, headers=IMMUTABLE)
        self.assertNotEqual(other["id"], task["id"])
        self.assertEqual(self.read(other)["id"], task["id"])
        self.assertEqual(self.read(other, headers=IMMUTABLE)["id"], other["id"])
        listed = self.graph.pages(self.tasks, IMMUTABLE)
        self.assertEqual([t["id"] for t in listed], [other["id"]])
        self.admin.personality(ignores_immutable_id=True)
        self.assertEqual(self.read(other, headers=IMMUTABLE)["id"], task["id"])


class Lists(GraphCase):
    """B.3"""

    def test_lists_are_made_renamed_and_deleted(self):
        answer = self.graph.post("/lists", {"displayName": "Garden"})
        self.assertEqual(answer.status, 201)
        made = answer.json
        self.assertEqual((made["isOwner"], made["isShared"], made["wellknownListName"]),
                         (True, False, "none"))
        path = f"/lists/{made['id']}"
        self.assertEqual(self.graph.get(path).json["displayName"], "Garden")
        renamed = self.graph.patch(path, {"displayName": "Balcony"}).json
        self.assertEqual(renamed["displayName"], "Balcony")
        self.assertNotEqual(renamed["@odata.etag"], made["@odata.etag"])
        self.assertEqual(self.graph.delete(path).status, 204)
        self.refused(self.graph.delete(path), 404, "ErrorItemNotFound")
        self.refused(self.graph.get(path + "/tasks/delta"), 404)

    def test_bodies_know_the_name_alone(self):
        for body in ({}, {"displayName": ""}, {"displayName": None}, {"displayName": 7},
                     {"DisplayName": "x"}, {"displayName": "x", "isShared": True}):
            self.refused(self.graph.post("/lists", body), 400, "invalidRequest", "InvalidModel")
        self.refused(self.graph.post("/lists", {"displayName": "tasks"}), 409)

    def test_builtin_lists_stay(self):
        flagged = self.admin.add_folder("alice", "Flagged Emails", "flagged")
        for list_id in (self.list_id, flagged):
            self.refused(self.graph.patch(f"/lists/{list_id}", {"displayName": "x"}), 400)
            self.refused(self.graph.delete(f"/lists/{list_id}"), 400)

    def test_flagged_mails_are_not_made_here(self):
        flagged = self.admin.add_folder("alice", "Flagged Emails", "flagged")
        entry = self.graph.get(f"/lists/{flagged}").json
        self.assertEqual(entry["wellknownListName"], "flaggedEmails")
        self.refused(self.graph.post(f"/lists/{flagged}/tasks", {"title": "x"}), 400)
        names = [f["Name"] for f in self.rest.get("/taskfolders").json["value"]]
        self.assertEqual(names, ["Tasks"])

    def test_shared_lists_say_so(self):
        mine = self.admin.add_folder("alice", "Ours", "shared_by")
        theirs = self.admin.add_folder("alice", "Theirs", "shared_with")
        found = {e["id"]: e for e in self.graph.pages("/lists")}
        self.assertEqual((found[mine]["isOwner"], found[mine]["isShared"]), (True, True))
        self.assertEqual((found[theirs]["isOwner"], found[theirs]["isShared"]), (False, True))
        self.assertEqual(self.graph.post(f"/lists/{theirs}/tasks", {"title": "x"}).status, 201)
        self.refused(self.graph.delete(f"/lists/{theirs}"), 403, "ErrorAccessDenied")
        names = [f["Name"] for f in self.rest.get("/taskfolders").json["value"]]
        self.assertEqual(names, ["Tasks", "Ours"])

    def test_delta_tells_of_lists(self):
        entries, link = self.graph.delta("/lists/delta")
        self.assertEqual([e["displayName"] for e in entries], ["Tasks"])
        self.assertIn("skiptoken", link)
        made = self.graph.post("/lists", {"displayName": "Garden"}).json
        entries, link = self.graph.delta(link)
        self.assertEqual([e["id"] for e in entries], [made["id"]])
        self.graph.delete(f"/lists/{made['id']}")
        entries, link = self.graph.delta(link)
        self.assertEqual(entries, [{"@removed": {"reason": "deleted"}, "id": made["id"]}])
        self.assertEqual(self.graph.delta(link)[0], [])


class Tasks(GraphCase):
    """B.4, B.5"""

    def test_a_new_task_has_no_member_that_is_not_set(self):
        task = self.create("one")
        self.assertEqual(sorted(name for name in task if not name.startswith("@")), [
            "body", "categories", "createdDateTime", "hasAttachments", "id", "importance",
            "isReminderOn", "lastModifiedDateTime", "status", "title"])
        self.assertEqual(task["status"], "notStarted")
        self.assertRegex(task["@odata.etag"], r'^W/".+"$')
        self.assertEqual(self.read(task)["@odata.etag"], task["@odata.etag"])

    def test_every_member_comes_back(self):
        task = self.create(
            "all", categories=["Work", "Blue"], importance="high", status="inProgress",
            startDateTime=day("2026-05-05"), dueDateTime=day("2026-05-06"), isReminderOn=True,
            reminderDateTime={"dateTime": "2026-05-06T07:30:00", "timeZone": PARIS})
        self.assertEqual(task["categories"], ["Work", "Blue"])
        self.assertEqual((task["importance"], task["status"]), ("high", "inProgress"))
        self.assertEqual(task["dueDateTime"],
                         {"dateTime": "2026-05-06T00:00:00.0000000", "timeZone": "UTC"})
        self.assertEqual(task["reminderDateTime"]["dateTime"], "2026-05-06T05:30:00.0000000")

    def test_what_is_not_in_the_documents_is_refused(self):
        wrong = [{}, {"title": ""}, {"title": None}, {"Title": "x"}, {"subject": "x"}]
        wrong += [dict(title="x", **more) for more in (
            {"id": "x"}, {"categories": None}, {"categories": "Work"}, {"importance": "High"},
            {"importance": None}, {"status": "NotStarted"}, {"status": None},
            {"sensitivity": "private"}, {"hasAttachments": True}, {"percentComplete": 5},
            {"dueDateTime": "2026-05-05"}, {"dueDateTime": {"DateTime": "2026-05-05T00:00:00",
                                                            "TimeZone": "UTC"}},
            {"dueDateTime": {"dateTime": "2026-05-05T00:00:00Z", "timeZone": "UTC"}},
            {"dueDateTime": {"dateTime": "2026-05-05T00:00:00", "timeZone": "Mars"}},
            {"body": "text"}, {"body": {"content": "x", "contentType": "Text"}},
            {"recurrence": weekly("2026-05-04")}, {"attachments": []},
            {"checklistItems": [{"displayName": "x"}]})]
        for body in wrong:
            answer = self.graph.post(self.tasks, body)
            self.refused(answer, 400, "invalidRequest", "InvalidModel")
        task = self.create("one")
        for body in ({"title": ""}, {"linkedResources": []}, {"extensions": []},
                     {"createdDateTime": "2026-05-05T00:00:00Z"}, {"categories": None}):
            self.refused(self.graph.patch(self.path(task), body), 400, "invalidRequest")
        self.assertEqual([t["title"] for t in self.graph.pages(self.tasks)], ["one"])

    def test_an_empty_list_clears_categories_and_null_the_dates(self):
        task = self.create("one", categories=["Work"], startDateTime=day("2026-05-05"),
                           dueDateTime=day("2026-05-06"), isReminderOn=True,
                           reminderDateTime=day("2026-05-06"))
        task = self.patch(task, categories=[], dueDateTime=None, isReminderOn=False)
        self.assertEqual(task["categories"], [])
        self.assertNotIn("dueDateTime", task)
        self.assertNotIn("startDateTime", task)
        self.assertIn("reminderDateTime", task, "the flag alone does not clear the time")
        self.assertNotIn("reminderDateTime", self.patch(task, reminderDateTime=None))

    def test_due_is_midnight_of_the_zone_that_was_said(self):
        task = self.create("one", dueDateTime={"dateTime": "2026-05-06T16:00:00",
                                               "timeZone": EASTERN})
        self.assertEqual(task["dueDateTime"],
                         {"dateTime": "2026-05-06T04:00:00.0000000", "timeZone": "UTC"})
        here = self.read(task, headers=[("Prefer", f'outlook.timezone="{EASTERN}"')])
        self.assertEqual(here["dueDateTime"],
                         {"dateTime": "2026-05-06T00:00:00.0000000", "timeZone": EASTERN})
        self.admin.personality(ignores_timezone=True)
        here = self.read(task, headers=[("Prefer", f'outlook.timezone="{EASTERN}"')])
        self.assertEqual(here["dueDateTime"]["timeZone"], "UTC")
        iana = self.create("two", dueDateTime=day("2026-05-06", "Europe/Paris"))
        self.assertEqual(iana["dueDateTime"]["dateTime"], "2026-05-05T22:00:00.0000000")

    def test_completing_sets_a_date_and_reopening_clears_it(self):
        task = self.create("one")
        task = self.patch(task, status="completed")
        self.assertEqual(task["completedDateTime"]["dateTime"], "2026-05-04T00:00:00.0000000")
        task = self.patch(task, status="notStarted", completedDateTime=None)
        self.assertNotIn("completedDateTime", task)
        self.refused(self.graph.patch(self.path(task), {
            "completedDateTime": day("2026-05-04")}), 400)

    def test_if_match_is_honoured_until_told_otherwise(self):
        task = self.create("one")
        stale = [("If-Match", task["@odata.etag"])]
        self.patch(task, title="two")
        self.refused(self.graph.patch(self.path(task), {"title": "three"}, stale), 412)
        self.refused(self.graph.delete(self.path(task), stale), 412)
        self.admin.fault("ignore_if_match", count=0)
        self.assertEqual(self.graph.delete(self.path(task), stale).status, 204)
        self.refused(self.graph.delete(self.path(task)), 404)


class Bodies(GraphCase):
    """B.6"""

    def test_a_text_comes_back_with_a_line_end_more(self):
        task = self.create("one", body={"content": "a\nb", "contentType": "text"})
        self.assertEqual(task["body"], {"content": "a\r\nb\r\n", "contentType": "text"})
        task = self.patch(task, body={"content": "", "contentType": "text"})
        self.assertEqual(task["body"]["content"], "\r\n")
        self.assertEqual(self.rest.get(f"/tasks/{task['id']}").json["Body"]["Content"], "")
        self.admin.personality(keeps_text=True)
        self.assertEqual(self.read(task)["body"]["content"], "")

    def test_html_is_shown_as_text_unless_asked_for(self):
        task = self.create("one", body={
            "content": "<html><body><p>See <b>this</b> &amp; that</p></body></html>",
            "contentType": "html"})
        self.assertEqual(task["body"], {"content": "See this & that\r\n\r\n", "contentType": "text"})
        html = self.read(task, headers=[("Prefer", 'outlook.body-content-type="html"')])
        self.assertEqual(html["body"]["contentType"], "html")
        self.assertIn("<b>this</b>", html["body"]["content"])
        text = self.create("two", body={"content": "1 < 2\nno", "contentType": "text"})
        html = self.read(text, headers=[("Prefer", 'outlook.body-content-type="html"')])
        self.assertIn("1 &lt; 2<br>\nno", html["body"]["content"])


class Recurrence(GraphCase):
    """B.7"""

    def series(self, recurrence=None, **more):
        return self.create("series", dueDateTime=day("2026-05-04", PARIS),
                           recurrence=recurrence or weekly("2026-05-04"), **more)

    def test_a_pattern_alone_repeats_for_ever_from_the_due_date(self):
        task = self.series(weekly())
        self.assertEqual(task["recurrence"], {
            "pattern": {"type": "weekly", "interval": 1, "month": 0, "dayOfMonth": 0,
                        "daysOfWeek": ["monday"], "firstDayOfWeek": "monday", "index": "first"},
            "range": {"type": "noEnd", "startDate": "2026-05-04", "endDate": "0001-01-01",
                      "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0}})
        self.assertNotIn("recurrence", self.patch(task, recurrence=None))

    def test_a_range_is_taken_or_refused_as_the_service_feels(self):
        task = self.series(weekly("2026-05-04", type="numbered", numberOfOccurrences=3,
                                  recurrenceTimeZone=PARIS))
        self.assertEqual(task["recurrence"]["range"]["numberOfOccurrences"], 3)
        self.admin.personality(refuses_range=True)
        answer = self.graph.patch(self.path(task), {"recurrence": weekly("2026-05-04"),
                                                    "dueDateTime": day("2026-05-04", PARIS)})
        self.refused(answer, 400, "invalidRequest", "InvalidModel")
        self.assertIn("Microsoft.OData.Edm.Date", answer.json["error"]["message"])
        self.patch(task, recurrence=weekly(), dueDateTime=day("2026-05-04", PARIS))

    def test_wrong_rules_are_refused(self):
        due = day("2026-05-04")
        for recurrence in ({}, {"pattern": {}}, weekly("04.05.2026"), weekly("2026-05-04", "Monday"),
                           weekly("2026-05-04", "holiday"), {"Pattern": weekly()["pattern"]},
                           weekly("2026-05-04", recurrenceTimeZone="Mars"),
                           weekly("2026-05-04", EndDate="2026-06-01")):
            self.refused(self.graph.post(self.tasks, {
                "title": "x", "dueDateTime": due, "recurrence": recurrence}), 400)

    def test_completing_leaves_a_completed_task_and_makes_the_next_one(self):
        task = self.series(linkedResources=[{"webUrl": "https://a.example/"}])
        item = self.graph.post(self.path(task) + "/checklistItems", {
            "displayName": "step", "isChecked": True}).json
        link = self.graph.delta(self.tasks + "/delta")[1]
        done = self.patch(task, status="completed")
        self.assertEqual((done["id"], done["status"]), (task["id"], "completed"))
        self.assertNotIn("recurrence", done)
        entries, _ = self.graph.delta(link)
        following = next(e for e in entries if e["id"] != task["id"])
        self.assertEqual(following["status"], "notStarted")
        self.assertEqual(following["dueDateTime"]["dateTime"], "2026-05-10T22:00:00.0000000")
        self.assertIn("recurrence", following)
        following = self.read(following, "?$expand=checklistItems,linkedResources")
        self.assertEqual([(i["displayName"], i["isChecked"]) for i in following["checklistItems"]],
                         [("step", False)])
        self.assertNotEqual(following["checklistItems"][0]["id"], item["id"])
        self.assertEqual(following["linkedResources"][0]["webUrl"], "https://a.example/")

    def test_completing_may_keep_the_id_with_the_series(self):
        self.admin.personality(moves_series=True)
        task = self.series()
        moved = self.patch(task, status="completed")
        self.assertEqual(moved["id"], task["id"])
        self.assertEqual((moved["status"], moved["dueDateTime"]["dateTime"]),
                         ("notStarted", "2026-05-10T22:00:00.0000000"))
        others = [t for t in self.graph.pages(self.tasks) if t["id"] != task["id"]]
        self.assertEqual([t["status"] for t in others], ["completed"])

    def test_the_last_one_ends_the_series(self):
        task = self.series(weekly("2026-05-04", type="endDate", endDate="2026-05-04"))
        self.patch(task, status="completed")
        self.assertEqual([t["status"] for t in self.graph.pages(self.tasks)], ["completed"])

    def test_another_due_date_splits_the_occurrence_off(self):
        task = self.series()
        self.patch(task, dueDateTime=day("2026-05-06", PARIS))
        dates = sorted(date_of(t["dueDateTime"]) for t in self.graph.pages(self.tasks))
        self.assertEqual(dates, ["2026-05-05", "2026-05-10"])

    def test_a_new_rule_may_leave_a_copy_behind(self):
        for moves, kept in ((False, "2026-05-03"), (True, "2026-05-05")):
            with self.subTest(moves=moves):
                self.admin.personality(copies_series=True, moves_series=moves)
                task = self.series()
                answer = self.patch(task, dueDateTime=day("2026-05-06", PARIS),
                                    recurrence=weekly("2026-05-06", "wednesday"))
                self.assertEqual(date_of(answer["dueDateTime"]), kept)
                found = self.graph.pages(self.tasks)
                self.assertEqual(sorted(date_of(t["dueDateTime"]) for t in found),
                                 ["2026-05-03", "2026-05-05"])
                for other in found:
                    self.graph.delete(self.path(other))

    def test_the_due_date_is_what_the_rule_counts_by(self):
        task = self.create("series", startDateTime=day("2026-05-04"),
                           dueDateTime=day("2026-05-06"),
                           recurrence=weekly("2026-05-06", "wednesday"))
        self.assertEqual((date_of(task["startDateTime"]), date_of(task["dueDateTime"])),
                         ("2026-05-04", "2026-05-06"))
        self.patch(task, status="completed")
        open_ = next(t for t in self.graph.pages(self.tasks) if t["status"] == "notStarted")
        self.assertEqual((date_of(open_["startDateTime"]), date_of(open_["dueDateTime"])),
                         ("2026-05-11", "2026-05-13"))

    def test_plain_listings_leave_the_rule_out(self):
        task = self.series()
        self.assertNotIn("recurrence", self.graph.pages(self.tasks)[0])
        self.assertIn("recurrence", self.read(task))
        filtered = self.graph.pages(self.tasks + "?$filter=status%20ne%20'completed'")
        self.assertIn("recurrence", filtered[0])
        self.assertIn("recurrence", self.graph.delta(self.tasks + "/delta")[0][0])
        self.admin.personality(lists_recurrence=True)
        self.assertIn("recurrence", self.graph.pages(self.tasks)[0])


class Children(GraphCase):
    """B.8"""

    def test_checklist_items_are_made_ticked_renamed_and_removed(self):
        task = self.create("one")
        path = self.path(task) + "/checklistItems"
        answer = self.graph.post(path, {"displayName": "Milk"})
        self.assertEqual(answer.status, 201)
        item = answer.json
        self.assertRegex(item["id"], r"^[0-9a-f]{8}-[0-9a-f-]{27}$")
        self.assertEqual(item["createdDateTime"], "2026-05-04T08:00:00.0000000Z")
        self.assertNotIn("checkedDateTime", item)
        self.clock.advance(60)
        ticked = self.graph.patch(f"{path}/{item['id']}", {"isChecked": True}).json
        self.assertEqual(ticked["checkedDateTime"], "2026-05-04T08:01:00.0000000Z")
        renamed = self.graph.patch(f"{path}/{item['id']}", {"displayName": "Oat milk"}).json
        self.assertEqual((renamed["displayName"], renamed["checkedDateTime"]),
                         ("Oat milk", ticked["checkedDateTime"]))
        said = self.graph.patch(f"{path}/{item['id']}", {
            "checkedDateTime": "2026-05-01T10:00:00Z"}).json
        self.assertEqual(said["checkedDateTime"], "2026-05-01T10:00:00.0000000Z")
        self.assertNotIn("checkedDateTime", self.graph.patch(
            f"{path}/{item['id']}", {"isChecked": False}).json)
        self.graph.post(path, {"displayName": "Bread", "isChecked": True})
        self.assertEqual([i["displayName"] for i in self.graph.get(path).json["value"]],
                         ["Oat milk", "Bread"])
        self.assertEqual(self.graph.delete(f"{path}/{item['id']}").status, 204)
        self.refused(self.graph.delete(f"{path}/{item['id']}"), 404)

    def test_wrong_items_are_refused(self):
        path = self.path(self.create("one")) + "/checklistItems"
        for body in ({}, {"displayName": ""}, {"displayName": None}, {"isChecked": True},
                     {"displayName": "x", "isChecked": "yes"}, {"displayName": "x", "order": 1},
                     {"displayName": "x", "checkedDateTime": "2026-05-01T10:00:00Z"}):
            self.refused(self.graph.post(path, body), 400, "invalidRequest")
        item = self.graph.post(path, {"displayName": "x"}).json
        self.refused(self.graph.patch(f"{path}/{item['id']}", {"id": item["id"]}), 400)
        self.refused(self.graph.patch(f"{path}/{item['id']}", {
            "createdDateTime": item["createdDateTime"]}), 400)

    def test_items_may_come_with_the_task_where_the_service_allows_it(self):
        self.admin.personality(inline_checklist=True)
        task = self.create("one", checklistItems=[{"displayName": "a"}, {"displayName": "b"}])
        shown = self.read(task, "?$expand=checklistItems")
        self.assertEqual([i["displayName"] for i in shown["checklistItems"]], ["a", "b"])

    def test_what_a_task_holds_makes_a_new_version_unless_told_otherwise(self):
        task = self.create("one")
        link = self.graph.delta(self.tasks + "/delta?$expand=checklistItems")[1]
        self.graph.post(self.path(task) + "/checklistItems", {"displayName": "Milk"})
        entries, link = self.graph.delta(link)
        self.assertEqual([i["displayName"] for i in entries[0]["checklistItems"]], ["Milk"],
                         "the link carries the $expand")
        self.admin.personality(silent_children=True)
        self.graph.post(self.path(task) + "/checklistItems", {"displayName": "Bread"})
        self.assertEqual(self.graph.delta(link)[0], [])

    def test_linked_resources_have_four_strings(self):
        task = self.create("one", linkedResources=[{
            "webUrl": "https://a.example/", "applicationName": "duedav", "externalId": "uid-1"}])
        path = self.path(task) + "/linkedResources"
        found = self.graph.get(path).json["value"]
        self.assertEqual([(r["webUrl"], r["displayName"], r["externalId"]) for r in found],
                         [("https://a.example/", None, "uid-1")])
        one = f"{path}/{found[0]['id']}"
        self.assertEqual(self.graph.patch(one, {"displayName": "A"}).json["displayName"], "A")
        self.refused(self.graph.patch(one, {"url": "https://b.example/"}), 400)
        self.refused(self.graph.post(path, {"webUrl": 7}), 400)
        self.assertEqual(self.graph.delete(one).status, 204)
        self.assertEqual(self.graph.get(path).json["value"], [])
        self.assertNotIn("linkedResources", self.read(task))

    def test_an_extension_comes_with_the_task_and_is_found_by_its_name(self):
        name = "org.example.caldav"
        body = {"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": name,
                "uid": "u-1"}
        task = self.create("one", extensions=[body])
        self.assertNotIn("extensions", self.read(task))
        shown = self.read(task, f"?$expand=extensions($filter=id%20eq%20'{name}')")["extensions"]
        self.assertEqual(shown, [{"@odata.type": "#microsoft.graph.openTypeExtension",
                                  "id": f"microsoft.graph.openTypeExtension.{name}",
                                  "extensionName": name, "uid": "u-1"}])
        self.assertEqual(self.read(task, "?$expand=extensions($filter=id%20eq%20'x')")["extensions"],
                         [])
        path = self.path(task) + "/extensions"
        self.assertEqual(self.graph.post(path, body).status, 409)
        one = f"{path}/{name}"
        changed = self.graph.patch(one, {"@odata.type": body["@odata.type"], "props": "p"}).json
        self.assertEqual((changed["uid"], changed["props"]), ("u-1", "p"))
        self.assertEqual(self.graph.get(
            f"{path}/microsoft.graph.openTypeExtension.{name}").json["props"], "p")
        self.assertEqual(self.graph.delete(one).status, 204)
        self.assertEqual(self.graph.post(path, body).status, 201)

    def test_wrong_extensions_are_refused_and_all_if_told_so(self):
        path = self.path(self.create("one")) + "/extensions"
        good = {"@odata.type": "#microsoft.graph.openTypeExtension", "extensionName": "a.b"}
        for body in ({"extensionName": "a.b"}, dict(good, extensionName=""),
                     dict(good, extensionName="a/b"), dict(good, value={"a": 1}),
                     dict(good, **{"@odata.type": "microsoft.graph.extension"})):
            self.refused(self.graph.post(path, body), 400, "invalidRequest")
        self.admin.personality(refuses_extensions=True)
        self.refused(self.graph.post(path, good), 400)
        self.refused(self.graph.post(self.tasks, {"title": "x", "extensions": [good]}), 400)
        self.assertEqual([t["title"] for t in self.graph.pages(self.tasks)], ["one"])


class Listings(GraphCase):
    """B.11"""

    def test_select_is_broken(self):
        task = self.create("one")
        for path in (self.tasks, self.path(task), self.tasks + "/delta"):
            self.refused(self.graph.get(path + "?$select=title"), 400, "invalidRequest")

    def test_filters_sort_and_page(self):
        for n in range(12):
            self.clock.advance(1)
            self.create(f"t{n:02}", importance="high" if n % 3 == 0 else "low")
        self.patch(self.by_title()["t03"], status="completed")
        self.assertEqual(len(self.graph.get(self.tasks).json["value"]), 10)
        self.assertEqual(len(self.graph.pages(self.tasks)), 12)
        open_ = self.graph.pages(self.tasks + "?$top=3&$filter=status%20ne%20'completed'%20and%20"
                                 "importance%20eq%20'high'&$orderby=title%20desc")
        self.assertEqual([t["title"] for t in open_], ["t09", "t06", "t00"])
        recent = self.graph.pages(
            self.tasks + "?$filter=createdDateTime%20ge%202026-05-04T08:00:11Z")
        self.assertEqual(sorted(t["title"] for t in recent), ["t10", "t11"])

    def test_other_options_are_refused(self):
        self.create("one")
        for query in ("$filter=Status%20eq%20'Completed'", "$search=x", "$top=1000", "$count=true",
                      "$expand=attachments", "$expand=extensions($select=id)", "$orderby=body",
                      "$filter=SingleValueExtendedProperties/Any(ep:%20ep/PropertyId%20eq%20'x')"):
            self.refused(self.graph.get(f"{self.tasks}?{query}"), 400)


class Delta(GraphCase):
    """B.10"""

    def test_a_round_ends_with_a_delta_link_and_goes_on_from_it(self):
        for n in range(5):
            self.create(f"t{n}")
        answer = self.graph.get(self.tasks + "/delta", [("Prefer", "odata.maxpagesize=2")])
        self.assertEqual(len(answer.json["value"]), 2)
        self.assertIn("skiptoken", answer.json["@odata.nextLink"])
        self.assertNotIn("@odata.deltaLink", answer.json)
        self.assertNotIn("Preference-Applied", answer.headers)
        entries, link = self.graph.delta(self.tasks + "/delta", 2)
        self.assertEqual([e["title"] for e in entries], [f"t{n}" for n in range(5)])
        gone, kept = entries[0], entries[1]
        self.graph.delete(self.path(gone))
        self.patch(kept, title="kept")
        entries, link = self.graph.delta(link)
        self.assertEqual(entries[0], {"@removed": {"reason": "deleted"}, "id": gone["id"]})
        self.assertEqual(entries[1]["title"], "kept")
        self.assertEqual(self.graph.delta(link)[0], [])
        self.assertEqual(self.graph.delta(link)[0], [], "a link can be followed again")

    def test_top_holds_for_the_first_page(self):
        for n in range(3):
            self.create(f"t{n}")
        answer = self.graph.get(self.tasks + "/delta?$top=1")
        self.assertEqual(len(answer.json["value"]), 1)
        for query in ("$filter=status%20eq%20'completed'", "$orderby=title", "$skip=1"):
            self.refused(self.graph.get(f"{self.tasks}/delta?{query}"), 400)

    def test_a_stale_token_is_410_in_any_spelling(self):
        self.create("one")
        link = self.graph.delta(self.tasks + "/delta")[1]
        self.admin.expire_tokens()
        answer = self.graph.get(link)
        self.refused(answer, 410, "SyncStateNotFound")
        self.assertIsNone(answer.headers["Location"])
        self.assertEqual(len(self.graph.delta(self.tasks + "/delta")[0]), 1)
        link = self.graph.delta(self.tasks + "/delta")[1]
        self.admin.fault("expire_delta", code="resyncRequired", location="fresh")
        answer = self.graph.get(link)
        self.refused(answer, 410, "resyncRequired")
        self.assertEqual(len(self.graph.delta(answer.headers["Location"])[0]), 1)
        self.admin.fault("expire_delta", location="https://tasks.example.net/delta")
        self.assertEqual(self.graph.get(link).headers["Location"],
                         "https://tasks.example.net/delta")

    def test_a_token_of_something_else_is_refused(self):
        other = self.graph.post("/lists", {"displayName": "Other"}).json["id"]
        link = self.graph.delta(self.tasks + "/delta")[1]
        token = re.search(r"token=(\w+)", link)[1]
        self.refused(self.graph.get(f"/lists/{other}/tasks/delta?$deltatoken={token}"), 400,
                     "invalidRequest")
        self.refused(self.graph.get(self.tasks + "/delta?$deltatoken=x"), 400)
        answer = self.rest.get(
            f"/taskfolders('Tasks')/tasks?$deltatoken={token}", [TRACK])
        self.assertEqual(answer.status, 400)

    def test_the_links_keep_the_form_of_ids_that_is_asked_for(self):
        task = self.create("one")
        first = self.graph.get(self.tasks + "/delta", IMMUTABLE).json
        self.assertNotEqual(first["value"][0]["id"], task["id"])
        self.graph.delete(self.path(task))
        then = self.graph.get(first["@odata.deltaLink"], IMMUTABLE).json
        self.assertEqual(then["value"][0]["id"], first["value"][0]["id"])

    def test_unset_members_are_null_where_the_service_feels_so(self):
        self.create("one")
        self.assertNotIn("dueDateTime", self.graph.delta(self.tasks + "/delta")[0][0])
        self.admin.personality(null_in_delta=True)
        self.assertIsNone(self.graph.delta(self.tasks + "/delta")[0][0]["dueDateTime"])

    def test_pages_misbehave_on_request(self):
        self.create("one", dueDateTime=day("2026-05-04"))
        start = self.tasks + "/delta"
        self.admin.fault("repeat_items")
        self.assertEqual(len(self.graph.delta(start)[0]), 2)
        self.admin.fault("partial_items")
        entry = self.graph.delta(start)[0][0]
        self.assertEqual(entry["title"], "one")
        self.assertNotIn("status", entry)
        self.admin.fault("empty_page")
        answer = self.graph.get(start).json
        self.assertEqual(answer["value"], [])
        self.assertEqual(len(self.graph.delta(answer["@odata.nextLink"])[0]), 1)
        self.admin.fault("foreign_link")
        self.assertTrue(self.graph.get(start).json["@odata.deltaLink"].startswith(
            "https://tasks.example.net/v1.0/me/todo/lists/"))
        self.admin.fault("no_tracking")
        self.assertEqual([k for k in self.graph.get(start).json if "Link" in k], [])
        self.admin.fault("status", status=503, retry_after="2.128")
        self.assertEqual(self.graph.get(start).headers["Retry-After"], "2.128")


class OneMailbox(GraphCase):
    """A change through one side shows in the other."""

    def test_tasks_show_on_both_sides(self):
        rest_link = self.rest.sync("/taskfolders('Tasks')/tasks")[1]
        link = self.graph.delta(self.tasks + "/delta")[1]
        task = self.create("made on To Do", importance="high", categories=["Work"],
                           dueDateTime=day("2026-05-06"), status="waitingOnOthers")
        entries, rest_link = self.rest.sync("/taskfolders('Tasks')/tasks", rest_link)
        self.assertEqual([(e["Id"], e["Subject"], e["Importance"], e["Status"]) for e in entries],
                         [(task["id"], "made on To Do", "High", "WaitingOnOthers")])
        self.rest.patch(f"/tasks/{task['id']}", {"Subject": "renamed", "DueDateTime": None})
        other = self.rest.create("made on v2.0")
        entries, link = self.graph.delta(link)
        self.assertEqual([(e["id"], e["title"]) for e in entries],
                         [(task["id"], "renamed"), (other["Id"], "made on v2.0")])
        self.assertNotIn("dueDateTime", entries[0])
        self.rest.delete(f"/tasks/{task['id']}")
        self.assertEqual(self.graph.delta(link)[0],
                         [{"@removed": {"reason": "deleted"}, "id": task["id"]}])

    def test_lists_show_on_both_sides(self):
        made = self.graph.post("/lists", {"displayName": "Garden"}).json
        folders = self.rest.get("/taskfolders").json["value"]
        self.assertEqual([f["Name"] for f in folders], ["Tasks", "Garden"])
        self.rest.patch(f"/taskfolders('{made['id']}')", {"Name": "Balcony"})
        self.assertEqual(self.graph.get(f"/lists/{made['id']}").json["displayName"], "Balcony")
        self.rest.delete(f"/taskfolders('{made['id']}')")
        self.assertEqual([e["displayName"] for e in self.graph.pages("/lists")], ["Tasks"])

    def test_a_series_shows_on_both_sides(self):
        task = self.create("series", dueDateTime=day("2026-05-04", PARIS),
                           recurrence=weekly("2026-05-04"))
        seen = self.rest.get(f"/tasks/{task['id']}").json
        self.assertEqual(seen["Recurrence"]["Pattern"]["DaysOfWeek"], ["Monday"])
        self.rest.post(f"/tasks/{task['id']}/complete")
        moved = self.read(task)
        self.assertEqual(moved["dueDateTime"]["dateTime"], "2026-05-10T22:00:00.0000000")

    def test_the_administration_shows_what_a_task_holds(self):
        task = self.create("one", linkedResources=[{"webUrl": "https://a.example/"}], extensions=[{
            "@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "a.b", "v": "1"}])
        self.graph.post(self.path(task) + "/checklistItems", {"displayName": "Milk"})
        shown = self.admin.tasks("alice")["one"]
        self.assertEqual(shown["checklistItems"][0]["displayName"], "Milk")
        self.assertEqual(shown["linkedResources"][0]["webUrl"], "https://a.example/")
        self.assertEqual(shown["extensions"][0]["v"], "1")

    def test_a_wrong_switch_is_refused(self):
        answer = self.admin.request("POST", "/admin/personality", '{"no_such": true}')
        self.assertEqual(answer.status, 400)


if __name__ == "__main__":
    unittest.main()


class Attachments(GraphCase):
    """B.9"""
    TYPE = "#microsoft.graph.taskFileAttachment"

    def setUp(self):
        super().setUp()
        self.task = self.create("one")
        self.files = self.path(self.task) + "/attachments"

    def file(self, name="a.txt", content=b"hi", **more):
        return {"@odata.type": self.TYPE, "name": name,
                "contentBytes": base64.b64encode(content).decode(), **more}

    def add(self, *args, **more):
        answer = self.graph.post(self.files, self.file(*args, **more))
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def v2(self):
        return self.rest.get(f"/tasks('{self.task['id']}')/attachments").json["value"]

    def test_content_is_shown_singly_alone(self):
        made = self.add(contentType="text/plain")
        self.assertEqual({n for n in made if n != "@odata.context"},
                         {"@odata.type", "id", "lastModifiedDateTime", "name", "contentType", "size"})
        self.assertEqual((made["@odata.type"], made["name"], made["contentType"]),
                         (self.TYPE, "a.txt", "text/plain"))
        (listed,) = self.graph.get(self.files).json["value"]
        self.assertEqual(listed, {n: v for n, v in made.items() if n != "@odata.context"})
        one = self.graph.get(f"{self.files}/{made['id']}").json
        self.assertEqual(one["contentBytes"], "aGk=")
        self.assertEqual(self.add("b")["contentType"], "application/octet-stream")
        self.assertEqual(self.graph.delete(f"{self.files}/{made['id']}").status, 204)
        self.refused(self.graph.delete(f"{self.files}/{made['id']}"), 404, "ErrorItemNotFound")
        self.refused(self.graph.get(f"{self.files}/{made['id']}"), 404, "ErrorItemNotFound")
        self.refused(self.graph.patch(f"{self.files}/{made['id']}", {"name": "c"}), 405)

    def test_both_sides_see_the_same_files(self):
        made = self.add(contentType="text/plain")
        (seen,) = self.v2()
        self.assertEqual((seen["Id"], seen["Name"], seen["ContentBytes"], seen["Size"]),
                         (made["id"], "a.txt", "aGk=", made["size"]))
        path = f"/tasks('{self.task['id']}')/attachments"
        for value in ({"@odata.type": "#Microsoft.OutlookServices.FileAttachment", "Name": "b.txt",
                       "ContentBytes": "aGk="},
                      {"@odata.type": "#Microsoft.OutlookServices.ReferenceAttachment",
                       "Name": "link", "SourceUrl": "https://example.com/"}):
            self.assertEqual(self.rest.post(path, value).status, 201)
        link = next(a["Id"] for a in self.v2() if a["Name"] == "link")
        self.assertEqual([a["name"] for a in self.graph.pages(self.files)], ["a.txt", "b.txt"])
        self.refused(self.graph.get(f"{self.files}/{link}"), 404)

    def test_the_task_says_so_and_has_a_new_version_unless_told_otherwise(self):
        _, link = self.graph.delta(self.tasks + "/delta")
        made = self.add()
        entries, link = self.graph.delta(link)
        self.assertEqual([e["hasAttachments"] for e in entries], [True])
        self.admin.personality(silent_children=True)
        self.assertEqual(self.graph.delete(f"{self.files}/{made['id']}").status, 204)
        self.assertEqual(self.graph.delta(link)[0], [])
        self.assertFalse(self.read(self.task)["hasAttachments"])

    def test_a_listing_comes_in_pages(self):
        for number in range(12):
            self.add(str(number))
        self.assertIn("@odata.nextLink", self.graph.get(self.files).json)
        self.assertEqual([a["name"] for a in self.graph.pages(self.files)],
                         [str(n) for n in range(12)])

    def test_what_is_wrong_is_refused(self):
        for value in ({"name": "x", "contentBytes": "aGk="}, self.file(""), self.file("x" * 256),
                      self.file(name=None), self.file(contentBytes="aGk"),
                      self.file(contentBytes=None), self.file(contentType=7), self.file(size=2),
                      self.file(id="x"), self.file(Name="x"), self.file(isInline=True),
                      dict(self.file(), **{"@odata.type": "microsoft.graph.fileAttachment"}),
                      dict(self.file(),
                           **{"@odata.type": "#Microsoft.OutlookServices.FileAttachment"})):
            with self.subTest(value):
                self.refused(self.graph.post(self.files, value), 400, "invalidRequest",
                             "InvalidModel")
        for query in ("$select=name", "$expand=checklistItems", "$orderby=name",
                      "$filter=name%20eq%20'x'"):
            self.refused(self.graph.get(f"{self.files}?{query}"), 400, "invalidRequest")
        self.refused(self.graph.get(f"{self.tasks}?$expand=attachments"), 400)
        self.assertEqual(self.graph.post(self.files, self.file(content=bytes(3 << 20))).status, 201)
        self.refused(self.graph.post(self.files, self.file(content=bytes((3 << 20) + 1))), 413)
        self.assertEqual(len(self.v2()), 1)
        other = self.create("two")
        (made,) = self.v2()
        self.refused(self.graph.get(f"{self.path(other)}/attachments/{made['Id']}"), 404)
        self.refused(self.sandbox.graph("bob-token").get(self.files), 404)

    # --- pieces

    def session(self, size, name="big", status=200, **more):
        answer = self.graph.post(self.files + "/createUploadSession", {"attachmentInfo": {
            "attachmentType": "file", "name": name, "size": size, **more}})
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def put(self, session, first, content, total, **headers):
        headers = {"Content-Type": "application/octet-stream",
                   "Content-Range": f"bytes {first}-{first + len(content) - 1}/{total}", **headers}
        return self.graph.request("PUT", session["uploadUrl"] + "/content", content, headers)

    def test_a_file_comes_in_pieces(self):
        session = self.session(10, contentType="image/png")
        self.assertTrue(session["uploadUrl"].startswith(self.sandbox.origin + "/v1.0/users/"))
        self.assertIn("/attachmentSessions/", session["uploadUrl"])
        self.assertEqual(session["nextExpectedRanges"], ["0-"])
        answer = self.put(session, 0, b"01234", 10)
        self.assertEqual((answer.status, answer.json), (200, {
            "ExpirationDateTime": session["expirationDateTime"], "NextExpectedRanges": ["5"]}))
        self.assertEqual(self.graph.get(session["uploadUrl"]).json["nextExpectedRanges"], ["5-"])
        self.assertEqual(self.graph.get(self.files).json["value"], [])
        self.assertFalse(self.read(self.task)["hasAttachments"])
        answer = self.put(session, 5, b"56789", 10)
        self.assertEqual((answer.status, answer.body), (201, b""))
        (made,) = self.graph.get(self.files).json["value"]
        self.assertTrue(answer.headers["Location"].endswith("/Attachments/" + made["id"]), answer)
        self.assertEqual((made["name"], made["contentType"]), ("big", "image/png"))
        self.assertEqual(base64.b64decode(self.v2()[0]["ContentBytes"]), b"0123456789")
        self.refused(self.graph.get(session["uploadUrl"]), 404)

    def test_pieces_come_in_order_and_fit(self):
        session = self.session(6 << 20)
        half = bytes(3 << 20)
        total = 6 << 20
        self.refused(self.put(session, 1, half, total), 416)
        self.refused(self.put(session, 0, half, total - 1), 416)
        self.refused(self.put(session, 0, half, total, **{
            "Content-Range": f"bytes 0-{len(half)}/{total}"}), 416)
        self.refused(self.put(session, 0, half, total, **{"Content-Range": "0-1"}), 416)
        self.refused(self.put(session, 0, half, total, **{"Content-Type": "image/png"}), 415)
        self.refused(self.put(session, 0, bytes((4 << 20) + 1), total), 413)
        self.assertEqual(self.put(session, 0, half, total).status, 200)
        self.refused(self.put(session, 0, half, total), 416)
        self.refused(self.graph.post(session["uploadUrl"] + "/content", {}), 405)
        self.refused(self.sandbox.graph("bob-token").request(
            "PUT", session["uploadUrl"] + "/content", half), 400)
        self.assertEqual(self.put(session, 3 << 20, half, total).status, 201)
        self.assertEqual(len(self.graph.get(self.files).json["value"]), 1)

    def test_a_session_ends(self):
        session = self.session(10)
        self.assertEqual(self.graph.delete(session["uploadUrl"]).status, 204)
        self.refused(self.put(session, 0, b"0123456789", 10), 404, "ErrorItemNotFound")
        session = self.session(10)
        self.clock.advance(3600)
        self.refused(self.put(session, 0, b"0123456789", 10), 404, "ErrorItemNotFound")
        session = self.session(10)
        self.assertEqual(self.graph.delete(self.path(self.task)).status, 204)
        self.refused(self.put(session, 0, b"0123456789", 10), 404)

    def test_wrong_sessions_are_refused(self):
        for more in ({"attachmentType": "item"}, {"size": 0}, {"size": "1"}, {"size": 1.5},
                     {"name": ""}, {"contentBytes": "aGk="}, {"isInline": False},
                     {"contentType": 7}):
            answer = self.graph.post(self.files + "/createUploadSession", {
                "attachmentInfo": {"attachmentType": "file", "name": "x", "size": 1, **more}})
            self.refused(answer, 400, "invalidRequest", "InvalidModel")
        for body in ({}, {"AttachmentItem": {}}, {"attachmentInfo": []},
                     {"attachmentInfo": {"attachmentType": "file", "name": "x", "size": 1}, "x": 1}):
            self.refused(self.graph.post(self.files + "/createUploadSession", body), 400)
        self.session(25 << 20)
        self.session((25 << 20) + 1, status=413)
