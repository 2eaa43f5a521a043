"""Behind a real nginx with public_url: every href carries the prefix, and what clients send back with
it (hrefs, Destination, If) is understood. And public_url without a proxy.
"""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import conformance
import harness
from conformance import NS, Answer
from harness import Case, vtodo

PREFIX = "/my/tasks"

CONFIGURATION = """
%(user)s
pid %(folder)s/nginx.pid;
error_log %(folder)s/nginx.log;
worker_processes 1;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path %(folder)s/bodies;
    proxy_temp_path %(folder)s/answers;
    fastcgi_temp_path %(folder)s/unused;
    uwsgi_temp_path %(folder)s/unused;
    scgi_temp_path %(folder)s/unused;
    server {
        listen 127.0.0.1:%(port)d;
        client_max_body_size 25m;
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_set_header Host %(host)s;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        location = /.well-known/caldav { proxy_pass %(bridge)s; }
        location /my/tasks/ { proxy_pass %(bridge)s%(path)s; }
        location / { return 418; }
    }
}
"""


def nginx():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Nginx:
    """nginx returns when it listens, and goes on in the background."""

    def __init__(self, folder, port, bridge, path, host):
        self.command = [nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf"),
                        "-e", str(folder / "nginx.log")]
        (folder / "nginx.conf").write_text(CONFIGURATION % {
            "folder": folder, "port": port, "bridge": bridge, "path": path, "host": host,
            "user": "user root;" if os.geteuid() == 0 else ""})
        self.run()

    def run(self, *more):
        done = subprocess.run(self.command + list(more), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=harness.DEADLINE)
        assert done.returncode == 0, done.stdout

    def stop(self):
        self.run("-s", "stop")


class PublicUrl(Case):
    """What is the same with and without a proxy. self.dav speaks to the outer address."""

    def outer(self, path):
        return PREFIX + path

    def hrefs(self, reply):
        self.assertIn(reply.status, (200, 207), reply)
        return re.findall(r"<D:href>([^<]*)</D:href>", reply.text)

    def assert_prefixed(self, *hrefs):
        self.assertTrue(hrefs)
        for href in hrefs:
            self.assertTrue(href.startswith(PREFIX + "/dav/"), href)

    def check_everything(self, url):
        dav = self.dav
        redirect = dav.request("PROPFIND", "/.well-known/caldav")
        self.assertEqual((301, PREFIX + "/dav/"), (redirect.status, redirect.headers["Location"]))
        names = ("D:current-user-principal", "D:principal-URL", "D:principal-collection-set",
                 "C:calendar-home-set", "D:owner")
        home = self.outer(dav.home)
        for start in ("/", "/dav/", "/principals/", "/dav/principals/alice/", dav.home,
                      dav.home.rstrip("/")):
            reply = dav.request("PROPFIND", self.outer(start), conformance.propfind(*names),
                                {"Depth": "1"})
            hrefs = self.hrefs(reply)
            self.assert_prefixed(*(h for h in hrefs if h not in (
                PREFIX + "/", PREFIX + "/principals/", PREFIX + "/principals/alice/")))
        path = home + "made/"
        self.assertEqual(201, dav.request("MKCALENDAR", path).status)
        task = path + "a%20b.ics"
        etag = dav.put(task, vtodo("prefix", "SUMMARY:x")).etag
        self.assertTrue(etag)
        for method, body, headers in (
                ("PROPFIND", None, {"Depth": "1"}), ("REPORT", conformance.sync(""), {}),
                ("REPORT", conformance.query(conformance.in_todo()), {"Depth": "1"}),
                ("REPORT", conformance.multiget([url + task, path + "none.ics"]), {}),
                ("PROPPATCH", "<D:propertyupdate %s><D:set><D:prop><A:calendar-order>1"
                 "</A:calendar-order></D:prop></D:set></D:propertyupdate>" % NS, {})):
            reply = dav.request(method, path, body, headers)
            self.assert_prefixed(*(h for h in self.hrefs(reply) if not h.startswith("http")))
            if method == "REPORT":
                self.assertIn(task, Answer(reply.body).found)
        conflict = dav.put(path + "c.ics", vtodo("prefix", "SUMMARY:y"))
        self.assertIn(f"<D:href>{task}</D:href>", conflict.text)
        self.move_and_delete(url, path, task, etag)

    def move_and_delete(self, url, path, task, etag):
        dav = self.dav
        other = path.replace("made/", "other/")
        self.assertEqual(201, dav.request("MKCOL", other).status)
        wrong = dav.request("MOVE", task, None, {"Destination": "http://elsewhere.example" + other
                                                 + "a.ics"})
        self.assertEqual(502, wrong.status)
        moved = dav.request("MOVE", task, None, {
            "Destination": url + other + "a.ics", "If": f"<{url}{task}> ([{etag}])"})
        self.assertEqual(201, moved.status, moved)
        moved = dav.request("MOVE", other + "a.ics", None, {"Destination": task})
        self.assertEqual(201, moved.status, moved)
        self.assertEqual(412, dav.request("DELETE", task, None, {
            "If": f'<{task}> (["x"])'}).status)
        self.assertEqual(204, dav.request("DELETE", task, None, {
            "If": f"<{task}> ([{etag}])"}).status)
        self.assertEqual(204, dav.request("DELETE", other).status)


class WithoutProxy(PublicUrl):
    def test_every_href_has_the_prefix_and_requests_may_lack_it(self):
        _, self.dav = self.start_bridge(
            self.start_sandbox(), server={"public_url": "https://tasks.example.org/my/tasks/"})
        for start in ("/my/tasks/dav/calendars/alice/", "/dav/calendars/alice/"):
            found = self.dav.propfind(start, "d:current-user-principal", "d:resourcetype", depth=1)
            for href, item in found.items.items():
                self.assertTrue(href.startswith("/my/tasks/dav/calendars/alice/"), href)
                self.assertEqual("/my/tasks/dav/principals/alice/",
                                 item.text("d:current-user-principal"))
        self.check_everything("https://tasks.example.org")


@unittest.skipUnless(nginx(), "nginx is not installed")
class BehindNginx(PublicUrl):
    def behind(self, path, host):
        port = self.reserve_port()
        bridge = harness.Bridge(self.folder, self.start_sandbox().url, server={
            "public_url": f"http://127.0.0.1:{port}{PREFIX}/", "trusted_proxies": "127.0.0.1"})
        password = bridge.add_user("alice", "alice-token")
        self.started(bridge.start())
        self.started(Nginx(pathlib.Path(self.folder), port, bridge.url, path, host))
        url = f"http://127.0.0.1:{port}"
        self.dav = self.started(harness.Dav(url, "alice", password))
        self.check_everything(url)
        self.assertEqual(418, self.dav.request("GET", "/elsewhere").status)

    def test_a_proxy_that_strips_the_prefix(self):
        self.behind("/", "$http_host")

    def test_a_proxy_that_keeps_the_prefix(self):
        self.behind("", "$http_host")

    def test_a_proxy_that_does_not_tell_the_host(self):
        self.behind("/", "inner.example")
