"""The CalDAV clients of the torture test: what they know of the server, and what they do to it. A
client's operation is a generator that yields requests and is driven by the test's loop.
"""
import datetime
import http.client
import random

from harness import NAMESPACES, Multistatus, XMLNS, expand, vtodo
import torture_model as m

BALLAST = "Ballast "  # tasks that nobody changes

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
        self.at = at          # moment of the model at which it was asked for: it may be as old


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
        self.sent_at = 0  # moment of the model

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
        self.sent_at = self.model.now
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
        paths = []
        for href, item in Multistatus(answer).items.items():
            if item.props[expand("d:resourcetype")].find("c:calendar", NAMESPACES) is not None:
                paths.append(href)
                self.test.learn_list(href, item.text("d:displayname"))
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
                fetched[href][0], text, fetched[href][0] != etag, self.sent_at)

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
                copy.items[href] = Local(etag, text, False, self.sent_at)
        self.model.note(f"{self.name} synced {path}: "
                        f"{[(h.rpartition('/')[2], e) for h, e in changed.items()]} {copy.token}")

    def choose(self):
        """(path, href, Local) of a task whose version is known, or None."""
        known = [(path, href, item) for path, copy in self.lists.items()
                 for href, item in copy.items.items()
                 if item.etag is not None and "SUMMARY:T" in item.text]
        return self.rng.choice(known) if known else None

    def new_value(self, name, task):
        number = self.model.value()
        if name in ("due", "due_time"):
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
        task = self.model.add_task(self.test.folder_of[path])
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
            self.test.fail_about(task.tag, f"create of {task.tag} got {answer}")
        self.settle(writes, answer, unclear, (201, 204))
        if answer.status in (201, 204) and path in self.lists:
            self.lists[path].items[href] = Local(answer.etag, text, True, self.sent_at)

    def change(self, names=None):
        chosen = self.choose()
        if chosen is None:
            return
        path, href, item = chosen
        task = self.test.find_task(href, item.text)
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
            self.test.fail_about(task.tag, f"change of {task.tag} got {answer}")
        self.settle(writes, answer, unclear, (201, 204))
        if answer.status in (201, 204) and path in self.lists:
            self.lists[path].items[href] = Local(answer.etag, text, True, self.sent_at)
        else:
            yield from self.sync()

    def remove(self):
        chosen = self.choose()
        if chosen is None:
            return
        path, href, item = chosen
        task = self.test.find_task(href, item.text)
        writes = self.model.begin(task, {"exists": False}, self.name)
        self.model.note(f"{self.name} deletes {task.tag} {item.etag}")
        answer, unclear = yield from self.until_final(
            Ask("DELETE", href, if_match=self.matches(item)))
        if answer.status not in (204, 404, 412):
            self.test.fail_about(task.tag, f"deleting {task.tag} got {answer}")
        self.settle(writes, answer, unclear or answer.status == 404, (204,))
        if answer.status in (204, 404) and path in self.lists:
            self.lists[path].items.pop(href, None)
        else:
            yield from self.sync()

    def transfer(self, method):
        """COPY or MOVE of the version it knows into another list, where nothing may stand: over a task
        the versions that were served there decide what is a change."""
        chosen = self.choose()
        if chosen is None or len(self.lists) < 2:
            return
        path, href, item = chosen
        target_path = self.rng.choice([other for other in self.lists if other != path])
        source = self.test.find_task(href, item.text)
        target = self.model.find_place(source, self.test.folder_of[target_path])
        values = {k: v for k, v in m.read_text(item.text).items()}
        writes, move = self.model.begin_transfer(
            source, target, dict(values, exists=True), self.name, method == "MOVE")
        honours_if_match = self.test.honours_if_match
        self.model.note(f"{self.name} {method} {source.tag} {item.etag} to {target_path}")
        answer, unclear = yield from self.until_final(
            Ask(method, href, destination=target_path + href.rpartition("/")[2], overwrite="F",
                if_match=item.etag))
        if answer.status not in (201, 204, 404, 412):
            self.test.fail_about(source.tag, f"{method} of {source.tag} got {answer}")
        # 404: it may have vanished after it was made there
        unclear = unclear or method == "MOVE" and answer.status == 404
        state = m.ACKED if answer.status in (201, 204) else m.MAYBE if unclear else m.REFUSED
        self.model.settle_transfer(writes, move, state, state == m.ACKED and
                                   honours_if_match and self.test.honours_if_match)
        self.model.note(f"{self.name} {method} {source.tag} got {answer.status} {state}")
        if state == m.ACKED:
            self.test.count("moves" if method == "MOVE" else "copies")
            self.test.check_upstream(target)
            self.test.check_upstream(source)
        if state == m.ACKED and method == "MOVE" and path in self.lists:
            self.lists[path].items.pop(href, None)
        else:
            yield from self.sync()

    def create_series(self):
        path = self.rng.choice(list(self.lists))
        series = self.model.add_series(self.test.folder_of[path])
        series.uid, series.href = f"{series.tag.lower()}-{self.name}", f"{series.tag.lower()}.ics"
        text = vtodo(series.uid, f"SUMMARY:{series.tag} x", *m.series_lines(m.FIRST_DAY),
                     "RRULE:FREQ=WEEKLY")
        self.model.note(f"{self.name} creates {series.tag} in {path}")
        answer, unclear = yield from self.until_final(
            Ask("PUT", path + series.href, text, if_none_match="*", content_type="text/calendar"))
        if answer.status not in (201, 204) and not (unclear and answer.status == 412):
            self.test.fail_about(series.tag, f"create of {series.tag} got {answer}")

    def complete(self):
        """Completes the current occurrence of a series in the way of one client or another."""
        known = [(path, href, item) for path, copy in self.lists.items()
                 for href, item in copy.items.items()
                 if item.etag is not None and "\nRRULE" in item.text and self.can_complete(item)]
        if not known:
            yield from self.create_series()
            return
        path, href, item = self.rng.choice(known)
        series = self.model.series[m.tag_in(item.text)]
        style = self.rng.choice(self.styles)
        completion = self.model.begin_completion(
            series, m.series_day(item.text), self.name)
        self.model.note(f"{self.name} completes {series.tag} {completion.day} {style} {item.etag}")
        answer, unclear = yield from self.until_final(
            Ask("PUT", href, m.complete_text(item.text, style, self.test.stamp()),
                content_type="text/calendar", if_match=self.matches(item)))
        if answer.status not in (200, 201, 204, 412):
            self.test.fail_about(series.tag, f"completion of {series.tag} got {answer}")
        state = m.MAYBE if unclear else m.REFUSED
        self.model.settle_completion(completion, m.ACKED if answer.status != 412 else state)
        self.model.note(f"{self.name} {series.tag} got {answer.status} {completion}")
        if completion.state == m.ACKED:
            self.test.count("completions")
            self.test.count("unclear completions", unclear)
            self.test.check_series_upstream(series)
        yield from self.sync()

    # --- where Evolution differs

    styles = "ABD"

    def can_complete(self, item):
        return True

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

    styles = "B"

    def can_complete(self, item):
        """Without If-Match an old document must name its version: a date that was served before the
        last PUT would be a change."""
        return "X-MSTASK-REV:" in item.text

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
