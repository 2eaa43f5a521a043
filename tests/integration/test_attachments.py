"""Attachments of tasks, both ways: mapping.md 2.11, V074 to V077, RFC 8607."""
import base64
import re
import threading
import urllib.parse

from harness import Case, only_on, unfold, vtodo

KIND = "#Microsoft.OutlookServices."
PLAIN = {"Content-Type": "text/plain"}
only_files = only_on("outlook", "on To Do nothing but files can be attached (upstream.md B.9)")


def inline(content, name="a.txt", more=""):
    data = base64.b64encode(content).decode()
    return f"ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=text/plain;FILENAME={name}{more}:{data}"


class AttachmentCase(Case):
    settings = {}

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(
            clock=self.clock, users="alice:alice-token,bob:bob-token")
        self.admin = self.sandbox.admin
        self.rest = self.sandbox.rest()
        self.bridge, self.dav = self.start_bridge(
            self.sandbox, clock=self.clock, **self.settings)
        self.tasks = self.dav.collections()["Tasks"]

    # --- upstream

    def upstream(self, subject="Buy milk"):
        """The attachments of the one task of that subject."""
        task = self.admin.tasks("alice")[subject]
        return self.rest.get(f"/tasks('{task['Id']}')/attachments?$top=50").json["value"]

    def add_upstream(self, task, name, content=b"mac and cheese", **more):
        answer = self.rest.post(f"/tasks('{task['Id']}')/attachments", {
            "@odata.type": KIND + "FileAttachment", "Name": name,
            "ContentBytes": base64.b64encode(content).decode(), **more})
        self.assertEqual(201, answer.status, answer)
        return answer.json

    # --- here

    def refresh(self):
        self.clock.advance(20)
        self.dav.ctag(self.tasks)
        self.dav.sync_collection(self.tasks)

    def until_synced(self, check):
        """Rounds until check() is true: what came is read singly, in the same round."""
        for _ in range(30):
            if check():
                return
            self.refresh()
        self.fail("never came")

    def document(self, href):
        answer = self.dav.get(href)
        self.assertEqual(200, answer.status, answer)
        return unfold(answer.text)

    def lines(self, href):
        return [line for line in self.document(href) if line.startswith("ATTACH")]

    def content(self, line, dav=None, **headers):
        url = line.partition(":http")[2]
        path = urllib.parse.urlsplit("http" + url).path
        return (dav or self.dav).request("GET", path, headers={
            name.replace("_", "-"): value for name, value in headers.items()})

    def put(self, *lines, href=None, **headers):
        return self.dav.put(href or self.tasks + "a.ics", vtodo("one", "SUMMARY:Buy milk", *lines),
                            **headers)

    def post(self, action, content=b"", headers=None, href=None, **query):
        query = urllib.parse.urlencode({"action": "attachment-" + action, **query})
        return self.dav.request("POST", (href or self.tasks + "a.ics") + "?" + query, content,
                                headers or {})


class FromUpstream(AttachmentCase):
    def born(self):
        """The href of the one task that was born upstream."""
        return next(iter(self.dav.etags(self.tasks)))

    def test_v074_a_file_upstream_is_a_managed_attachment(self):
        task = self.rest.create("Buy milk")
        self.add_upstream(task, "Holiday notice")
        self.until_synced(lambda: self.dav.etags(self.tasks))
        (line,) = self.lines(self.born())
        found = re.fullmatch(
            r'ATTACH;MANAGED-ID=([0-9a-f]{32});FMTTYPE=application/octet-stream;'
            r'FILENAME="Holiday notice";SIZE=244:(http://\S+/\1)', line)
        self.assertTrue(found, line)
        self.assertTrue(found[2].startswith(self.bridge.url + "/dav/attachments/alice/"))
        answer = self.content(line)
        self.assertEqual((200, b"mac and cheese"), (answer.status, answer.body))
        self.assertEqual("application/octet-stream", answer.headers["Content-Type"])

    def test_a_stated_size_that_is_a_lie_keeps_nobody_from_reading(self):
        task = self.rest.create("Buy milk")
        self.admin.fault("rewrite", path="/attachments", find='ize":244', put='ize":2000000000', count=0)
        self.add_upstream(task, "large")
        self.add_upstream(task, "small", b"hi")
        self.until_synced(lambda: self.dav.etags(self.tasks))
        lines = {re.search("FILENAME=([a-z]+)", line)[1]: line for line in self.lines(self.born())}
        self.assertIn(";SIZE=2000000000:", lines["large"])
        last = self.admin.last()
        self.admin.clear_faults()
        self.admin.fault("hold", method="GET", path="/attachments")
        answers = []
        client = threading.Thread(target=lambda: answers.append(self.content(lines["large"])))
        client.start()
        self.admin.wait(path="/attachments", arrived=True, after=last)
        other = self.bridge.dav("alice", self.bridge.run(
            "password", "add", "alice", "--label", "other").strip())
        answer = self.content(lines["small"], other)
        self.admin.release()
        client.join()
        self.assertEqual((200, b"hi"), (answer.status, answer.body))
        self.assertEqual((200, b"mac and cheese"), (answers[0].status, answers[0].body))

    @only_files
    def test_v077_a_link_upstream_is_an_address(self):
        task = self.rest.create("Buy milk")
        url = "https://contoso.example/onedrive.aspx?id=%2Fpersonal&parent=%2F"
        answer = self.rest.post(f"/tasks('{task['Id']}')/attachments", {
            "@odata.type": KIND + "ReferenceAttachment", "Name": "Hydrangea picture",
            "SourceUrl": url})
        self.assertEqual(201, answer.status, answer)
        self.until_synced(lambda: self.dav.etags(self.tasks))
        self.assertEqual([f'ATTACH;FILENAME="Hydrangea picture":{url}'], self.lines(self.born()))

    @only_files
    def test_an_item_can_be_seen_and_not_read(self):
        task = self.rest.create("Buy milk")
        self.rest.post(f"/tasks('{task['Id']}')/attachments", {
            "@odata.type": KIND + "ItemAttachment", "Name": "Holiday event",
            "Item": {"@odata.type": "Microsoft.OutlookServices.Event", "Subject": "x"}})
        self.until_synced(lambda: self.dav.etags(self.tasks))
        (line,) = self.lines(self.born())
        self.assertIn('FILENAME="Holiday event"', line)
        self.assertEqual(403, self.content(line).status)

    @only_files
    def test_a_move_that_cannot_take_an_item_along_says_so(self):
        task = self.rest.create("Buy milk")
        self.rest.post(f"/tasks('{task['Id']}')/attachments", {
            "@odata.type": KIND + "ItemAttachment", "Name": "Holiday event",
            "Item": {"@odata.type": "Microsoft.OutlookServices.Event", "Subject": "x"}})
        self.until_synced(lambda: self.dav.etags(self.tasks))
        other = self.dav.home + "other/"
        self.assertEqual(201, self.dav.request("MKCALENDAR", other).status)
        href = self.born()
        for method in ("COPY", "MOVE"):
            answer = self.dav.request(method, href, None, {"Destination": other + "m.ics"})
            self.assertEqual(403, answer.status, answer)
            self.assertEqual({}, self.dav.etags(other))
        answer = self.dav.put(other + "p.ics", self.dav.get(href).body)
        self.assertEqual(403, answer.status, answer)
        self.assertEqual({}, self.dav.etags(other))
        self.assertEqual(1, len(self.lines(href)))
        self.assertEqual(1, len(self.admin.tasks("alice")))

    @only_on("outlook", "To Do does not tell which files belong into the text")
    def test_what_belongs_into_the_text_is_not_listed(self):
        task = self.rest.create("Buy milk")
        self.add_upstream(task, "image001.png", IsInline=True)
        self.until_synced(lambda: self.dav.etags(self.tasks))
        self.assertEqual([], self.lines(self.born()))

    def test_what_comes_and_goes_later_moves_the_ctag_once(self):
        self.put("X-ODD:kept")
        task = self.admin.tasks("alice")["Buy milk"]
        self.refresh()
        ctag = self.dav.ctag(self.tasks)
        href = self.tasks + "a.ics"
        made = self.add_upstream(task, "notes.txt")
        self.until_synced(lambda: self.lines(href))
        moved = self.dav.ctag(self.tasks)
        self.assertNotEqual(ctag, moved)
        self.refresh()
        self.refresh()
        self.assertEqual(moved, self.dav.ctag(self.tasks))
        self.assertIn("X-ODD:kept", self.document(href))
        self.rest.delete(f"/tasks('{task['Id']}')/attachments('{made['Id']}')")
        self.until_synced(lambda: not self.lines(href))
        self.assertIn("X-ODD:kept", self.document(href))

    def test_the_list_is_asked_for_only_when_the_task_has_changed(self):
        task = self.rest.create("Buy milk")
        self.rest.create("Without")
        self.add_upstream(task, "notes.txt")
        self.until_synced(lambda: len(self.dav.etags(self.tasks)) == 2)
        lists = lambda: len(self.admin.requests(method="GET", path="/attachments"))
        self.assertEqual(1, lists())
        for _ in range(3):
            self.refresh()
        self.assertEqual(1, lists())

    @only_on("todo", "only there is it open whether a file changes its task (upstream.md B.4)")
    def test_a_file_that_comes_silently_is_found_by_the_full_round(self):
        self.put()
        self.refresh()
        self.admin.personality(silent_children=True)
        made = self.sandbox.graph().attach(self.admin.tasks("alice")["Buy milk"]["Id"], "a.txt")
        self.refresh()
        self.assertEqual([], self.lines(self.tasks + "a.ics"))
        self.bridge.run("sync", "alice")
        (line,) = self.lines(self.tasks + "a.ics")
        self.assertEqual(("a.txt", b"hi"), (made["name"], self.content(line).body))


class FromClients(AttachmentCase):
    def test_v075_an_inline_file_is_uploaded_and_served_managed(self):
        answer = self.put(inline(b"hi", more=";X-LABEL=mine"), "X-ODD:kept")
        self.assertEqual((201, None), (answer.status, answer.etag), answer)
        (made,) = self.upstream()
        self.assertEqual(("a.txt", "text/plain", "aGk="),
                         (made["Name"], made["ContentType"], made["ContentBytes"]))
        (line,) = self.lines(self.tasks + "a.ics")
        self.assertRegex(line, r"^ATTACH;MANAGED-ID=[0-9a-f]{32};FMTTYPE=text/plain;"
                               r"FILENAME=a.txt;SIZE=2;X-LABEL=mine:http://")
        self.assertIn("X-ODD:kept", self.document(self.tasks + "a.ics"))
        answer = self.content(line)
        self.assertEqual((200, b"hi", "text/plain"),
                         (answer.status, answer.body, answer.headers["Content-Type"]))
        ctag = self.dav.ctag(self.tasks)
        self.refresh()
        self.assertEqual(ctag, self.dav.ctag(self.tasks))

    @only_files
    def test_v076_a_foreign_address_becomes_a_link(self):
        text = vtodo("one", "SUMMARY:Buy milk", "ATTACH:https://example.org/doc")
        answer = self.dav.put(self.tasks + "a.ics", text)
        self.assertEqual(201, answer.status, answer)
        (made,) = self.upstream()
        self.assertEqual((KIND + "ReferenceAttachment", "doc", "https://example.org/doc"),
                         (made["@odata.type"], made["Name"], made["SourceUrl"]))
        self.assertEqual(text, self.dav.get(self.tasks + "a.ics").text)
        self.assertEqual(self.dav.get(self.tasks + "a.ics").etag, answer.etag)

    @only_on("todo", "v2.0 takes it as a link")
    def test_v076_a_foreign_address_stays_here(self):
        text = vtodo("one", "SUMMARY:Buy milk", "ATTACH:https://example.org/doc")
        answer = self.dav.put(self.tasks + "a.ics", text)
        self.assertEqual(201, answer.status, answer)
        self.assertEqual([], self.upstream())
        got = self.dav.get(self.tasks + "a.ics")
        self.assertEqual((text, answer.etag), (got.text, got.etag))

    def test_other_addresses_and_those_of_alarms_stay_here(self):
        text = vtodo("one", "SUMMARY:Buy milk", "ATTACH:cid:part1@example.org",
                     "BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER;VALUE=DATE-TIME:20260601T080000Z",
                     "ATTACH;FMTTYPE=audio/basic:https://example.org/bell.aud", "END:VALARM")
        answer = self.dav.put(self.tasks + "a.ics", text)
        self.assertEqual(201, answer.status, answer)
        self.assertEqual([], self.upstream())
        self.assertEqual(text, self.dav.get(self.tasks + "a.ics").text)

    def test_a_client_that_never_wrote_one_loses_none(self):
        self.put(inline(b"hi"))
        plain = self.bridge.run("password", "add", "alice", "--label", "plain").strip()
        other = self.bridge.dav("alice", plain)
        etag = other.get(self.tasks + "a.ics").etag
        answer = other.put(self.tasks + "a.ics",
                           vtodo("one", "SUMMARY:Buy milk", "PRIORITY:1"), if_match=etag)
        self.assertEqual(204, answer.status, answer)
        self.assertIsNone(answer.etag)
        self.assertEqual(1, len(self.upstream()))
        self.assertEqual(1, len(self.lines(self.tasks + "a.ics")))
        self.assertIn("PRIORITY:1", self.document(self.tasks + "a.ics"))

    def test_one_that_is_left_out_on_purpose_goes(self):
        self.put(inline(b"one", "1.txt"), inline(b"two", "2.txt"), "ATTACH:https://example.org/x")
        answer = self.dav.get(self.tasks + "a.ics")
        kept = next(line for line in self.lines(self.tasks + "a.ics") if "2.txt" in line)
        answer = self.put(kept, if_match=answer.etag)
        self.assertEqual(204, answer.status, answer)
        self.assertEqual(["2.txt"], [a["Name"] for a in self.upstream()])
        self.assertEqual([kept], self.lines(self.tasks + "a.ics"))
        self.refresh()
        self.assertEqual([kept], self.lines(self.tasks + "a.ics"))

    def test_the_same_file_sent_inline_again_is_not_doubled(self):
        self.put(inline(b"hi"))
        (line,) = self.lines(self.tasks + "a.ics")
        etag = self.dav.get(self.tasks + "a.ics").etag
        self.assertEqual(204, self.put(inline(b"hi"), "PRIORITY:1", if_match=etag).status)
        self.assertEqual(1, len(self.upstream()))
        self.assertEqual([line], self.lines(self.tasks + "a.ics"))

    def test_move_and_copy_take_attachments_along(self):
        self.put(inline(b"hi"))
        other = self.dav.home + "other/"
        self.assertEqual(201, self.dav.request("MKCALENDAR", other).status)
        for method in ("COPY", "MOVE"):
            answer = self.dav.request(method, self.tasks + "a.ics", None, {
                "Destination": other + method + ".ics"})
            self.assertEqual(201, answer.status, answer)
            (line,) = self.lines(other + method + ".ics")
            self.assertIn("/other/" if "/other/" in line else method, line)
            self.assertEqual(b"hi", self.content(line).body)
            if method == "COPY":
                self.dav.delete(other + method + ".ics")

    def test_a_large_file_goes_inline(self):
        content = bytes(range(256)) * 20000  # 5 MB
        answer = self.put(inline(content))
        self.assertEqual(201, answer.status, answer)
        (line,) = self.lines(self.tasks + "a.ics")
        self.assertEqual(content, self.content(line).body)

    def test_restart_serves_what_was_there(self):
        self.put(inline(b"hi"))
        before = self.lines(self.tasks + "a.ics")
        self.bridge.stop()
        self.bridge.start()
        password = self.bridge.run("password", "add", "alice", "--label", "again").strip()
        self.dav = self.bridge.dav("alice", password)
        after = self.lines(self.tasks + "a.ics")
        self.assertEqual(before, after)
        self.assertEqual(b"hi", self.content(after[0]).body)


class Managed(AttachmentCase):
    """RFC 8607 3"""

    def setUp(self):
        super().setUp()
        self.assertEqual(201, self.put().status)

    def test_add_update_remove(self):
        href = self.tasks + "a.ics"
        answer = self.post("add", b"hi", {"Content-Type": "text/plain",
                                          "Content-Disposition": 'attachment; filename="a b.txt"'})
        self.assertEqual(201, answer.status, answer)
        first = answer.headers["Cal-Managed-ID"]
        self.assertEqual(answer.etag, self.dav.get(href).etag)
        (line,) = self.lines(href)
        self.assertIn(f'MANAGED-ID={first};FMTTYPE=text/plain;FILENAME="a b.txt";SIZE=2', line)
        self.assertEqual(b"hi", self.content(line).body)

        answer = self.post("update", b"<p>", {"Content-Type": "text/html; charset=utf-8",
                                              "Prefer": "return=representation"},
                           **{"managed-id": first})
        self.assertEqual(200, answer.status, answer)
        second = answer.headers["Cal-Managed-ID"]
        self.assertNotEqual(first, second)
        self.assertEqual(href, answer.headers["Content-Location"])
        self.assertEqual(answer.text, self.dav.get(href).text)
        self.assertEqual(answer.etag, self.dav.get(href).etag)
        (line,) = self.lines(href)
        self.assertIn(f'MANAGED-ID={second};FMTTYPE=text/html;FILENAME="a b.txt";SIZE=3', line)
        self.assertEqual(["PHA+"], [a["ContentBytes"] for a in self.upstream()])

        answer = self.post("remove", **{"managed-id": second})
        self.assertEqual((204, None), (answer.status, answer.headers["Cal-Managed-ID"]), answer)
        self.assertEqual(([], []), (self.lines(href), self.upstream()))
        self.assertEqual(404, self.content(line).status)

    def test_preconditions(self):
        def refused(name, answer):
            self.assertEqual(403, answer.status, answer)
            self.assertIn(f"<C:{name}", answer.text)
        refused("valid-action", self.post("rename", b"x", PLAIN))
        refused("valid-action", self.dav.request("POST", self.tasks + "a.ics", b"x", PLAIN))
        refused("valid-managed-id", self.post("add", b"x", PLAIN, **{"managed-id": "x"}))
        refused("valid-managed-id", self.post("update", b"x", PLAIN))
        refused("valid-managed-id", self.post("update", b"x", PLAIN, **{"managed-id": "0" * 32}))
        refused("valid-managed-id", self.post("remove", **{"managed-id": "0" * 32}))
        refused("valid-rid", self.post("add", b"x", PLAIN, rid="M"))
        self.assertEqual(404, self.post("add", b"x", PLAIN, href=self.tasks + "no.ics").status)
        self.assertEqual(405, self.dav.request("POST", self.tasks, b"x", PLAIN).status)
        self.assertEqual(412, self.post("add", b"x", dict(PLAIN, **{"If-Match": '"x"'})).status)
        self.assertEqual([], self.upstream())

    def test_it_is_announced(self):
        tokens = self.dav.request("OPTIONS", self.dav.home).headers["DAV"]
        self.assertIn("calendar-managed-attachments", tokens)
        self.assertIn("POST", self.dav.request("OPTIONS", self.tasks + "a.ics").headers["Allow"])
        names = ("c:max-attachment-size", "c:max-attachments-per-resource")
        found = self.dav.propfind(self.tasks, *names).items[self.tasks]
        self.assertEqual(["26214400", "100"], [found.text(name) for name in names])
        home = self.dav.propfind(self.dav.home, "c:managed-attachments-server-URL")
        self.assertEqual(self.bridge.url + "/",
                         home.items[self.dav.home].text("c:managed-attachments-server-URL"))

    def test_users_are_walled_off(self):
        self.post("add", b"hi", PLAIN)
        (line,) = self.lines(self.tasks + "a.ics")
        bob = self.bridge.dav("bob", self.bridge.add_user("bob", "bob-token"))
        self.assertEqual(404, self.content(line, bob).status)
        self.assertEqual(401, self.content(line, self.bridge.dav("alice", "wrong")).status)

    def test_content_is_never_shown_as_a_page_of_ours(self):
        self.post("add", b"<script>", {"Content-Type": "text/html",
                                       "Content-Disposition": "attachment; filename=x.html"})
        (line,) = self.lines(self.tasks + "a.ics")
        answer = self.content(line)
        self.assertEqual("nosniff", answer.headers["X-Content-Type-Options"])
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])
        self.assertTrue(answer.headers["Content-Disposition"].startswith("attachment;"))

    def test_head_ranges_and_revalidation(self):
        self.post("add", b"0123456789", PLAIN)
        (line,) = self.lines(self.tasks + "a.ics")
        answer = self.content(line)
        etag = answer.etag
        path = urllib.parse.urlsplit("http" + line.partition(":http")[2]).path
        head = self.dav.request("HEAD", path)
        self.assertEqual((200, "10", b"", etag),
                         (head.status, head.headers["Content-Length"], head.body, head.etag))
        self.assertEqual(304, self.content(line, If_None_Match=etag).status)
        for other in ("0" * 32, "%C3%A9", "a%22b", "x"):
            gone = self.dav.request("GET", path.rpartition("/")[0] + "/" + other,
                                    headers={"If-None-Match": "*"})
            self.assertEqual(404, gone.status, other)
        for value, status, body in (("bytes=2-4", 206, b"234"), ("bytes=7-", 206, b"789"),
                                    ("bytes=-2", 206, b"89"), ("bytes=4-2", 200, b"0123456789"),
                                    ("bytes=0-0,2-3", 200, b"0123456789"),
                                    ("bytes=8-99", 206, b"89"), ("bytes=10-", 416, b"")):
            answer = self.content(line, Range=value)
            self.assertEqual((status, body), (answer.status, answer.body), value)
        self.assertEqual(405, self.dav.request("PUT", path, b"x").status)

    def test_hostile_file_names(self):
        long = "x" * 300
        for given, wanted in (
                ('filename="../../etc/passwd"', "passwd"), ('filename="C:\\\\x\\\\a.exe"', "a.exe"),
                ('filename="a\\"b.txt"', 'a"b.txt'), ("filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
                ("filename*=UTF-8''a%0D%0AX-Evil:1.txt", "aX-Evil:1.txt"),
                ("filename=a;b=c; filename*=UTF-8''%ff", "a"), ("filename=..", "attachment"),
                ('filename=""', "attachment"), (f'filename="{long}"', "x" * 255)):
            with self.subTest(given):
                answer = self.post("add", given.encode(), dict(
                    PLAIN, **{"Content-Disposition": "attachment; " + given}))
                self.assertEqual(201, answer.status, answer)
                self.assertEqual([wanted], [a["Name"] for a in self.upstream()])
                (line,) = self.lines(self.tasks + "a.ics")
                disposition = self.content(line).headers["Content-Disposition"]
                self.assertTrue(disposition.isascii())
                self.assertIn(urllib.parse.quote(wanted, safe="")[:20], disposition)
                self.post("remove", **{"managed-id": answer.headers["Cal-Managed-ID"]})


class Limits(AttachmentCase):
    settings = {"limits": {"attachment": "100K", "body": "64K"}}

    def test_what_is_too_large_is_refused(self):
        self.assertEqual(201, self.put().status)
        answer = self.post("add", b"x" * (100 * 1024 + 1), PLAIN)
        self.assertEqual(403, answer.status, answer)
        self.assertIn("<C:max-attachment-size", answer.text)
        self.assertEqual(201, self.post("add", b"x" * 100 * 1024, PLAIN).status)
        answer = self.put(inline(b"y" * (100 * 1024 + 1)), href=self.tasks + "a.ics")
        self.assertEqual(403, answer.status, answer)
        self.assertIn("<C:max-attachment-size", answer.text)
        answer = self.dav.put(self.tasks + "b.ics", vtodo("two", "SUMMARY:x", inline(b"y" * 90000)))
        self.assertEqual(201, answer.status, answer)
        answer = self.dav.put(self.tasks + "c.ics", vtodo("three", "X-A:" + "y" * 90000))
        self.assertEqual(403, answer.status, answer)
        self.assertIn("<C:max-resource-size", answer.text)
        answer = self.dav.request("PROPFIND", self.tasks, b"x" * 90000)
        self.assertEqual(413, answer.status, answer)


class Trouble(AttachmentCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(201, self.put().status)
        self.named = dict(PLAIN, **{"Content-Disposition": "attachment; filename=a.txt"})

    def repeat(self, send, *wanted):
        answer = self.clock.until_final(send)
        self.assertIn(answer.status, wanted, answer)
        return answer

    def test_a_lost_answer_doubles_nothing(self):
        for kind in ("cut_after", "truncate", "cut_before"):
            with self.subTest(kind):
                self.admin.fault(kind, method="POST", path="/attachments")
                content = kind.encode()
                self.assertEqual(503, self.post("add", content, self.named).status)
                answer = self.repeat(lambda: self.post("add", content, self.named), 201)
                (made,) = self.upstream()
                (line,) = self.lines(self.tasks + "a.ics")
                self.assertIn(answer.headers["Cal-Managed-ID"], line)
                self.assertEqual(content, self.content(line).body)
                self.post("remove", **{"managed-id": answer.headers["Cal-Managed-ID"]})

    def test_a_lost_answer_to_an_inline_put_doubles_nothing(self):
        for kind in ("cut_after", "cut_before", "status"):
            with self.subTest(kind):
                self.admin.fault(kind, method="POST", path="/attachments",
                                 **({"status": 503} if kind == "status" else {}))
                href = f"{self.tasks}{kind}.ics"
                text = vtodo(kind, f"SUMMARY:{kind}", inline(kind.encode()))
                self.assertEqual(503, self.dav.put(href, text, if_none_match="*").status)
                self.repeat(lambda: self.dav.put(href, text, if_none_match="*"), 201)
                self.assertEqual(1, len(self.upstream(kind)))
                (line,) = self.lines(href)
                self.assertEqual(kind.encode(), self.content(line).body)

    @only_files
    def test_a_lost_answer_to_a_link_doubles_nothing(self):
        self.admin.fault("cut_after", method="POST", path="/attachments")
        text = vtodo("link", "SUMMARY:link", "ATTACH:https://example.org/doc")
        self.assertEqual(503, self.dav.put(self.tasks + "l.ics", text).status)
        self.repeat(lambda: self.dav.put(self.tasks + "l.ics", text), 201, 204)
        self.assertEqual(1, len(self.upstream("link")))
        self.assertEqual(text, self.dav.get(self.tasks + "l.ics").text)

    def test_a_lost_answer_to_a_removal(self):
        made = self.post("add", b"hi", self.named).headers["Cal-Managed-ID"]
        self.admin.fault("cut_after", method="DELETE", path="/attachments")
        send = lambda: self.post("remove", **{"managed-id": made})
        self.assertEqual(503, send().status)
        self.repeat(send, 204, 403)
        self.assertEqual(([], []), (self.upstream(), self.lines(self.tasks + "a.ics")))

    def test_killed_in_the_middle(self):
        self.admin.fault("hold_after", method="POST", path="/attachments")
        client = threading.Thread(target=lambda: self.failing(b"hi"))
        client.start()
        self.admin.wait(method="POST", path="/attachments", arrived=True)
        self.bridge.kill()
        client.join()
        self.admin.release(path="/attachments")
        self.bridge.start()
        password = self.bridge.run("password", "add", "alice", "--label", "again").strip()
        self.dav = self.bridge.dav("alice", password)
        self.repeat(lambda: self.post("add", b"hi", self.named), 201)
        self.assertEqual(1, len(self.upstream()))
        self.assertEqual(1, len(self.lines(self.tasks + "a.ics")))

    def failing(self, content):
        try:
            self.post("add", content, self.named)
        except OSError:
            pass
        except Exception:  # the connection was cut
            pass

    def test_what_the_service_refuses(self):
        self.admin.fault("status", status=413, code="ErrorRequestSizeExceeded", method="POST",
                         path="/attachments")
        answer = self.post("add", b"hi", self.named)
        self.assertEqual(403, answer.status, answer)
        self.assertIn("<C:max-attachment-size", answer.text)
        self.admin.fault("status", status=507, code="ErrorQuotaExceeded", method="POST",
                         path="/attachments")
        self.assertEqual(507, self.post("add", b"hi", self.named).status)
        self.assertEqual(([], []), (self.upstream(), self.lines(self.tasks + "a.ics")))
        self.assertEqual(201, self.post("add", b"hi", self.named).status)

    def test_an_inline_file_that_is_refused_stays_with_the_task(self):
        self.admin.fault("status", status=413, code="ErrorRequestSizeExceeded", method="POST",
                         path="/attachments")
        line = inline(b"hi")
        answer = self.dav.put(self.tasks + "r.ics", vtodo("r", "SUMMARY:r", line))
        self.assertEqual(201, answer.status, answer)
        (kept,) = self.lines(self.tasks + "r.ics")
        self.assertTrue(kept.endswith(":aGk="), kept)

    def test_a_read_of_content_fails_in_a_way_that_brings_the_client_back(self):
        self.post("add", b"hi", self.named)
        (line,) = self.lines(self.tasks + "a.ics")
        self.admin.fault("status", status=503, method="GET", path="/attachments", count=2)
        answer = self.content(line)
        self.assertEqual(503, answer.status, answer)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)

    def test_a_change_upstream_meanwhile_is_merged(self):
        task = self.admin.tasks("alice")["Buy milk"]
        self.admin.fault("hold_after", method="POST", path="/attachments")
        self.rest.patch(f"/tasks('{task['Id']}')", {"Importance": "High"})
        answers = []
        client = threading.Thread(
            target=lambda: answers.append(self.post("add", b"hi", self.named)))
        client.start()
        self.admin.wait(method="POST", path="/attachments", arrived=True)
        self.admin.release(path="/attachments")
        client.join()
        self.assertEqual(201, answers[0].status, answers)
        document = self.document(self.tasks + "a.ics")
        self.assertTrue(any(line.startswith("PRIORITY:") for line in document), document)


@only_on("todo", "v2.0 takes a file of any size in one request")
class Pieces(AttachmentCase):
    """upstream.md B.9: 3 MB and more go up in a session, in pieces of less than 4 MB."""
    content = bytes(range(251)) * 16000  # two pieces
    named = {"Content-Type": "application/zip",
             "Content-Disposition": "attachment; filename=a.zip"}
    session = {"method": "POST", "path": "/createuploadsession"}
    piece = {"method": "PUT", "path": "/attachmentsessions/"}

    def setUp(self):
        super().setUp()
        self.assertEqual(201, self.put().status)

    def add(self):
        return self.post("add", self.content, self.named)

    def upstream(self, subject="Buy milk"):
        task = self.admin.tasks("alice")[subject]
        return self.rest.get(
            f"/tasks('{task['Id']}')/attachments?$select=Id,Name,ContentType").json["value"]

    def sessions(self):
        return len(self.admin.requests(**self.session, arrived=1))

    def pieces(self):
        return [r["headers"]["content-range"] for r in self.admin.requests(**self.piece, arrived=1)]

    def check(self, answer):
        """It is there, once."""
        self.assertEqual(201, answer.status, answer)
        (made,) = self.upstream()
        self.assertEqual(("a.zip", "application/zip"), (made["Name"], made["ContentType"]))
        (line,) = self.lines(self.tasks + "a.ics")
        self.assertIn(answer.headers["Cal-Managed-ID"], line)
        self.assertIn(f";SIZE={len(self.content)}:", line)
        self.assertTrue(self.content == self.read(line))
        ctag = self.dav.ctag(self.tasks)
        self.refresh()
        self.assertEqual(ctag, self.dav.ctag(self.tasks))

    def read(self, line):
        return AttachmentCase.content(self, line).body

    def fails(self, kind, match, **more):
        """That request fails, and with it the client's; nothing is seen of the file yet."""
        self.admin.fault(kind, **match, **more)
        answer = self.add()
        self.assertEqual(503, answer.status, answer)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual([], self.lines(self.tasks + "a.ics"))

    def test_in_order_and_small_enough(self):
        self.content = 2 * self.content
        self.check(self.add())
        total = len(self.content)
        self.assertEqual([f"bytes 0-3932159/{total}", f"bytes 3932160-7864319/{total}",
                          f"bytes 7864320-{total - 1}/{total}"], self.pieces())
        self.assertEqual([], self.admin.requests(method="POST", path="/attachments", status=201))

    def test_what_is_smaller_goes_up_whole(self):
        self.content = b"x" * 2_999_999
        self.check(self.add())
        self.assertEqual(0, self.sessions())
        self.dav.delete(self.tasks + "a.ics")
        self.put()
        self.content = b"x" * 3_000_000
        self.check(self.add())
        self.assertEqual((1, 1), (self.sessions(), len(self.pieces())))

    def test_a_session_that_breaks_leaves_nothing_behind(self):
        gone = {"status": 404, "code": "ErrorItemNotFound"}
        for kind, match, more in (
                ("cut_after", self.session, {}),
                ("malformed", self.session, {}),
                ("status", self.piece, {"status": 500}),
                ("status", self.piece, gone),
                ("status", dict(self.piece, nth=2), gone),
                ("status", dict(self.piece, nth=2), {"status": 429, "retry_after": 3}),
                ("cut_after", self.piece, {}),
                ("rewrite", self.piece, {"find": '"3932160"', "put": '"0"'})):
            with self.subTest(kind=kind, match=match, **more):
                self.fails(kind, match, **more)
                self.assertEqual([], self.upstream())
                self.clock.advance(10)
                before = self.sessions()
                self.check(self.clock.until_final(self.add))
                self.assertEqual(before + 1, self.sessions())
                self.admin.clear_faults()
                self.assertEqual(204, self.post("remove", **{
                    "managed-id": re.search("MANAGED-ID=([0-9a-f]+)",
                                            self.lines(self.tasks + "a.ics")[0])[1]}).status)

    def test_a_lost_answer_to_the_last_piece_doubles_nothing(self):
        for kind, more in (("cut_after", {}), ("status_after", {"status": 500}),
                           ("cut_before", {}), ("status", {"status": 504})):
            with self.subTest(kind):
                self.fails(kind, dict(self.piece, nth=2), **more)
                before = self.sessions()
                answer = self.clock.until_final(self.add)
                self.check(answer)
                self.assertEqual(before + (not kind.endswith("after")), self.sessions())
                self.admin.clear_faults()
                self.post("remove", **{"managed-id": answer.headers["Cal-Managed-ID"]})

    def test_an_inline_put_that_breaks_is_completed_by_its_repetition(self):
        text = vtodo("big", "SUMMARY:big", inline(self.content, "a.zip"))
        for kind, nth in (("status", 1), ("cut_after", 2)):
            self.admin.fault(kind, **dict(self.piece, nth=nth))
            href = f"{self.tasks}{kind}.ics"
            put = lambda: self.dav.put(href, text.replace("big", kind), if_none_match="*")
            self.assertEqual(503, put().status)
            answer = self.clock.until_final(put)
            self.assertEqual(201, answer.status, answer)
            self.assertEqual(["a.zip"], [a["Name"] for a in self.upstream(kind)])
            (line,) = self.lines(href)
            self.assertTrue(self.content == self.read(line))
            self.admin.clear_faults()

    def test_killed_between_the_pieces(self):
        self.admin.fault("hold_after", **self.piece)
        client = threading.Thread(target=self.killed)
        client.start()
        self.admin.wait(**self.piece, arrived=True)
        self.bridge.kill()
        client.join()
        self.admin.release(path="/attachmentsessions/")
        self.bridge.start()
        password = self.bridge.run("password", "add", "alice", "--label", "again").strip()
        self.dav = self.bridge.dav("alice", password)
        self.check(self.clock.until_final(self.add))

    def killed(self):
        try:
            self.add()
        except Exception:  # the connection was cut
            pass

    def test_what_the_service_refuses(self):
        for status, wanted, text, match in (
                (413, 403, "<C:max-attachment-size", self.session), (507, 507, "", self.session),
                (413, 403, "<C:max-attachment-size", dict(self.piece, nth=2)),
                (400, 403, "", self.piece)):
            with self.subTest(status=status, match=match):
                self.admin.clear_faults()
                self.admin.fault("status", status=status, code="ErrorOther", **match)
                answer = self.add()
                self.assertEqual(wanted, answer.status, answer)
                self.assertIn(text, answer.text)
                self.assertEqual(([], []), (self.upstream(), self.lines(self.tasks + "a.ics")))
        self.check(self.add())

    def test_the_token_goes_to_no_other_host(self):
        other = self.start_sandbox(clock=self.clock)
        self.fails("rewrite", self.session, find=self.sandbox.origin, put=other.origin)
        self.assertEqual([], other.admin.requests(arrived=1))
        self.check(self.clock.until_final(self.add))
