"""Microsoft To Do as upstream, end to end: a CalDAV client on one side, the REST of the sandbox's Graph
side on the other (reference/upstream.md B, mapping.md, the Graph columns)."""
import base64
import concurrent.futures
import json
import random
import string
import urllib.parse
import zlib

from harness import Bridge, Case, unfold, vtodo

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
LOOK_AGAIN = 6  # seconds after which an unclear operation is looked up again (5 s)
FULL = 6 * 3600  # seconds after which a list is read whole
PARIS = "Romance Standard Time"
INLINE = "ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=text/plain;FILENAME=a.txt:aGk="


def day(date):
    return {"dateTime": f"{date}T00:00:00", "timeZone": PARIS}


def weekly(date, **range_):
    return {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"],
                        "firstDayOfWeek": "monday"},
            "range": {"type": "noEnd", "startDate": date, **range_}}


class Todo(Case):
    """Alice's To Do account; it is 10:00 in Paris, Monday 2026-05-04."""
    settings = {}

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.admin = self.sandbox.admin
        self.graph = self.sandbox.graph(zone=PARIS, prefer=['IdType="ImmutableId"'])
        self.prepare()
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock, **{
            "upstream sandbox": {"dialect": "todo", "url": f"{self.sandbox.origin}/v1.0/"},
            **self.settings})
        self.tasks = f"/lists/{self.graph.list_id()}/tasks"
        self.list = self.dav.collections()["Tasks"]

    def prepare(self):
        """What is upstream before the account is linked."""

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def restart(self, how="stop"):
        getattr(self.bridge, how)()
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.bridge.run(
            "password", "add", "alice", "--label", "more").strip())

    def put(self, name, *lines, status=201, **headers):
        answer = self.dav.put(f"{self.list}{name}.ics", vtodo(name, *lines), **headers)
        self.assertEqual(answer.status, status, answer)
        return answer

    def lines(self, name):
        answer = self.dav.get(f"{self.list}{name}.ics")
        self.assertEqual(answer.status, 200, answer)
        return unfold(answer.text)

    def assert_lines(self, lines, *wanted):
        for line in wanted:
            if line.startswith("!"):
                self.assertFalse([l for l in lines if l.startswith(line[1:])], lines)
            else:
                self.assertIn(line, lines)

    def names(self):
        return {href[len(self.list):-4] for href in self.dav.etags(self.list)}

    def found(self, summary):
        """The name of the one resource with this title."""
        names = [name for name in self.names() if f"SUMMARY:{summary}" in self.lines(name)]
        self.assertEqual(len(names), 1, names)
        return names[0]

    def upstream(self, query=""):
        """Tasks by title; fails when two have the same."""
        tasks = self.graph.pages(self.tasks + query)
        by_title = {task["title"]: task for task in tasks}
        self.assertEqual(len(by_title), len(tasks), [task["title"] for task in tasks])
        return by_title

    def whole(self, title):
        """One task as a single GET shows it, with all that belongs to it."""
        task = self.upstream()[title]
        return self.graph.get(f"{self.tasks}/{task['id']}?$expand=checklistItems,linkedResources,"
                              "extensions").json

    def checklist(self, title):
        """[(name, ticked)] upstream."""
        return [(item["displayName"], item["isChecked"])
                for item in self.whole(title)["checklistItems"]]

    def bodies(self, method):
        """Paths and bodies of what was sent, oldest first."""
        return [(r["path"], r.get("body")) for r in self.admin.requests(method=method)]


class Fields(Todo):
    def test_a_task_goes_there_and_comes_back_byte_for_byte(self):
        answer = self.put("a", "SUMMARY:Milk", "DESCRIPTION:two litres", "PRIORITY:2",
                          "DUE;VALUE=DATE:20260506", "CATEGORIES:Home,Shop", "CLASS:PRIVATE",
                          "LOCATION:Paris", "STATUS:IN-PROCESS", if_none_match="*")
        self.assertIsNotNone(answer.etag)
        task = self.whole("Milk")
        self.assertEqual(task["body"]["content"].strip(), "two litres")
        self.assertEqual(task["importance"], "high")
        self.assertEqual(task["dueDateTime"]["dateTime"][:19], "2026-05-06T00:00:00")
        self.assertEqual(task["categories"], ["Home", "Shop"])
        self.assertEqual(task["status"], "inProgress")
        before = self.poll()
        self.assertEqual(self.poll(), before)
        got = self.dav.get(self.list + "a.ics")
        self.assertEqual(got.etag, answer.etag)
        self.assert_lines(unfold(got.text), "CLASS:PRIVATE", "LOCATION:Paris", "PRIORITY:2")

    def test_each_field_is_cleared_as_b_says(self):
        self.put("a", "SUMMARY:x", "DESCRIPTION:text", "PRIORITY:1", "DUE;VALUE=DATE:20260506",
                 "DTSTART;VALUE=DATE:20260505", "CATEGORIES:Home", "BEGIN:VALARM", "ACTION:DISPLAY",
                 "DESCRIPTION:x", "TRIGGER;VALUE=DATE-TIME:20260505T080000Z", "END:VALARM")
        task = self.whole("x")
        self.assertTrue(task["isReminderOn"])
        self.assertEqual(task["startDateTime"]["dateTime"][:10], "2026-05-05")
        self.put("a", "SUMMARY:x", status=204)
        (_, body), = self.bodies("PATCH")
        self.assertIn('"isReminderOn":false,"reminderDateTime":null', body)  # V104
        task = self.whole("x")
        for name in ("dueDateTime", "startDateTime", "reminderDateTime", "recurrence"):
            self.assertNotIn(name, task)
        self.assertFalse(task["isReminderOn"])
        self.assertEqual(task["categories"], [])
        self.assertEqual(task["body"]["content"].strip(), "")
        self.assertEqual(task["importance"], "normal")

    def test_all_five_statuses_come_and_go(self):
        statuses = {"notStarted": "NEEDS-ACTION", "inProgress": "IN-PROCESS",
                    "completed": "COMPLETED", "waitingOnOthers": "IN-PROCESS",
                    "deferred": "NEEDS-ACTION"}
        for status in statuses:
            self.graph.create(status, self.graph.list_id(), status=status)
        self.poll()
        for status, shown in statuses.items():
            name = self.found(status)
            self.assert_lines(self.lines(name), f"STATUS:{shown}")
            etag = self.dav.get(f"{self.list}{name}.ics").etag
            text = self.dav.get(f"{self.list}{name}.ics").text
            answer = self.dav.put(f"{self.list}{name}.ics",
                                  text.replace(f"SUMMARY:{status}", f"SUMMARY:{status}!"),
                                  if_match=etag)
            self.assertEqual(answer.status, 204, answer)
        self.assertEqual({title[:-1]: task["status"] for title, task in self.upstream().items()},
                         {status: status for status in statuses})

    def test_v052_reopening_clears_the_completion(self):
        self.put("a", "SUMMARY:x", "STATUS:COMPLETED", "COMPLETED:20260504T070000Z")
        self.assertEqual(self.whole("x")["completedDateTime"]["dateTime"][:10], "2026-05-04")
        self.put("a", "SUMMARY:x", "STATUS:NEEDS-ACTION", status=204)
        (_, body), = self.bodies("PATCH")
        self.assertEqual(body, '{"status":"notStarted","completedDateTime":null}')
        task = self.whole("x")
        self.assertEqual(task["status"], "notStarted")
        self.assertNotIn("completedDateTime", task)

    def test_a_change_upstream_arrives_with_one_request(self):
        self.put("a", "SUMMARY:x", "LOCATION:here")
        task = self.upstream()["x"]
        self.poll()
        self.admin.clear_requests()
        self.graph.patch(f"{self.tasks}/{task['id']}", {"title": "y", "importance": "high"})
        self.poll()
        self.assert_lines(self.lines("a"), "SUMMARY:y", "PRIORITY:1", "LOCATION:here")
        gets = [r["path"] for r in self.admin.requests(method="GET")]
        self.assertEqual([p for p in gets if f"/tasks/{task['id']}" in p], [])

    def test_v078_v079_the_first_link_with_an_address_is_the_url(self):
        self.graph.create("x", self.graph.list_id(), linkedResources=[
            {"webUrl": None, "displayName": "SMS"}, {"webUrl": "https://a", "displayName": None}])
        self.poll()
        self.assert_lines(self.lines(self.found("x")), "URL:https://a")

    def test_v069_html_notes_survive_a_service_that_answers_in_text(self):
        self.put("a", "SUMMARY:x", "DESCRIPTION:bold", "X-ALT-DESC;FMTTYPE=text/html:<b>bold</b>")
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        self.assert_lines(self.lines("a"), "X-ALT-DESC;FMTTYPE=text/html:<b>bold</b>",
                          "DESCRIPTION:bold")
        self.admin.clear_requests()
        self.put("a", "SUMMARY:y", "DESCRIPTION:bold", status=204)
        (_, body), = self.bodies("PATCH")
        self.assertNotIn("body", body)

    def test_a_rule_that_a_listing_lacks_is_read_again(self):  # V155
        self.put("a", "SUMMARY:x", "DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260504",
                 "RRULE:FREQ=WEEKLY")
        self.poll()
        self.admin.fault("partial_items", path="/delta")
        task = self.upstream()["x"]
        self.graph.patch(f"{self.tasks}/{task['id']}", {"importance": "high"})
        self.poll()
        self.assert_lines(self.lines("a"), "RRULE:FREQ=WEEKLY", "PRIORITY:1")
        self.graph.patch(f"{self.tasks}/{task['id']}", {"recurrence": None})
        self.poll()
        self.assert_lines(self.lines("a"), "!RRULE")

    def test_a_forgotten_token_leads_to_a_full_round_and_no_loss(self):
        for status, code in ((410, "SyncStateNotFound"), (410, "syncStateNotFound"),
                             (410, "resyncRequired"), (400, "ErrorInvalidIdMalformed"),
                             (404, "ResourceNotFound")):
            with self.subTest(code):
                self.put(code, f"SUMMARY:{code}", "LOCATION:kept")
                ctag = self.poll()
                self.admin.fault("expire_delta", path="/tasks/delta", status=status, code=code)
                self.graph.create(f"new {code}", self.graph.list_id())
                self.assertNotEqual(self.poll(), ctag)
                self.assert_lines(self.lines(code), "LOCATION:kept")
                self.found(f"new {code}")


class MoreLinks(Todo):
    """mapping.md 2.13: the links of a task beyond the first one"""

    def prepare(self):
        self.task = self.graph.create("x", self.graph.list_id(), linkedResources=[
            {"displayName": "SMS"}, {"webUrl": "https://a.example/"},
            {"webUrl": "https://b.example/1", "displayName": "Mail: b"},
            {"webUrl": "https://c.example/2"}])
        self.links = f"/lists/{self.graph.list_id()}/tasks/{self.task['id']}/linkedResources"

    def attached(self, name):
        return [l for l in self.lines(name) if l.startswith("ATTACH")]

    BOTH = ['ATTACH;X-MSTASK-LINK=1;FILENAME="Mail: b":https://b.example/1',
            "ATTACH;X-MSTASK-LINK=1;FILENAME=c.example:https://c.example/2"]

    def test_they_are_attachments_and_come_and_go(self):
        self.poll()
        x = self.found("x")
        self.assert_lines(self.lines(x), "URL:https://a.example/")
        self.assertEqual(sorted(self.attached(x)), self.BOTH)
        self.graph.attach(self.task["id"], "f.txt")
        self.poll()
        self.assertEqual(sorted(self.attached(x))[1:], self.BOTH)
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        links = {l["webUrl"]: l["id"] for l in self.graph.get(self.links).json["value"]}
        self.graph.patch(f"{self.links}/{links['https://b.example/1']}",
                         {"webUrl": "https://b.example/3"})
        self.graph.delete(f"{self.links}/{links['https://c.example/2']}")
        self.poll()
        self.assertEqual(self.attached(x)[1:],
                         ['ATTACH;X-MSTASK-LINK=1;FILENAME="Mail: b":https://b.example/3'])

    def test_what_a_client_writes_besides_leaves_them_alone(self):
        self.poll()
        x = self.found("x")
        lines = [l for l in self.lines(x) if not l.startswith("SUMMARY:")]
        href = f"{self.list}{x}.ics"
        text = "\r\n".join(lines).replace("BEGIN:VTODO", "BEGIN:VTODO\r\nSUMMARY:y") + "\r\n"
        self.assertEqual(self.dav.put(href, text).status, 204)
        self.assertEqual(sorted(self.attached(x)), self.BOTH)
        self.assertEqual(len(self.graph.get(self.links).json["value"]), 4)
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        text = text.replace(self.BOTH[0] + "\r\n", "")
        etag = self.dav.get(href).etag
        self.assertEqual(self.dav.put(href, text, if_match=etag).status, 204)
        self.assertEqual([l["webUrl"] for l in self.graph.get(self.links).json["value"]],
                         [None, "https://a.example/", "https://c.example/2"])
        self.assertEqual(self.attached(x), self.BOTH[1:])


class Links(Todo):
    settings = {"mapping": {"url_as_link": "yes"}}

    def test_a_url_becomes_a_link(self):
        answer = self.put("a", "SUMMARY:x", "URL:https://example.org/a?b=c")
        self.assertIsNotNone(answer.etag)
        link, = self.whole("x")["linkedResources"]
        self.assertEqual(link["webUrl"], "https://example.org/a?b=c")
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        task = self.upstream()["x"]
        self.graph.delete(f"{self.tasks}/{task['id']}/linkedResources/{link['id']}")
        self.poll()
        self.assert_lines(self.lines("a"), "!URL")


class Lists(Todo):
    def prepare(self):
        self.flagged = self.admin.add_folder("alice", "Flagged Emails", "flagged")
        self.shared = self.admin.add_folder("alice", "Family", "shared_by")

    def test_flagged_mails_are_read_only_and_shared_lists_are_not(self):
        lists = self.dav.collections()
        self.assertEqual(set(lists), {"Tasks", "Flagged Emails", "Family"})
        answer = self.dav.put(lists["Flagged Emails"] + "a.ics", vtodo("a", "SUMMARY:x"))
        self.assertEqual(answer.status, 403, answer)
        self.assertIn("need-privileges", answer.text)
        self.assertEqual(self.dav.put(lists["Family"] + "a.ics", vtodo("a", "SUMMARY:x")).status,
                         201)

    def test_lists_are_made_renamed_and_removed(self):
        path = self.dav.home + "new/"
        body = ('<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set>'
                "<d:prop><d:displayname>New</d:displayname></d:prop></d:set></c:mkcalendar>")
        self.assertEqual(self.dav.request("MKCALENDAR", path, body).status, 201)
        self.assertTrue(self.graph.list_id("New"))
        body = ('<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><d:displayname>Newer'
                "</d:displayname></d:prop></d:set></d:propertyupdate>")
        self.assertEqual(self.dav.request("PROPPATCH", path, body).status, 207)
        self.assertTrue(self.graph.list_id("Newer"))
        self.assertEqual(self.dav.request("DELETE", path).status, 204)
        self.assertEqual([l for l in self.graph.pages("/lists") if l["displayName"] == "Newer"], [])

    def test_a_list_that_the_delta_brings_appears_and_goes(self):
        made = self.graph.post("/lists", {"displayName": "More"}).json["id"]
        self.clock.advance(FRESH)
        self.assertIn("More", self.dav.collections())  # which waits for the whole round
        self.graph.delete(f"/lists/{made}")
        self.clock.advance(FRESH)
        self.assertNotIn("More", self.dav.collections())


class Subtasks(Todo):
    """mapping.md 2.12"""

    def prepare(self):
        self.parent = self.graph.create("Party", self.graph.list_id())
        self.items = f"/lists/{self.graph.list_id()}/tasks/{self.parent['id']}/checklistItems"

    def add(self, name, ticked=False):
        answer = self.graph.post(self.items, {"displayName": name, "isChecked": ticked})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def uid(self, name):
        return next(l[4:] for l in self.lines(name) if l.startswith("UID:"))

    def below(self):
        """The line that names Party as the parent."""
        return f"RELATED-TO;RELTYPE=PARENT:{self.uid(self.found('Party'))}"

    def sent(self):
        """(method, end of the path) of each change that the bridge has asked for."""
        return [(r["method"], urllib.parse.unquote(r["path"].split("/tasks", 1)[1].split("?")[0]))
                for r in self.admin.requests() if r["method"] != "GET"]

    def test_v080_items_are_resources_below_their_task(self):
        self.add("Cake")
        self.clock.advance(60)
        self.add("Milk", ticked=True)
        self.poll()
        self.assertEqual(len(self.names()), 3)
        milk = self.lines(self.found("Milk"))
        self.assert_lines(milk, self.below(), "STATUS:COMPLETED", "COMPLETED:20260504T080100Z",
                          "CREATED:20260504T080100Z")
        self.assert_lines(self.lines(self.found("Cake")), self.below(), "STATUS:NEEDS-ACTION",
                          "!COMPLETED")
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)

    def test_items_are_ticked_renamed_and_removed_upstream(self):
        first, second = self.add("Cake"), self.add("Milk")
        self.poll()
        cake, milk = self.found("Cake"), self.found("Milk")
        self.graph.patch(f"{self.items}/{first['id']}", {"displayName": "Pie", "isChecked": True})
        self.poll()
        self.assert_lines(self.lines(cake), "SUMMARY:Pie", "STATUS:COMPLETED", self.below())
        self.graph.patch(f"{self.items}/{first['id']}", {"isChecked": False})
        self.graph.delete(f"{self.items}/{second['id']}")
        self.poll()
        self.assert_lines(self.lines(cake), "STATUS:NEEDS-ACTION", "!COMPLETED")
        self.assertEqual(self.dav.get(f"{self.list}{milk}.ics").status, 404)

    def test_v081_a_simple_child_becomes_an_item(self):
        self.poll()
        self.admin.clear_requests()
        answer = self.put("c", "SUMMARY:Eggs", self.below(), "X-APPLE-SORT-ORDER:7",
                          if_none_match="*")
        self.assertIsNotNone(answer.etag)
        self.assertEqual(self.sent(), [("POST", f"/{self.parent['id']}/checklistItems")])
        self.assertEqual(self.bodies("POST")[0][1], '{"displayName":"Eggs","isChecked":false}')
        self.assertEqual(self.checklist("Party"), [("Eggs", False)])
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        self.assertEqual(len(self.names()), 2)
        self.assert_lines(self.lines("c"), "X-APPLE-SORT-ORDER:7", "UID:c")
        self.put("c", "SUMMARY:Ham", "STATUS:COMPLETED", self.below(), status=204)
        self.assertEqual(self.checklist("Party"), [("Ham", True)])
        self.put("c", "SUMMARY:Ham", "STATUS:NEEDS-ACTION", self.below(), status=204)
        self.assertEqual(self.checklist("Party"), [("Ham", False)])
        self.assertEqual(self.dav.delete(f"{self.list}c.ics").status, 204)
        self.assertEqual(self.checklist("Party"), [])
        self.poll()
        self.assertEqual(len(self.names()), 1)

    def test_v082_an_item_with_a_date_becomes_a_task(self):
        self.poll()
        self.put("c", "SUMMARY:Eggs", self.below())
        after = self.admin.last()
        answer = self.put("c", "SUMMARY:Eggs", "DUE;VALUE=DATE:20260507", self.below(), status=204)
        self.assertIsNotNone(answer.etag)
        self.admin.wait(method="DELETE", path="/checklistItems/", after=after)
        self.assertEqual(self.checklist("Party"), [])
        self.assertEqual(self.upstream()["Eggs"]["dueDateTime"]["dateTime"][:10], "2026-05-07")
        self.poll()
        self.assertEqual(self.names(), {"c", self.found("Party")})
        self.assert_lines(self.lines("c"), "UID:c", "DUE;VALUE=DATE:20260507", self.below())
        self.put("c", "SUMMARY:Eggs", self.below(), status=204)  # and stays one
        self.assertEqual(self.checklist("Party"), [])
        self.assertNotIn("dueDateTime", self.upstream()["Eggs"])

    def test_a_child_with_more_than_a_name_and_a_tick_is_a_task(self):
        self.poll()
        parent = self.below()
        for number, lines in enumerate((
                ["DTSTART;VALUE=DATE:20260507"], ["DUE;VALUE=DATE:20260507", "RRULE:FREQ=DAILY"],
                ["DUE;VALUE=DATE:20260507", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x",
                 "TRIGGER:-PT1H", "END:VALARM"], ["DESCRIPTION:x"], ["CATEGORIES:x"],
                ["PRIORITY:5"])):
            self.put(f"c{number}", f"SUMMARY:c{number}", parent, *lines)
            self.assertIn(f"c{number}", self.upstream())
        self.put("d", "SUMMARY:d", parent, "PRIORITY:0", "PERCENT-COMPLETE:0",
                 "CREATED:20200101T000000Z")
        self.assertEqual(self.checklist("Party"), [("d", False)])
        self.assertEqual(len(self.upstream()), 7)

    def test_a_completed_parent_leaves_its_items_as_they_are(self):
        self.put("p", "SUMMARY:Shop")
        self.put("c", "SUMMARY:Eggs", "RELATED-TO:p")
        self.put("p", "SUMMARY:Shop", "STATUS:COMPLETED", status=204)
        self.assertEqual(self.checklist("Shop"), [("Eggs", False)])
        self.poll()
        self.assert_lines(self.lines("c"), "RELATED-TO:p", "!STATUS:COMPLETED")
        self.assertEqual(self.names(), {"p", "c", self.found("Party")})

    def test_an_item_with_a_file_becomes_a_task(self):
        self.poll()
        self.put("new", "SUMMARY:Cups", self.below(), INLINE)
        self.put("c", "SUMMARY:Eggs", self.below())
        after = self.admin.last()
        answer = self.dav.request(
            "POST", self.list + "c.ics?action=attachment-add", b"hi", {"Content-Type": "text/plain"})
        self.assertEqual(answer.status, 403, answer)
        self.put("c", "SUMMARY:Eggs", self.below(), INLINE, status=204)
        self.admin.wait(method="DELETE", path="/checklistItems/", after=after)
        self.assertEqual(self.checklist("Party"), [])
        for name, title in (("c", "Eggs"), ("new", "Cups")):
            path = f"{self.tasks}/{self.upstream()[title]['id']}/attachments"
            self.assertEqual([a["name"] for a in self.graph.get(path).json["value"]], ["a.txt"])
            self.assert_lines(self.lines(name), f"UID:{name}", self.below())
            self.assertEqual(1, sum(l.startswith("ATTACH;MANAGED-ID=") for l in self.lines(name)))

    def test_a_kill_in_the_middle_of_a_promotion_doubles_nothing(self):
        for fault, method, path in (("hold_after", "POST", "/tasks"),
                                    ("hold", "DELETE", "/checklistItems/")):
            with self.subTest(method):
                name = "x" + method.lower()
                self.poll()
                self.put(name, f"SUMMARY:{name}", self.below())
                parent = self.below()
                after = self.admin.last()
                self.admin.fault(fault, method=method, path=path)
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    pool.submit(self.dav.put, f"{self.list}{name}.ics", vtodo(
                        name, f"SUMMARY:{name}", "DUE;VALUE=DATE:20260507", parent))
                    self.admin.wait(method=method, path=path, arrived=True, after=after)
                    self.restart("kill")
                self.admin.release()
                self.admin.clear_faults()
                self.clock.advance(LOOK_AGAIN)
                self.admin.wait(method="DELETE", path="/checklistItems/", after=after,
                                count=1 if method == "POST" else 2)
                self.poll()
                self.assertEqual(self.checklist("Party"), [])
                self.assertEqual(self.upstream()[name]["dueDateTime"]["dateTime"][:10],
                                 "2026-05-07")
                self.assertEqual(len([n for n in self.names()
                                      if f"SUMMARY:{name}" in self.lines(n)]), 1)
                self.assert_lines(self.lines(name), f"UID:{name}", "DUE;VALUE=DATE:20260507")

    def test_the_answer_to_a_new_item_is_lost(self):
        self.poll()
        parent = self.below()
        self.admin.fault("cut_after", method="POST", path="/checklistItems")
        self.put("c", "SUMMARY:Eggs", parent, status=503)
        self.clock.advance(LOOK_AGAIN)
        self.put("c", "SUMMARY:Eggs", parent)
        self.assertEqual(self.checklist("Party"), [("Eggs", False)])
        self.poll()
        self.assertEqual(len(self.names()), 2)

    def test_v083_a_child_whose_parent_is_unknown_is_a_task(self):
        self.put("c", "SUMMARY:Eggs", "RELATED-TO:p")
        self.assertIn("Eggs", self.upstream())
        self.put("p", "SUMMARY:Shop")
        self.assert_lines(self.lines("c"), "RELATED-TO:p")
        self.put("d", "SUMMARY:Ham", "RELATED-TO:p")
        self.assertEqual(self.checklist("Shop"), [("Ham", False)])

    def test_one_level_is_all_and_nobody_is_its_own_parent(self):
        self.put("p", "SUMMARY:Shop")
        self.put("c", "SUMMARY:Eggs", "RELATED-TO:p")
        self.put("g", "SUMMARY:White", "RELATED-TO:c")
        self.put("s", "SUMMARY:Self", "RELATED-TO:s")
        self.assertEqual(self.checklist("Shop"), [("Eggs", False)])
        self.assertIn("White", self.upstream())
        self.assertIn("Self", self.upstream())

    def test_an_item_goes_to_another_parent(self):
        self.put("p", "SUMMARY:Shop")
        self.put("q", "SUMMARY:Home")
        self.put("c", "SUMMARY:Eggs", "RELATED-TO:p")
        after = self.admin.last()
        self.put("c", "SUMMARY:Eggs", "RELATED-TO:q", status=204)
        self.admin.wait(method="DELETE", path="/checklistItems/", after=after)
        self.assertEqual(self.checklist("Shop"), [])
        self.assertEqual(self.checklist("Home"), [("Eggs", False)])
        self.poll()
        self.assertEqual(self.names(), {"p", "q", "c", self.found("Party")})

    def test_with_the_task_its_items_go(self):
        self.put("p", "SUMMARY:Shop")
        self.put("c", "SUMMARY:Eggs", "RELATED-TO:p")
        self.put("d", "SUMMARY:Ham", "PRIORITY:1", "RELATED-TO:p")
        self.assertEqual(self.dav.delete(self.list + "p.ics").status, 204)
        self.assertEqual(self.dav.get(self.list + "c.ics").status, 404)
        self.assert_lines(self.lines("d"), "RELATED-TO:p")
        self.add("Cake")
        self.poll()
        cake = self.found("Cake")
        self.graph.delete(f"{self.tasks}/{self.parent['id']}")
        self.poll()
        self.assertEqual(self.dav.get(f"{self.list}{cake}.ics").status, 404)
        self.assertEqual(self.names(), {"d"})

    def test_items_that_change_silently_are_found_by_a_full_round(self):
        self.add("Cake")
        self.poll()
        self.admin.personality(silent_children=True)
        self.add("Milk")
        self.poll()
        self.assertEqual(len(self.names()), 2)
        self.bridge.run("sync", "alice")
        self.found("Milk")

    def test_items_that_change_silently_are_found_in_time(self):
        self.add("Cake")
        self.put("c", "SUMMARY:Eggs", self.below())
        ctag = self.poll()
        self.admin.personality(silent_children=True)
        self.graph.patch(f"{self.items}/{self.whole('Party')['checklistItems'][0]['id']}",
                         {"isChecked": True})
        self.clock.advance(FULL - 60)
        self.assertEqual(self.poll(), ctag)
        self.clock.advance(60)
        after = self.admin.last()
        self.assertNotEqual(self.poll(), ctag)
        self.assert_lines(self.lines(self.found("Cake")), "STATUS:COMPLETED")
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)  # and the next full round is far
        self.assertEqual(len(self.admin.requests(after=after, path="/tasks/delta?$expand")), 1)


class OneSeries(Todo):
    """Tools for series"""
    DATES = ["DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260504"]

    def states(self):
        """[(status, due date, has a rule)] upstream, by date."""
        tasks = self.graph.pages(self.tasks)
        self.assertEqual({task["title"] for task in tasks}, {"x"})
        single = [self.graph.get(f"{self.tasks}/{task['id']}").json for task in tasks]
        return sorted((task["status"], task["dueDateTime"]["dateTime"][:10], "recurrence" in task)
                      for task in single)

    def make(self, rule="RRULE:FREQ=WEEKLY"):
        self.put("S1", "SUMMARY:x", *self.DATES, rule, if_none_match="*")


class Series(OneSeries):
    """mapping.md 5.4, the Graph column"""

    def complete(self, rule="RRULE:FREQ=WEEKLY", status=204, **headers):
        return self.put("S1", "SUMMARY:x", *self.DATES, rule, "STATUS:COMPLETED",
                        "COMPLETED:20260504T070000Z", status=status, **headers)

    def completions(self):
        return len([b for p, b in self.bodies("PATCH") if b and "completed" in str(b)])

    def assert_completed_once(self):
        self.assertEqual(self.states(), [("completed", "2026-05-04", False),
                                         ("notStarted", "2026-05-11", True)])
        for _ in range(2):
            self.assert_lines(self.lines("S1"), "DUE;VALUE=DATE:20260511", "RRULE:FREQ=WEEKLY",
                              "!COMPLETED", "!STATUS:COMPLETED")
            done, = self.names() - {"S1"}
            self.assert_lines(self.lines(done), "STATUS:COMPLETED", "DUE;VALUE=DATE:20260504",
                              "!RRULE", "RELATED-TO;RELTYPE=SIBLING:S1")
            self.poll()

    def test_completing_by_status_makes_the_next_one(self):
        self.make()
        self.complete()
        self.assert_completed_once()

    def test_a_service_that_moves_the_series_on_under_its_id(self):
        self.admin.personality(moves_series=True)
        self.make()
        self.complete()
        self.assert_completed_once()

    def test_another_series_of_the_same_name_is_not_taken_for_the_next(self):
        self.put("T", "SUMMARY:x", "DTSTART;VALUE=DATE:20260511", "DUE;VALUE=DATE:20260511",
                 "RRULE:FREQ=WEEKLY")
        self.make()
        self.complete()
        self.assertEqual(self.states(), [("completed", "2026-05-04", False),
                                         ("notStarted", "2026-05-11", True),
                                         ("notStarted", "2026-05-11", True)])
        self.poll()
        self.assert_lines(self.lines("S1"), "DUE;VALUE=DATE:20260511")
        self.assert_lines(self.lines("T"), "DUE;VALUE=DATE:20260511", "!RELATED-TO")
        self.assertEqual(len(self.names()), 3)

    def test_the_answer_is_lost(self):
        for moves in (False, True):
            with self.subTest(moves=moves):
                self.admin.personality(moves_series=moves)
                self.make()
                etag = self.dav.get(self.list + "S1.ics").etag
                self.admin.fault("cut_after", method="PATCH", path="/tasks/")
                self.complete(status=503, if_match=etag)
                self.clock.advance(LOOK_AGAIN)
                self.complete(if_match=etag)
                self.assert_completed_once()
                for name in self.names():
                    self.dav.delete(f"{self.list}{name}.ics")

    def test_the_bridge_is_killed_while_it_completes(self):
        self.make()
        etag = self.dav.get(self.list + "S1.ics").etag
        self.admin.fault("hold_after", method="PATCH", path="/tasks/")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.complete, if_match=etag)
            self.admin.wait(method="PATCH", path="/tasks/", arrived=True)
            self.restart("kill")
        self.clock.advance(LOOK_AGAIN)
        self.complete(if_match=etag)
        self.assert_completed_once()

    def test_completed_upstream_the_roles_are_followed(self):
        self.make()
        task, = self.graph.pages(self.tasks)
        self.graph.patch(f"{self.tasks}/{task['id']}", {"status": "completed"})
        self.poll()
        self.assertEqual(len(self.names()), 2)
        self.assert_lines(self.lines("S1"), "DUE;VALUE=DATE:20260511", "RRULE:FREQ=WEEKLY")


class Rescheduled(OneSeries):
    """mapping.md 5.4, RESCHEDULE: a service that leaves the series as it was beside the new one"""
    NEW = ["SUMMARY:x", "DTSTART;VALUE=DATE:20260506", "DUE;VALUE=DATE:20260506",
           "RRULE:FREQ=WEEKLY", "LOCATION:kept"]

    def prepare(self):
        self.admin.personality(copies_series=True)

    def each(self, check):
        """The id may stay behind, or go with the series."""
        for moves in (False, True):
            with self.subTest(moves=moves):
                self.admin.personality(moves_series=moves)
                self.make()
                check(self.admin.last())
                self.assert_rescheduled_once()
                self.assertEqual(self.dav.delete(self.list + "S1.ics").status, 204)
                self.assertEqual(self.graph.pages(self.tasks), [])

    def reschedule(self, status=204, **headers):
        return self.put("S1", *self.NEW, status=status, **headers)

    def gone(self, after):
        self.admin.wait(method="DELETE", path="/tasks/", after=after)

    def assert_rescheduled_once(self):
        for _ in range(2):
            self.assertEqual(self.names(), {"S1"})
            self.assert_lines(self.lines("S1"), "DUE;VALUE=DATE:20260506", "LOCATION:kept",
                              "RRULE:FREQ=WEEKLY", "UID:S1")
            self.poll()
        self.assertEqual(self.states(), [("notStarted", "2026-05-06", True)])

    def test_what_is_left_behind_is_discarded(self):
        def check(after):
            self.assertIsNotNone(self.reschedule().etag)
            self.gone(after)
        self.each(check)

    def test_its_answer_is_lost(self):
        def check(after):
            etag = self.dav.get(self.list + "S1.ics").etag
            self.admin.fault("cut_after", method="PATCH", path="/tasks/")
            self.reschedule(status=503, if_match=etag)
            self.gone(after)
            self.reschedule(if_match=etag)
        self.each(check)

    def test_a_page_comes_before_its_answer(self):
        def check(after):
            self.admin.fault("hold_after", method="PATCH", path="/tasks/")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                answer = pool.submit(self.reschedule)
                self.admin.wait(method="PATCH", path="/tasks/", after=after, arrived=True)
                self.poll()
                names = self.names()
                self.admin.release()
                answer.result()
            self.assertEqual(names, {"S1"})
            self.gone(after)
        self.each(check)

    def test_kills_in_the_middle_double_nothing(self):
        def check(after):
            self.admin.fault("hold_after", method="PATCH", path="/tasks/")
            self.admin.fault("stall", method="PATCH", path="/tasks/")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                pool.submit(self.dav.put, self.list + "S1.ics", vtodo("S1", *self.NEW))
                self.admin.wait(method="PATCH", path="/tasks/", after=after, arrived=True)
                self.restart("kill")
            self.admin.wait(count=2, method="PATCH", path="/tasks/", after=after, arrived=True)
            after = self.admin.last()
            self.restart("kill")
            self.gone(after)
        self.each(check)

    def test_a_failed_search_is_made_again(self):
        def check(after):
            etag = self.dav.get(self.list + "S1.ics").etag
            self.admin.fault("status", status=503, path="/delta", count=0)
            answer = self.dav.put(self.list + "S1.ics", vtodo("S1", *self.NEW), if_match=etag)
            self.admin.clear_faults()
            if answer.status == 503:  # the id stayed behind
                self.clock.advance(LOOK_AGAIN)
                self.gone(after)
                self.reschedule(if_match=etag)
            else:  # the copy stays: it was not looked for
                self.assertEqual(answer.status, 204)
                self.poll()
                self.assertEqual(len(self.names()), 2)
                other, = self.names() - {"S1"}
                self.assertEqual(self.dav.delete(f"{self.list}{other}.ics").status, 204)
        self.each(check)

    def test_a_service_that_shows_no_markers_doubles_it_once(self):
        self.make()
        etag = self.dav.get(self.list + "S1.ics").etag
        self.admin.fault("status", status=400, method="GET", path="extensions", count=0)
        for _ in range(3):
            self.reschedule(if_match=etag)
        self.poll()
        self.assertEqual(len(self.names()), 2)
        self.assertEqual(self.states(), [("notStarted", "2026-05-04", True),
                                         ("notStarted", "2026-05-06", True)])

    def test_a_lost_answer_to_the_end_of_what_goes_leaves_nothing_behind(self):
        def check(after):
            self.admin.fault("cut_after", method="PATCH", path="/tasks/", nth=2)
            self.reschedule()
            self.admin.wait(method="PATCH", path="/tasks/", after=after, count=2)
            for _ in range(10):
                if not self.admin.requests(method="DELETE", path="/tasks/", after=after):
                    self.clock.advance(LOOK_AGAIN)
        self.each(check)

    def test_one_of_another_resource_hides_no_copy(self):
        self.admin.personality(moves_series=True)
        self.other_series()  # the latest changes show it before the copy
        self.make()
        self.other_series("U")
        after = self.admin.last()
        self.reschedule()
        self.gone(after)
        self.poll()
        self.assertEqual(self.names(), {"S1", "T", "U"})
        self.assertEqual(self.dates(), ["2026-05-04", "2026-05-04", "2026-05-06"])

    # What may be somebody's, or has more, stays:

    def other_series(self, name="T", **headers):
        return self.put(name, "SUMMARY:x", *self.DATES, "RRULE:FREQ=WEEKLY", **headers)

    def dates(self):
        return [state[1] for state in self.states()]

    def second(self):
        return self.bridge.dav("alice", self.bridge.run(
            "password", "add", "alice", "--label", "second").strip())

    def assert_no_delete(self, after):
        for _ in range(2):
            self.poll()
        self.assertEqual(self.admin.requests(after=after, method="DELETE"), [])

    def test_what_a_user_made_stays(self):
        self.admin.personality(copies_series=False)
        self.make()
        self.poll()
        self.graph.create("x", self.graph.list_id(), dueDateTime=day("2026-05-04"),
                          recurrence=weekly("2026-05-04"))
        self.clock.advance(3)
        self.graph.create("x", self.graph.list_id(), dueDateTime=day("2026-05-04"))
        after = self.admin.last()
        self.reschedule()
        self.assert_no_delete(after)
        self.assertEqual(len(self.names()), 3)
        self.assertEqual(self.dates(), ["2026-05-04", "2026-05-04", "2026-05-06"])

    def test_one_with_the_marker_of_another_bridge_stays(self):
        self.admin.personality(copies_series=False)
        self.make()
        self.poll()
        self.graph.create("x", self.graph.list_id(), dueDateTime=day("2026-05-04"),
                          recurrence=weekly("2026-05-04"), extensions=[{
                              "@odata.type": "#microsoft.graph.openTypeExtension",
                              "extensionName": "org.duedav.task", "marker": "anothers"}])
        after = self.admin.last()
        self.reschedule()
        self.assert_no_delete(after)
        self.assertEqual(self.dates(), ["2026-05-04", "2026-05-06"])

    def test_what_another_client_is_making_stays(self):
        self.admin.personality(copies_series=False)
        self.make()
        self.poll()
        second = self.second()
        after = self.admin.last()
        self.admin.fault("hold_after", method="POST", path="/tasks")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.other_series)
            self.admin.wait(method="POST", path="/tasks", after=after, arrived=True)
            done = second.put(self.list + "S1.ics", vtodo("S1", *self.NEW))
            self.admin.release()
            self.assertEqual(answer.result().status, 201)
        self.assertEqual(done.status, 204)
        self.assert_no_delete(after)
        self.assertEqual(self.names(), {"S1", "T"})

    def test_what_another_client_may_have_made_stays(self):
        self.admin.personality(copies_series=False)
        self.make()
        self.poll()
        after = self.admin.last()
        self.admin.fault("cut_after", method="POST", path="/tasks")
        self.admin.fault("status", status=503, method="GET", path="/tasks?", count=0)
        self.other_series(status=503)
        self.reschedule()
        self.admin.clear_faults()
        for _ in range(100):  # until it is found
            if "T" in self.names():
                break
            self.clock.advance(60)
        self.assert_no_delete(after)
        self.assertEqual(self.names(), {"S1", "T"})
        self.assertEqual(self.dates(), ["2026-05-04", "2026-05-06"])

    def test_of_two_that_are_alike_none_loses_its_resource(self):
        for moves in (False, True):
            with self.subTest(moves=moves):
                self.admin.personality(moves_series=moves)
                self.make()
                self.other_series()
                self.poll()
                second = self.second()
                after = self.admin.last()
                self.admin.fault("hold", path="/delta", count=2)
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    answers = [pool.submit(self.dav.put, self.list + "S1.ics",
                                           vtodo("S1", *self.NEW)),
                               pool.submit(second.put, self.list + "T.ics",
                                           vtodo("T", *self.NEW))]
                    self.admin.wait(count=2, path="/delta", after=after, arrived=True)
                    self.admin.release()
                    self.assertEqual([a.result().status for a in answers], [204, 204])
                self.assert_no_delete(after)
                self.assertEqual(len(self.names()), 4)
                self.assertLess({"S1", "T"}, self.names())
                self.assertEqual(self.dates(), ["2026-05-04"] * 2 + ["2026-05-06"] * 2)
                for name in self.names():
                    self.dav.delete(f"{self.list}{name}.ics")

    def test_what_was_edited_before_it_went_stays(self):
        self.make()
        self.poll()
        after = self.admin.last()
        self.admin.fault("stall", method="PATCH", path="/tasks/", nth=2)
        self.reschedule()
        self.admin.wait(count=2, method="PATCH", path="/tasks/", after=after, arrived=True)
        self.bridge.kill()
        old, = [t for t in self.graph.pages(self.tasks)
                if t["dueDateTime"]["dateTime"].startswith("2026-05-04")]
        self.clock.advance(3 * 86400)
        self.graph.patch(f"{self.tasks}/{old['id']}", {"title": "call the lawyer"})
        after = self.admin.last()
        self.bridge.start()
        self.admin.wait(method="GET", path=f"/tasks/{old['id']}", after=after)
        self.dav = self.second()
        self.assert_no_delete(after)
        self.assertEqual(set(self.upstream()), {"x", "call the lawyer"})
        self.found("call the lawyer")

    def test_what_hangs_on_a_series_stays(self):
        for moves in (False, True):
            with self.subTest(moves=moves):
                self.admin.personality(moves_series=moves)
                self.make()
                self.put("C1", "SUMMARY:child", "RELATED-TO:S1", "X-APPLE-SORT-ORDER:7")
                self.poll()
                after = self.admin.last()
                self.reschedule()
                self.assert_no_delete(after)
                self.assert_lines(self.lines("C1"), "UID:C1", "X-APPLE-SORT-ORDER:7")
                self.assertEqual(self.dates(), ["2026-05-04", "2026-05-06"])
                for name in self.names():
                    self.dav.delete(f"{self.list}{name}.ics")

    def test_attachments_of_a_series_stay(self):
        for moves in (False, True):
            with self.subTest(moves=moves):
                self.admin.personality(moves_series=moves)
                self.make()
                self.put("S1", "SUMMARY:x", *self.DATES, "RRULE:FREQ=WEEKLY", INLINE, status=204)
                self.poll()
                attached = [l for l in self.lines("S1") if l.startswith("ATTACH")]
                after = self.admin.last()
                self.put("S1", *self.NEW, *attached, status=204)
                if moves:  # the sandbox copies none
                    self.gone(after)
                    self.poll()
                else:
                    self.assert_no_delete(after)
                line, = [l for l in self.lines("S1") if l.startswith("ATTACH")]
                path = "/" + line.rsplit(":http", 1)[-1].split("/", 3)[3]
                self.assertEqual(self.dav.get(path).text, "hi")
                self.assertEqual(self.dates(), ["2026-05-04", "2026-05-06"][moves:])
                for name in self.names():
                    self.dav.delete(f"{self.list}{name}.ics")


class RefusedRange(Todo):
    """V154"""
    COUNTED = "RRULE:FREQ=WEEKLY;COUNT=3"

    def prepare(self):
        self.admin.personality(refuses_range=True)

    def task(self):
        task, = [t for t in self.graph.pages(self.tasks) if t["status"] != "completed"]
        return self.graph.get(f"{self.tasks}/{task['id']}").json

    def put_at(self, day, count, *lines, status=204):
        return self.put("a", "SUMMARY:x", f"DTSTART;VALUE=DATE:{day}", f"DUE;VALUE=DATE:{day}",
                        f"RRULE:FREQ=WEEKLY;COUNT={count}", *lines, status=status)

    def test_the_pattern_goes_alone_and_the_document_keeps_the_end(self):
        answer = self.put_at("20260504", 3, status=201)
        self.assertIsNotNone(answer.etag)
        self.assertEqual(self.task()["recurrence"]["range"]["type"], "noEnd")
        self.put("b", "SUMMARY:y", "DUE;VALUE=DATE:20260504", "DTSTART;VALUE=DATE:20260504",
                 "RRULE:FREQ=DAILY")
        posts = [json.loads(b)["recurrence"] for p, b in self.bodies("POST")]
        self.assertEqual(["range" in post for post in posts], [True, False, False])  # found out once
        self.assertEqual(posts[1], {"pattern": posts[0]["pattern"]})
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        self.assert_lines(self.lines("a"), self.COUNTED)

    def test_the_bridge_counts_and_ends_the_series(self):
        self.put_at("20260504", 3, status=201)
        self.put_at("20260504", 3, "STATUS:COMPLETED")
        self.assert_lines(self.lines("a"), "DUE;VALUE=DATE:20260511", "RRULE:FREQ=WEEKLY;COUNT=2")
        self.poll()
        self.assert_lines(self.lines("a"), "RRULE:FREQ=WEEKLY;COUNT=2")
        self.graph.patch(f"{self.tasks}/{self.task()['id']}", {"title": "z"})
        self.poll()
        self.assert_lines(self.lines("a"), "RRULE:FREQ=WEEKLY;COUNT=2", "SUMMARY:z")
        self.put_at("20260511", 2, "STATUS:COMPLETED")
        self.assert_lines(self.lines("a"), "DUE;VALUE=DATE:20260518", "RRULE:FREQ=WEEKLY;COUNT=1")
        self.assertNotIn("recurrence", self.task())
        self.put_at("20260518", 1, "STATUS:COMPLETED")
        self.assertEqual([t for t in self.graph.pages(self.tasks) if t["status"] != "completed"],
                         [])


class Kept(Todo):
    """[mapping] keep_upstream"""
    settings = {"mapping": {"keep_upstream": "yes"}}
    EXTENSION = "org.duedav.task"

    def second(self, name="second"):
        """A client of a bridge that begins with an empty store, on the same mailbox."""
        bridge = Bridge(self.folder, f"{self.sandbox.origin}/v1.0/", self.clock, name, **{
            "upstream sandbox": {"dialect": "todo"}, **self.settings})
        password = bridge.add_user("alice", "alice-token")
        self.started(bridge.start())
        dav = bridge.dav("alice", password)
        bridge.run("sync", "alice")
        return dav, dav.collections()["Tasks"]

    def everything(self, dav, path):
        return {href[len(path):]: (etag, dav.get(href).text)
                for href, etag in dav.etags(path).items()}

    def test_a_new_store_gives_every_client_the_same(self):
        self.put("a", "SUMMARY:Milk", "LOCATION:Paris", "DUE;TZID=Europe/Paris:20260506T180000",
                 "PRIORITY:3", "X-OWN;A=b:c")
        self.put("b", "SUMMARY:Bread", "PERCENT-COMPLETE:30", "STATUS:IN-PROCESS")
        self.put("b", "SUMMARY:Bread!", "PERCENT-COMPLETE:40", "STATUS:IN-PROCESS", status=204)
        self.put("c", "SUMMARY:Local")
        self.put("c", "SUMMARY:Local", "X-APPLE-SORT-ORDER:5", status=204)  # nothing else is sent
        self.put("d", "SUMMARY:Series", "DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260504",
                 "RRULE:FREQ=WEEKLY;COUNT=5", "COMMENT:kept")
        self.put("e", "SUMMARY:Done", "STATUS:COMPLETED", "COMPLETED:20260503T213000Z")
        self.graph.create("Born there", self.graph.list_id())
        self.poll()
        before = self.everything(self.dav, self.list)
        self.assertEqual(len(before), 6)
        dav, path = self.second()
        self.assertEqual(self.everything(dav, path), before)

    def test_what_changed_upstream_meanwhile_is_in_it(self):
        self.put("a", "SUMMARY:Milk", "LOCATION:Paris", "DUE;TZID=Europe/Paris:20260506T180000")
        task = self.upstream()["Milk"]
        self.bridge.stop()
        self.graph.patch(f"{self.tasks}/{task['id']}", {"title": "Cream", "dueDateTime":
                                                        day("2026-05-08")})
        dav, path = self.second()
        self.assert_lines(unfold(dav.get(path + "a.ics").text), "SUMMARY:Cream", "LOCATION:Paris",
                          "DUE;TZID=Europe/Paris:20260508T180000", "UID:a")
        self.bridge.start()

    def test_of_a_series_completed_there_the_half_that_goes_on_has_the_text(self):
        self.put("a", "SUMMARY:x", *OneSeries.DATES, "RRULE:FREQ=WEEKLY", "LOCATION:Paris")
        task = self.upstream()["x"]
        self.bridge.stop()
        self.graph.patch(f"{self.tasks}/{task['id']}", {"status": "completed"})
        dav, path = self.second()
        self.assertEqual(len(dav.etags(path)), 2)
        self.assert_lines(unfold(dav.get(path + "a.ics").text), "UID:a", "LOCATION:Paris",
                          "DUE;VALUE=DATE:20260511", "RRULE:FREQ=WEEKLY", "!STATUS:COMPLETED")
        self.bridge.start()

    def put_children(self, *names, parent="p"):
        for name in names:
            self.put(name, f"SUMMARY:{name}", f"RELATED-TO:{parent}", "X-APPLE-SORT-ORDER:7",
                     f"X-OWN;A=b:{name}")

    def shown(self, dav, path):
        """All but when it was changed here."""
        return {name: [line for line in unfold(text)
                       if not line.startswith(("DTSTAMP", "LAST-MODIFIED", "X-MSTASK-REV"))]
                for name, (_, text) in self.everything(dav, path).items()}

    def test_sub_tasks_come_back_too(self):
        self.put("p", "SUMMARY:Party", "LOCATION:Paris")
        self.put_children("a", "b", "c", "d")
        self.put("d", "SUMMARY:d", "RELATED-TO:p", "X-OWN:new", status=204)  # stays here alone
        items = f"{self.tasks}/{self.upstream()['Party']['id']}/checklistItems"
        self.graph.post(items, {"displayName": "Born there"})
        before = self.poll() and self.everything(self.dav, self.list)
        self.assertEqual(len(before), 6)
        dav, path = self.second()
        self.assertEqual(self.everything(dav, path), before)
        ids = {item["displayName"]: item["id"] for item in self.graph.get(items).json["value"]}
        self.graph.patch(f"{items}/{ids['a']}", {"displayName": "A!"})
        self.graph.patch(f"{items}/{ids['b']}", {"isChecked": True})
        self.graph.delete(f"{items}/{ids['c']}")
        dav, path = self.second("third")
        found = self.shown(dav, path)
        self.assertEqual(len(found), 5)
        self.assert_lines(found["a.ics"], "SUMMARY:A!", "X-OWN;A=b:a", "UID:a", "RELATED-TO:p")
        self.assert_lines(found["b.ics"], "STATUS:COMPLETED", "X-OWN;A=b:b", "UID:b")
        self.poll()
        self.assertEqual(self.shown(self.dav, self.list), found)

    def test_two_bridges_side_by_side_have_the_same(self):
        self.put("p", "SUMMARY:Party")
        self.put_children("a")
        dav, path = self.second()
        self.put_children("b")
        self.assertEqual(dav.put(path + "c.ics", vtodo("c", "SUMMARY:c", "RELATED-TO:p",
                                                       "X-OWN:c")).status, 201)
        text = dav.get(path + "a.ics").text.replace("SUMMARY:a", "SUMMARY:a!")
        self.assertEqual(dav.put(path + "a.ics", text).status, 204)
        self.poll()
        dav.ctag(path)
        found = self.shown(self.dav, self.list)
        self.assert_lines(found["c.ics"], "X-OWN:c")
        self.assert_lines(found["a.ics"], "SUMMARY:a!", "X-OWN;A=b:a")
        self.assertEqual(self.shown(dav, path), found)
        self.assertEqual(self.shown(*self.second("third")), found)

    def test_many_at_a_time_share_a_request(self):
        self.put("p", "SUMMARY:Party")
        password = self.bridge.run("password", "add", "alice", "--label", "more").strip()
        texts = {f"child{n}": vtodo(f"child{n}", f"SUMMARY:{n}", "RELATED-TO:p",
                                    "X-APPLE-SORT-ORDER:7") for n in range(12)}
        with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
            answers = [pool.submit(self.bridge.dav("alice", password).put,
                                   f"{self.list}{name}.ics", text)
                       for name, text in texts.items()]
            self.assertEqual({answer.result().status for answer in answers}, {201})
        self.assertLess(len([p for p, _ in self.bodies("PATCH") if "/extensions/" in p]), 12)
        found = self.shown(*self.second())
        self.assertEqual(found, self.shown(self.dav, self.list))
        self.assertEqual(sum("X-APPLE-SORT-ORDER:7" in lines for lines in found.values()), 12)

    def test_what_is_too_long_is_left_out_and_said(self):
        noise = "".join(random.Random(5).choices(string.ascii_letters, k=60_000))
        self.put("p", "SUMMARY:Party")
        self.put("long", "SUMMARY:long", f"X-OWN:{noise}")
        self.put("below", "SUMMARY:below", "RELATED-TO:p", f"X-OWN:{noise}")
        for n in range(5):
            self.put(f"c{n}", f"SUMMARY:c{n}", "RELATED-TO:p", f"X-OWN:{noise[n * 4000:][:4000]}")
        found = self.shown(*self.second())
        self.assertEqual(len(found), 8)
        for name in ("long", "below", "c0"):
            self.assert_lines(found[f"{name}.ics"], f"UID:{name}", "!X-OWN")
        self.assertTrue([line for line in found["c4.ics"] if line.startswith("X-OWN")])
        log = self.bridge.server.read_log()
        self.assertIn("ev=write.kept_without_document", log)
        self.assertIn("ev=write.kept_without level=info", log)

    def test_what_strangers_write_there_harms_nobody(self):
        def pack(text):
            return base64.b64encode(zlib.compress(text.encode())).decode()

        good = vtodo("own", "SUMMARY:x", "LOCATION:here")
        texts = ["", "x", "====", "A" * 17000, base64.b64encode(b"no zlib").decode(),
                 pack("a" * 40_000_000)[:16000], pack("a" * 10_000_000), pack("one line"),
                 pack(f"../up.ics\nown\n{good}"), pack(f"..\nown\n{good}"),
                 pack(f"a.ics\nother\n{good}"), pack("a.ics\nown\nBEGIN:VCALENDAR"),
                 pack(f"fine.ics\nown\n{good}"), pack(f"again.ics\nown\n{good}"),
                 pack(f"fine.ics\nmine\n{vtodo('mine', 'SUMMARY:x')}"), pack("a/b\nown\n"),
                 pack("empty.ics\n"), pack("bare.ics\nbare\n"), pack("bare.ics\nother\n")]
        for number, text in enumerate(texts):
            self.graph.create(f"task {number}", self.graph.list_id(), extensions=[
                {"@odata.type": "microsoft.graph.openTypeExtension",
                 "extensionName": self.EXTENSION, "kept": text}])
        self.poll()
        self.assertEqual(len(self.names()), len(texts))
        kept = [n for n in self.names() if "LOCATION:here" in self.lines(n)]
        self.assertEqual(kept, ["fine"])
        self.assertEqual(sum("UID:own" in self.lines(n) for n in self.names()), 1)
        self.assertEqual([n for n in self.names() if "UID:bare" in self.lines(n)], ["bare"])

    def test_what_strangers_write_of_sub_tasks_harms_nobody(self):
        task = self.graph.create("Party", self.graph.list_id(), extensions=[
            {"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": self.EXTENSION}])
        path = f"{self.tasks}/{task['id']}"
        child = vtodo("own", "SUMMARY:x", "RELATED-TO:other")
        deep = vtodo("own", "SUMMARY:x", "DUE;VALUE=DATE:20260504")
        for number, form in enumerate([
                "{id}", "{id}\n", "{id}\n9\nx", "{id}\n-1\nx", "{id}\n99999999999999999999\n",
                "\n0\n" * 5000, "{id}\n5\na\nb\nc", f"{{id}}\n999\na.ics\nown\n{child}",
                f"{{id}}\n{len(child) + 10}\na.ics\nown\n{child}",
                f"{{id}}\n{len(deep) + 10}\na.ics\nown\n{deep}",
                "{id}\n11\n../a\nown\nx"]):
            item = self.graph.post(f"{path}/checklistItems", {"displayName": f"i{number}"}).json
            text = form.replace("{id}", item["id"])
            self.graph.patch(f"{path}/extensions/{self.EXTENSION}", {
                "below": base64.b64encode(zlib.compress(text.encode())).decode()})
            self.poll()
            self.assertNotIn("UID:own", self.lines(self.found(f"i{number}")))

    def test_an_item_that_is_read_again_comes_with_what_is_kept_of_it(self):
        self.put("p", "SUMMARY:Party")
        dav, path = self.second()
        after = self.admin.last()
        self.admin.fault("hold", method="POST", path="/tasks")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pending = pool.submit(self.bridge.dav("alice", self.bridge.run(
                "password", "add", "alice", "--label", "more").strip()).put,
                f"{self.list}x.ics", vtodo("x", "SUMMARY:c"))
            self.admin.wait(method="POST", path="/tasks", arrived=True, after=after)
            self.assertEqual(dav.put(path + "c.ics", vtodo("c", "SUMMARY:c", "RELATED-TO:p",
                                                           "X-OWN:c")).status, 201)
            self.bridge.run("sync", "alice")  # the item may be what is on its way here
            self.assertNotIn("c", self.names())
            self.admin.release()
            self.assertEqual(pending.result().status, 201)
        self.poll()
        self.assert_lines(self.lines("c"), "UID:c", "X-OWN:c", "RELATED-TO:p")

    def test_what_a_service_does_not_show_is_not_replaced(self):
        self.put("p", "SUMMARY:Party")
        self.put_children("a")
        self.admin.personality(hides_extensions=True)
        self.put_children("b")
        self.assertEqual(len(self.checklist("Party")), 2)
        self.assertIn("ev=write.not_kept", self.bridge.server.read_log())
        self.admin.personality(hides_extensions=False)
        self.put_children("c")
        found = self.shown(*self.second())
        for name in ("a", "c"):
            self.assert_lines(found[f"{name}.ics"], f"UID:{name}", f"X-OWN;A=b:{name}")
        self.graph.create("Born there", self.graph.list_id())  # which has no such place yet
        self.poll()
        parent = self.found("Born there")
        uid = next(l[4:] for l in self.lines(parent) if l.startswith("UID:"))
        self.put_children("d", parent=uid)
        self.assert_lines(self.shown(*self.second("third"))["d.ics"], "UID:d", "X-OWN;A=b:d")

    def test_a_service_that_takes_no_extension_is_written_to_all_the_same(self):
        self.admin.personality(refuses_extensions=True)
        self.put("a", "SUMMARY:Milk", "LOCATION:Paris")
        self.put("a", "SUMMARY:Cream", "LOCATION:Paris", status=204)
        self.put_children("b", "c", parent="a")
        self.assertEqual(set(self.upstream()), {"Cream"})
        self.assertEqual(len(self.checklist("Cream")), 2)


class SideBySide(Todo):
    """Two accounts of one user, each in its own dialect, over two mailboxes."""

    def setUp(self):
        super().setUp()
        self.admin.add_user("bob", "bob-token")
        with open(self.bridge.config, "a", encoding="utf-8") as file:
            file.write(f"[upstream old]\ndialect = outlook\nurl = {self.sandbox.outlook_url}\n")
        self.bridge.stop()
        self.bridge.start()
        token = self.bridge.folder / "bob.token"
        token.write_text("bob-token\n")
        token.chmod(0o600)
        self.bridge.run("account", "link", "alice", "--upstream", "old", "--label", "Old",
                        "--timezone", "Europe/Paris", "--access-token-file", token)
        self.dav = self.bridge.dav("alice", self.bridge.run(
            "password", "add", "alice", "--label", "more").strip())

        lists = self.dav.collections()
        self.assertEqual(len(lists), 2)
        self.old = next(path for path in lists.values() if path != self.list)
        self.mailboxes = {self.list: "alice", self.old: "bob"}

    def assert_moved(self, source, target, text):
        """Nothing is left behind; returns the task upstream."""
        self.assertEqual(self.dav.get(source + "a.ics").status, 404)
        self.assertEqual(self.dav.get(target + "a.ics").text, text)
        self.assertEqual(self.admin.state(self.mailboxes[source])["tasks"], [])
        task, = self.admin.state(self.mailboxes[target])["tasks"]
        return task

    def move(self, source, target, text):
        answer = self.dav.request("MOVE", source + "a.ics",
                                  headers={"Destination": target + "a.ics"})
        self.assertEqual(answer.status, 201, answer)
        return self.assert_moved(source, target, text)

    def test_a_move_between_them_keeps_the_document(self):
        self.put("a", "SUMMARY:Milk", "DUE;TZID=Europe/Paris:20260506T180000", "LOCATION:Paris",
                 "CLASS:PRIVATE", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x",
                 "TRIGGER;VALUE=DATE-TIME:20260505T080000Z", "END:VALARM")
        text = self.dav.get(self.list + "a.ics").text
        self.assertEqual(self.move(self.list, self.old, text)["Sensitivity"], "Private")
        self.assertEqual(self.move(self.old, self.list, text)["Sensitivity"], "Normal")
        self.clock.advance(FRESH)
        self.assertEqual([self.dav.etags(path).keys() for path in (self.list, self.old)],
                         [{self.list + "a.ics"}, set()])

    def attached(self, path):
        """{name: content, or address of a link}, as clients see them."""
        found = {}
        for line in unfold(self.dav.get(path).text):
            if line.startswith("ATTACH"):
                name = line.split("FILENAME=", 1)[1].split(";")[0].split(":")[0].strip('"')
                address = "http" + line.rsplit(":http", 1)[1]
                found[name] = (self.dav.get(urllib.parse.urlsplit(address).path).text
                               if "MANAGED-ID" in line else address)
        return found

    def test_what_hangs_on_a_task_goes_along(self):
        links = {"Mail b": "https://b.example/1", "doc": "https://c.example/2"}
        task = self.graph.create("x", self.graph.list_id(), linkedResources=[
            {"webUrl": "https://a.example/"}] + [
            {"webUrl": url, "displayName": name} for name, url in links.items()])
        self.graph.attach(task["id"], "f.txt", b"here")
        self.poll()
        source = f"{self.list}{self.found('x')}.ics"
        whole = {"f.txt": "here", **links}
        self.assertEqual(self.attached(source), whole)
        for method, start, target in (("COPY", source, self.old + "copy.ics"),
                                      ("MOVE", source, self.old + "a.ics"),
                                      ("COPY", self.old + "a.ics", self.list + "copy.ics"),
                                      ("MOVE", self.old + "a.ics", self.list + "a.ics")):
            with self.subTest(method=method, target=target):
                answer = self.dav.request(method, start, headers={"Destination": target})
                self.assertEqual(answer.status, 201, answer)
                self.clock.advance(FRESH)
                for path in self.list, self.old:
                    self.dav.ctag(path)
                self.assertEqual(self.attached(target), whole)
                self.assert_lines(unfold(self.dav.get(target).text), "URL:https://a.example/")
                owner = self.mailboxes[target.rsplit("/", 1)[0] + "/"]
                task, = self.admin.state(owner)["tasks"]
                self.assertTrue(task["HasAttachments"])
                if method == "COPY":
                    self.assertEqual(self.attached(start), whole)
                    self.assertEqual(self.dav.delete(target).status, 204)
                else:
                    self.assertEqual(self.dav.get(start).status, 404)

    def test_a_series_takes_its_rule_along(self):
        self.put("a", "SUMMARY:x", *OneSeries.DATES, "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=MO",
                 "EXDATE;VALUE=DATE:20260518", "X-OWN:kept")
        text = self.dav.get(self.list + "a.ics").text
        for source, target in ((self.list, self.old), (self.old, self.list)):
            rule = self.move(source, target, text)["Recurrence"]
            self.assertEqual((rule["Pattern"]["Type"], rule["Range"]["NumberOfOccurrences"]),
                             ("Weekly", 5))
        self.put("a", "SUMMARY:x", *OneSeries.DATES, "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=MO",
                 "EXDATE;VALUE=DATE:20260518", "X-OWN:kept", "STATUS:COMPLETED", status=204)
        self.assert_lines(self.lines("a"), "DUE;VALUE=DATE:20260511", "X-OWN:kept")

    def test_a_kill_in_the_middle_of_a_move_doubles_and_loses_nothing(self):
        self.put("a", "SUMMARY:x", "LOCATION:here", "PRIORITY:3")
        text = self.dav.get(self.list + "a.ics").text
        for fault, method, source, target in (("hold_after", "POST", self.list, self.old),
                                              ("stall", "DELETE", self.old, self.list),
                                              ("stall", "POST", self.list, self.old),
                                              ("stall_after", "DELETE", self.old, self.list)):
            with self.subTest(fault=fault, method=method):
                after = self.admin.last()
                self.admin.fault(fault, method=method)
                headers = {"Destination": target + "a.ics"}
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    pool.submit(self.dav.request, "MOVE", source + "a.ics", headers=headers)
                    self.admin.wait(method=method, after=after, arrived=True)
                    self.restart("kill")
                self.admin.clear_faults()
                self.admin.release()
                answer = self.clock.until_final(
                    self.dav.request, "MOVE", source + "a.ics", headers=headers)
                self.assertIn(answer.status, (201, 204, 404), answer)
                self.clock.advance(FRESH)
                for path in source, target:
                    self.dav.ctag(path)
                self.assertEqual(self.assert_moved(source, target, text)["Importance"], "High")
