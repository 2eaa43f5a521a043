"""Real client programs against the real server: Thunderbird, evolution-data-server, vdirsyncer with
todoman, calcurse, python3-caldav, curl."""
import pathlib
import re
import shutil
import subprocess
import unittest

import harness

CLIENTS = harness.ROOT / "tests" / "integration" / "clients"
EVOLUTION = pathlib.Path("/usr/libexec/evolution-source-registry")

try:
    import caldav
except ImportError:
    caldav = None


class Case(harness.Case):
    SETTINGS = {}

    def setUp(self):
        super().setUp()
        self.sandbox = self.start_sandbox()
        self.bridge = harness.Bridge(self.folder, self.sandbox.url, **self.SETTINGS)
        self.password = self.bridge.add_user("alice", "alice-token", "Europe/Oslo")
        self.started(self.bridge.start())
        self.home = self.bridge.url + "/dav/calendars/alice/"


def has_programs(*names):
    return all(shutil.which(name) for name in names)


class ScriptCase(Case):
    """A client program driven by a script of its own, each step of which is a check."""

    def run_script(self, script, label, *arguments):
        done = subprocess.run(
            ["/usr/bin/python3", CLIENTS / script, "--url", self.bridge.url + "/",
             "--user", "alice", "--password", self.password, *arguments],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=harness.DEADLINE * 40)
        self.assertEqual([], re.findall(r"^FAIL  (.*)$", done.stdout, re.M), done.stdout)
        self.assertRegex(done.stdout, label + r": \d\d passed, 0 failed")


class Scripts(ScriptCase):
    @unittest.skipUnless(has_programs("vdirsyncer", "todoman"),
                         "vdirsyncer or todoman is not installed")
    def test_two_vdirsyncers_and_todoman_agree(self):
        self.run_script("sync_clients.py", "SYNC-CLIENTS", "--home", self.home, "--items", "100")

    @unittest.skipUnless(has_programs("vdirsyncer", "calcurse-caldav"),
                         "vdirsyncer or calcurse is not installed")
    def test_vdirsyncer_and_calcurse(self):
        self.run_script("cli_tasks.py", "cli")


class ScriptsWithOverrides(ScriptCase):
    """Programs in which a completed occurrence stands beside its series, in one object."""
    SETTINGS = {"mapping": {"series_form": "override"}}

    @unittest.skipUnless(has_programs("dbus-daemon") and EVOLUTION.exists(),
                         "evolution-data-server is not installed")
    def test_evolution_data_server(self):
        self.run_script("eds_tasks.py", "eds")

    @unittest.skipUnless(has_programs("thunderbird"), "thunderbird is not installed")
    def test_thunderbird(self):
        self.run_script("thunderbird_tasks.py", "thunderbird")


@unittest.skipIf(caldav is None, "python3-caldav is not installed")
class PythonCaldav(Case):
    def setUp(self):
        super().setUp()
        client = caldav.DAVClient(url=self.bridge.url, username="alice", password=self.password)
        self.addCleanup(client.session.close)
        self.principal = client.principal()

    def test_from_principal_to_completed_task(self):
        made = self.principal.make_calendar(name="By python", cal_id="py",
                                       supported_calendar_component_set=["VTODO"])
        lists = {calendar.get_property(caldav.dav.DisplayName()): calendar
                 for calendar in self.principal.calendars()}
        self.assertIn("By python", lists)
        self.assertEqual(str(made.url), str(lists["By python"].url))
        self.assertIn("Tasks", lists)
        tasks = lists["By python"]
        for uid, summary in (("py-1", "Buy milk"), ("py-2", "Read a book")):
            tasks.save_todo(harness.vtodo(uid, "SUMMARY:" + summary, "DUE:20270102T100000Z"))
        self.assertEqual({"Buy milk", "Read a book"},
                         {str(t.icalendar_component["SUMMARY"]) for t in tasks.todos()})
        self.assertEqual({"Buy milk", "Read a book"}, set(self.sandbox.admin.tasks("alice")))
        todo = tasks.todo_by_uid("py-1")
        todo.complete()
        upstream = self.sandbox.admin.tasks("alice")["Buy milk"]
        self.assertEqual("Completed", upstream["Status"])
        self.assertEqual(["Read a book"],
                         [str(t.icalendar_component["SUMMARY"]) for t in tasks.todos()])
        self.assertEqual(2, len(tasks.todos(include_completed=True)))

    def test_changes_come_by_sync_token(self):
        tasks = self.principal.make_calendar(name="Synced", cal_id="synced")
        tasks.save_todo(harness.vtodo("one", "SUMMARY:one"))
        objects = tasks.objects_by_sync_token(load_objects=True)
        self.assertEqual(1, len(list(objects)))
        again = tasks.objects_by_sync_token(sync_token=objects.sync_token)
        self.assertEqual(0, len(list(again)))
        tasks.save_todo(harness.vtodo("two", "SUMMARY:two"))
        self.assertEqual(1, len(list(
            tasks.objects_by_sync_token(sync_token=objects.sync_token, load_objects=True))))

    def test_rename_and_delete_of_a_list(self):
        made = self.principal.make_calendar(name="Before", cal_id="named")
        made.set_properties([caldav.dav.DisplayName("After")])
        names = {f["Name"] for f in self.sandbox.admin.state("alice")["folders"]}
        self.assertIn("After", names)
        self.assertNotIn("Before", names)
        made.delete()
        names = {f["Name"] for f in self.sandbox.admin.state("alice")["folders"]}
        self.assertNotIn("After", names)


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Curl(Case):
    def curl(self, method, path, *more, body=None, signed_in=True):
        """Status and output (head and body)."""
        command = ["curl", "-sS", "-i", "-X", method, "--max-time", "60", *more]
        if method == "HEAD":
            command = ["curl", "-sS", "-I", "--max-time", "60", *more]
        if signed_in:
            command += ["-u", "alice:" + self.password]
        if body is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run([*command, self.bridge.url + path], input=body or "", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        statuses = re.findall(r"^HTTP/1.1 (\d+)", done.stdout, re.M)
        return int(statuses[-1]), done.stdout

    def test_each_method(self):
        home = "/dav/calendars/alice/"
        made = home + "curl/"
        task = made + "a.ics"
        todo = harness.vtodo("curl-1", "SUMMARY:by curl")
        propfind = '<propfind xmlns="DAV:"><allprop/></propfind>'
        multiget = ('<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
                    "<prop><getetag/><C:calendar-data/></prop><href>%s</href>"
                    "</C:calendar-multiget>" % task)
        rename = ('<propertyupdate xmlns="DAV:"><set><prop><displayname>By curl</displayname>'
                  "</prop></set></propertyupdate>")
        for want, method, path, more, body in (
                (200, "OPTIONS", "/", [], None),
                (301, "PROPFIND", "/.well-known/caldav", [], None),
                (207, "PROPFIND", "/.well-known/caldav", ["-L", "-H", "Depth: 0"], propfind),
                (201, "MKCALENDAR", made, [], None),
                (207, "PROPPATCH", made, [], rename),
                (201, "PUT", task, ["-H", "Content-Type: text/calendar",
                                    "-H", "If-None-Match: *"], todo),
                (412, "PUT", task, ["-H", "Content-Type: text/calendar",
                                    "-H", "If-None-Match: *"], todo.replace("by", "BY")),
                (204, "PUT", task, ["-H", "Content-Type: text/calendar",
                                    "-H", "Transfer-Encoding: chunked",
                                    "-H", "Expect: 100-continue"], todo.replace("by", "with")),
                (200, "GET", task, [], None),
                (200, "HEAD", task, [], None),
                (207, "PROPFIND", made, ["-H", "Depth: 1"], propfind),
                (207, "REPORT", made, [], multiget),
                (405, "POST", made, [], "x"),
                (405, "LOCK", task, [], None),
                (204, "DELETE", task, [], None),
                (404, "GET", task, [], None),
                (201, "MKCOL", home + "curl2", [], '<D:mkcol xmlns:D="DAV:" '
                 'xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:resourcetype>'
                 "<D:collection/><C:calendar/></D:resourcetype></D:prop></D:set></D:mkcol>"),
                (204, "DELETE", home + "curl2", [], None),
                (204, "DELETE", made, [], None)):
            status, output = self.curl(method, path, *more, body=body)
            self.assertEqual(want, status, f"{method} {path}: {output}")
            if (method, status) == ("REPORT", 207):
                self.assertIn("SUMMARY:with curl", output)
        self.assertEqual(401, self.curl("PROPFIND", "/", signed_in=False)[0])
        self.assertEqual(200, self.curl("GET", "/", signed_in=False)[0])
