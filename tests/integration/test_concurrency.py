"""Many clients and many accounts: nothing is lost between them, and one account's trouble is its own.
Judged by the order and the number of events, never by time."""
import concurrent.futures
import json

from harness import Bridge, Case, unfold, vtodo, wire

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)


class Crowd(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()

    def pool(self, size):
        pool = concurrent.futures.ThreadPoolExecutor(size)
        self.addCleanup(pool.shutdown)
        return pool


class OneAccount(Crowd):
    def setUp(self):
        super().setUp()
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock,
                                                  limits={"per_address": "1000"})
        self.list = self.dav.collections()["Tasks"]

    def clients(self, count):
        password = self.bridge.run("password", "add", "alice", "--label", "more").strip()
        return [self.bridge.dav("alice", password) for _ in range(count)]

    def test_fifty_clients_change_one_task_and_one_of_them_wins(self):
        first = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:A"))
        clients = self.clients(50)
        answers = list(self.pool(50).map(
            lambda i: clients[i].put(self.list + "a.ics", vtodo("a", f"SUMMARY:{i}"),
                                     if_match=first.etag), range(50)))
        statuses = [answer.status for answer in answers]
        self.assertEqual(statuses.count(204), 1, statuses)
        self.assertEqual(statuses.count(412), 49, statuses)
        winner = statuses.index(204)
        task, = self.sandbox.admin.state("alice")["tasks"]
        self.assertEqual(task["Subject"], str(winner))
        self.assertIn(f"SUMMARY:{winner}", unfold(self.dav.get(self.list + "a.ics").text))

    def test_fifty_clients_write_and_none_of_their_tasks_is_lost_or_doubled(self):
        clients = self.clients(50)

        def work(i):
            done = [clients[i].put(f"{self.list}c{i}-{n}.ics", vtodo(f"c{i}-{n}", f"SUMMARY:c{i}-{n}"),
                                   if_none_match="*").status for n in range(4)]
            changed, _ = clients[i].sync_collection(self.list)
            mine = {f"{self.list}c{i}-{n}.ics" for n in range(4)}
            return done, mine <= set(changed)
        self.sandbox.admin.fault("hold", method="POST", count=4)
        working = self.pool(50).map(work, range(50))
        self.sandbox.admin.wait(4, method="POST", arrived=True)
        self.bridge.await_operations(10)  # more than may go on
        self.clock.settle()
        self.sandbox.admin.release()
        for done, sees_its_own in working:
            self.assertEqual(done, [201] * 4)
            self.assertTrue(sees_its_own)
        self.assertEqual(len(self.sandbox.admin.tasks("alice")), 200)
        self.assertEqual(len(self.dav.etags(self.list)), 200)
        load = self.sandbox.admin.loads()["alice"]
        self.assertLessEqual(load["most"], 4)
        self.assertEqual(load["refused"], 0)

    def test_fifty_polls_at_once_cost_one_round(self):
        self.clock.advance(FRESH)
        self.dav.ctag(self.list)
        clients = self.clients(50)
        last = self.sandbox.admin.last()
        self.sandbox.admin.fault("hold", path=wire.linked)
        self.clock.advance(FRESH)
        asking = [self.pool(50).submit(client.ctag, self.list) for client in clients]
        self.sandbox.admin.wait(path=wire.linked, after=last, arrived=True)
        self.sandbox.admin.release()
        self.assertEqual(len({future.result() for future in asking}), 1)
        self.assertEqual(len(self.sandbox.admin.requests(path=wire.linked, after=last)), 1)

    def test_background_work_leaves_room_for_a_client_that_waits(self):
        for name in ("B", "C", "D", "E"):
            self.rest.post("/taskfolders", {"Name": name})
        self.clock.advance(FRESH)
        self.dav.collections()
        self.sandbox.admin.fault("hold", method="GET", path="/tasks", count=0)
        last = self.sandbox.admin.last()
        self.clock.advance(30)  # a round by itself, of as many lists at once as it may
        self.sandbox.admin.wait(2, path="/tasks", after=last, arrived=True)
        self.clock.settle()
        self.assertLess(self.sandbox.admin.loads()["alice"]["now"], 4)
        answer = self.dav.put(self.list + "a.ics", vtodo("a", "SUMMARY:A"))  # not behind the reads
        self.assertEqual(answer.status, 201)
        self.sandbox.admin.clear_faults()
        self.sandbox.admin.release()


class ManyAccounts(Crowd):
    ACCOUNTS = 500

    def setUp(self):
        super().setUp()
        self.bridge = Bridge(self.folder, self.sandbox.url, self.clock)
        password = self.bridge.add_user("alice", "alice-token")
        self.started(self.bridge.start())
        self.passwords = {0: ("alice", password)}

    def fill(self, count):
        """So many users, each with an account of its own, linked while the server runs."""
        def link(i):
            name = f"user{i}"
            self.bridge.run("user", "add", name)
            secret = self.bridge.run("password", "add", name, "--label", "test").strip()
            token = self.bridge.folder / f"{name}.token"
            token.write_text(f"{name}-token\n")
            token.chmod(0o600)
            self.bridge.run("account", "link", name, "--upstream", "sandbox", "--timezone", "UTC",
                            "--access-token-file", token)
            return i, (name, secret)
        for i in range(1, count):
            self.sandbox.admin.add_user(f"user{i}", f"user{i}-token")
        self.passwords.update(self.pool(2).map(link, range(1, count)))

    def dav(self, i):
        return self.bridge.dav(*self.passwords[i])

    def status(self, i):
        return json.loads(self.bridge.run("status", self.passwords[i][0], "--json"))[0]

    def test_an_account_in_trouble_is_asked_ever_less_and_the_others_as_before(self):
        self.fill(5)
        for i in self.passwords:
            self.dav(i).collections()
        self.sandbox.admin.fault("status", user="user1", status=500, count=0)
        for _ in range(8):
            self.clock.advance(16)
            for i in self.passwords:
                self.dav(i).collections()
        last = self.sandbox.admin.last()
        rounds = {i: self.status(i)["requests"] for i in self.passwords}
        for _ in range(20):
            self.clock.advance(16)
            for i in self.passwords:
                self.dav(i).collections()
        more = {i: self.status(i)["requests"] - rounds[i] for i in self.passwords}
        self.assertLess(more[1], min(more[i] for i in self.passwords if i != 1) / 3, (last, more))
        self.assertGreaterEqual(self.status(1)["failures"], 3)

    def begin_trouble(self, count=6):
        """So many accounts, each with a list and a task; the one of alice will be in trouble."""
        self.fill(count)
        self.davs = {i: self.dav(i) for i in self.passwords}
        self.lists = {i: dav.collections()["Tasks"] for i, dav in self.davs.items()}
        for i, dav in self.davs.items():
            self.assertEqual(self.put(dav, i, "before").status, 201)
        self.others = list(self.davs)
        self.others_go_on("first")  # and each has had a round
        self.others.remove(0)
        self.addCleanup(self.end_trouble)

    def end_trouble(self):
        self.sandbox.admin.clear_faults()
        self.sandbox.admin.release()

    def put(self, dav, i, name):
        return dav.put(f"{self.lists[i]}{name}.ics", vtodo(name, f"SUMMARY:{name}"))

    def poll_alice(self):
        """In a thread: a poll may wait for a round, and the clock stands still."""
        return self.pool(1).submit(self.dav(0).etags, self.lists[0])

    def others_go_on(self, name):
        """Rounds, writes and reads of all others end, while nothing happens to alice's requests."""
        for i in self.others:
            self.sandbox.admin.seed(self.passwords[i][0], 1, prefix=f"seeded-{name}")
        self.clock.advance(FRESH)

        def work(i):
            dav = self.davs[i]
            before = dav.etags(self.lists[i])  # a poll has its round
            status = self.put(dav, i, name).status
            return status, len(dav.etags(self.lists[i])) - len(before)
        self.assertEqual(list(self.pool(len(self.others)).map(work, self.others)),
                         [(201, 1)] * len(self.others))
        for i in self.others:
            texts = self.davs[i].multiget(self.lists[i], self.davs[i].etags(self.lists[i]))
            self.assertTrue(any(f"seeded-{name}" in text for text in texts.values()), texts)

    def test_an_account_whose_service_hangs_holds_up_no_other(self):
        self.begin_trouble()
        admin = self.sandbox.admin
        last = admin.last()
        admin.fault("hold", user="alice", count=0)
        davs = [self.dav(0) for _ in range(6)]
        waiting = [self.pool(1).submit(self.put, dav, 0, f"held-{n}") for n, dav in enumerate(davs)]
        admin.wait(user="alice", method="POST", arrived=True, after=last, count=4)
        poll = self.poll_alice()
        for name in ("second", "third"):
            self.others_go_on(name)
        self.assertEqual([future.done() for future in waiting], [False] * 6)
        self.assertEqual(admin.loads()["alice"]["now"], 4)
        self.assertEqual(self.davs[0].get(self.lists[0] + "before.ics").status, 200)
        self.assertEqual(len(poll.result()), 3)  # stored data, after `hold`
        self.end_trouble()
        self.assertEqual([future.result().status for future in waiting], [201] * 6)

    def test_a_throttled_account_is_left_alone_and_holds_up_no_other(self):
        self.begin_trouble()
        admin = self.sandbox.admin
        admin.fault("status", user="alice", status=429, retry_after="3600", count=0)
        refused = self.put(self.davs[0], 0, "refused")
        self.assertEqual(refused.status, 503)
        self.assertLessEqual(int(refused.headers["Retry-After"]), 3600)
        last = admin.last()
        for name in ("second", "third"):
            self.others_go_on(name)
        self.assertEqual(len(self.poll_alice().result()), 3)
        self.assertEqual(self.put(self.davs[0], 0, "refused").status, 503)
        self.assertEqual(admin.requests(user="alice", after=last, arrived=1), [])
        admin.clear_faults()
        self.assertEqual(self.clock.until_final(self.put, self.davs[0], 0, "refused").status, 201)

    def test_an_account_whose_pages_never_end_holds_up_no_other(self):
        self.begin_trouble()
        admin = self.sandbox.admin
        last = admin.last()
        admin.fault("hold", user="alice", path="/tasks", nth=20)  # in the midst of it
        admin.fault("empty_page", user="alice", path="/tasks", count=0)
        self.clock.advance(FRESH)
        poll = self.poll_alice()
        admin.wait(user="alice", path="/tasks", arrived=True, after=last, count=20)
        self.others_go_on("second")
        self.assertEqual(admin.loads()["alice"]["now"], 1)
        admin.release()
        self.others_go_on("third")
        self.assertEqual(len(poll.result()), 3)
        self.assertLess(len(admin.requests(user="alice", path="/tasks", after=last)), 100)

    def test_an_account_whose_answers_are_monstrous_holds_up_no_other(self):
        self.begin_trouble()
        admin = self.sandbox.admin
        wrong = json.dumps(wire.spell({"Id": "x", "Subject": 5}))
        bodies = ['{"value":' + "[" * 1_000_000, '{"value":[' + "{}," * 500_000 + "7]}",
                  '{"value":[' + f"{wrong}," * 50_000 + "7]}", '"' + "x" * 2_000_000]
        for number, body in enumerate(bodies):
            last = admin.last()
            admin.fault("status", user="alice", path="/tasks", status=200, body=body, count=0)
            asked = self.pool(1).submit(self.bridge.run, "sync", "alice", status=None)
            admin.wait(user="alice", path="/tasks", after=last)
            self.others_go_on(f"other-{number}")
            asked.result()
            admin.clear_faults()
            self.assertEqual(len(self.poll_alice().result()), 3)
        log = self.bridge.server.log_path.read_text(errors="replace")
        self.assertLess(log.count("ev=sync.unreadable"), 100)  # nor does it fill the disk

    def test_after_a_restart_the_rounds_of_500_accounts_are_spread(self):
        """No thundering herd: the first rounds come over `near`, not in its first second."""
        self.bridge.stop()
        self.clone_accounts(self.ACCOUNTS)
        last = self.sandbox.admin.last()
        self.bridge.start()
        begun = []
        for second in range(16):
            self.clock.advance(1)
            self.bridge.run("status", "alice")  # the loop has turned
            begun.append(self.count_users(last))
        final = begun[-1]
        self.assertGreater(final, self.ACCOUNTS * 0.8, begun)
        self.assertLess(begun[0], self.ACCOUNTS / 5, begun)
        self.assertLess(max(b - a for a, b in zip(begun, begun[1:])), self.ACCOUNTS / 4, begun)

    def count_users(self, last):
        return len(self.sandbox.admin.requests(after=last, path=wire.folder_round, arrived=1))

    def clone_accounts(self, count):
        """The rows of the one linked account, so many times (500 links would take minutes)."""
        import sqlite3
        with sqlite3.connect(f"{self.bridge.folder}/bridge.db") as db:
            for table, keys in (("accounts", "id"), ("counters", "account"), ("collections", "account")):
                names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                rows = list(db.execute(f"SELECT {', '.join(names)} FROM {table}"))
                for number in range(1000, 1000 + count - 1):
                    for row in rows:
                        values = dict(zip(names, row))
                        values[keys] = number
                        if "slug" in values:
                            values["slug"] = f"{values['slug']}{number}"
                        if "is_default" in values and table == "accounts":
                            values["is_default"] = 0
                        db.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES "
                                   f"({', '.join('?' * len(names))})", list(values.values()))
        db.close()


del Crowd
