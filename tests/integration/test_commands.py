"""The commands of the program: with a server running and without, and the server as a process."""
import json
import os
import pathlib
import pty
import re
import signal
import socket
import stat
import subprocess
import threading
import time
import unittest

import harness
from harness import DUEDAV, Http, environment, vtodo, wire

ROOT = harness.ROOT
spell = wire.spell


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.sandbox = self.start_sandbox()
        self.bridge = harness.Bridge(self.folder, self.sandbox.url, log={"level": "info"})
        self.addCleanup(lambda: self.bridge.server and self.bridge.stop())

    def run_json(self, *arguments):
        return json.loads(self.bridge.run(*arguments, "--json"))

    def fails(self, *arguments, status=1, **more):
        """What a command that fails says: exactly one line."""
        text = self.bridge.run(*arguments, status=status, **more)
        self.assertEqual(1, text.count("\n"), text)
        self.assertTrue(text.startswith("duedav: "), text)
        return text

    def token_file(self, token="alice-token"):
        path = pathlib.Path(self.folder) / "token"
        path.write_text(token + "\n")
        return path

    def link(self, *more):
        return self.bridge.run("account", "link", "alice", "--upstream", "sandbox",
                               "--access-token-file", self.token_file(), *more)


class Administration(Case):
    """Each of these runs without a server, with one, and with both by turns."""

    def in_both_ways(self, scenario):
        for way in "without", "with":
            with self.subTest(server=way):
                if way == "with":
                    self.bridge.start()
                scenario()
        self.bridge.stop()

    def test_users_come_and_go(self):
        def scenario():
            self.assertEqual([], self.run_json("user", "list"))
            self.assertEqual("", self.bridge.run("user", "add", "alice"))
            self.bridge.run("user", "add", "bob@example.org")
            self.assertEqual(
                [{"user": "alice", "accounts": 0, "passwords": 0},
                 {"user": "bob@example.org", "accounts": 0, "passwords": 0}],
                self.run_json("user", "list"))
            self.assertEqual(
                ["USER             ACCOUNTS  PASSWORDS", "alice            0         0",
                 "bob@example.org  0         0"],
                self.bridge.run("user", "list").splitlines())
            self.assertIn('"alice" already', self.fails("user", "add", "alice"))
            self.assertIn("1 to 64 characters", self.fails("user", "add", "a/b"))
            self.assertIn('no user "ali"', self.fails("user", "remove", "ali"))
            for name in "alice", "bob@example.org":
                self.assertEqual("", self.bridge.run("user", "remove", name))
        self.in_both_ways(scenario)

    def test_app_passwords(self):
        def scenario():
            self.bridge.run("user", "add", "alice")
            password = self.bridge.run("password", "add", "alice", "--label", "Fön 1")
            self.assertRegex(password, r"\A[a-z2-7]{26}\n\Z")
            rows = self.run_json("password", "list", "alice")
            self.assertEqual(["Fön 1"], [row["label"] for row in rows])
            self.assertEqual({"id", "label", "created", "used"}, set(rows[0]))
            self.assertIsNone(rows[0]["used"])
            self.assertRegex(rows[0]["created"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
            self.assertIn("Fön 1", self.bridge.run("password", "list", "alice"))
            self.assertNotIn(password.strip(), self.bridge.run("password", "list", "alice"))
            number = str(rows[0]["id"])
            self.bridge.run("user", "add", "bob")
            self.assertIn("bob has no password", self.fails("password", "revoke", "bob", number))
            self.bridge.run("password", "revoke", "alice", number)
            self.assertIn("has no password", self.fails("password", "revoke", "alice", number))
            self.assertEqual([], self.run_json("password", "list", "alice"))
            self.assertIn("1 to 200", self.fails("password", "add", "alice", "--label", ""))
            for name in "alice", "bob":
                self.bridge.run("user", "remove", name)
        self.in_both_ways(scenario)

    def test_accounts(self):
        def scenario():
            self.bridge.run("user", "add", "alice")
            self.assertIn("(guessed", self.link("--label", "Work"))
            said = self.link("--timezone", "Europe/Rome")  # the same mailbox
            number = re.fullmatch(r"account (\d+), time zone Europe/Rome\n", said)[1]
            self.assertEqual(said, self.link("--label", "Again"))  # keeps what is not said anew
            row, = self.run_json("account", "list")
            self.assertEqual((row["id"], row["label"]), (int(number), "Again"))
            self.bridge.run("user", "remove", "alice")

            self.bridge.run("user", "add", "alice")
            account = json.loads(self.link("--timezone", "Romance Standard Time", "--json"))
            number = account.pop("id")
            self.assertEqual(
                {"user": "alice", "upstream": "sandbox", "dialect": harness.DIALECT,
                 "label": "sandbox", "timezone": "Europe/Paris", "timezone_guessed": False,
                 "default": True, "read_only": False, "needs_sign_in": False}, account)
            self.assertEqual([dict(account, id=number)], self.run_json("account", "list"))
            self.bridge.run("account", "set", "alice", number, "--timezone", "Asia/Tokyo",
                            "--label", "Büro", "--read-only", "yes")
            row, = self.run_json("account", "list", "alice")
            self.assertEqual(("Asia/Tokyo", "Büro", True),
                             (row["timezone"], row["label"], row["read_only"]))
            self.assertIn("Büro", self.bridge.run("account", "list"))
            self.assertIn("no time zone", self.fails(
                "account", "set", "alice", number, "--timezone", "Mars/Base"))
            self.assertIn("no account 99", self.fails(
                "account", "set", "alice", "99", "--default"))
            self.assertIn("no user", self.fails("account", "list", "nobody"))
            self.bridge.run("account", "unlink", "alice", number)
            self.assertEqual([], self.run_json("account", "list"))
            self.assertIn("no account", self.fails("account", "unlink", "alice", number))
            number = json.loads(self.link("--json"))["id"]
            self.bridge.run("account", "unlink", "alice", number, "--purge")
            self.bridge.run("user", "remove", "alice")
        self.in_both_ways(scenario)

    def test_links_that_fail_leave_nothing(self):
        def scenario():
            self.bridge.run("user", "add", "alice")
            wrong = pathlib.Path(self.folder) / "wrong"
            wrong.write_text("not-a-token")
            link = "account", "link", "alice", "--upstream"
            self.fails(*link, "sandbox", "--access-token-file", wrong)
            self.assertIn("[upstream nowhere]", self.fails(
                *link, "nowhere", "--access-token-file", wrong))
            self.assertIn("OAuth", self.fails(*link, "sandbox"))
            self.assertIn("missing-file", self.fails(
                *link, "sandbox", "--access-token-file", self.folder + "/missing-file"))
            wrong.write_text("\n")
            self.assertIn("no access token", self.fails(
                *link, "sandbox", "--access-token-file", wrong))
            self.assertIn("no time zone", self.fails(
                *link, "sandbox", "--access-token-file", self.token_file(), "--timezone", "X/Y"))
            self.assertEqual([], self.run_json("account", "list"))
            self.bridge.run("user", "remove", "alice")
        self.in_both_ways(scenario)

    def test_sync_and_status(self):
        self.sandbox.admin.seed("alice", 450)

        def scenario():
            self.bridge.run("user", "add", "alice")
            number = json.loads(self.link("--json"))["id"]
            lines = self.bridge.run("sync", "alice").splitlines()
            for line in lines:
                self.assertRegex(line, r"\Aaccount %d: \d+ tasks, \d+ of 1 lists\Z" % number)
            self.assertGreater(len(lines), 1)
            seen = [int(line.split()[2]) for line in lines]
            self.assertEqual(seen, sorted(seen))
            self.assertTrue(lines[-1].endswith(": 450 tasks, 1 of 1 lists"), lines)
            self.bridge.run("sync", "alice", str(number))
            self.assertIn("no account 99", self.fails("sync", "alice", "99"))
            row, = self.run_json("status", "alice")
            every, = self.run_json("status")
            del row["lag_s"], every["lag_s"]  # a second may have gone by
            self.assertEqual(row, every)
            self.assertEqual([("Tasks", True)],
                             [(found["name"], found["synced"]) for found in row["lists"]])
            self.assertLessEqual({"last_round", "last_round_ms", "failures", "last_error",
                                  "open_operations", "rest_s", "requests", "round_running",
                                  "needs_sign_in"}, set(row))
            self.assertEqual((0, "", 0, False), (row["failures"], row["last_error"],
                                                 row["open_operations"], row["needs_sign_in"]))
            self.assertIn("token        works", self.bridge.run("status"))
            self.bridge.run("user", "remove", "alice")
        self.in_both_ways(scenario)

    def test_what_a_command_did_is_there_at_once(self):
        self.bridge.start()
        self.bridge.run("user", "add", "alice")
        password = self.bridge.run("password", "add", "alice", "--label", "x").strip()
        client = self.bridge.dav("alice", password)
        self.assertEqual({}, client.collections())
        self.link()
        self.assertEqual(["Tasks"], list(client.collections()))
        number = self.run_json("password", "list", "alice")[0]["id"]
        self.bridge.run("password", "revoke", "alice", str(number))
        self.assertEqual(401, client.request("PROPFIND", client.home).status)

    def test_a_bar_on_a_terminal(self):
        self.sandbox.admin.seed("alice", 450)
        self.bridge.run("user", "add", "alice")
        self.link()
        try:
            master, slave = pty.openpty()
        except OSError as error:  # a root without devpts
            self.skipTest(str(error))
        with subprocess.Popen([DUEDAV, "sync", "alice", "-c", str(self.bridge.config)],
                              stdout=slave, env=environment()) as process:
            os.close(slave)
            said = b""
            try:
                while chunk := os.read(master, 65536):
                    said += chunk
            except OSError:
                pass  # that is how a terminal ends
            os.close(master)
            self.assertEqual(0, process.wait())
        self.assertRegex(said.decode(), r"\raccount \d+ \[\.{30}\] 0 of 1 lists, 200 tasks")
        self.assertRegex(said.decode(), r"\raccount \d+ \[#{30}\] 1 of 1 lists, 450 tasks\x1b\[K\r\n\Z")

    def test_commands_of_two_at_once_both_succeed(self):
        self.bridge.start()
        processes = [
            subprocess.Popen([DUEDAV, "user", "add", f"user{i}", "-c", str(self.bridge.config)],
                             env=environment()) for i in range(4)]
        self.assertEqual([0] * 4, [process.wait() for process in processes])
        self.assertEqual({f"user{i}" for i in range(4)},
                         {row["user"] for row in self.run_json("user", "list")})


class OneEngine(Case):
    """No command ever writes beside a server (design section 4)."""

    def test_a_held_lock_without_a_socket_is_an_error(self):
        self.bridge.start()
        os.unlink(self.bridge.folder / "bridge.db.sock")
        said = self.fails("user", "add", "alice")
        self.assertIn("no server answers", said)
        self.assertIn(str(self.bridge.server.process.pid), said)

    def test_a_second_server_does_not_start(self):
        self.bridge.start()
        self.assertIn("holds", self.fails("serve"))
        self.bridge.run("user", "add", "alice")  # and does the first one no harm

    def test_the_socket_of_a_dead_server_is_nothing(self):
        self.bridge.start()
        self.bridge.kill()
        self.assertTrue((self.bridge.folder / "bridge.db.sock").exists())
        self.bridge.run("user", "add", "alice")
        self.bridge.start()
        self.bridge.run("user", "remove", "alice")

    def test_only_the_owner_may_use_the_socket(self):
        self.bridge.start()
        path = self.bridge.folder / "bridge.db.sock"
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.bridge.stop()
        self.assertFalse(path.exists())

    def ask(self, *lines, close=True):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(harness.DEADLINE)
            connection.connect(str(self.bridge.folder / "bridge.db.sock"))
            connection.sendall(b"".join(lines))
            if close:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while chunk := connection.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass
        return [json.loads(line) for line in answer.splitlines()]

    def test_requests_on_one_connection_are_answered_in_order(self):
        self.bridge.start()
        add = json.dumps({"command": "user add", "user": "alice"}).encode() + b"\n"
        answers = self.ask(add, add, b"\n", b'{"command":"user list"}\n', b'{"command":"x"}\n')
        self.assertEqual([True, False, True, False], [answer["ok"] for answer in answers])
        self.assertEqual("alice", answers[2]["users"][0]["user"])
        self.assertIn("no command", answers[3]["error"])

    def test_nonsense_on_the_socket(self):
        self.bridge.start()
        for line in (b"nonsense\n", b"[]\n", b'"user list"\n', b'{"command":\n', b"\xff\n",
                     b'{"command":"user list\0"}\n', b"{}\n", b'{"command":7}\n',
                     b'{"command":"user add"}\n', b'{"command":"user add","user":[]}\n',
                     b'{"command":"password revoke","user":"a","id":1e300}\n',
                     b"[" * 5000 + b"\n"):
            with self.subTest(line=line[:40]):
                answer, = self.ask(line)
                self.assertIs(False, answer["ok"])
        self.assertEqual([], self.ask(b"x" * 70000, close=False))  # too long: closed
        self.assertEqual([], self.ask(b'{"command":"user list"}'))  # no line
        self.assertEqual([], self.run_json("user", "list"))

    def test_a_command_whose_server_stops_says_so(self):
        self.bridge.start()
        self.bridge.run("user", "add", "alice")
        self.sandbox.admin.fault("stall", path=wire.folders)
        process = subprocess.Popen(
            [DUEDAV, "account", "link", "alice", "--upstream", "sandbox", "--access-token-file",
             str(self.token_file()), "-c", str(self.bridge.config)],
            stderr=subprocess.PIPE, text=True, env=environment())
        self.sandbox.admin.wait(arrived=True)
        self.bridge.stop()
        _, said = process.communicate()
        self.assertEqual((1, "duedav: the server stopped before it had answered\n"),
                         (process.returncode, said))


class Usage(Case):
    def test_wrong_usage_is_2(self):
        for arguments in (
                ["user", "add"], ["user", "add", "a", "b"], ["user"], ["nonsense"],
                ["user", "list", "--jsonx"], ["password", "add", "alice"],
                ["password", "revoke", "alice", "x"], ["account", "link", "alice"],
                ["account", "set", "alice", "1"], ["account", "set", "alice", "x", "--default"],
                ["account", "set", "alice", "1", "--read-only", "perhaps"], ["sync"],
                ["sync", "alice", "x"], ["status", "a", "b"], ["serve", "now"],
                ["convert", "--to", "xml", "--dialect", "outlook"], ["convert", "--to", "json"],
                ["convert", "--to", "vtodo", "--dialect", "outlook", "--base", "x"],
                ["convert", "--to", "json", "--dialect", "outlook", "--document", "x"],
                ["convert", "--to", "json", "--dialect", "outlook", "--now", "soon"],
                ["demo", "--listen"]):
            with self.subTest(arguments=arguments):
                self.bridge.run(*arguments, status=2)

    def test_help_of_each_command(self):
        overview = self.bridge.run("--help", status=None)
        commands = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  ", harness.run("--help"), re.M)
        self.assertGreaterEqual(len(commands), 17, overview)
        for command in commands:
            with self.subTest(command=command):
                self.assertIn(f"usage: duedav {command}", harness.run(*command.split(), "--help"))

    def test_a_configuration_that_is_missing_or_wrong(self):
        self.assertIn("nowhere.conf", harness.run(
            "user", "list", "-c", self.folder + "/nowhere.conf", status=1))
        self.bridge.config.write_text("[server]\nlissten = x\n")
        for command in ["user", "list"], ["serve"], ["check-config"]:
            said = self.bridge.run(*command, status=1)
            self.assertIn("bridge.conf:2: ", said)


class Serve(Case):
    def test_tls_settings_are_refused(self):
        with open(self.bridge.config, "a") as file:
            file.write("[server]\ntls_certificate = /x.pem\ntls_key = /y.pem\n")
        self.assertIn("TLS is not in this version", self.fails("serve"))

    def test_a_dialect_of_a_later_version_is_refused(self):
        with open(self.bridge.config, "a") as file:
            file.write("[upstream tasks]\ndialect = basetask\n")
        self.assertIn("[upstream tasks]: dialect basetask is not in this version",
                      self.fails("serve"))

    def test_health_and_readiness(self):
        http = self.started(Http(self.bridge.start().url))
        for path in "/healthz", "/readyz":
            self.assertEqual(200, http.request("GET", path).status)
            self.assertEqual((200, b""), (http.request("HEAD", path).status,
                                          http.request("HEAD", path).body))
            answer = http.request("PUT", path, "x")
            self.assertEqual((405, "GET, HEAD"), (answer.status, answer.headers["Allow"]))

    def test_systemd_is_told(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = self.folder + "/notify"
            notify.bind(path)
            notify.settimeout(harness.DEADLINE)
            os.environ["NOTIFY_SOCKET"] = path
            self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
            self.bridge.start()
            self.assertEqual(b"READY=1", notify.recv(100))
            self.bridge.stop()
            self.assertEqual(b"STOPPING=1", notify.recv(100))

    def start_with_a_put_in_hand(self):
        """A PUT that the service holds; returns the thread and its answers."""
        password = self.bridge.add_user("alice", "alice-token")
        self.bridge.start()
        client = self.bridge.dav("alice", password)
        tasks = client.collections()["Tasks"]
        self.sandbox.admin.fault("hold", method="POST")
        answers = []

        def put():
            try:
                answers.append(client.put(tasks + "x.ics", vtodo("x", "SUMMARY:secret title")))
            except OSError as error:
                answers.append(error)
        thread = threading.Thread(target=put)
        thread.start()
        self.sandbox.admin.wait(method="POST", arrived=True)
        return thread, answers

    def test_an_unlink_answers_who_renames_or_removes_a_list(self):
        for method, upstream, body in (
                ("PROPPATCH", "PATCH", '<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop>'
                 "<d:displayname>New</d:displayname></d:prop></d:set></d:propertyupdate>"),
                ("DELETE", "DELETE", None)):
            with self.subTest(method=method):
                self.bridge = harness.Bridge(self.folder, self.sandbox.url, name=method,
                                             mapping={"delete_lists": "yes"})
                password = self.bridge.add_user("alice", "alice-token")
                number = json.loads(self.bridge.run("account", "list", "--json"))[0]["id"]
                self.started(self.bridge.start())
                client = self.bridge.dav("alice", password)
                path = f"{client.home}{method.lower()}/"
                self.assertEqual(client.request("MKCALENDAR", path).status, 201)
                self.sandbox.admin.fault("hold", method=upstream)
                answers = []
                thread = threading.Thread(
                    target=lambda: answers.append(client.request(method, path, body)))
                thread.start()
                self.sandbox.admin.wait(method=upstream, arrived=True)
                self.bridge.run("account", "unlink", "alice", number)
                thread.join()
                self.assertIn("404", answers[0].text + str(answers[0].status))
                self.bridge.stop()

    def test_a_stop_finishes_what_is_in_hand(self):
        thread, answers = self.start_with_a_put_in_hand()
        self.bridge.server.terminate()
        address = self.bridge.url.removeprefix("http://").split(":")
        with self.assertRaises(OSError):  # nobody new comes in
            while True:
                with socket.create_connection(address, harness.DEADLINE) as connection:
                    self.assertEqual(b"", connection.recv(1))  # it came before, and is closed now
        self.sandbox.admin.release()
        thread.join()
        self.assertEqual(201, answers[0].status)
        self.bridge.stop()
        self.assertIn("secret title", self.sandbox.admin.tasks("alice"))

    def test_a_stop_does_not_wait_for_ever(self):
        clock = self.start_clock()
        self.bridge.clock = clock
        thread, answers = self.start_with_a_put_in_hand()
        process = self.bridge.server.process
        self.bridge.server.terminate()
        while process.poll() is None:  # 10 s for requests, 10 s for changes
            clock.advance(1)
        thread.join()
        self.assertIsInstance(answers[0], OSError)
        self.bridge.stop()
        self.sandbox.admin.release()

        self.bridge.start()  # what was unclear is looked up
        self.sandbox.admin.wait(method="GET")
        self.bridge.stop()
        self.assertEqual(1, len(self.sandbox.admin.tasks("alice")))

    def test_a_second_signal_stops_at_once(self):
        thread, answers = self.start_with_a_put_in_hand()
        process = self.bridge.server.process
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        self.assertEqual(1, process.wait(harness.DEADLINE))
        thread.join()
        self.assertIsInstance(answers[0], OSError)
        self.bridge.kill()

    def test_the_access_log_names_no_tasks(self):
        password = self.bridge.add_user("alice", "alice-token")
        self.bridge.start()
        client = self.bridge.dav("alice", password)
        tasks = client.collections()["Tasks"]
        self.assertEqual(201, client.put(
            tasks + "hidden-name.ics", vtodo("hidden-uid", "SUMMARY:hidden-title")).status)
        client.get(tasks + "hidden-name.ics")
        self.bridge.stop()
        log = (self.bridge.folder / "bridge.log").read_text()
        slug = tasks.rstrip("/").rpartition("/")[2]
        self.assertRegex(log, r"ev=http\.request level=info req=\d+ peer=127\.0\.0\.1 method=PUT "
                              rf"user=alice list={slug} status=201 bytes=\d+ ms=\d+")
        self.assertNotIn("hidden", log)
        self.assertNotIn(password, log)
        self.assertNotIn("alice-token", log)

    def test_behind_a_proxy_the_client_is_the_peer(self):
        http = self.started(Http(self.bridge.start().url))
        name = "X-Forwarded-For"
        for values in (["6.6.6.6, 192.0.2.7"], ["192.0.2.8, 127.0.0.1"], [],
                       ["6.6.6.6", "192.0.2.9,::1"], ["6.6.6.6, nonsense"], ["2001:db8::1"], [""]):
            http.request("GET", "/healthz", headers=[(name, value) for value in values])
        self.bridge.stop()
        log = (self.bridge.folder / "bridge.log").read_text()
        self.assertEqual(["192.0.2.7", "192.0.2.8", "127.0.0.1", "192.0.2.9", "127.0.0.1",
                          "2001:db8::1", "127.0.0.1"],
                         re.findall(r"http\.request .*peer=(\S+)", log))

    def test_an_address_that_is_taken(self):
        self.bridge.start()
        other = harness.Bridge(self.folder, self.sandbox.url, name="other", server={
            "listen": self.bridge.url.removeprefix("http://")})
        said = other.run("serve", status=1)
        self.assertIn("in use", said)
        self.assertFalse((other.folder / "other.db").exists())

    def test_a_unix_socket(self):
        path = self.folder + "/http"
        bridge = harness.Bridge(self.folder, self.sandbox.url, name="local",
                                server={"listen": f"unix:{path}"})
        process = self.started(harness.Process([DUEDAV, "serve", "-c", bridge.config],
                                               self.folder, "local"))
        process.read_line(f"listening on unix:{path}$")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(harness.DEADLINE)
            connection.connect(path)
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))

    def test_the_log_level_changes_alive(self):
        self.bridge.start()
        self.bridge.config.write_text(
            self.bridge.config.read_text().replace("level = info", "level = error"))
        self.bridge.server.process.send_signal(signal.SIGHUP)
        log = self.bridge.folder / "bridge.log"
        http = self.started(Http(self.bridge.url))
        before = None
        while before != log.read_text():  # until a request is no longer logged
            before = log.read_text()
            http.request("GET", "/healthz")
        self.bridge.stop()


class Convert(harness.Case):
    """Examples of mapping.md section 7, through the command."""

    def convert(self, text, *arguments, **more):
        return harness.run("convert", "--dialect", harness.DIALECT, *arguments, stdin=text, **more)

    def to_json(self, zone, *lines, base=None):
        arguments = ["--to", "json", "--timezone", zone]
        if base is not None:
            path = pathlib.Path(self.folder) / "base.ics"
            path.write_bytes(vtodo("x", "SUMMARY:x", *base).encode())
            arguments += ["--base", path]
        return json.loads(self.convert(vtodo("x", "SUMMARY:x", *lines), *arguments))

    def date(self, day, zone):
        return {"DateTime": f"{day}T00:00:00", "TimeZone": zone}

    def assert_written(self, expected, written):
        """expected: as v2.0 spells it."""
        self.assertEqual(spell(expected), written)

    def test_v001_dates_become_midnights_of_the_zone(self):
        zone = "Pacific Standard Time"
        body = self.to_json("America/Los_Angeles", "DTSTART;VALUE=DATE:20160423",
                            "DUE;VALUE=DATE:20160425")
        self.assert_written({"Subject": "x", "StartDateTime": self.date("2016-04-23", zone),
                             "DueDateTime": self.date("2016-04-25", zone)}, body)

    def test_v017_a_due_time_keeps_its_own_day(self):
        body = self.to_json("America/New_York", "DUE;TZID=America/New_York:20260506T180000")
        self.assert_written({"Subject": "x", "DueDateTime": self.date(
            "2026-05-06", "Eastern Standard Time")}, body)

    def test_v024_v025_patches_are_minimal(self):
        had = ["DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260507"]
        romance = "Romance Standard Time"
        self.assert_written({"DueDateTime": self.date("2026-05-04", romance)},
                            self.to_json("Europe/Paris", had[0], base=had))
        self.assert_written(wire.without_dates, self.to_json("Europe/Paris", base=had))
        self.assert_written({}, self.to_json("Europe/Paris", *had, base=had))
        self.assert_written({"Importance": "High"},
                            self.to_json("Europe/Paris", *had, "PRIORITY:1", base=had))

    def task(self, **members):
        return spell(dict({"Id": "AAMk1", "Subject": "x", "Status": "NotStarted",
                           "CreatedDateTime": "2026-04-01T08:00:00Z",
                           "LastModifiedDateTime": "2026-04-01T08:00:00Z"}, **members))

    def test_v003_v014_midnights_become_dates(self):
        for zone, instant, day in (
                ("America/New_York", "2016-04-26T04:00:00Z", "20160426"),
                ("Europe/Paris", "2026-01-14T23:00:00Z", "20260115"),
                ("Pacific/Kiritimati", "2024-10-23T10:00:00Z", "20241024")):
            task = self.task(DueDateTime={"DateTime": instant.rstrip("Z"), "TimeZone": "UTC"})
            text = self.convert(json.dumps(task), "--to", "vtodo", "--timezone", zone)
            self.assertIn(f"DUE;VALUE=DATE:{day}", harness.unfold(text.replace("\n", "\r\n")))

    def merge(self, document, before, after):
        folder = pathlib.Path(self.folder)
        (folder / "old.json").write_text(json.dumps(before))
        (folder / "old.ics").write_bytes(document.encode())
        return self.convert(json.dumps(after), "--to", "vtodo", "--timezone", "America/New_York",
                            "--base", folder / "old.json", "--document", folder / "old.ics")

    def test_v017_the_merge_keeps_what_did_not_change(self):
        document = vtodo("x", "SUMMARY:x", "DUE;TZID=America/New_York:20260506T180000",
                         "X-MINE;X-P=1:kept", "LOCATION:home")
        before = self.task(DueDateTime={"DateTime": "2026-05-06T04:00:00", "TimeZone": "UTC"})
        self.assertEqual(document.replace("\r\n", "\n"), self.merge(document, before, before))
        after = self.task(DueDateTime={"DateTime": "2026-05-07T04:00:00", "TimeZone": "UTC"})
        lines = self.merge(document, before, after).split("\n")
        for line in ("DUE;TZID=America/New_York:20260507T180000", "X-MINE;X-P=1:kept",
                     "LOCATION:home"):
            self.assertIn(line, lines)

    def test_an_array_gives_an_array(self):
        texts = [vtodo("a", "SUMMARY:a"), vtodo("b", "SUMMARY:b", "PRIORITY:1")]
        self.assert_written([{"Subject": "a"}, {"Subject": "b", "Importance": "High"}],
                            json.loads(self.convert(json.dumps(texts), "--to", "json")))
        tasks = [self.task(Subject="ä\n"), self.task(Id="AAMk2", Subject="c")]
        documents = json.loads(self.convert(json.dumps(tasks), "--to", "vtodo"))
        self.assertEqual(2, len(documents))
        self.assertIn("\r\nSUMMARY:c\r\n", documents[1])
        self.assertEqual([], json.loads(self.convert("[]", "--to", "vtodo")))
        bases = pathlib.Path(self.folder) / "bases"
        bases.write_text(json.dumps(texts))
        self.assertEqual([{}, {}], json.loads(
            self.convert(json.dumps(texts), "--to", "json", "--base", bases)))
        bases.write_text(json.dumps(texts[:1]))
        self.assertIn("only 1 items", self.convert(
            json.dumps(texts), "--to", "json", "--base", bases, status=1))

    def test_now_chooses_the_reminder(self):
        lines = [line for minute in ("0800", "0900") for line in (
            "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x",
            f"TRIGGER;VALUE=DATE-TIME:20260504T{minute}00Z", "END:VALARM")]
        for now, expected in ("2026-05-04T07:00:00Z", "08:00"), ("2026-05-04T08:30:00Z", "09:00"):
            body = json.loads(self.convert(vtodo("x", "SUMMARY:x", *lines), "--to", "json",
                                           "--now", now))
            self.assert_written({"Subject": "x", "IsReminderOn": True, "ReminderDateTime": {
                "DateTime": f"2026-05-04T{expected}:00", "TimeZone": "UTC"}}, body)

    def test_bad_input_names_the_line(self):
        for text, to, said in (
                ("", "json", "empty"),
                ("hello\n", "json", "line 1: "),
                (vtodo("x", "SUMMARY:x", "no colon"), "json", "line 8: "),
                ('{\n "Subject": nonsense\n}', "vtodo", "line 2: not JSON"),
                ('{} {}', "vtodo", "line 1: something behind"),
                ('{"Subject":\n"a\\u0000b"}', "vtodo", "line 2: a NUL"),
                ('[1]', "json", "item 1: "),
                (json.dumps(spell({"Id": 7})), "vtodo", list(spell({"Id": 7}))[0])):
            with self.subTest(text=text):
                answer = self.convert(text, "--to", to, status=1)
                self.assertIn(said, answer)
                self.assertEqual(1, answer.count("\n"), answer)

    def test_a_dialect_of_a_later_version(self):
        self.assertIn("basetask is not in this version", harness.run(
            "convert", "--dialect", "basetask", "--to", "json", stdin=vtodo("x", "SUMMARY:x"),
            status=1))


class Demo(harness.Case):
    def start(self, *more):
        demo = harness.Process([DUEDAV, "demo", "--state", self.folder + "/a/state",
                                "--dialect", harness.DIALECT, *more], self.folder, "demo")
        found = {}
        for name, pattern in (
                ("address", r"Address +http://(\S+)/$"), ("user", r"User +(\S+)$"),
                ("password", r"App password +(\S+)$"), ("thunderbird", r"^(Thunderbird)"),
                ("evolution", r"^(Evolution)"), ("apple", r"^(Apple).* DAVx5"),
                ("token", r"Bearer (\S+)'"), ("last", r"^(Ctrl-C)")):
            match = demo.read_line(pattern)
            found[name] = match[1]
            if name == "token":
                found["rest"] = re.search(r"http://\S+/me/", match.string)[0]
        return demo, found

    def stop(self, demo):
        demo.process.send_signal(signal.SIGINT)
        self.assertEqual(0, demo.process.wait(harness.DEADLINE), demo.read_log())
        demo.close()
        self.assertEqual("", demo.read_log())

    def test_a_restart_goes_on_where_it_was(self):
        demo, found = self.start("--listen", "127.0.0.1:0")
        self.addCleanup(demo.process.kill)
        self.assertEqual("demo", found["user"])
        client = harness.Dav("http://" + found["address"], "demo", found["password"])
        lists = client.collections()
        self.assertEqual(3, len(lists), lists)
        tasks = {href: etag for path in lists.values()
                 for href, etag in client.etags(path).items()}
        self.assertGreaterEqual(len(tasks), 12)  # there at once
        href = lists["Tasks"] + "mine.ics"
        self.assertEqual(201, client.put(href, vtodo("mine", "SUMMARY:Mine")).status)

        rest = harness.Rest(found["rest"], found["token"])
        self.assertIn("Mine", [t["Subject"] for t in rest.get("/tasks?$top=50").json["value"]])
        rest.create("From the other side")
        end = time.monotonic() + harness.DEADLINE
        shown = {}
        while not any("From the other side" in text for text in shown.values()):
            self.assertLess(time.monotonic(), end, shown)  # a poll waits a second for its round
            shown = client.multiget(lists["Tasks"], client.etags(lists["Tasks"]))
        rest.close()
        client.close()
        self.stop(demo)
        for address in found["address"], found["rest"].split("/")[2]:
            self.reserve_port(int(address.rpartition(":")[2]))

        demo, again = self.start()
        self.addCleanup(demo.process.kill)
        self.assertEqual(found, again)
        client = harness.Dav("http://" + again["address"], "demo", again["password"])
        self.assertEqual(200, client.get(href).status)
        self.assertEqual(lists, client.collections())
        client.close()
        self.stop(demo)

    def test_the_sandbox_is_a_microsoft_to_do_as_well(self):
        demo, found = self.start("--listen", "127.0.0.1:0")
        self.addCleanup(demo.process.kill)
        graph = harness.Graph(found["rest"].replace("/api/v2.0/me/", "/v1.0/me/todo"),
                              found["token"])
        self.assertEqual(["Tasks", "Household", "Garden & balcony"],
                         [entry["displayName"] for entry in graph.pages("/lists")])
        graph.close()
        self.assertIn("[upstream sandbox-todo]\ndialect = todo\n", pathlib.Path(
            self.folder, "a/state/duedav.conf").read_text())
        self.stop(demo)
        said = harness.run("demo", "--state", self.folder + "/a/state", "--dialect", "x", status=2)
        self.assertIn("--dialect is outlook or todo", said)

    def test_one_at_a_time(self):
        demo, found = self.start("--listen", "127.0.0.1:0")
        said = harness.run("demo", "--state", self.folder + "/a/state", status=1)
        self.assertIn("running already", said)
        said = harness.run("demo", "--state", self.folder + "/b", "--listen", found["address"],
                           status=1)
        self.assertIn("in use", said)
        self.assertEqual(1, said.count("\n"))
        self.stop(demo)

    def test_other_commands_work_with_its_configuration(self):
        demo, _ = self.start("--listen", "127.0.0.1:0")
        config = self.folder + "/a/state/duedav.conf"
        row, = json.loads(harness.run("status", "--json", "-c", config))
        self.assertEqual(("demo", 3), (row["user"], len(row["lists"])))
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.folder + "/a/state/demo.json").st_mode))
        self.stop(demo)
        self.assertEqual("demo", json.loads(harness.run("user", "list", "--json", "-c", config))
                         [0]["user"])


if __name__ == "__main__":
    unittest.main()
