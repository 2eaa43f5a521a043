"""Random clients and a random Outlook on one mailbox, with faults and kill -9, checked by an oracle
(torture_model.py). The seed is printed; DUEDAV_SEED=N repeats a run (the order of answers, which the
machine decides, apart). An ordinary run has always the same one, so that a red one is about the change
at hand; DUEDAV_LONG=1 takes a seed by chance and runs longer, DUEDAV_OPS=N sets the length.

Nothing sleeps: one thread starts requests, waits for answers, and moves the clock when nothing else
goes on.
"""
import http.client
import os
import random
import select
import subprocess
import time

from harness import Bridge, Case, Multistatus, XMLNS, expand, vtodo, wire
import torture_model as m

LONG = bool(os.environ.get("DUEDAV_LONG"))
FRESH = 6
OPERATIONS = int(os.environ.get("DUEDAV_OPS") or (20000 if LONG else 300))  # on each dialect
EPISODE = 120  # operations between two checks
SECONDS = float(os.environ.get("DUEDAV_SECONDS") or (3600 if LONG else 60))
KEEP = os.environ.get("DUEDAV_KEEP")  # a folder for what is left of a run that failed
PATIENCE_MS = 25  # how long an answer that needs no clock takes at most, usually

BALLAST = "Ballast "  # tasks that nobody changes

HTML = "<html><body><h1>Bad Gateway</h1></body></html>"
QUERY = f"""<c:calendar-query {XMLNS}><d:prop><d:getetag/></d:prop><c:filter>
    <c:comp-filter name="VCALENDAR"><c:comp-filter name="VTODO"/></c:comp-filter></c:filter>
    </c:calendar-query>"""
HOME = f"<d:propfind {XMLNS}><d:prop><d:displayname/><d:resourcetype/></d:prop></d:propfind>"
CTAG = f"<d:propfind {XMLNS}><d:prop><cs:getctag/></d:prop></d:propfind>"


class Ask:
    """A request that a client's routine yields; it gets a Response, or None if the connection broke."""

    def __init__(self, method, path, body=None, **headers):
        self.method = method
        self.path = path
        self.body = body.encode() if body is not None else None
        self.headers = {name.replace("_", "-").title(): value for name, value in headers.items()
                        if value is not None}


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def etag(self):
        return self.headers.get("ETag")

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:1500]!r}>"


class Wait:
    """Yielded: go on so many seconds later."""

    def __init__(self, seconds):
        self.seconds = seconds


class Local:
    """A client's copy of one resource."""

    def __init__(self, etag, text, is_own, at):
        self.etag = etag    # None: to be fetched
        self.text = text
        self.is_own = is_own  # written by this client since it last synchronised
        self.at = at          # moment of the model at which it was got


class Copy:
    """A client's copy of one list."""

    def __init__(self):
        self.token = ""
        self.ctag = None
        self.items = {}  # href: Local


class Client:
    """A CalDAV client; its operations are generators that run until their end."""

    def __init__(self, test, name, password):
        self.test = test
        self.model = test.model
        self.rng = random.Random(f"{test.seed} {name}")
        self.name = name
        self.login = password
        self.lists = {}  # path: Copy
        self.routine = None
        self.connection = None
        self.wakes_us = None
        self.asked = None

    # --- driven by the loop

    def start(self, routine):
        self.routine = routine
        self.step(None)

    def step(self, value):
        self.wakes_us = None
        try:
            asked = self.routine.send(value)
        except StopIteration:
            self.routine = None
            return
        if isinstance(asked, Wait):
            self.wakes_us = self.test.clock.now_us + round(asked.seconds * 1_000_000)
        else:
            self.asked = asked
            self.send(asked)

    def send(self, ask):
        parts = self.test.bridge.url.rpartition("/")[2].split(":")
        self.connection = http.client.HTTPConnection(parts[0], int(parts[1]), timeout=60)
        headers = dict(ask.headers, Authorization=self.login, Connection="close")
        try:
            self.connection.request(ask.method, ask.path, ask.body, headers)
        except OSError:
            pass  # found when it is read

    def finish(self):
        """The answer has begun to come."""
        connection, self.connection = self.connection, None
        answer = None
        try:
            if connection.sock is not None:
                response = connection.getresponse()
                answer = Answer(response, response.read())
        except (OSError, http.client.HTTPException):
            pass
        connection.close()
        self.step(answer)

    # --- what clients do

    def until_final(self, ask):
        """Repeats the very same request until there is a real answer: (answer, was one unclear)."""
        unclear = False
        for _ in range(400):
            answer = yield ask
            if answer is not None and answer.status != 503:
                return answer, unclear
            unclear = True
            yield Wait(int(answer.headers["Retry-After"]) if answer else 1)
        raise AssertionError(f"{self.name}: {ask.method} {ask.path} never ends")

    def settle(self, writes, answer, unclear, done):
        state = m.ACKED if answer.status in done else m.MAYBE if unclear else m.REFUSED
        self.model.settle(writes, state)
        self.model.note(f"{self.name} {writes[0].tag} got {answer.status} {answer.etag} {state}")
        if state == m.ACKED:
            self.test.check_upstream(writes[0])

    def refresh_home(self):
        answer, _ = yield from self.until_final(
            Ask("PROPFIND", "/dav/calendars/alice/", HOME, depth="1"))
        paths = [href for href, item in Multistatus(answer).items.items()
                 if "calendar" in [e.tag.rpartition("}")[2]
                                   for e in item.props[expand("d:resourcetype")]]]
        for path in paths:
            self.lists.setdefault(path, Copy())
        for path in set(self.lists) - set(paths):
            del self.lists[path]

    def fetch(self, path, hrefs):
        """{href: (etag, text)} by multiget."""
        wanted = "".join(f"<d:href>{href}</d:href>" for href in hrefs)
        answer, _ = yield from self.until_final(Ask("REPORT", path, f"""<c:calendar-multiget {XMLNS}>
            <d:prop><d:getetag/><c:calendar-data/></d:prop>{wanted}</c:calendar-multiget>"""))
        if answer.status == 404:
            return {}
        found = {}
        for href, item in Multistatus(answer).items.items():
            if item.status is None:
                data = item.props[expand("c:calendar-data")]
                found[href] = (item.text("d:getetag"), "".join(data.itertext()))
        return found

    def take(self, copy, changed, fetched, claims_change):
        """Bring the copy up to what the server said: changed is {href: etag or None}."""
        for href, etag in changed.items():
            old = copy.items.get(href)
            if etag is None or href not in fetched:
                copy.items.pop(href, None)
                continue
            text = fetched[href][1]
            self.test.seen(self, href, text)
            if old is not None and claims_change and not old.is_own:
                self.test.check_is_change(self, href, old, fetched[href])
            # it may have changed between the two answers, and will be reported again then
            copy.items[href] = Local(
                fetched[href][0], text, fetched[href][0] != etag, self.model.now)

    def sync(self):
        yield from self.refresh_home()
        for path in list(self.lists):
            yield from self.sync_list(path)

    def sync_list(self, path):
        copy = self.lists[path]
        answer, _ = yield from self.until_final(Ask("REPORT", path, f"""<d:sync-collection {XMLNS}>
            <d:sync-token>{copy.token}</d:sync-token><d:sync-level>1</d:sync-level>
            <d:prop><d:getetag/></d:prop></d:sync-collection>""", depth="0"))
        if answer.status == 404:
            self.lists.pop(path, None)
            return
        found = Multistatus(answer)
        changed = {href: None if item.status == 404 else item.text("d:getetag")
                   for href, item in found.items.items()}
        if copy.token:
            self.test.check_token(self, path, copy.token, found.sync_token, changed)
        wanted = [href for href, etag in changed.items() if etag is not None
                  and not (href in copy.items and copy.items[href].etag == etag)]
        for href, etag in changed.items():
            if etag is not None and href not in wanted and not copy.items[href].is_own:
                self.test.check_is_change(self, href, copy.items[href], (etag, copy.items[href].text))
        fetched = (yield from self.fetch(path, wanted)) if wanted else {}
        self.take(copy, {href: etag for href, etag in changed.items()
                         if etag is None or href in wanted}, fetched, bool(copy.token))
        copy.token = found.sync_token
        for href, item in copy.items.items():
            item.is_own = item.is_own and href in fetched
        missing = [href for href, item in copy.items.items() if item.etag is None]
        if missing:
            for href, (etag, text) in (yield from self.fetch(path, missing)).items():
                copy.items[href] = Local(etag, text, False, self.model.now)
        self.model.note(f"{self.name} synced {path}: "
                        f"{[(h.rpartition('/')[2], e) for h, e in changed.items()]} {copy.token}")

    def choose(self):
        """(path, href, Local) of a task whose version is known, or None."""
        known = [(path, href, item) for path, copy in self.lists.items()
                 for href, item in copy.items.items()
                 if item.etag is not None and f"SUMMARY:{BALLAST}" not in item.text]
        return self.rng.choice(known) if known else None

    def new_value(self, name, task):
        number = self.model.value()
        if name in ("due", "due_time"):
            import datetime
            day = datetime.date(2026, 5, 1) + datetime.timedelta(days=number % 140)
            return day.strftime("%Y%m%d")
        large = "." * 30_000 if self.rng.random() < 0.15 else ""
        return {
            "title": f"{task.tag} v{number}", "body": f"b{number}{large}", "categories": f"C{number}",
            "location": f"L{number}", "x": f"x{number}",
            "priority": self.rng.choice(["High", "Low", "Normal"]),
            "class": self.rng.choice(["Normal", "Private", "Confidential"]),
            "status": self.rng.choice(["NotStarted", "InProgress", "Completed", "Completed"]),
        }[name]

    def new_values(self, names, task):
        values = {name: self.new_value(name, task) for name in names}
        if "due" in values:
            values["due_time"] = self.rng.choice([None, "170000", "093000"])
        return values

    def create(self):
        path = self.rng.choice(list(self.lists))
        task = self.model.add_task(self.test.folder_of.get(path))
        task.uid, task.href = f"{task.tag.lower()}-{self.name}", f"{task.tag.lower()}.ics"
        values = dict({"body": None, "due": None, "due_time": None, "priority": "Normal",
                       "class": "Normal", "status": "NotStarted", "categories": None,
                       "location": None, "x": None})
        names = [name for name in values if name != "due_time" and self.rng.random() < 0.4]
        values.update(self.new_values(["title", *names], task), exists=True)
        lines = m.lines_for({k: v for k, v in values.items()
                             if v is not None and k != "exists"}, self.test.stamp())
        task.keeps = [f"X-KEEP;A=\"b:c\":{task.tag}", "BEGIN:X-UNKNOWN", f"X-A:{task.tag}"]
        text = vtodo(task.uid, *[line for line in lines.values() if line], task.keeps[0])
        text = text.replace("END:VCALENDAR", "BEGIN:X-UNKNOWN\r\nX-A:%s\r\nEND:X-UNKNOWN\r\n"
                            "END:VCALENDAR" % task.tag)
        href = path + task.href
        writes = self.model.begin(task, values, self.name)
        self.model.note(f"{self.name} creates {task.tag} in {path}")
        answer, unclear = yield from self.until_final(
            Ask("PUT", href, text, if_none_match="*", content_type="text/calendar"))
        if answer.status not in (201, 204) and not (unclear and answer.status == 412):
            self.test.fail_about(text, f"create of {task.tag} got {answer}")
        self.settle(writes, answer, unclear, (201, 204))
        if answer.status in (201, 204) and path in self.lists:
            self.lists[path].items[href] = Local(answer.etag, text, True, self.model.now)

    def change(self, names=None):
        chosen = self.choose()
        if chosen is None:
            return
        path, href, item = chosen
        task = self.model.tasks[m.tag_of(m.read_text(item.text)["title"])]
        names = names or self.rng.sample(self.changeable(), self.rng.choice([1, 1, 2, 3]))
        values = self.new_values(names, task)
        old = m.read_text(item.text)
        values = {k: v for k, v in values.items() if v != old[k]}
        if "due" in values:
            values.setdefault("due_time", old["due_time"])
        else:
            values.pop("due_time", None)
        text = m.set_lines(item.text, m.lines_for(values, self.test.stamp()))
        after = m.read_text(text)
        strong = {k: v for k, v in values.items() if v != old[k]}
        if not strong:
            return
        writes = self.model.begin(task, strong, self.name, self.weak(task, item, after, strong))
        self.model.note(f"{self.name} changes {task.tag} {strong} of {item.etag}")
        answer, unclear = yield from self.until_final(
            Ask("PUT", href, text, content_type="text/calendar", if_match=self.matches(item)))
        if answer.status not in (201, 204, 412):
            self.test.fail_about(text, f"change of {task.tag} got {answer}")
        self.settle(writes, answer, unclear, (201, 204))
        if answer.status in (201, 204) and path in self.lists:
            self.lists[path].items[href] = Local(answer.etag, text, True, self.model.now)
        else:
            yield from self.sync()

    def remove(self):
        chosen = self.choose()
        if chosen is None:
            return
        path, href, item = chosen
        task = self.model.tasks[m.tag_of(m.read_text(item.text)["title"])]
        writes = self.model.begin(task, {"exists": False}, self.name)
        self.model.note(f"{self.name} deletes {task.tag} {item.etag}")
        answer, unclear = yield from self.until_final(
            Ask("DELETE", href, if_match=self.matches(item)))
        if answer.status not in (204, 404, 412):
            self.test.fail_about(item.text, f"deleting {task.tag} got {answer}")
        self.settle(writes, answer, unclear or answer.status == 404, (204,))
        if answer.status in (204, 404) and path in self.lists:
            self.lists[path].items.pop(href, None)
        else:
            yield from self.sync()

    # --- where Evolution differs

    def changeable(self):
        return ["title", "body", "due", "priority", "class", "status", "categories", "location", "x"]

    def matches(self, item):
        return item.etag

    def weak(self, task, item, after, strong):
        return ()


class Evolution(Client):
    """Never sends If-Match, and knows no sync-collection."""

    def changeable(self):
        return ["title", "body", "due", "categories", "location", "x"]

    def matches(self, item):
        return None

    def weak(self, task, item, after, strong):
        """Its document carries its old view of what only clients hold (no version tells that), and of
        everything if the task was deleted meanwhile, or if another client has written it and the
        document does not say which version it comes from (design section 3, 'versions')."""
        names_version = "X-MSTASK-REV:" in item.text

        def is_last_writer():
            return task.was_deleted() or not names_version and \
                task.was_put_since(item.at, self.name)

        values = dict(after, exists=True)
        return [(k, v, None if k in m.CLIENT_FIELDS else is_last_writer)
                for k, v in values.items() if k not in strong]

    def sync_list(self, path):
        copy = self.lists[path]
        answer, _ = yield from self.until_final(Ask("PROPFIND", path, CTAG, depth="0"))
        if answer.status == 404:
            self.lists.pop(path, None)
            return
        ctag = Multistatus(answer).items[path].text("cs:getctag")
        if ctag == copy.ctag:
            return
        answer, _ = yield from self.until_final(Ask("REPORT", path, QUERY, depth="1"))
        if answer.status == 404:
            self.lists.pop(path, None)
            return
        etags = {href: item.text("d:getetag") for href, item in Multistatus(answer).items.items()}
        wanted = [h for h, e in etags.items() if h not in copy.items or copy.items[h].etag != e]
        fetched = (yield from self.fetch(path, wanted)) if wanted else {}
        self.take(copy, {href: etags[href] for href in wanted}, fetched, True)
        for href in set(copy.items) - set(etags):
            del copy.items[href]
        for href, item in copy.items.items():
            item.is_own = item.is_own and href in fetched
        copy.ctag = ctag


class Torture(Case):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("DUEDAV_SEED") or
                        (random.SystemRandom().randrange(10 ** 6) if LONG else 1))
        self.rng = random.Random(self.seed)
        self.model = m.Model()
        self.folder_of = {}  # path of a list: upstream id
        self.counts = {}
        self.clock = self.start_clock()
        self.released_us = self.clock.now_us
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.admin = self.sandbox.admin
        self.admin.add_user("alice", "outlook-token")
        self.outlook = self.sandbox.rest("outlook-token")
        self.clear_faults()
        self.outlook_does("POST", "/taskfolders", {"Name": "Second"})

    def count(self, what, more=1):
        self.counts[what] = self.counts.get(what, 0) + more

    def fail_about(self, text_or_tag, why):
        tag = text_or_tag if text_or_tag in self.model.tasks else m.tag_of(
            m.read_text(text_or_tag)["title"])
        task = self.model.tasks[tag]
        state = [t for t in self.admin.state("alice")["tasks"] if m.tag_of(t["Subject"]) == tag]
        self.fail(f"seed {self.seed}: {why}\n{self.model.tell(tag)}\nuid {task.uid} href {task.href}"
                  f"\nupstream: {state}")

    def stamp(self):
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.clock.now_us // 1_000_000))

    # --- the loop

    def pump(self, timeout_ms, may_end=False):
        """Let every answer come that comes within this time, and go on with who waited for it;
        returns whether anything happened."""
        if self.bridge.server.process.poll() is not None and not may_end:
            self.fail(f"seed {self.seed}: the bridge died\n{self.bridge.server.read_log()}")
        happened = False
        while True:
            for client in self.clients:
                if client.wakes_us is not None and client.wakes_us <= self.clock.now_us:
                    client.step(None)
                    happened = True
            waiting = {c.connection.sock: c for c in self.clients if c.connection is not None
                       and c.connection.sock is not None}
            for client in self.clients:  # could not even be sent
                if client.connection is not None and client.connection.sock is None:
                    client.finish()
                    happened = True
            if not waiting:
                return happened
            ready, _, _ = select.select(list(waiting), [], [], timeout_ms / 1000)
            if not ready:
                return happened
            for sock in ready:
                waiting[sock].finish()
                happened = True
            timeout_ms = min(timeout_ms, 2)

    def advance(self, seconds):
        """No request is held for longer than the bridge waits for it, and hardly longer than that:
        what design section 7 counts on."""
        if self.clock.now_us + seconds * 1_000_000 - self.released_us > 22_000_000:
            self.release()
        self.clock.advance(seconds)
        self.admin.close()
        self.outlook.close()

    def release(self):
        self.admin.release()
        self.released_us = self.clock.now_us

    def go_on(self):
        """Nothing comes any more by itself: move the clock to where something happens."""
        if self.pump(PATIENCE_MS):
            return
        wakes = [c.wakes_us for c in self.clients if c.wakes_us is not None]
        if any(c.connection is not None for c in self.clients) or not wakes:
            self.advance(1)
        else:
            self.advance(max(min(wakes) - self.clock.now_us, 0) / 1_000_000 + 0.001)

    def finish_all(self):
        for _ in range(3000):
            if not any(client.routine for client in self.clients):
                return
            self.go_on()
        busy = [(c.name, c.asked.method, c.asked.path) for c in self.clients if c.routine]
        self.fail(f"seed {self.seed}: never ends: {busy}\n{self.bridge.run('status')}")

    # --- faults

    def clear_faults(self):
        self.admin.clear_faults()
        self.admin.fault("delay", path="outlook=1", ms=0, count=0)  # Outlook's own get through

    def add_fault(self):
        method = self.rng.choice(["GET", "POST", "PATCH", "DELETE", "GET", "POST", "PATCH"])
        kind = self.rng.choice([
            "status", "status", "status", "cut_before", "cut_after", "cut_after", "truncate",
            "malformed", "stall", "stall_after", "hold", "hold", "hold_after", "hold_after",
            "repeat_items", "partial_items", "empty_page", "expire_delta", "expire_delta",
            "no_tracking", "ignore_if_match", "ignore_if_match", "foreign_link"])
        more = {"method": method, "nth": self.rng.choice([1, 1, 2, 3]),
                "count": self.rng.choice([1, 1, 1, 2, 3])}
        if kind == "status":
            status = self.rng.choice([429, 429, 500, 502, 503, 503, 504, 401, 412])
            if status == 412 and method not in ("PATCH", "DELETE"):
                status = 503
            more["status"] = status
            if status in (429, 503) and self.rng.random() < 0.6:
                more["retry_after"] = str(self.rng.choice([1, 3, 20]))
            if status in (500, 502, 504) and self.rng.random() < 0.6:
                more["body"] = HTML
        elif kind in ("repeat_items", "empty_page", "expire_delta", "no_tracking", "foreign_link"):
            more["method"] = "GET"
        elif kind == "partial_items":
            more["path"] = wire.linked
            more["method"] = "GET"
        elif kind == "ignore_if_match":
            more["method"] = self.rng.choice(["PATCH", "DELETE"])
        if kind not in ("partial_items",) and method == "GET" and self.rng.random() < 0.4:
            more["path"] = self.rng.choice([wire.mark, wire.delta, wire.page, wire.single])
        self.model.note(f"fault {kind} {more}")
        self.admin.fault(kind, **more)
        self.count("faults")

    def kill(self):
        """kill -9, at whatever the bridge is doing just now."""
        self.model.note("kill -9")
        self.bridge.kill()
        self.start_again()
        self.count("kills")

    def stop(self):
        """SIGTERM likewise; it ends by itself, with nothing found by a sanitizer."""
        self.model.note("SIGTERM")
        process = self.bridge.server.process
        self.bridge.server.terminate()
        for _ in range(1000):
            try:
                process.wait(PATIENCE_MS / 1000)
                break
            except subprocess.TimeoutExpired:
                self.pump(1, may_end=True)
                self.advance(1)
        if process.poll() != 0:
            self.fail(f"seed {self.seed}: SIGTERM: {process.poll()}\n{self.bridge.server.read_log()}")
        self.bridge.kill()
        self.start_again()
        self.count("stops")

    def start_again(self):
        self.release()
        for client in self.clients:
            if client.connection is not None:
                client.finish()
        self.check_log()
        self.bridge.start()

    def check_log(self):
        """A sanitizer's report, though the process was killed soon after."""
        log = (self.bridge.folder / f"{self.bridge.name}.log").read_text(errors="replace")
        if "Sanitizer" in log or "runtime error" in log:
            self.fail(f"seed {self.seed}: {log[-8000:]}")

    # --- Outlook

    def outlook_does(self, method, path, value=None, **headers):
        return self.outlook.send(method, f"{path}?outlook=1", value, headers)

    def upstream_tasks(self):
        return [t for t in self.admin.state("alice")["tasks"]
                if not t["Subject"].startswith(BALLAST)]

    def outlook_create(self):
        folder = self.rng.choice(self.admin.state("alice")["folders"])
        task = self.model.add_task(folder["Id"])
        values = {"title": f"{task.tag} v{self.model.value()}", "body": None, "due": None,
                  "priority": self.rng.choice(["Normal", "High"]), "class": "Normal",
                  "status": "NotStarted", "categories": f"C{self.model.value()}", "exists": True,
                  "location": None, "x": None, "due_time": None}
        writes = self.model.begin(task, values, "outlook")
        answer = self.outlook_does("POST", f"/taskfolders('{folder['Id']}')/tasks", {
            "Subject": values["title"], "Importance": values["priority"],
            "Categories": [values["categories"]]})
        self.outlook_settles(writes, answer, 201)

    def outlook_settles(self, writes, answer, done):
        self.model.note(f"outlook {writes[0].tag} {answer.status} "
                        f"{[(w.value, w.start) for w in writes[1]]}")
        # five at a time are too many for Outlook as well, and others delete
        self.assertIn(answer.status, (done, 404, 429), answer)
        self.model.settle(writes, m.ACKED if answer.status == done else m.REFUSED)

    def outlook_change(self):
        tasks = self.upstream_tasks()
        if not tasks:
            return
        found = self.rng.choice(tasks)
        task = self.model.tasks[m.tag_of(found["Subject"])]
        name = self.rng.choice(m.UPSTREAM_FIELDS)
        value = self.clients[0].new_value(name, task)
        if name == "due":
            day = f"{value[:4]}-{value[4:6]}-{value[6:]}T00:00:00"
            change = {"DueDateTime": {"DateTime": day, "TimeZone": "Romance Standard Time"}}
        else:
            change = {
                "title": {"Subject": value}, "priority": {"Importance": value},
                "body": {"Body": {"ContentType": "Text", "Content": value}},
                "class": {"Sensitivity": value}, "status": {"Status": value},
                "categories": {"Categories": [value]},
            }[name]
        writes = self.model.begin(task, {name: value}, "outlook")
        if value == "Completed" and self.rng.random() < 0.5:
            answer = self.outlook_does("POST", f"/tasks('{found['Id']}')/complete")
        else:
            answer = self.outlook_does("PATCH", f"/tasks('{found['Id']}')", change)
        self.outlook_settles(writes, answer, 200)

    def outlook_delete(self):
        tasks = self.upstream_tasks()
        if not tasks:
            return
        found = self.rng.choice(tasks)
        task = self.model.tasks[m.tag_of(found["Subject"])]
        writes = self.model.begin(task, {"exists": False}, "outlook")
        self.outlook_settles(writes, self.outlook_does("DELETE", f"/tasks('{found['Id']}')"), 204)

    def outlook_folder(self):
        folders = [f for f in self.admin.state("alice")["folders"] if not f["IsDefaultFolder"]]
        name = f"F{self.model.value()}"
        if len(folders) < 4:
            answer = self.outlook_does("POST", "/taskfolders", {"Name": name})
        else:
            chosen = self.rng.choice(folders)
            answer = self.outlook_does("PATCH", f"/taskfolders('{chosen['Id']}')", {"Name": name})
        self.model.note(f"outlook folder {name} {answer.status}")
        self.assertIn(answer.status, (200, 201, 429), answer)

    # --- checks while it runs

    def seen(self, client, href, text):
        """A client got this text under this address."""
        title = m.read_text(text)["title"]
        self.assertIsNotNone(title, text)
        if title.startswith(BALLAST):
            return
        task = self.model.tasks.get(m.tag_of(title))
        self.assertIsNotNone(task, text)
        uid = m.get_line(text, "UID")[1:]
        name = href.rpartition("/")[2]
        if task.uid is None:
            task.uid, task.href = uid, name
        elif (task.uid, task.href) != (uid, name) and task.keeps is None:
            self.fail_about(text, f"{client.name}: it was {task.href} {task.uid}, now {name} {uid}")

    def check_upstream(self, task):
        """A 2xx was given: upstream has it, or what may have come since."""
        found = [t for t in self.admin.state("alice")["tasks"] if m.tag_of(t["Subject"]) == task.tag]
        if len(found) > 1:
            self.fail_about(task.tag, "doubled upstream")
        self.check_values(task, bool(found), m.read_upstream(found[0]) if found else {},
                          "upstream after 2xx")

    def check_values(self, task, exists, values, where):
        if exists not in task.allowed("exists"):
            self.fail_about(task.tag, f"{where}: exists is {exists}")
        for name, value in values.items():
            if exists and value not in task.allowed(name):
                self.fail_about(task.tag, f"{where}: {name} is {value!r}, "
                                f"but may be {task.allowed(name)}")

    def check_token(self, client, path, old, new, changed):
        if old == new and changed:
            self.fail(f"seed {self.seed}: {path} changed {changed} under one token {old}")
        if old != new and not changed:
            self.fail(f"seed {self.seed}: {path} moved from {old} to {new} without a change\n"
                      + "\n".join(self.model.trace[-60:]))

    def check_is_change(self, client, href, old, new):
        """An ETag moved: so must content have, unless it went and came back."""
        if m.content(old.text) != m.content(new[1]):
            return
        task = self.model.tasks[m.tag_of(m.read_text(new[1])["title"])]
        ambiguous = [w for name in ("status", "priority", "class") for w in task.fields[name]]
        if len(ambiguous) < 5 and not task.was_deleted():  # three come with its creation; others' values never come again
            self.fail_about(new[1], f"{client.name}: {href} moved from {old.etag} to {new[0]} "
                            f"with the same content\n{old.text}\n{new[1]}")

    # --- quiet

    def status(self):
        import json
        return json.loads(self.bridge.run("status", "--json"))[0]

    def settle_down(self):
        """No more faults; until everything has ended and the rounds are well."""
        self.clear_faults()
        self.release()
        self.finish_all()
        for _ in range(30):
            self.advance(310)
            for _ in range(200):
                status = self.status()
                if not status["round_running"]:
                    break
            # a round that took long is not waited for by the next poll
            if not status["failures"] and not status["open_operations"] and \
                    status["last_round_ms"] < 1000 and status["rest_s"] == 0:
                break
        else:
            self.fail(f"seed {self.seed}: does not come to rest: {status}")
        for _ in range(2):
            for client in self.clients:
                self.advance(FRESH)
                client.start(client.sync())
                self.finish_all()

    def listing(self):
        """{path: {href: (etag, text)}} of all lists, asked for anew."""
        client = Client(self, "lister", self.clients[0].login)
        self.clients.append(client)
        result = {}

        def routine():
            yield from client.refresh_home()
            for path in client.lists:
                answer, _ = yield from client.until_final(Ask("REPORT", path, QUERY, depth="1"))
                hrefs = list(Multistatus(answer).items)
                result[path] = (yield from client.fetch(path, hrefs)) if hrefs else {}

        client.start(routine())
        self.finish_all()
        self.clients.remove(client)
        return result

    def check_all(self):
        state = self.admin.state("alice")
        served = self.listing()
        by_tag = {}
        for path, items in served.items():
            for href, (etag, text) in items.items():
                by_tag.setdefault(m.tag_of(m.read_text(text)["title"]), []).append((href, text))
        upstream = {}
        for found in state["tasks"]:
            upstream.setdefault(m.tag_of(found["Subject"]), []).append(found)
        self.assertEqual(len(served), len(state["folders"]))
        for tag, task in self.model.tasks.items():
            here, there = by_tag.get(tag, []), upstream.get(tag, [])
            if len(here) != len(there) or len(here) > 1:
                self.fail_about(tag, f"{len(there)} upstream, {len(here)} here: {here}")
            values = m.read_upstream(there[0]) if there else {}
            self.check_values(task, bool(there), values, "upstream")
            if not here:
                continue
            href, text = here[0]
            document = m.read_text(text)
            for name in m.UPSTREAM_FIELDS:
                if document[name] != values[name]:
                    self.fail_about(tag, f"{name} is {values[name]!r} upstream but "
                                    f"{document[name]!r} here\n{text}")
            self.check_values(task, True, {n: document[n] for n in m.CLIENT_FIELDS}, "here")
            if href.rpartition("/")[2] != task.href or m.get_line(text, "UID")[1:] != task.uid:
                self.fail_about(tag, f"now it is {href}\n{text}")
            for line in task.keeps or []:
                if line not in m.unfolded(text):
                    self.fail_about(tag, f"lost {line}\n{text}")
        for client in self.clients:
            for path, items in served.items():
                mine = {h: i.etag for h, i in client.lists[path].items.items()}
                if mine != {h: e for h, (e, _) in items.items()}:
                    wrong = [(h, mine.get(h), items.get(h, [None])[0]) for h in {*mine, *items}
                             if mine.get(h) != items.get(h, [None])[0]]
                    self.fail(f"seed {self.seed}: {client.name} did not converge: {wrong}\n"
                              + "\n".join(self.model.trace[-40:]))
                for href, item in client.lists[path].items.items():
                    if m.unfolded(item.text) != m.unfolded(items[href][1]):
                        self.fail_about(item.text, f"{client.name} has\n{item.text}\nnot\n"
                                        f"{items[href][1]}")
            self.assertEqual(set(client.lists), set(served))
        return served

    def check_stillness(self, served):
        """A full round and a restart move nothing."""
        tokens = {(c.name, p): (l.token, l.ctag) for c in self.clients for p, l in c.lists.items()}
        self.bridge.run("sync", "alice")
        if self.rng.random() < 0.5:
            self.bridge.kill()
            self.bridge.start()
        for client in self.clients:
            self.advance(FRESH)
            client.start(client.sync())
            self.finish_all()
        now = {(c.name, p): (l.token, l.ctag) for c in self.clients for p, l in c.lists.items()}
        if now != tokens:
            again = self.listing()
            moved = [(served[p].get(h), again[p].get(h)) for p in served for h in again[p]
                     if served[p].get(h) != again[p].get(h)]
            self.fail(f"seed {self.seed}: a full round moved {moved}\n{tokens}\n{now}")

    # --- the run

    def keep(self):
        import json
        import pathlib
        import shutil
        place = pathlib.Path(KEEP) / f"torture-{self.seed}"
        shutil.copytree(self.folder, place, dirs_exist_ok=True,
                        ignore=lambda folder, names: [n for n in names if n == "clock"
                                                      or n.endswith(".sock")])
        (place / "trace").write_text("\n".join(self.model.trace))
        (place / "requests").write_text("\n".join(map(json.dumps, self.admin.requests(arrived=1))))

    def act(self):
        idle = [c for c in self.clients if c.routine is None]
        choice = self.rng.random()
        if choice < 0.62 and idle:
            client = self.rng.choice(idle)
            what = self.rng.random()
            if what < 0.25:
                client.start(client.sync())
                self.count("syncs")
                return
            self.count("client writes")
            if not client.lists:
                client.start(client.sync())
            elif what < 0.45 or not any(c.items for c in client.lists.values()):
                client.start(client.create())
            elif what < 0.93:
                client.start(client.change())
            else:
                client.start(client.remove())
        elif choice < 0.82:
            self.count("outlook writes")
            what = self.rng.random()
            if what < 0.2:
                self.outlook_create()
            elif what < 0.9:
                self.outlook_change()
            elif what < 0.97:
                self.outlook_delete()
            else:
                self.outlook_folder()
        else:
            self.advance(self.rng.choice([0.2, 1, 1, 3, 6, 6, 16]))

    def operations(self):
        return self.counts.get("client writes", 0) + self.counts.get("outlook writes", 0) + \
            self.counts.get("syncs", 0)

    def episode(self):
        target = self.operations() + EPISODE
        while self.operations() < target:
            self.act()
            chance = self.rng.random()
            if chance < 0.09:
                self.add_fault()
            elif chance < 0.102:
                self.kill()
            elif chance < 0.105:
                self.stop()
            elif chance < 0.12:
                self.release()
            elif chance < 0.125:
                self.model.note("tokens expire")
                self.admin.expire_tokens()
            self.pump(self.rng.choice([0, 0, 1, 3, 10]))
            if not any(c.routine is None for c in self.clients):
                self.go_on()
        self.settle_down()
        self.check_stillness(self.check_all())

    def test_random_clients_faults_and_kills(self):
        import base64
        print(f"\nseed {self.seed}", flush=True)
        if self.seed % 3 == 0:  # several pages to a round
            self.admin.seed("alice", 450, prefix=BALLAST, folder="Tasks")
        memory = {"sync": {"memory": "1M"}} if self.seed % 2 else {}  # lists are evicted
        self.bridge = Bridge(self.folder, self.sandbox.url, self.clock, **memory)
        passwords = [self.bridge.add_user("alice", "alice-token")]
        passwords += [self.bridge.run("password", "add", "alice", "--label", "more").strip()
                      for _ in range(2)]
        logins = ["Basic " + base64.b64encode(f"alice:{p}".encode()).decode() for p in passwords]
        self.bridge.start()
        self.addCleanup(self.bridge.kill)
        self.clients = [Client(self, "one", logins[0]), Client(self, "two", logins[1]),
                        Evolution(self, "evo", logins[2])]
        for client in self.clients:
            client.start(client.sync())
            self.finish_all()
        started = time.monotonic()
        try:
            while self.operations() < OPERATIONS and time.monotonic() - started < SECONDS:
                self.episode()
        except BaseException:
            if KEEP:
                self.keep()
            raise
        self.bridge.stop()
        self.check_log()
        print(f"{self.operations()} operations {self.counts}, {len(self.model.tasks)} tasks, "
              f"{time.monotonic() - started:.0f} s", flush=True)
