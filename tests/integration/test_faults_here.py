"""Trouble on our own machine: a full disk, a disk that became read-only, no file descriptors left, a
limit on memory, clocks that jump, SIGTERM under load, an older database. Disks are real small file
systems: a tmpfs of our own, else /dev/shm where that is small."""
import concurrent.futures
import ctypes
import os
import pathlib
import resource
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from harness import DEADLINE, DUEDAV, Bridge, Case, Http, Process, vtodo

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
BIG = "DESCRIPTION:" + "x" * 20_000
SHARED = "/dev/shm"
SMALL = 256 * 1024 * 1024  # bytes that can be filled up in no time
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000  # sched.h


def mount(folder, *options):
    """Why it could not be mounted; None: it was."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(["size=16m", *options]), "tmpfs",
                           folder], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


def setUpModule():
    """Who may not mount becomes root in namespaces where one may, if the system has them for
    everybody. That has to be before there is a second thread."""
    with tempfile.TemporaryDirectory(prefix="duedav-") as folder:
        if mount(folder) is None:
            subprocess.run(["umount", folder], check=True)
            return
    ids = {"uid_map": f"0 {os.geteuid()} 1", "setgroups": "deny", "gid_map": f"0 {os.getegid()} 1"}
    if ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0:
        for name, text in ids.items():
            pathlib.Path("/proc/self", name).write_text(text)


class Here(Case):
    settings = {}

    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()

    def bridge_up(self, folder=None, **settings):
        self.bridge = Bridge(folder or self.folder, self.sandbox.url, self.clock, **settings)
        self.password = self.bridge.add_user("alice", "alice-token")
        self.started(self.bridge.start())
        self.dav = self.bridge.dav("alice", self.password)
        self.list = self.dav.collections()["Tasks"]
        self.poll()

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def put(self, name, *lines, **headers):
        return self.dav.put(f"{self.list}{name}.ics", vtodo(name, f"SUMMARY:{name}", *lines), **headers)

    def titles(self):
        return sorted(task["Subject"] for task in self.sandbox.admin.state("alice")["tasks"])

    def until_done(self, name, *lines):
        """The client's retries, while the clock runs."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        for _ in range(40):
            pending = pool.submit(self.put, name, *lines)
            while not concurrent.futures.wait([pending], timeout=0.1).done:
                self.clock.advance(1)
            if pending.result().status != 503:
                return pending.result()
            self.clock.advance(int(pending.result().headers["Retry-After"]))
        self.fail(pending.result())


class Disk(Here):
    def setUp(self):
        super().setUp()
        self.disk = pathlib.Path(self.folder) / "disk"
        self.disk.mkdir()
        self.refused = mount(self.disk)
        if self.refused is None:
            self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
            return
        found = os.statvfs(SHARED)
        if found.f_blocks * found.f_frsize > SMALL:
            self.skipTest(f"no small file system: {self.refused}; {SHARED} is large")
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="duedav-", dir=SHARED))
        self.addCleanup(shutil.rmtree, self.disk)

    def fill(self):
        """Until not a byte more goes on the disk."""
        with open(self.disk / "ballast", "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def remount(self, how):
        if self.refused is not None:
            self.skipTest(f"nothing can be mounted here: {self.refused}")
        self.assertIsNone(mount(self.disk, "remount", how))

    def check_trouble_and_recovery(self, begin, end):
        self.put("before")
        begin()
        acknowledged = []
        for i in range(12):
            answer = self.put(f"during-{i}", BIG, if_none_match="*")
            self.assertIn(answer.status, (201, 500, 503, 507), answer)
            acknowledged += [f"during-{i}"] if answer.status == 201 else []
        self.assertNotEqual(answer.status, 201, "the disk was never full")
        self.assertGreaterEqual(answer.status, 503, "a client would give its change up")
        self.assertEqual(self.dav.get(self.list + "before.ics").status, 200)  # reads go on
        self.rest.create("meanwhile")
        self.poll()
        self.assertEqual(self.started(Http(self.bridge.url)).request("GET", "/healthz").status, 200)
        end()
        for i in range(12):
            answer = self.until_done(f"during-{i}", BIG)
            self.assertIn(answer.status, (201, 204), answer)
        wanted = sorted(["before", "meanwhile", *(f"during-{i}" for i in range(12))])
        self.assertEqual(self.titles(), wanted)
        for _ in range(20):  # the round that failed comes again
            self.clock.advance(320)
            self.dav.close()
            if len(self.dav.etags(self.list)) == len(wanted):
                break
            self.bridge.run("sync", "alice")
        self.assertEqual(len(self.dav.etags(self.list)), len(wanted))
        for name in acknowledged:
            self.assertIn("x" * 60, self.dav.get(f"{self.list}{name}.ics").text)

    def test_no_space_left_for_the_database(self):
        self.bridge_up(self.disk)
        self.check_trouble_and_recovery(self.fill, lambda: (self.disk / "ballast").unlink())

    def test_the_disk_becomes_read_only(self):
        self.bridge_up(self.disk)
        limits = []

        def begin():  # what a file system does after an error: no write succeeds any more
            self.fill()
            limits.append(resource.prlimit(self.bridge.server.process.pid, resource.RLIMIT_FSIZE,
                                           (0, resource.RLIM_INFINITY)))

        def end():
            (self.disk / "ballast").unlink()
            resource.prlimit(self.bridge.server.process.pid, resource.RLIMIT_FSIZE, limits[0])
        self.check_trouble_and_recovery(begin, end)

    def test_a_read_only_disk_at_the_start_is_said_clearly(self):
        self.bridge_up(self.disk)
        self.bridge.stop()
        self.remount("ro")
        said = self.bridge.run("serve", status=1)
        self.assertRegex(said, "(?i)read-only|readonly|lock")
        self.remount("rw")
        self.bridge.start()

    def test_killed_while_the_disk_is_full(self):
        self.bridge_up(self.disk)
        self.put("before")
        self.fill()
        for i in range(6):
            self.put(f"during-{i}", BIG, if_none_match="*")
        self.bridge.kill()
        (self.disk / "ballast").unlink()
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)
        for i in range(6):
            self.assertIn(self.until_done(f"during-{i}", BIG).status, (201, 204))
        self.assertEqual(self.titles(), sorted(["before", *(f"during-{i}" for i in range(6))]))

    def test_no_space_left_for_the_log(self):
        self.bridge = Bridge(self.folder, self.sandbox.url, self.clock)
        self.password = self.bridge.add_user("alice", "alice-token")
        self.fill()
        os.symlink(self.disk / "ballast", pathlib.Path(self.folder) / "bridge.log")
        self.started(self.bridge.start())
        self.dav = self.bridge.dav("alice", self.password)
        self.list = self.dav.collections()["Tasks"]
        self.assertEqual(self.put("a").status, 201)
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 1)


class Descriptors(Here):
    def test_when_no_descriptor_is_left_what_is_open_goes_on(self):
        self.bridge_up()
        pid = self.bridge.server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 10, before[1]))
        address = urllib.parse.urlsplit(self.bridge.url)
        extra = [socket.create_connection((address.hostname, address.port)) for _ in range(40)]
        self.assertEqual(self.dav.propfind(self.list, "cs:getctag").items[self.list].status, None)
        self.assertEqual(self.put("a").status in (201, 503), True)
        for connection in extra:
            connection.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.clock.advance(5)  # accept pauses after it has failed
        self.assertIn(self.until_done("a").status, (201, 204))
        other = self.bridge.dav("alice", self.password)
        self.assertEqual(len(other.etags(self.list)), 1)
        self.assertEqual(self.titles(), ["a"])


class Memory(Here):
    def test_bodies_beyond_the_limit_are_told_to_come_back(self):
        self.bridge_up(limits={"body": "200K", "buffered": "256K"})
        address = urllib.parse.urlsplit(self.bridge.url)
        body = vtodo("big", "SUMMARY:big", "DESCRIPTION:" + "x" * 100_000).encode()
        head = (f"PUT {self.list}big.ics HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                f"Authorization: {self.dav.headers['Authorization']}\r\n"
                "Content-Type: text/calendar\r\n\r\n").encode()
        connections = []
        for _ in range(6):  # all but the last byte: nobody can be answered with a success yet
            connection = socket.create_connection((address.hostname, address.port))
            connection.settimeout(DEADLINE)
            self.addCleanup(connection.close)
            try:
                connection.sendall(head + body[:-1])
            except OSError:
                pass  # refused already
            connections.append(connection)
        waiting = set(connections)
        while len(waiting) > 2:  # there is room for two, whichever came in first
            answered, _, _ = select.select(waiting, [], [], DEADLINE)
            self.assertTrue(answered)
            for connection in answered:
                self.assertEqual(connection.recv(100).split(b" ")[1], b"503")
            waiting -= set(answered)
        self.assertEqual(self.put("small").status, 201 if self.put("other").status == 201 else 503)
        for connection in connections:
            connection.close()
        self.assertIn(self.until_done("small").status, (201, 204))


class Clock(Here):
    def test_a_clock_that_jumps_back_and_forth_loses_nothing(self):
        self.bridge_up()
        start = self.clock.now_us
        self.assertEqual(self.put("a").status, 201)
        ctag = self.poll()
        for jump in ("2030-01-01T00:00:00Z", start, "2026-05-04T08:00:01Z", "2027-01-01T00:00:00Z"):
            self.dav.close()
            self.sandbox.admin.close()
            self.clock.set(jump)
            self.assertEqual(self.dav.ctag(self.list), ctag)
        self.rest.close()
        self.rest.create("b")
        for _ in range(40):
            self.poll()
            if len(self.dav.etags(self.list)) == 2:
                break
        self.assertEqual(len(self.dav.etags(self.list)), 2)
        self.assertEqual(self.put("c").status, 201)


class Terminated(Here):
    def test_sigterm_under_load_finishes_or_refuses_every_request(self):
        self.bridge_up()
        lock = threading.Lock()
        acknowledged, refused = set(), []

        def work(number):
            client = self.bridge.dav("alice", self.password)
            for i in range(1000):
                name = f"w{number}-{i}"
                try:
                    answer = client.put(f"{self.list}{name}.ics", vtodo(name, f"SUMMARY:{name}"),
                                        if_none_match="*")
                except OSError:
                    return  # no more connections are taken, or closed between two requests
                with lock:
                    if answer.status == 201:
                        acknowledged.add(name)
                    else:
                        refused.append(answer)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            working = [pool.submit(work, i) for i in range(8)]
            self.sandbox.admin.wait(method="POST", count=40)
            self.bridge.server.terminate()
        for worker in working:
            worker.result()  # no answer was cut
        self.bridge.stop()  # status 0, nothing for the sanitizers
        self.assertEqual({answer.status for answer in refused} - {503}, set())
        self.assertLessEqual(acknowledged, set(self.titles()))
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)
        self.poll()
        served = {href.rpartition("/")[2][:-4] for href in self.dav.etags(self.list)}
        self.assertLessEqual(acknowledged, served)


class Past(Here):
    def copy_store(self, target):
        for path in pathlib.Path(self.folder).glob("bridge.db*"):
            if path.suffix not in (".lock", ".sock"):
                shutil.copy(path, target)

    def test_a_restored_older_database_doubles_nothing(self):
        self.bridge_up()
        self.put("old")
        first, token = self.dav.sync_collection(self.list)
        self.bridge.stop()
        saved = pathlib.Path(self.folder) / "saved"
        saved.mkdir()
        self.copy_store(saved)
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)
        self.put("new")
        self.dav.delete(self.list + "old.ics")
        _, later = self.dav.sync_collection(self.list, token)
        self.bridge.stop()
        for path in pathlib.Path(self.folder).glob("bridge.db*"):
            path.unlink()
        for path in saved.iterdir():
            shutil.copy(path, self.folder)
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)
        self.poll()
        self.poll()
        self.assertEqual(self.titles(), ["new"])
        self.assertEqual(len(self.dav.etags(self.list)), 1)
        refused = self.dav.request("REPORT", self.list, f"""<d:sync-collection xmlns:d="DAV:">
            <d:sync-token>{later}</d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/>
            </d:prop></d:sync-collection>""")
        self.assertEqual(refused.status, 403, refused)
        self.assertIn("valid-sync-token", refused.text)

    def test_a_folder_deleted_and_made_again_under_its_name_is_a_new_list(self):
        folder = self.rest.post("/taskfolders", {"Name": "Garden"}).json["Id"]
        self.rest.create("Dig", folder=folder)
        self.bridge_up()
        old = self.dav.collections()["Garden"]
        self.assertEqual(len(self.dav.etags(old)), 1)
        self.rest.delete(f"/taskfolders/{folder}")
        again = self.rest.post("/taskfolders", {"Name": "Garden"}).json["Id"]
        self.rest.create("Plant", folder=again)
        for _ in range(10):
            self.poll()
            new = self.dav.collections()["Garden"]
            if new != old and len(self.dav.etags(new)) == 1:
                break
        text, = self.dav.multiget(new, self.dav.etags(new)).values()
        self.assertIn("SUMMARY:Plant", text)
        self.assertEqual(self.dav.request("PROPFIND", old, None, {"Depth": "0"}).status, 404)
        self.assertEqual(list(self.dav.collections()).count("Garden"), 1)

    def test_tasks_whose_upstream_ids_changed_are_not_doubled(self):
        self.bridge_up()
        for name in ("a", "b"):
            self.put(name)
        self.poll()
        for task in self.sandbox.admin.state("alice")["tasks"]:  # as a mailbox that was moved does
            self.rest.delete(f"/tasks/{task['Id']}")
            self.rest.create(task["Subject"])
        self.sandbox.admin.expire_tokens()
        for _ in range(10):
            self.poll()
        self.assertEqual(self.titles(), ["a", "b"])
        texts = self.dav.multiget(self.list, self.dav.etags(self.list)).values()
        titles = sorted(line for text in texts for line in text.splitlines()
                        if line.startswith("SUMMARY:"))
        self.assertEqual(titles, ["SUMMARY:a", "SUMMARY:b"])


del Here
