"""What the integration tests share: real duedav processes on free ports, a clock that tests hold in
their hand, the sandbox's administration, and small HTTP, REST and CalDAV clients.

Nothing here sleeps: starting waits for the 'listening on' line, everything else for events (the
sandbox's /admin/wait, an answer, the end of a process). Every wait has a deadline, which only ever
runs out when a test fails.
"""
import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DUEDAV = os.environ.get("DUEDAV") or str(ROOT / "build" / "test" / "bridge" / "duedav")
DIALECT = os.environ.get("DUEDAV_TEST_DIALECT") or "outlook"  # what the bridge speaks upstream
DEADLINE = 120 * float(os.environ.get("DUEDAV_PATIENCE") or 1)  # more where programs are slower
IDLE = 60  # seconds; half of what a server lets a connection idle (http/server.h)
SANITIZER_STATUS = 66
ENVIRONMENT = {
    "ASAN_OPTIONS": f"detect_leaks=1:exitcode={SANITIZER_STATUS}:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "LSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}",
}


def environment(**more):
    return dict(os.environ, **ENVIRONMENT, **more)


# --- processes ------------------------------------------------------------------------------

def reserve_port(port=0):
    """A port for a program that cannot choose one itself, or that comes back on the same: the socket
    that keeps it from all others until it is closed, and the number."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", port))
    return keeper, keeper.getsockname()[1]


class Process:
    """A program that prints 'listening on URL' when it is ready."""

    def __init__(self, command, folder, name, **more):
        self.name = name
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        self.log = open(self.log_path, "ab")
        self.buffer = b""
        self.is_ending = False
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log, env=environment(**more))

    def read_line(self, pattern, deadline=DEADLINE):
        """The match of the first line of its standard output that matches."""
        end = time.monotonic() + deadline
        while True:
            line, newline, rest = self.buffer.partition(b"\n")
            if newline:
                self.buffer = rest
                match = re.search(pattern, line.decode())
                if match:
                    return match
                continue
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise AssertionError(f"{self.name} never said {pattern!r}:\n{self.read_log()}")
            self.buffer += chunk

    def read_log(self):
        return self.log_path.read_text(errors="replace")[-8000:]

    def kill(self):
        """kill -9; nothing is checked."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self):
        self.process.stdout.close()
        self.log.close()

    def terminate(self):
        """SIGTERM, once: a second one would end it in the middle of what it finishes."""
        if self.process.poll() is None and not self.is_ending:
            self.process.send_signal(signal.SIGTERM)
        self.is_ending = True

    def stop(self):
        """It must end by itself, with status 0 and nothing found by a sanitizer."""
        self.terminate()
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            status = "hangs"
        self.close()
        log = self.read_log()
        if status != 0 or "Sanitizer" in log or "runtime error" in log:
            raise AssertionError(f"{self.name} ended with {status}:\n{log}")


def run(*arguments, status=0, stdin="", **more):
    """Run a duedav command to its end; returns its standard output."""
    done = subprocess.run(
        [DUEDAV, *map(str, arguments)], input=stdin, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(**more), timeout=DEADLINE * 4)
    if status is not None and done.returncode != status:
        raise AssertionError(f"duedav {' '.join(map(str, arguments))}: {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stdout + done.stderr


PASSES = 100  # at most: a client that never stops asking leaves no pass without something new


class TestClock:
    """The time of every process started with --test-clock PATH (protocol: bridge/core/loop.h).

    A process hears of a new time when it has nothing else to do. Before that what is under way comes
    to its end: all are asked how much they have begun, until nobody has begun anything since."""
    moves = 0  # of all clocks

    def __init__(self, folder, now="2026-05-04T08:00:00Z"):
        self.path = str(pathlib.Path(folder) / "clock")
        self.now_us = parse_time(now)
        self.services = []  # in this process: await_idle() says whether they were asked anything
        self.lock = threading.Lock()
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                connection.settimeout(DEADLINE)
                if self._tell(connection):
                    self.connections.append(connection)

    def _ask(self, connection, line):
        """What a process says to a line, as soon as it has nothing else to do; None: it is gone."""
        try:
            connection.sendall(line.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                chunk = connection.recv(64)
                if not chunk:
                    raise ConnectionError
                answer += chunk
            return answer.decode().strip()
        except ConnectionError:
            connection.close()
            return None

    def _tell(self, connection):
        answer = self._ask(connection, f"set {self.now_us}")
        assert answer in (None, f"ok {self.now_us}"), answer
        return answer is not None

    def set(self, now):
        """now: microseconds since 1970, or '2026-05-04T08:00:00Z'."""
        with self.lock:
            TestClock.moves += 1
            self._carry_to_end()
            self.now_us = now if isinstance(now, int) else parse_time(now)
            self.connections = [c for c in self.connections if self._tell(c)]

    def settle(self):
        """Until what is under way has come to its end, as far as no time has to pass for it."""
        with self.lock:
            self._carry_to_end()

    def _carry_to_end(self):
        before = None
        for _ in range(PASSES):
            has_asked = any([service.await_idle() for service in self.services])
            answers = {c: self._ask(c, "idle") for c in self.connections}
            self.connections = [c for c in answers if answers[c] is not None]
            if answers == before and not has_asked:
                break
            before = answers

    def advance(self, seconds):
        self.set(self.now_us + round(seconds * 1_000_000))

    def until_final(self, ask, *arguments, **more):
        """What a patient client gets in the end: it asks again as long as it is told 503, and the
        clock runs meanwhile, so that the bridge goes on with what it has put off."""
        end = time.monotonic() + DEADLINE
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            while True:
                pending = pool.submit(ask, *arguments, **more)
                while not concurrent.futures.wait([pending], timeout=0.05).done:
                    self.advance(1)
                answer = pending.result()
                if answer.status != 503 or time.monotonic() > end:
                    return answer
                self.advance(int(answer.headers["Retry-After"]))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.connections:
            connection.close()


def parse_time(text):
    import datetime
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1_000_000)


# --- HTTP -----------------------------------------------------------------------------------

class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def etag(self):
        return self.headers.get("ETag")

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:2000]!r}>"


class Http:
    """One keep-alive connection to a base URL. Paths are sent as they are."""

    def __init__(self, url, headers=None, deadline=DEADLINE):
        self.parts = urllib.parse.urlsplit(url)
        self.base = self.parts.path.rstrip("/")
        self.headers = headers or {}
        self.deadline = deadline
        self.connection = None
        self.moves = TestClock.moves
        self.used = 0  # when, by the real clock, which counts where no test holds it

    def request(self, method, path, body=None, headers=(), absolute=False):
        """headers: dict or list of pairs (several of one name). Never repeats a request."""
        if path.startswith("http://"):
            parts = urllib.parse.urlsplit(path)
            assert parts.netloc == self.parts.netloc, f"{path} leaves {self.parts.netloc}"
            path = parts.path + ("?" + parts.query if parts.query else "")
        elif not absolute:
            path = self.base + path
        if isinstance(body, str):
            body = body.encode()
        pairs = list(self.headers.items())
        pairs += list(headers.items() if isinstance(headers, dict) else headers)
        if self.moves != TestClock.moves or time.monotonic() - self.used > IDLE:
            self.close()  # the server may just be ending the idle connection
            self.moves = TestClock.moves
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.parts.hostname, self.parts.port, timeout=self.deadline)
        connection = self.connection
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            if body is not None and not any(n.lower() == "content-length" for n, _ in pairs):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        except Exception:
            self.close()
            raise
        if answer.will_close:
            self.close()
        self.used = time.monotonic()
        return Response(answer.status, answer.headers, content)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


# --- the sandbox ----------------------------------------------------------------------------

MARKER_GUID = "1c7e0d52-93ab-4e1f-8d46-5b0f2a9c7e34"
TRACK = ("Prefer", "odata.track-changes")


class Json(Http):
    """A service that speaks JSON, as one user. Links in answers can be passed as paths."""

    def __init__(self, url, token, zone=None, prefer=()):
        super().__init__(url, {"Authorization": f"Bearer {token}", "Accept": "application/json"})
        prefer = [*prefer, f'outlook.timezone="{zone}"'] if zone else [*prefer]
        if prefer:
            self.headers["Prefer"] = ", ".join(prefer)

    def send(self, method, path, value=None, headers=()):
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        body = None
        if value is not None:
            body = json.dumps(value).encode()
            if not any(name.lower() == "content-type" for name, _ in pairs):
                pairs.append(("Content-Type", "application/json"))
        elif method in ("POST", "PATCH"):
            body = b""
        return self.request(method, path, body, pairs)

    def get(self, path, headers=()):
        return self.send("GET", path, headers=headers)

    def post(self, path, value=None, headers=()):
        return self.send("POST", path, value, headers)

    def patch(self, path, value, headers=()):
        return self.send("PATCH", path, value, headers)

    def delete(self, path, headers=()):
        return self.send("DELETE", path, headers=headers)


class Rest(Json):
    """The Outlook Tasks REST API v2.0."""

    def create(self, subject="Example", folder="Tasks", **members):
        answer = self.post(f"/taskfolders('{folder}')/tasks", {"Subject": subject, **members})
        assert answer.status == 201, answer
        return answer.json

    def sync(self, path, link=None, page_size=None, select=None):
        """A whole sync round from the start or a deltaLink: (entries, deltaLink)."""
        entries = []
        size = [("Prefer", f"odata.maxpagesize={page_size}")] if page_size else []
        if link is None:
            answer = self.get(path + (f"?$select={select}" if select else ""), [TRACK, *size])
            assert answer.status == 200, answer
            assert answer.headers["Preference-Applied"] == "odata.track-changes", answer
            entries += answer.json["value"]
            link = answer.json["@odata.deltaLink"]
        headers = [TRACK, *size]
        while True:
            answer = self.get(link, headers)
            assert answer.status == 200, answer
            entries += answer.json["value"]
            if "@odata.deltaLink" in answer.json:
                return entries, answer.json["@odata.deltaLink"]
            link, headers = answer.json["@odata.nextLink"], size


class Graph(Json):
    """Microsoft Graph To Do v1.0, below /me/todo."""

    def list_id(self, name=None):
        """The list of that name, else the default one."""
        for entry in self.pages("/lists"):
            if entry["displayName"] == name or (
                    name is None and entry["wellknownListName"] == "defaultList"):
                return entry["id"]
        raise AssertionError(f"no list {name}")

    def create(self, title="Example", list_id="tasks", **members):
        answer = self.post(f"/lists/{list_id}/tasks", {"title": title, **members})
        assert answer.status == 201, answer
        return answer.json

    def attach(self, task_id, name, content=b"hi"):
        answer = self.post(f"/lists/tasks/tasks/{task_id}/attachments", {
            "@odata.type": "#microsoft.graph.taskFileAttachment", "name": name,
            "contentType": "text/plain", "contentBytes": base64.b64encode(content).decode()})
        assert answer.status == 201, answer
        return answer.json

    def pages(self, path, headers=()):
        """All entries of a listing."""
        entries = []
        while path:
            answer = self.get(path, headers)
            assert answer.status == 200, answer
            entries += answer.json["value"]
            path = answer.json.get("@odata.nextLink")
        return entries

    def delta(self, path, page_size=None):
        """A whole round from the start ('.../delta') or a deltaLink: (entries, deltaLink)."""
        headers = [("Prefer", f"odata.maxpagesize={page_size}")] if page_size else []
        entries = []
        while True:
            answer = self.get(path, headers)
            assert answer.status == 200, answer
            entries += answer.json["value"]
            if "@odata.deltaLink" in answer.json:
                return entries, answer.json["@odata.deltaLink"]
            path = answer.json["@odata.nextLink"]


# What tests know of the requests that the bridge sends: how they look in the dialect that is being
# tested. Tests act upstream, as some other program, through the v2.0 side of the sandbox (Rest) and
# look at the mailbox through its administration, whichever the dialect: it is one mailbox.

class OutlookWire:
    folders = "/taskfolders"  # in the path of requests for lists
    delta = "deltatoken"      # in that of a round's request for what is new
    linked = "/tasks/?"       # in that of tasks, if a link of an earlier round led to it
    page = "skiptoken"        # in that of a later page
    listing = "')/tasks"      # in that of a round without a link
    single = "/tasks('"       # in that of one task
    mark = "marker"           # in that of the search for a task by its marker
    complete = {"method": "POST", "path": "/complete"}  # a series, or a task
    after_listing = {"kind": "hold", "path": "/tasks/?", "nth": 2}  # the first one is refused
    full_round = {"path": "/tasks", "nth": 2}                      # the same

    folder_round = "taskfolders/?"  # in that of a later round's request for lists
    without_dates = {"DueDateTime": None}  # which clears the start as well

    def round_of(self, folder):
        """In the path of a later round's request for the tasks of this list."""
        return f"('{folder}')/tasks/?"

    def gone(self, sandbox, task_id):
        """A task that was removed, as a page shows it."""
        return {"@odata.context": f"{sandbox.origin}/api/v2.0/$metadata#me/TaskFolders('x')"
                                  "/Tasks/$deletedEntity", "id": f"Tasks('{task_id}')",
                "reason": "deleted"}

    def spell(self, value, name=None):
        """Members of a task, or the value of one, in the spelling of v2.0, as the dialect writes
        them."""
        return value

    def entry(self, sandbox, task_id):
        """A task as a page shows it."""
        return sandbox.rest().get(f"/tasks/{task_id}").json

    def completions(self, admin):
        return len(admin.requests(**self.complete, arrived=1))


class TodoWire:
    folders = "/lists"
    delta = "/delta?"
    linked = "/tasks/delta?$deltatoken"
    page = "/tasks/delta?$skiptoken"
    listing = "/tasks/delta?$expand"
    single = "/tasks/aa"
    mark = "extensions"
    complete = {"method": "PATCH", "path": "/tasks/aa"}
    after_listing = {"kind": "hold_after", "path": "/tasks/delta", "nth": 2}
    full_round = {"path": listing}
    folder_round = "/lists/delta"
    without_dates = {"DueDateTime": None, "StartDateTime": None}
    names = {"Subject": "title"}
    enums = ("ContentType", "Importance", "Status")

    def round_of(self, folder):
        return f"/lists/{folder}/tasks/delta?$deltatoken"

    def gone(self, _, task_id):
        return {"@removed": {"reason": "deleted"}, "id": task_id}

    def spell(self, value, name=None):
        if isinstance(value, list):
            return [self.spell(part) for part in value]
        if isinstance(value, dict):
            return {self.names.get(key, key[:1].lower() + key[1:]): self.spell(part, key)
                    for key, part in value.items()}
        return value[:1].lower() + value[1:] if name in self.enums else value

    def entry(self, sandbox, task_id):
        graph = sandbox.graph(prefer=['IdType="ImmutableId"'])
        for folder in graph.pages("/lists"):
            answer = graph.get(f"/lists/{folder['id']}/tasks/{task_id}?$expand=checklistItems")
            if answer.status == 200:
                return answer.json
        raise AssertionError(f"no task {task_id}")

    def completions(self, admin):
        return len([r for r in admin.requests(**self.complete, arrived=1)
                    if '"completed"' in r["body"]])


wire = TodoWire() if DIALECT == "todo" else OutlookWire()


def only_on(dialect, why):
    """Skips a test on the other dialect."""
    return unittest.skipUnless(DIALECT == dialect, why)


needs_if_match = only_on("outlook", "whether To Do honours If-Match is not documented (upstream.md "
                         "B.12), so none is sent and the later change to a field wins")


class Admin(Http):
    """The administration of a sandbox: bridge/sandbox/admin.h."""

    def call(self, method, path, value=None):
        body = json.dumps(value) if value is not None else None
        answer = self.request(method, "/admin/" + path, body)
        assert answer.status == 200, answer
        return answer.json

    def add_user(self, name, token):
        self.call("POST", "users", {"name": name, "token": token})

    def fault(self, kind, method=None, path=None, user=None, nth=1, count=1, **more):
        match = {"method": method, "path": path, "user": user, "nth": nth}
        match = {name: value for name, value in match.items() if value is not None}
        self.call("POST", "faults", {"fault": kind, "match": match, "count": count, **more})

    def clear_faults(self):
        self.call("DELETE", "faults")

    def faults(self):
        return self.call("GET", "faults")

    def requests(self, **match):
        query = urllib.parse.urlencode(match)
        return self.call("GET", f"requests?{query}")["requests"]

    def loads(self):
        return self.call("GET", "requests?method=NONE")["loads"]

    def clear_requests(self):
        self.call("DELETE", "requests")

    def last(self):
        """Number of the latest request: what `after` takes."""
        numbers = [r["number"] for r in self.requests(arrived=1)]
        return numbers[-1] if numbers else 0

    def wait(self, count=1, **match):
        """Until so many matching requests have been answered (or, with arrived=True, come)."""
        return self.call("POST", "wait", {"count": count, **match})["count"]

    def release(self, **match):
        return self.call("POST", "release", match)["released"]

    def personality(self, **switches):
        """Turn switches of bridge/sandbox/personality.h."""
        self.call("POST", "personality", switches)

    def add_folder(self, user, name, kind):
        """kind: own, shared_by, shared_with or flagged. Returns its id."""
        return self.call("POST", "folders", {"user": user, "name": name, "kind": kind})["id"]

    def expire_tokens(self, **match):
        self.call("POST", "expire-tokens", match)

    def seed(self, user, count, **more):
        self.call("POST", "seed", {"user": user, "count": count, **more})

    def seed_demo(self, user, zone="UTC"):
        self.call("POST", "seed", {"user": user, "demo": True, "zone": zone})

    def state(self, user):
        return self.call("GET", f"state?user={urllib.parse.quote(user)}")

    def tasks(self, user):
        """Tasks by subject; fails when two have the same."""
        tasks = self.state(user)["tasks"]
        by_subject = {task["Subject"]: task for task in tasks}
        assert len(by_subject) == len(tasks), [task["Subject"] for task in tasks]
        return by_subject


class Sandbox(Process):
    def __init__(self, folder, clock=None, state=None, users="alice:alice-token",
                 listen="127.0.0.1:0", admin=True):
        command = [DUEDAV, "sandbox", "--listen", listen, "--user", users]
        command += ["--admin"] if admin else []
        command += ["--state", state] if state else []
        command += ["--test-clock", clock.path] if clock else []
        super().__init__(command, folder, "sandbox")
        self.outlook_url = self.read_line(r"listening on (http://\S+/me/)")[1]
        self.origin = self.outlook_url[:self.outlook_url.index("/api/")]
        self.graph_url = self.origin + "/v1.0/me/todo"
        self.url = self.outlook_url if DIALECT == "outlook" else self.origin + "/v1.0/"
        self.admin = Admin(self.origin)
        self.clients = [self.admin]

    def rest(self, token="alice-token", zone=None):
        client = Rest(self.outlook_url, token, zone)
        self.clients.append(client)
        return client

    def graph(self, token="alice-token", zone=None, prefer=()):
        client = Graph(self.graph_url, token, zone, prefer)
        self.clients.append(client)
        return client

    def stop(self):
        for client in self.clients:
            client.close()
        super().stop()


# --- the bridge -----------------------------------------------------------------------------

STORES = {}  # (user, label): (its files, password), made once: most tests begin with the same


class Bridge:
    """A store and its configuration; `start` runs the server on it, as often as wanted."""

    def __init__(self, folder, upstream_url, clock=None, name="bridge", **settings):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.clock = clock
        self.server = None
        self.url = None
        self.clients = []
        self.config = self.folder / f"{name}.conf"
        self.has_usual_store = "store" not in settings
        sections = {
            "server": {"listen": "127.0.0.1:0"},
            "store": {"url": f"sqlite:{self.folder / name}.db",
                      "key_file": f"{self.folder / name}.key"},
            "log": {"level": "debug"},
            "upstream sandbox": {"dialect": DIALECT, "url": upstream_url},
        }
        for section, values in settings.items():
            sections.setdefault(section, {}).update(values)
        self.config.write_text("".join(
            f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
            for section, values in sections.items()))

    def run(self, *arguments, **more):
        """A duedav command on this store."""
        return run(*arguments, "-c", self.config, **more)

    def add_user(self, user, token, zone="Europe/Paris", label="test"):
        """A user with one linked account; returns the app password."""
        password = self._add_first_user(user, label) or self._add_user(user, label)
        self.link(user, token, zone)
        return password

    def _add_user(self, user, label):
        self.run("user", "add", user)
        return self.run("password", "add", user, "--label", label).strip()

    def _add_first_user(self, user, label):
        """The password; None if the store is there already."""
        paths = [self.folder / f"{self.name}.db", self.folder / f"{self.name}.key"]
        if not self.has_usual_store or any(path.exists() for path in paths):
            return None
        if (user, label) not in STORES:
            password = self._add_user(user, label)
            STORES[user, label] = ([path.read_bytes() for path in paths], password)
        made, password = STORES[user, label]
        for path, content in zip(paths, made):
            path.write_bytes(content)
            path.chmod(0o600)
        return password

    def link(self, user, token, zone="Europe/Paris", *more):
        token_file = self.folder / f"{self.name}-{user}.token"
        token_file.write_text(token + "\n")
        token_file.chmod(0o600)
        self.run("account", "link", user, "--upstream", "sandbox", "--timezone", zone,
                 "--access-token-file", token_file, *more)

    def start(self):
        command = [DUEDAV, "serve", "-c", self.config]
        command += ["--test-clock", self.clock.path] if self.clock else []
        self.server = Process(command, self.folder, self.name)
        self.url = self.server.read_line(r"listening on (http://\S+)")[1].rstrip("/")
        return self

    def await_operations(self, count, pending=None):
        """Until so many changes are open, or the answer has come that is not to come yet."""
        end = time.monotonic() + DEADLINE
        while json.loads(self.run("status", "--json"))[0]["open_operations"] < count:
            if pending is not None and pending.done():
                break
            assert time.monotonic() < end, f"{count} changes are never open"

    def _close_clients(self):
        for client in self.clients:
            client.close()

    def stop(self):
        self._close_clients()
        server, self.server = self.server, None
        if server is not None:
            server.stop()

    def kill(self):
        """Before the clients close: who waits for an answer in a thread finds its connection cut."""
        server, self.server = self.server, None
        if server is not None:
            server.kill()
        self._close_clients()

    def dav(self, user, password):
        client = Dav(self.url, user, password)
        self.clients.append(client)
        return client


# --- CalDAV ---------------------------------------------------------------------------------

NAMESPACES = {
    "d": "DAV:",
    "c": "urn:ietf:params:xml:ns:caldav",
    "cs": "http://calendarserver.org/ns/",
    "ical": "http://apple.com/ns/ical/",
}
XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def expand(name):
    """'d:href' to '{DAV:}href'."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


class Item:
    """One DAV:response: href, status (None with propstats), props by 'prefix:name' in 200."""

    def __init__(self, element):
        self.href = element.findtext("d:href", None, NAMESPACES)
        status = element.findtext("d:status", None, NAMESPACES)
        self.status = int(status.split()[1]) if status else None
        self.props = {}
        self.missing = set()
        for propstat in element.findall("d:propstat", NAMESPACES):
            found = " 200 " in propstat.findtext("d:status", "", NAMESPACES) + " "
            for prop in propstat.find("d:prop", NAMESPACES):
                if found:
                    self.props[prop.tag] = prop
                else:
                    self.missing.add(prop.tag)

    def text(self, name):
        prop = self.props.get(expand(name))
        return None if prop is None else "".join(prop.itertext()).strip()

    def __repr__(self):
        return f"<{self.href} {self.status} {sorted(self.props)}>"


class Multistatus:
    def __init__(self, response):
        assert response.status == 207, response
        root = ElementTree.fromstring(response.body)
        self.items = {item.href: item
                      for item in map(Item, root.findall("d:response", NAMESPACES))}
        self.sync_token = root.findtext("d:sync-token", None, NAMESPACES)


class Dav(Http):
    """A CalDAV client; paths begin at the server's root."""

    def __init__(self, url, user, password):
        import base64
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__(url, {"Authorization": f"Basic {secret}"})
        self.home = f"/dav/calendars/{user}/"

    def propfind(self, path, *names, depth=0):
        props = "".join(f"<{name}/>" for name in names)
        body = f"<d:propfind {XMLNS}><d:prop>{props}</d:prop></d:propfind>"
        return Multistatus(self.request("PROPFIND", path, body, {
            "Depth": str(depth), "Content-Type": "application/xml"}))

    def report(self, path, body, depth=1):
        return Multistatus(self.request("REPORT", path, body, {
            "Depth": str(depth), "Content-Type": "application/xml"}))

    def collections(self):
        """{display name: path} of the home."""
        found = self.propfind(self.home, "d:displayname", "d:resourcetype", depth=1)
        return {item.text("d:displayname"): href for href, item in found.items.items()
                if item.props[expand("d:resourcetype")].find("c:calendar", NAMESPACES) is not None}

    def ctag(self, collection):
        return self.propfind(collection, "cs:getctag").items[collection].text("cs:getctag")

    def etags(self, collection):
        """{href: etag} of the tasks of a collection, by calendar-query."""
        found = self.report(collection, f"""<c:calendar-query {XMLNS}><d:prop><d:getetag/></d:prop>
            <c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VTODO"/>
            </c:comp-filter></c:filter></c:calendar-query>""")
        return {href: item.text("d:getetag") for href, item in found.items.items()}

    def multiget(self, collection, hrefs):
        """{href: calendar text}."""
        wanted = "".join(f"<d:href>{href}</d:href>" for href in hrefs)
        found = self.report(collection, f"""<c:calendar-multiget {XMLNS}><d:prop><d:getetag/>
            <c:calendar-data/></d:prop>{wanted}</c:calendar-multiget>""")
        return {href: item.text("c:calendar-data") for href, item in found.items.items()}

    def sync_collection(self, collection, token=""):
        """({href: etag or None when removed}, new token)."""
        found = self.report(collection, f"""<d:sync-collection {XMLNS}>
            <d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level>
            <d:prop><d:getetag/></d:prop></d:sync-collection>""", depth=0)
        return ({href: None if item.status == 404 else item.text("d:getetag")
                 for href, item in found.items.items()}, found.sync_token)

    def get(self, path):
        return self.request("GET", path)

    def put(self, path, text, **headers):
        """headers: if_match='"..."', if_none_match='*'."""
        fields = {name.replace("_", "-").title(): value for name, value in headers.items()}
        fields["Content-Type"] = "text/calendar; charset=utf-8"
        return self.request("PUT", path, text, fields)

    def delete(self, path, **headers):
        fields = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self.request("DELETE", path, headers=fields)


def vtodo(uid, *lines):
    """A calendar object with one VTODO."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//duedav//tests//EN",
                        "BEGIN:VTODO", f"UID:{uid}", "DTSTAMP:20260501T080000Z", *lines,
                        "END:VTODO", "END:VCALENDAR", ""])


def unfold(text):
    """The content lines of a calendar object."""
    return text.replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")


# --- test cases -----------------------------------------------------------------------------

class Case(unittest.TestCase):
    """A test with a scratch folder; what `started` returns is stopped at its end, last first."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="duedav-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def started(self, thing):
        self.addCleanup(thing.stop if hasattr(thing, "stop") else thing.close)
        return thing

    def reserve_port(self, port=0):
        """Until the test ends."""
        keeper, port = reserve_port(port)
        self.addCleanup(keeper.close)
        return port

    def start_clock(self, now="2026-05-04T08:00:00Z"):
        return self.started(TestClock(self.folder, now))

    def start_sandbox(self, **options):
        return self.started(Sandbox(self.folder, **options))

    def start_bridge(self, sandbox, user="alice", token="alice-token", zone="Europe/Paris",
                     clock=None, **settings):
        """A bridge with one user on the sandbox: (bridge, dav client)."""
        bridge = Bridge(self.folder, sandbox.url, clock, **settings)
        password = bridge.add_user(user, token, zone)
        self.started(bridge.start())
        return bridge, bridge.dav(user, password)
