"""What the checks named by RFC section share: one sandbox and one bridge for all tests of a module,
requests on one connection, and multistatus answers read strictly.

A module says setUpModule = conformance.start and tearDownModule = conformance.stop.
"""
import shutil
import socket
import tempfile
import unittest
import urllib.parse
import uuid
import xml.etree.ElementTree as ET

import harness
from harness import Http, vtodo

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
A = "{http://apple.com/ns/ical/}"
XML = "application/xml; charset=utf-8"
NS = ('xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
      'xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"')
ROOTS = ["/", "/dav/", "/principals/", "/dav/principals/", "/dav/calendars/"]
USER = "alice"

world = None


class World:
    """One sandbox and one bridge for all tests of a module."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="duedav-")
        self.sandbox = harness.Sandbox(self.folder)
        self.bridge = harness.Bridge(self.folder, self.sandbox.url, limits={"body": "4M"})
        self.password = self.bridge.add_user(USER, USER + "-token", "Europe/Oslo")
        self.bridge.start()

    def close(self):
        self.bridge.stop()
        self.sandbox.stop()
        shutil.rmtree(self.folder)

    def folder_names(self):
        return [f["Name"] for f in self.sandbox.admin.state(USER)["folders"]]


def start():
    global world
    world = World()


def stop():
    world.close()


def propfind(*props):
    return "<D:propfind %s><D:prop>%s</D:prop></D:propfind>" % (
        NS, "".join("<%s/>" % p for p in props))


def query(filter_xml, *props):
    return ("<C:calendar-query %s><D:prop>%s</D:prop><C:filter>%s</C:filter></C:calendar-query>"
            % (NS, "".join("<%s/>" % p for p in props or ("D:getetag",)), filter_xml))


def in_todo(inner=""):
    return ('<C:comp-filter name="VCALENDAR"><C:comp-filter name="VTODO">%s</C:comp-filter>'
            "</C:comp-filter>" % inner)


def multiget(hrefs, *props):
    return ("<C:calendar-multiget %s><D:prop>%s</D:prop>%s</C:calendar-multiget>"
            % (NS, "".join("<%s/>" % p for p in props or ("D:getetag", "C:calendar-data")),
               "".join("<D:href>%s</D:href>" % h for h in hrefs)))


def sync(token, limit=None, props=("D:getetag",)):
    return ("<D:sync-collection %s>%s<D:sync-level>1</D:sync-level>%s<D:prop>%s</D:prop>"
            "</D:sync-collection>"
            % (NS, "<D:sync-token>%s</D:sync-token>" % token if token is not None else "",
               "<D:limit><D:nresults>%d</D:nresults></D:limit>" % limit if limit else "",
               "".join("<%s/>" % p for p in props)))


class Answer:
    """A multistatus: {path: {tag: element}} by status, and hrefs with a status of their own."""

    def __init__(self, body):
        self.root = ET.fromstring(body)
        self.found, self.missing, self.statuses, self.refused = {}, {}, {}, {}
        for response in self.root.findall(D + "response"):
            path = response.findtext(D + "href")
            if response.findtext(D + "status"):
                self.statuses[path] = int(response.findtext(D + "status").split()[1])
            for propstat in response.findall(D + "propstat"):
                status = int(propstat.findtext(D + "status").split()[1])
                into = {200: self.found, 404: self.missing}.get(status, self.refused)
                for prop in propstat.find(D + "prop"):
                    assert prop.tag not in into.setdefault(path, {}), prop.tag
                    into[path][prop.tag] = prop if into is not self.refused else status
        self.token = self.root.findtext(D + "sync-token")


class Case(unittest.TestCase):
    """A collection of its own for each class; all its requests on one connection."""

    @property
    def world(self):
        return world

    def fresh(self):
        """An address in the home that nothing has."""
        return "%s%s/" % (self.home, uuid.uuid4().hex[:12])

    def patch(self, path, inner, status=207, **headers):
        return self.request(status, "PROPPATCH", path,
                            "<D:propertyupdate %s>%s</D:propertyupdate>" % (NS, inner), **headers)

    def set(self, path, inner, **headers):
        return self.patch(path, "<D:set><D:prop>%s</D:prop></D:set>" % inner, **headers)

    def ask(self, path, *elements, depth="0"):
        """As find, but for elements as they stand."""
        return self.answer("PROPFIND", path, "<D:propfind %s><D:prop>%s</D:prop></D:propfind>" % (
            NS, "".join(elements)), Depth=depth)

    def send(self, data, has_end=True):
        """Bytes as they are, on a connection of their own: the answer's status and bytes. has_end:
        nothing comes after them; otherwise they must make the server end the connection."""
        parts = urllib.parse.urlsplit(world.bridge.url)
        with socket.create_connection((parts.hostname, parts.port), harness.DEADLINE) as connection:
            connection.sendall(data)
            if has_end:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return int(answer.split()[1]), answer

    @classmethod
    def setUpClass(cls):
        cls.dav = world.bridge.dav(USER, world.password)
        cls.anonymous = Http(world.bridge.url)
        cls.principal = f"/dav/principals/{USER}/"
        cls.home = f"/dav/calendars/{USER}/"
        cls.list = f"{cls.home}{uuid.uuid4().hex[:12]}/"
        made = cls.make_list(cls.list, cls.__name__)
        assert made.status == 201, made

    @classmethod
    def tearDownClass(cls):
        cls.dav.close()
        cls.anonymous.close()

    @classmethod
    def make_list(cls, path, name):
        return cls.dav.request(
            "MKCALENDAR", path, f"<C:mkcalendar {NS}><D:set><D:prop><D:displayname>{name}"
            "</D:displayname></D:prop></D:set></C:mkcalendar>", {"Content-Type": XML})

    def request(self, status, method, path, body=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", XML)
        reply = self.dav.request(method, path, body, headers)
        self.assertEqual(status, reply.status, f"{method} {path}: {reply}")
        return reply

    def answer(self, method, path, body, **headers):
        reply = self.request(207, method, path, body, **headers)
        self.assertEqual("application/xml; charset=utf-8", reply.headers["Content-Type"])
        return Answer(reply.body)

    def find(self, path, *props, depth="0"):
        return self.answer("PROPFIND", path, propfind(*props), Depth=depth)

    def put(self, name, *lines, uid=None, summary="a task", status=201, **headers):
        """Path and ETag of what was put."""
        path = self.list + urllib.parse.quote(name)
        text = vtodo(uid or uuid.uuid4().hex, "SUMMARY:" + summary, *lines)
        reply = self.request(status, "PUT", path, text,
                             **{"Content_Type": "text/calendar; charset=utf-8", **headers})
        return path, reply.etag

    def get(self, path):
        return self.request(200, "GET", path)

    def error(self, reply, tag):
        """The answer is DAV:error with that element."""
        root = ET.fromstring(reply.body)
        self.assertEqual(D + "error", root.tag)
        self.assertIsNotNone(root.find(tag), reply.text)
        return root.find(tag)

    def ctag(self):
        return self.find(self.list, "CS:getctag").found[self.list][CS + "getctag"].text

    def token(self):
        return self.find(self.list, "D:sync-token").found[self.list][D + "sync-token"].text
