"""Random clients and a random Outlook on one mailbox, with faults and kill -9, checked by an oracle
(torture_model.py). The seed is printed; DUEDAV_SEED=N repeats a run (the order of answers, which the
machine decides, apart). An ordinary run has always the same one, so that a red one is about the change
at hand; DUEDAV_LONG=1 takes a seed by chance and runs longer, DUEDAV_OPS=N sets the length. Many
seeds in turn: tests/bench/torture.py.

Nothing sleeps: one thread starts requests, waits for answers, and moves the clock when nothing else
goes on.
"""
import base64
import json
import os
import pathlib
import random
import select
import shutil
import time

from harness import Bridge, Case, Multistatus
from torture_clients import BALLAST, QUERY, Ask, Client, Evolution
from torture_faults import Faults
import torture_model as m

LONG = bool(os.environ.get("DUEDAV_LONG"))
FRESH = 6
OPERATIONS = int(os.environ.get("DUEDAV_OPS") or (20000 if LONG else 1000))  # on each dialect
EPISODE = 120  # operations between two checks
SECONDS = float(os.environ.get("DUEDAV_SECONDS") or (3600 if LONG else 120))
SOON_MS = 2  # what the bridge has sent is here
KEEP = os.environ.get("DUEDAV_KEEP")  # a folder for what is left of a run that failed


class Torture(Faults, Case):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("DUEDAV_SEED") or
                        (random.SystemRandom().randrange(10 ** 6) if LONG else 1))
        self.rng = random.Random(self.seed)
        self.model = m.Model()
        self.folder_of = {}   # path of a list: upstream id
        self.folder_ids = {}  # every name that a list ever had: upstream id
        self.counts = {}
        self.clock = self.start_clock()
        self.released_us = self.clock.now_us
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.admin = self.sandbox.admin
        self.admin.add_user("alice", "outlook-token")
        self.outlook = self.sandbox.rest("outlook-token")
        self.clear_faults()
        self.outlook_does("POST", "/taskfolders", {"Name": "Second"})
        for folder in self.admin.state("alice")["folders"]:
            self.folder_ids[folder["Name"]] = folder["Id"]

    def count(self, what, more=1):
        self.counts[what] = self.counts.get(what, 0) + more

    def fail_about(self, tag, why):
        state = [t for t in self.admin.state("alice")["tasks"] if m.tag_of(t["Subject"]) == tag]
        places = [(place.folder, place.uid, place.href) for place in self.model.places(tag)]
        self.fail(f"seed {self.seed}: {why}\n{self.model.tell(tag)}\n{places}\nupstream: {state}")

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
        self.clock.settle()
        if self.pump(SOON_MS):
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

    # --- Outlook

    def outlook_does(self, method, path, value=None, **headers):
        return self.outlook.send(method, f"{path}?outlook=1", value, headers)

    def learn_list(self, path, name):
        """A client saw this list under this name."""
        if name not in self.folder_ids:
            self.fail(f"seed {self.seed}: nobody called a list {name!r}")
        if self.folder_of.setdefault(path, self.folder_ids[name]) != self.folder_ids[name]:
            self.fail(f"seed {self.seed}: {path} became another list, {name!r}")

    def find_task(self, href, text):
        """What is known of the task that this document is of."""
        return self.model.tasks.get(
            (m.tag_in(text), self.folder_of[href.rpartition("/")[0] + "/"]))

    def upstream_tasks(self):
        return [t for t in self.admin.state("alice")["tasks"] if t["Subject"].startswith("T")]

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
        task = self.model.tasks[m.key_of(found)]
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
        task = self.model.tasks[m.key_of(found)]
        writes = self.model.begin(task, {"exists": False}, "outlook")
        self.outlook_settles(writes, self.outlook_does("DELETE", f"/tasks('{found['Id']}')"), 204)

    def outlook_series(self):
        """Completes an occurrence, or makes a series."""
        state = self.admin.state("alice")
        found = [t for t in state["tasks"] if t["Subject"].startswith("S") and t["Recurrence"]]
        if not found or len(found) < 6 and self.rng.random() < 0.2:
            folder = self.rng.choice(state["folders"])
            series = self.model.add_series(folder["Id"])
            day = {"DateTime": f"{m.FIRST_DAY}T00:00:00", "TimeZone": "Romance Standard Time"}
            answer = self.outlook_does("POST", f"/taskfolders('{folder['Id']}')/tasks", {
                "Subject": f"{series.tag} x", "StartDateTime": day, "DueDateTime": day,
                "Recurrence": {"Pattern": {"Type": "Weekly", "Interval": 1,
                                           "DaysOfWeek": ["Monday"], "FirstDayOfWeek": "Monday"},
                               "Range": {"Type": "NoEnd", "StartDate": str(m.FIRST_DAY)}}})
            self.model.note(f"outlook makes {series.tag} {answer.status}")
            if answer.status != 201:
                del self.model.series[series.tag]
            return
        task = self.rng.choice(found)
        series = self.model.series[m.tag_of(task["Subject"])]
        series.overtaken += any(c.state == m.OPEN for c in series.completions)
        completion = self.model.begin_completion(series, m.day_of(task["DueDateTime"]),
                                                 "outlook")
        answer = self.outlook_does("POST", f"/tasks('{task['Id']}')/complete")
        self.assertIn(answer.status, (200, 429), answer)
        self.model.settle_completion(completion, m.ACKED if answer.status == 200 else m.REFUSED)
        self.model.note(f"outlook completes {series.tag} {completion}")

    def outlook_folder(self):
        folders = [f for f in self.admin.state("alice")["folders"] if not f["IsDefaultFolder"]]
        name = f"F{self.model.value()}"
        if len(folders) < 4:
            answer = self.outlook_does("POST", "/taskfolders", {"Name": name})
        else:
            chosen = self.rng.choice(folders)
            answer = self.outlook_does("PATCH", f"/taskfolders('{chosen['Id']}')", {"Name": name})
        self.model.note(f"outlook folder {name} {answer.status}")
        if answer.status in (200, 201):
            self.folder_ids[name] = answer.json["Id"]
        self.assertIn(answer.status, (200, 201, 429), answer)

    # --- checks while it runs

    def seen(self, client, href, text):
        """A client got this text under this address."""
        if "SUMMARY:T" not in text:
            return
        task = self.find_task(href, text)
        self.assertIsNotNone(task, f"{href}\n{text}")
        uid = m.get_line(text, "UID")[1:]
        name = href.rpartition("/")[2]
        if task.uid is None:
            task.uid, task.href = uid, name
        elif (task.uid, task.href) != (uid, name) and task.keeps is None:
            self.fail_about(task.tag, f"{client.name}: it was {task.href} {task.uid}, now {name} {uid}")

    def check_upstream(self, task):
        """A 2xx was given: upstream has it, or what may have come since."""
        found = [t for t in self.admin.state("alice")["tasks"]
                 if m.key_of(t) == (task.tag, task.folder)]
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

    def check_series_upstream(self, series):
        tasks = [(m.day_of(t["DueDateTime"]), t["Status"] == "Completed", bool(t["Recurrence"]))
                 for t in self.admin.state("alice")["tasks"]
                 if m.key_of(t) == (series.tag, series.folder)]
        fault = series.fault(tasks)
        if fault:
            self.fail_about(series.tag, f"{series.tag} {fault}")
        return tasks

    def check_series(self, by_key):
        """Each occurrence upstream is one resource."""
        for series in self.model.series.values():
            there = self.check_series_upstream(series)
            here = [(m.series_day(text), m.read_text(text)["status"] == "Completed",
                     "\nRRULE" in text) for _, text in by_key.get((series.tag, series.folder), [])]
            if sorted(here) != sorted(there):
                self.fail_about(series.tag, f"{sorted(there)} upstream, {sorted(here)} here")
            for href, text in by_key[series.tag, series.folder]:
                place = href.rpartition("/")[2], m.get_line(text, "UID")[1:]
                if series.uid and ("\nRRULE" in text) != (place == (series.href, series.uid)):
                    self.fail_about(series.tag, f"now it is {place}\n{text}")

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
        task = self.find_task(href, new[1])
        if task is None:
            tag = m.tag_in(new[1])
            if not self.model.series[tag].was_put_since(old.at):
                self.fail_about(tag, f"{client.name}: {href} moved from {old.etag} to {new[0]} "
                                f"with the same content\n{old.text}\n{new[1]}")
            return
        ambiguous = [w for name in ("status", "priority", "class") for w in task.fields[name]]
        if len(ambiguous) < 5 and not task.was_deleted():  # three come with its creation; others' values never come again
            self.fail_about(task.tag, f"{client.name}: {href} moved from {old.etag} to {new[0]} "
                            f"with the same content\n{old.text}\n{new[1]}")

    # --- quiet

    def status(self):
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
        by_key = {}
        for path, items in served.items():
            for href, (etag, text) in items.items():
                tag = m.tag_in(text)
                by_key.setdefault((tag, self.folder_of[path]), []).append((href, text))
        upstream = {}
        for found in state["tasks"]:
            upstream.setdefault(m.key_of(found), []).append(found)
        self.assertEqual({self.folder_of[path] for path in served},
                         {folder["Id"] for folder in state["folders"]})
        self.check_moves(upstream)
        self.check_series(by_key)
        for (tag, folder), task in self.model.tasks.items():
            here, there = by_key.get((tag, folder), []), upstream.get((tag, folder), [])
            if len(here) != len(there) or len(here) > 1:
                self.fail_about(tag, f"{len(there)} upstream, {len(here)} here: {here}")
            values = m.read_upstream(there[0]) if there else {}
            self.check_values(task, bool(there), values, "upstream")
            task.was_there = bool(here)
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
                        self.fail_about(m.tag_in(item.text), f"{client.name} has\n{item.text}\nnot\n"
                                        f"{items[href][1]}")
            self.assertEqual(set(client.lists), set(served))
        return served

    def check_moves(self, upstream):
        """What went from one list to another is in one of them, unless somebody else deleted it."""
        for move in self.model.moves:
            places = [(move.source.tag, place.folder) for place in (move.source, move.target)]
            removals = [w for w in move.source.standing("exists") if w is not move.removal]
            removals += [w for w in move.target.fields["exists"] if w.state != m.REFUSED and
                         w.end > (0 if move.is_replay else move.removal.start)]
            if not any(place in upstream for place in places) and \
                    not any(w.value is False for w in removals):
                self.fail_about(move.source.tag, f"lost when it went from {places}")
        self.model.moves = []

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
                many = sum(len(c.items) for c in client.lists.values()) > self.most_tasks
                client.start(client.remove() if many else client.create())
            elif what < 0.77:
                client.start(client.change())
            elif what < 0.87:
                client.start(client.transfer("MOVE" if what < 0.83 else "COPY"))
            elif what < 0.93:
                client.start(client.complete())
            else:
                client.start(client.remove())
        elif choice < 0.82:
            self.count("outlook writes")
            what = self.rng.random()
            if what < 0.2:
                many = sum(len(c.items) for c in self.clients[0].lists.values()) > self.most_tasks
                (self.outlook_delete if many else self.outlook_create)()
            elif what < 0.84:
                self.outlook_change()
            elif what < 0.9:
                self.outlook_series()
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
        self.count("checks")

    def test_random_clients_faults_and_kills(self):
        print(f"\nseed {self.seed}", flush=True)
        self.most_tasks = 100
        if self.seed % 5 == 0:  # several pages to a round
            self.most_tasks += 250
            self.admin.seed("alice", 250, prefix=BALLAST, folder="Tasks")
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
        print(f"{self.operations()} operations {json.dumps(self.counts, sort_keys=True)}, {len(self.model.tasks)} "
              f"tasks, {time.monotonic() - started:.0f} s", flush=True)
