"""Every way in which the service, or what lies before it, can fail, in reads, in rounds and in every
kind of write. One row of FAULTS is one test; docs/testing.md has the whole inventory.

Of each write: while it is struck the client gets its 2xx or 503 with Retry-After (or what the fault
itself means), what was served goes on being served, the client's retry ends well, and upstream has the
change exactly once. Of each read: nothing that is served moves or goes, and as soon as the fault is
over all that Outlook did shows.
"""
import concurrent.futures
import email.utils
import json
import os
import re
import shutil
import tempfile
import time
import unittest

from harness import (DEADLINE, DIALECT, Bridge, Http, Sandbox, TestClock, XMLNS, Multistatus,
                     Process, unfold, vtodo, wire)
from proxy import Listener, Proxy, make_certificate

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
PATIENCE = DEADLINE if not os.environ.get("DUEDAV_HASTE") else 8
HTML = "<html><head><title>502 Bad Gateway</title></head><body>\n<h1>Bad Gateway</h1></body></html>"
QUERY = f"""<c:calendar-query {XMLNS}><d:prop><d:getetag/></d:prop><c:filter>
    <c:comp-filter name="VCALENDAR"><c:comp-filter name="VTODO"/></c:comp-filter></c:filter>
    </c:calendar-query>"""
READS = ("delta", "folders", "single", "full")
WRITES = ("create", "change", "complete", "complete_series", "delete", "move_make", "move_remove",
          "make_list", "rename_list", "delete_list")


class World:
    """One service behind a proxy, one bridge with one account; used by many tests."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="duedav-")
        self.clock = TestClock(self.folder)
        self.sandbox = Sandbox(self.folder, self.clock)
        self.admin = self.sandbox.admin
        self.proxy = Proxy(("127.0.0.1", self.admin.parts.port))
        self.rest = self.sandbox.rest()
        self.rest.post("/taskfolders", {"Name": "Second"})
        self.bridge = Bridge(self.folder, self.sandbox.url.replace(
            self.sandbox.origin, self.proxy.origin), self.clock)
        password = self.bridge.add_user("alice", "alice-token")
        self.bridge.start()
        self.dav = self.bridge.dav("alice", password)
        self.names = 0

    def close(self):
        self.proxy.flow()
        try:
            self.bridge.stop()
            self.sandbox.stop()
        finally:
            self.proxy.close()
            self.clock.close()
            shutil.rmtree(self.folder, ignore_errors=True)


class FaultCase(unittest.TestCase):
    world = None
    is_broken = False

    @classmethod
    def tearDownClass(cls):
        world, cls.world = cls.world, None
        if world is not None:
            world.close()

    def setUp(self):
        if self.is_broken and self.world is not None:
            type(self).tearDownClass()
        if self.world is None:
            type(self).world = World()
        type(self).is_broken = True  # until it has ended well
        self.clock = self.world.clock
        self.admin = self.world.admin
        self.proxy = self.world.proxy
        self.rest = self.world.rest
        self.dav = self.world.dav
        self.lists = self.dav.collections()
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    def ended_well(self):
        self.assertNotIn("Sanitizer", self.world.bridge.server.read_log())
        type(self).is_broken = False

    # --- time

    def while_time_passes(self, function):
        """The result of a request, whatever the bridge has to wait for meanwhile."""
        pending = self.pool.submit(function)
        patience = 0.2  # what needs no time comes at once
        while not concurrent.futures.wait([pending], timeout=patience).done:
            self.clock.advance(1)
            patience = 0.02
        return pending.result()

    def retry(self, attempt):
        """What a client does after 503: the same again, later."""
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.while_time_passes(attempt)
            if answer.status != 503:
                return answer
            self.assertLess(time.monotonic(), end, answer)
            self.assertIn("Retry-After", answer.headers)
            self.clock.advance(int(answer.headers["Retry-After"]))

    def until(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), end, what)
            self.while_time_passes(lambda: self.world.dav.ctag(self.lists["Tasks"]))
            self.clock.advance(FRESH)

    # --- what is there

    def upstream(self, name):
        return [t for t in self.admin.state("alice")["tasks"] if t["Subject"] == name]

    def served(self):
        """{list: {title: times}} as clients see it."""
        result = {}
        for title, path in self.dav.collections().items():
            found = self.dav.request("REPORT", path, QUERY, {"Depth": "1"})
            if found.status == 404:  # a round has just found it gone
                continue
            hrefs = list(Multistatus(found).items)
            result[title] = {}
            for text in self.dav.multiget(path, hrefs).values() if hrefs else ():
                if text is None:  # gone between the two
                    continue
                summary = next(l[8:].strip() for l in text.splitlines() if l.startswith("SUMMARY:"))
                result[title][summary] = result[title].get(summary, 0) + 1
        return result

    def there(self):
        """The same, of the service."""
        state = self.admin.state("alice")
        names = {f["Id"]: f["Name"] for f in state["folders"]}
        result = {name: {} for name in names.values()}
        for task in state["tasks"]:
            here = result[names[task["FolderId"]]]
            here[task["Subject"]] = here.get(task["Subject"], 0) + 1
        return result

    def assert_same(self, what):
        self.until(lambda: self.served() == self.there(),
                   lambda: f"{what}: {self.served()} is not {self.there()}")

    def put_new(self, name, *lines):
        answer = self.retry(lambda: self.dav.put(
            f"{self.lists['Tasks']}{name}.ics", vtodo(name, f"SUMMARY:{name}", *lines),
            if_none_match="*"))
        self.assertEqual(answer.status, 201, answer)
        return f"{self.lists['Tasks']}{name}.ics", answer.etag

    def new_name(self, what):
        self.world.names += 1
        return f"{what}-{self.world.names}"

    # --- the writes: (method and path of the call that is struck, the client's request, statuses of
    # its success, what must be true then)

    def write_create(self):
        name = self.new_name("create")
        text = vtodo(name, f"SUMMARY:{name}", "LOCATION:kept")
        path = f"{self.lists['Tasks']}{name}.ics"

        def check():
            self.assertEqual(len(self.upstream(name)), 1)
            self.assertIn("LOCATION:kept", unfold(self.dav.get(path).text))
        return ("POST", "/tasks"), lambda: self.dav.put(path, text, if_none_match="*"), (201,), check

    def write_change(self):
        name = self.new_name("change")
        path, etag = self.put_new(name)
        text = vtodo(name, f"SUMMARY:{name}-b", "X-MINE:1")

        def check():
            self.assertEqual(len(self.upstream(f"{name}-b")), 1)
            self.assertEqual(self.upstream(name), [])
            self.assertIn("X-MINE:1", unfold(self.dav.get(path).text))
        return ("PATCH", wire.single), lambda: self.dav.put(path, text, if_match=etag), (204,), check

    def write_complete(self):
        name = self.new_name("complete")
        path, etag = self.put_new(name)
        text = vtodo(name, f"SUMMARY:{name}", "STATUS:COMPLETED", "COMPLETED:20260504T080000Z")

        def check():
            task, = self.upstream(name)
            self.assertEqual(task["Status"], "Completed")
        return (None, wire.single), lambda: self.dav.put(path, text, if_match=etag), (204,), check

    def write_complete_series(self):
        name = self.new_name("series")
        dates = ["DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260504", "RRULE:FREQ=WEEKLY"]
        path, etag = self.put_new(name, *dates)
        text = vtodo(name, f"SUMMARY:{name}", *dates, "END:VTODO", "BEGIN:VTODO", f"UID:{name}",
                     "DTSTAMP:20260504T160000Z", f"SUMMARY:{name}",
                     "RECURRENCE-ID;VALUE=DATE:20260504", "STATUS:COMPLETED",
                     "COMPLETED:20260504T070000Z")

        def check():
            statuses = sorted(t["Status"] for t in self.upstream(name))
            self.assertEqual(statuses, ["Completed", "NotStarted"])
        struck = wire.complete["method"], wire.complete["path"]
        return struck, lambda: self.dav.put(path, text, if_match=etag), (204,), check

    def write_delete(self):
        name = self.new_name("delete")
        path, etag = self.put_new(name)

        def check():
            self.assertEqual(self.upstream(name), [])
            self.assertEqual(self.dav.get(path).status, 404)
        # 404: the first try had done it
        return ("DELETE", wire.single), lambda: self.dav.delete(path, if_match=etag), (204, 404), check

    def write_move(self, method, place):
        name = self.new_name("move")
        path, _ = self.put_new(name, "X-MINE:1")
        target = f"{self.lists['Second']}{name}.ics"

        def attempt():
            return self.dav.request("MOVE", path, None, {"Destination": target, "Overwrite": "F"})

        def check():
            task, = self.upstream(name)
            self.assertEqual(self.dav.get(path).status, 404)
            self.assertIn("X-MINE:1", unfold(self.dav.get(target).text))
        # 404, 412: the first try had done it
        return (method, place), attempt, (201, 404, 412), check

    def write_move_make(self):
        return self.write_move("POST", "/tasks")

    def write_move_remove(self):
        return self.write_move("DELETE", wire.single)

    def write_make_list(self):
        name = self.new_name("Garden")
        path = f"{self.dav.home}{name.lower()}/"
        body = f"""<c:mkcalendar {XMLNS}><d:set><d:prop><d:displayname>{name}</d:displayname>
            </d:prop></d:set></c:mkcalendar>"""

        def check():
            names = [f["Name"] for f in self.admin.state("alice")["folders"]]
            self.assertEqual(names.count(name), 1, names)
            self.assertEqual(self.dav.collections()[name], path)
        # 405: the first try had made it
        return (("POST", wire.folders), lambda: self.dav.request("MKCALENDAR", path, body),
                (201, 403, 405), check)

    def make_list(self, name):
        path = f"{self.dav.home}{name.lower()}/"
        answer = self.dav.request("MKCALENDAR", path, f"""<c:mkcalendar {XMLNS}><d:set><d:prop>
            <d:displayname>{name}</d:displayname></d:prop></d:set></c:mkcalendar>""")
        self.assertEqual(answer.status, 201, answer)
        return path

    def write_rename_list(self):
        name = self.new_name("Old")
        path = self.make_list(name)
        body = f"""<d:propertyupdate {XMLNS}><d:set><d:prop><d:displayname>{name}-new</d:displayname>
            </d:prop></d:set></d:propertyupdate>"""

        def attempt():
            answer = self.dav.request("PROPPATCH", path, body)
            if answer.status == 207:  # what it says of the property
                answer.status = int(re.search(r"HTTP/1.1 (\d+)", answer.text)[1])
            return answer

        def check():
            names = [f["Name"] for f in self.admin.state("alice")["folders"]]
            self.assertEqual((names.count(name), names.count(f"{name}-new")), (0, 1), names)
            self.assertEqual(self.dav.collections()[f"{name}-new"], path)
        return ("PATCH", wire.folders), attempt, (200,), check

    def write_delete_list(self):
        name = self.new_name("Gone")
        path = self.make_list(name)

        def check():
            self.assertNotIn(name, [f["Name"] for f in self.admin.state("alice")["folders"]])
            self.until(lambda: name not in self.dav.collections(), f"{name} is still served")
        return ("DELETE", wire.folders), lambda: self.dav.delete(path), (204, 404), check

    def strike_write(self, fault, kind):
        struck, attempt, done, check = getattr(self, f"write_{kind}")()
        still = self.new_name("still")
        self.put_new(still)
        fault.begin(self, *struck)
        answer = self.while_time_passes(attempt)
        if answer.status == 503:
            self.assertIn("Retry-After", answer.headers, (kind, answer))
        else:
            self.assertIn(answer.status, (*done, *fault.means.get(kind, ())), (kind, answer))
        during = self.while_time_passes(self.served)  # a poll may wait for a round
        self.assertEqual(during["Tasks"][still], 1, f"{kind}: reads go on")
        fault.end(self)
        if answer.status != 503 and kind in fault.means:  # believed, and set right by a full round
            self.world.bridge.run("sync", "alice")
            self.assert_same(kind)
            return
        answer = self.retry(attempt) if answer.status == 503 else answer
        self.assertIn(answer.status, done, (kind, answer))
        check()
        self.assert_same(kind)
        check()

    # --- the reads

    def strike_read(self, fault, kind):
        name = self.new_name("read")
        self.put_new(name)
        self.rest.create(f"{name}-deleted")
        self.assert_same("before")
        before = self.served()
        folder, = self.rest.post("/taskfolders", {"Name": f"{name}-folder"}).json["Id"],
        for task in self.upstream(f"{name}-deleted"):
            self.rest.delete(f"/tasks/{task['Id']}")
        for task in self.upstream(name):
            self.rest.patch(f"/tasks/{task['Id']}", {"Subject": f"{name}-b"})
        self.rest.create(f"{name}-new")
        struck = {"delta": {"path": wire.linked}, "folders": {"path": wire.folder_round},
                  "single": {"path": wire.single}, "full": wire.full_round}[kind]
        if kind == "single":
            self.admin.fault("partial_items", path=wire.linked)
        elif kind == "full":
            self.admin.expire_tokens()
        fault.begin(self, "GET", **struck)
        self.clock.advance(FRESH)
        self.while_time_passes(lambda: self.world.dav.ctag(self.lists["Tasks"]))
        during = self.while_time_passes(self.served)  # a poll may wait for a round
        for title, tasks in before.items():
            for task in tasks:  # as it was, or as Outlook made it
                if task == name:
                    self.assertIn(name in during[title] or f"{name}-b" in during[title], (True,))
                elif task != f"{name}-deleted":
                    self.assertEqual(during[title].get(task), 1, (kind, task))
        fault.end(self)
        self.assert_same(kind)
        self.rest.delete(f"/taskfolders/{folder}")
        self.assert_same(kind)


class Fault:
    """A rule for the sandbox. means: {write: statuses that say the fault itself to the client}."""

    def __init__(self, kind, reads=READS, writes=WRITES, means=(), **more):
        self.kind = kind
        self.reads = reads
        self.writes = writes
        self.means = dict(means)
        self.more = more

    def begin(self, test, method, path, nth=1):
        more = {k: v(test) if callable(v) else v for k, v in self.more.items()}
        test.admin.fault(self.kind, method=method, path=path, nth=nth, **more)

    def end(self, test):
        test.admin.release()
        test.admin.clear_faults()


class Wire(Fault):
    """What the proxy does, to whatever comes."""

    def __init__(self, begin, end, **more):
        super().__init__(None, **more)
        self.do_begin, self.do_end = begin, end

    def begin(self, test, method, path, nth=1):
        self.do_begin(test.proxy)

    def end(self, test):
        self.do_end(test.proxy)
        test.admin.clear_faults()


def in_ten_seconds(test):
    return email.utils.formatdate(test.clock.now_us // 1_000_000 + 10, usegmt=True)


def status(number, code=None, **more):
    return Fault("status", status=number, code=code, **more)


VANISHED = {"change": (412,), "complete": (412,), "complete_series": (412,), "delete": (204, 404),
            "move_remove": (201,), "delete_list": (204, 404), "rename_list": (403, 404)}
REFUSED = {kind: (403,) for kind in WRITES}
TASK_WRITES = ("create", "change", "complete", "complete_series", "delete", "move_make", "move_remove")
ANSWERED = ("create", "change", "complete", "complete_series", "move_make", "make_list",
            "rename_list")  # whose answer has a body

FAULTS = {
    "401_expired": status(401, "InvalidAuthenticationToken"),
    "401_revoked": status(401, "TokenRevoked", body=""),
    "403": status(403, "ErrorAccessDenied", means=REFUSED),
    "404_of_the_service": status(404, "ErrorItemNotFound", means=VANISHED, reads=("full", "folders")),
    "404_of_a_proxy": status(404, body=HTML),
    "409": status(409, "ErrorConflict", means={"rename_list": (403,), "delete_list": (403,),
                                               "make_list": (403,)}),
    "410": status(410, "ResourceGone"),
    "412": status(412, "ErrorIrresolvableConflict", writes=("change", "complete", "delete"), reads=()),
    "429_without_a_time": status(429, "TooManyRequests"),
    "429_with_seconds": status(429, "TooManyRequests", retry_after="7"),
    "429_with_a_date": status(429, "TooManyRequests", retry_after=in_ten_seconds),
    "500": status(500),
    "500_after_doing_it": Fault("status_after", status=500),
    "502_with_html": status(502, body=HTML),
    "502_after_doing_it": Fault("status_after", status=502, body=HTML),
    "503": status(503),
    "503_with_seconds": status(503, retry_after="7"),
    "504": status(504, body=HTML),
    "504_after_doing_it": Fault("status_after", status=504, body=""),
    "connection_refused": Wire(Proxy.refuse, Proxy.accept),
    "reset_before_it_is_done": Fault("cut_before"),
    "reset_after_it_is_done": Fault("cut_after"),
    "reset_in_the_middle_of_the_answer": Fault("truncate"),
    "stall_before_it_is_done": Fault("stall"),
    "stall_after_it_is_done": Fault("stall_after"),
    "slow_drip": Wire(lambda proxy: proxy.drip(100), Proxy.flow,
                      writes=("create", "change", "complete_series", "delete")),
    "truncated_json": Fault("malformed", writes=ANSWERED),
    "malformed_json": Fault("status_after", status=200, body='{"value":[}', writes=ANSWERED),
    "json_of_the_wrong_shape": Fault("status_after", status=200, writes=ANSWERED,
                                     body=json.dumps(wire.spell({"value": {"Id": 7}, "Id": {},
                                                                 "Subject": []}))),
    "json_that_is_no_object": Fault("status_after", status=200, body="[]", writes=ANSWERED),
    "an_empty_body": Fault("status_after", status=200, body="", writes=ANSWERED),
    "unknown_enum_values": Fault("rewrite", put='"Utmost"',
                                 find=json.dumps(wire.spell("Normal", "Importance"))),
    "unknown_status": Fault("rewrite", put='"Someday"',
                            find=json.dumps(wire.spell("NotStarted", "Status"))),
    "items_twice_on_a_page": Fault("repeat_items", writes=()),
    "items_twice_across_pages": Fault("repeat_across", writes=()),
    "items_out_of_order": Fault("reverse_items", writes=()),
    "a_round_without_link": Fault("no_tracking", writes=()),
    "a_delta_link_that_expires": Fault("expire_delta", writes=(), reads=("delta", "folders")),
    "a_sync_state_of_another_code": Fault("expire_delta", writes=(), reads=("delta", "folders"),
                                          status=400, code="ErrorInvalidSyncStateData"),
}


class InWrites(FaultCase):
    pass


class InReads(FaultCase):
    pass


def some_of(kinds, place):
    """All in a long run; else a third, another one for each fault and dialect, so that all are met."""
    place += DIALECT == "todo"
    return kinds if os.environ.get("DUEDAV_LONG") else kinds[place % 3::3] or kinds[:1]


def named(fault, kinds, strike):
    def test(self):
        ended = []
        for kind in kinds:
            with self.subTest(kind):
                getattr(self, strike)(fault, kind)
                ended.append(kind)
            if kind not in ended:
                return  # the world is not what the next one expects
        self.ended_well()
    return test


for place, (name, fault) in enumerate(FAULTS.items()):
    if fault.writes:
        setattr(InWrites, f"test_{name}",
                named(fault, some_of(fault.writes, place), "strike_write"))
    if fault.reads:
        setattr(InReads, f"test_{name}", named(fault, some_of(fault.reads, place), "strike_read"))
