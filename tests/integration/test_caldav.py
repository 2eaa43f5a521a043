"""The CalDAV surface of the real program, named by RFC section."""
import gzip
import re
import shutil
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
    """One sandbox and one bridge for all tests of this file."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="duedav-")
        self.sandbox = harness.Sandbox(self.folder)
        self.bridge = harness.Bridge(self.folder, self.sandbox.url, limits={"body": "64K"})
        self.password = self.bridge.add_user(USER, USER + "-token", "Europe/Oslo")
        self.bridge.start()

    def close(self):
        self.bridge.stop()
        self.sandbox.stop()
        shutil.rmtree(self.folder)

    def folder_names(self):
        return [f["Name"] for f in self.sandbox.admin.state(USER)["folders"]]


def setUpModule():
    global world
    world = World()


def tearDownModule():
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
        self.found, self.missing, self.statuses = {}, {}, {}
        for response in self.root.findall(D + "response"):
            path = response.findtext(D + "href")
            if response.findtext(D + "status"):
                self.statuses[path] = int(response.findtext(D + "status").split()[1])
            for propstat in response.findall(D + "propstat"):
                status = propstat.findtext(D + "status")
                into = self.found if " 200 " in status else self.missing
                into.setdefault(path, {}).update((p.tag, p) for p in propstat.find(D + "prop"))
        self.token = self.root.findtext(D + "sync-token")


class Case(unittest.TestCase):
    """A collection of its own for each class; all its requests on one connection."""

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


# --- finding the way ------------------------------------------------------------------------

class Discovery(Case):
    def every_container(self):
        return ROOTS + [self.principal, self.home, self.list]

    def test_rfc6764_5_well_known_is_301_for_every_method(self):
        for method in ("GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "POST"):
            for client in (self.dav, self.anonymous):
                reply = client.request(method, "/.well-known/caldav")
                self.assertEqual(301, reply.status, method)
                self.assertEqual("/dav/", reply.headers["Location"])

    def test_rfc6764_5_other_well_known_is_404(self):
        self.request(404, "PROPFIND", "/.well-known/carddav", Depth="0")
        self.request(404, "OPTIONS", "/.well-known/webdav/Notes/")

    def test_rfc7617_2_no_credentials_are_challenged_with_a_constant_realm(self):
        for path in self.every_container() + [self.list + "x.ics", "/nowhere"]:
            for method in ("PROPFIND", "OPTIONS", "REPORT", "PUT", "DELETE"):
                reply = self.anonymous.request(method, path)
                self.assertEqual(401, reply.status, (method, path))
                self.assertEqual('Basic realm="duedav", charset="UTF-8"',
                                 reply.headers["WWW-Authenticate"])

    def test_rfc7617_2_wrong_password_is_401(self):
        wrong = world.bridge.dav(USER, "wrong")
        self.assertEqual(401, wrong.request("PROPFIND", "/dav/", None, {"Depth": "0"}).status)

    def test_get_root_is_a_page_for_people(self):
        reply = self.anonymous.request("GET", "/")
        self.assertEqual(200, reply.status)
        self.assertTrue(reply.headers["Content-Type"].startswith("text/html"))
        self.assertIn("app password", reply.text)

    def test_rfc4791_5_1_options_says_calendar_access_everywhere(self):
        for path in self.every_container() + [self.list + "x.ics"]:
            reply = self.request(200, "OPTIONS", path)
            tokens = [t.strip() for t in reply.headers["DAV"].split(",")]
            self.assertEqual("1", tokens[0])
            self.assertIn("calendar-access", tokens)
            self.assertNotIn("calendar-auto-schedule", tokens)
            self.assertIn("PROPFIND", reply.headers["Allow"])
            self.assertEqual("0", reply.headers["Content-Length"])

    def test_rfc5397_3_current_user_principal_everywhere(self):
        for path in self.every_container():
            found = self.find(path, "D:current-user-principal").found[path]
            self.assertEqual(self.principal,
                             found[D + "current-user-principal"].findtext(D + "href"))

    def test_rfc4791_6_2_1_home_set_from_wherever_it_is_asked(self):
        for path in self.every_container():
            found = self.find(path, "C:calendar-home-set").found[path]
            homes = found[C + "calendar-home-set"].findall(D + "href")
            self.assertEqual([self.home], [h.text for h in homes])

    def test_rfc3744_4_principal_properties(self):
        found = self.find(self.principal, "D:resourcetype", "D:principal-URL", "D:displayname",
                          "D:principal-collection-set", "C:calendar-user-address-set",
                          "D:group-membership", "D:supported-report-set").found[self.principal]
        self.assertIsNotNone(found[D + "resourcetype"].find(D + "principal"))
        self.assertEqual(self.principal, found[D + "principal-URL"].findtext(D + "href"))
        self.assertEqual(7, len(found))

    def test_slash_or_none_is_the_same(self):
        for path in (self.principal, self.home, self.list):
            self.assertIn(path, self.find(path.rstrip("/"), "D:resourcetype").found)

    def test_another_users_addresses_are_404(self):
        for path in ("/dav/principals/somebody/", "/dav/calendars/somebody/",
                     "/dav/calendars/somebody/list/", "/dav/calendars/somebody/list/a.ics"):
            for method in ("PROPFIND", "OPTIONS", "GET", "PUT", "DELETE"):
                self.request(404, method, path, Depth="0")

    def test_the_home_is_a_plain_container_of_calendars(self):
        answer = self.find(self.home, "D:resourcetype", "D:displayname", depth="1")
        home = answer.found.pop(self.home)
        self.assertIsNone(home[D + "resourcetype"].find(C + "calendar"))
        self.assertIn(self.list, answer.found)
        for path, props in answer.found.items():
            self.assertTrue(path.endswith("/"))
            self.assertIsNotNone(props[D + "resourcetype"].find(C + "calendar"), path)
            self.assertTrue(props[D + "displayname"].text)

    def test_vdirsyncer_asks_the_root_at_depth_1(self):
        answer = self.answer("PROPFIND", "/", '\n\n  <propfind xmlns="DAV:"><prop><resourcetype/>'
                             "</prop></propfind>", Depth="1")
        self.assertIn("/", answer.found)


# --- properties -------------------------------------------------------------------------------

class Properties(Case):
    def test_a_list_has_what_clients_need_in_one_propstat(self):
        names = ["D:resourcetype", "D:displayname", "C:supported-calendar-component-set",
                 "D:current-user-privilege-set", "CS:getctag", "D:sync-token",
                 "D:supported-report-set", "D:owner", "A:calendar-color",
                 "C:schedule-calendar-transp", "C:supported-calendar-data", "C:max-resource-size",
                 "C:supported-collation-set"]
        answer = self.find(self.list, *names)
        self.assertEqual({}, answer.missing)
        found = answer.found[self.list]
        self.assertEqual(len(names), len(found))
        comps = found[C + "supported-calendar-component-set"].findall(C + "comp")
        self.assertEqual(["VTODO"], [c.get("name") for c in comps])
        self.assertEqual("Properties", found[D + "displayname"].text)
        self.assertIn(":", found[D + "sync-token"].text)
        self.assertFalse(found[CS + "getctag"].text.isdigit())
        reports = {r[0][0].tag for r in found[D + "supported-report-set"]}
        self.assertLessEqual({C + "calendar-query", C + "calendar-multiget",
                              D + "sync-collection"}, reports)
        rights = {r[0].tag for r in found[D + "current-user-privilege-set"]}
        self.assertLessEqual({D + "read", D + "write", D + "write-content", D + "bind",
                              D + "unbind"}, rights)

    def test_rfc4918_9_1_unknown_properties_are_in_one_404_propstat(self):
        answer = self.answer("PROPFIND", self.list, '<propfind xmlns="DAV:"><prop><displayname/>'
                             '<odd xmlns="urn:x"/><getetag/></prop></propfind>', Depth="0")
        self.assertEqual({"{urn:x}odd", D + "getetag"}, set(answer.missing[self.list]))
        self.assertEqual({D + "displayname"}, set(answer.found[self.list]))

    def test_rfc8144_2_1_minimal_leaves_the_404_out(self):
        for header in ({"Prefer": "return=minimal"}, {"Brief": "t"}):
            answer = self.answer("PROPFIND", self.list, propfind("D:displayname", "D:getetag"),
                                 Depth="0", **header)
            self.assertEqual({}, answer.missing)
            self.assertEqual({D + "displayname"}, set(answer.found[self.list]))

    def test_rfc4918_9_1_allprop_propname_and_an_empty_body(self):
        for body in (None, "<D:propfind %s><D:allprop/></D:propfind>" % NS):
            found = self.answer("PROPFIND", self.list, body, Depth="0").found[self.list]
            self.assertIn(D + "resourcetype", found)
            self.assertNotIn(D + "supported-report-set", found)
        found = self.answer("PROPFIND", self.list, "<D:propfind %s><D:allprop/><D:include>"
                            "<D:supported-report-set/></D:include></D:propfind>" % NS,
                            Depth="0").found[self.list]
        self.assertIn(D + "supported-report-set", found)
        names = self.answer("PROPFIND", self.list, "<D:propfind %s><D:propname/></D:propfind>"
                            % NS, Depth="0").found[self.list]
        self.assertTrue(all(len(p) == 0 and not p.text for p in names.values()))
        self.assertIn(D + "sync-token", names)

    def test_rfc4918_9_1_infinity_is_refused_with_its_precondition(self):
        for headers in ({"Depth": "infinity"}, {}):
            for path in (self.home, self.list):
                reply = self.request(403, "PROPFIND", path, propfind("D:displayname"), **headers)
                self.error(reply, D + "propfind-finite-depth")

    def test_rfc4918_9_1_bad_requests_are_400_and_the_server_goes_on(self):
        for body in ("<propfind", "<a/>", "<D:propfind xmlns:D='DAV:'/>", "\x01",
                     "<!DOCTYPE x [<!ENTITY e 'e'>]><D:propfind xmlns:D='DAV:'><D:allprop/>"
                     "</D:propfind>", "<a>" * 100 + "</a>" * 100):
            self.request(400, "PROPFIND", self.list, body, Depth="0")
        self.request(400, "PROPFIND", self.list, propfind("D:owner"), Depth="2")
        self.find(self.list, "D:owner")

    def test_objects_at_depth_1_and_0(self):
        path, etag = self.put("one task.ics")
        answer = self.find(self.list, "D:getetag", "D:getcontenttype", "D:resourcetype", depth="1")
        self.assertEqual(etag, answer.found[path][D + "getetag"].text)
        self.assertTrue(answer.found[path][D + "getcontenttype"].text.startswith("text/calendar"))
        self.assertEqual(0, len(answer.found[path][D + "resourcetype"]))
        found = self.find(path, "D:getetag", "D:getcontentlength", "D:getlastmodified").found[path]
        self.assertEqual(etag, found[D + "getetag"].text)
        self.assertEqual(len(self.get(path).body), int(found[D + "getcontentlength"].text))

    def test_rfc4791_9_6_calendar_data_is_no_property_of_propfind(self):
        path, _ = self.put("data.ics")
        self.assertIn(C + "calendar-data", self.find(path, "C:calendar-data").missing[path])

    def test_what_is_not_there_is_404(self):
        self.request(404, "PROPFIND", self.home + "no-such-list/", Depth="0")
        self.request(404, "PROPFIND", self.list + "none.ics", Depth="0")


class Proppatch(Case):
    def patch(self, path, inner, status=207):
        return self.request(status, "PROPPATCH", path,
                            "<D:propertyupdate %s>%s</D:propertyupdate>" % (NS, inner))

    def test_rfc4918_9_2_displayname_renames_the_folder_upstream(self):
        self.patch(self.list, "<D:set><D:prop><D:displayname>Én &amp; to</D:displayname></D:prop>"
                   "</D:set>")
        found = self.find(self.list, "D:displayname").found[self.list]
        self.assertEqual("Én & to", found[D + "displayname"].text)
        self.assertIn("Én & to", world.folder_names())

    def test_rfc4918_9_2_protected_properties_are_refused_and_nothing_is_done(self):
        before = self.find(self.list, "D:displayname").found[self.list][D + "displayname"].text
        reply = self.patch(self.list, "<D:set><D:prop><D:displayname>never</D:displayname>"
                           "<D:getetag>x</D:getetag></D:prop></D:set>")
        self.assertIn("403 Forbidden", reply.text)
        self.assertIn("424 Failed Dependency", reply.text)
        self.assertIn("cannot-modify-protected-property", reply.text)
        found = self.find(self.list, "D:displayname").found[self.list]
        self.assertEqual(before, found[D + "displayname"].text)

    def test_on_principal_home_and_object_it_is_answered_in_the_multistatus(self):
        path, _ = self.put("p.ics")
        for where in (self.principal, self.home, path):
            reply = self.patch(where, "<D:set><D:prop><x:y xmlns:x='urn:x'>1</x:y></D:prop>"
                               "</D:set>")
            self.assertIn("403 Forbidden", reply.text)

    def test_the_default_list_keeps_its_name(self):
        tasks = self.dav.collections()["Tasks"]
        reply = self.patch(tasks, "<D:set><D:prop><D:displayname>x</D:displayname></D:prop>"
                           "</D:set>")
        self.assertIn("403 Forbidden", reply.text)
        self.assertIn("cannot-modify-protected-property", reply.text)

    def test_malformed_is_400(self):
        self.patch(self.list, "", status=400)

    def set(self, inner, **headers):
        return self.request(207, "PROPPATCH", self.list,
                            "<D:propertyupdate %s><D:set><D:prop>%s</D:prop></D:set>"
                            "</D:propertyupdate>" % (NS, inner), **headers)

    def test_apples_colour_comes_back_with_its_attribute(self):
        stamps = self.ctag(), self.token()
        self.set('<A:calendar-color symbolic-color="custom">#FD8208FF</A:calendar-color>'
                 "<A:calendar-order>3</A:calendar-order>")
        found = self.find(self.list, "A:calendar-color", "A:calendar-order").found[self.list]
        color = found[A + "calendar-color"]
        self.assertEqual(("#FD8208FF", "custom"), (color.text, color.get("symbolic-color")))
        self.assertEqual("3", found[A + "calendar-order"].text)
        home = self.find(self.home, "A:calendar-color", depth="1").found
        self.assertEqual("#FD8208FF", home[self.list][A + "calendar-color"].text)
        self.assertEqual(stamps, (self.ctag(), self.token()))

    def test_rfc4918_9_2_the_name_and_the_rest_in_one_request(self):
        self.set("<D:displayname>Both</D:displayname><A:calendar-order>7</A:calendar-order>")
        self.assertIn("Both", world.folder_names())
        found = self.find(self.list, "A:calendar-order").found[self.list]
        self.assertEqual("7", found[A + "calendar-order"].text)

    def test_rfc4918_9_2_what_is_refused_takes_the_rest_along(self):
        self.set("<A:calendar-order>1</A:calendar-order>")
        reply = self.set("<A:calendar-order>2</A:calendar-order><D:sync-token>x</D:sync-token>")
        self.assertIn("424 Failed Dependency", reply.text)
        tasks = self.dav.collections()["Tasks"]
        reply = self.request(207, "PROPPATCH", tasks, "<D:propertyupdate %s><D:set><D:prop>"
                             "<D:displayname>x</D:displayname><x:y xmlns:x='urn:x'/></D:prop>"
                             "</D:set></D:propertyupdate>" % NS)
        self.assertIn("403 Forbidden", reply.text)
        self.assertIn("424 Failed Dependency", reply.text)
        found = self.find(self.list, "A:calendar-order").found[self.list]
        self.assertEqual("1", found[A + "calendar-order"].text)
        answer = self.answer("PROPFIND", tasks, "<propfind xmlns='DAV:'><prop><y xmlns='urn:x'/>"
                             "</prop></propfind>", Depth="0")
        self.assertIn("{urn:x}y", answer.missing[tasks])

    def test_rfc4918_9_2_in_document_order(self):
        self.patch(self.list, "<D:set><D:prop><y xmlns='urn:x'>1</y></D:prop></D:set><D:remove>"
                   "<D:prop><y xmlns='urn:x'/></D:prop></D:remove>"
                   "<D:set><D:prop><z xmlns='urn:x'>1</z><z xmlns='urn:x'>2</z></D:prop></D:set>")
        answer = self.answer("PROPFIND", self.list, "<propfind xmlns='DAV:'><prop>"
                             "<y xmlns='urn:x'/><z xmlns='urn:x'/></prop></propfind>", Depth="0")
        self.assertEqual({"{urn:x}y"}, set(answer.missing[self.list]))
        self.assertEqual("2", answer.found[self.list]["{urn:x}z"].text)

    def test_rfc4791_5_2_2_a_timezone_is_one_vtimezone(self):
        reply = self.set("<C:calendar-timezone>BEGIN:VCALENDAR\nEND:VCALENDAR"
                         "</C:calendar-timezone>")
        self.assertIn("valid-calendar-data", reply.text)
        zone = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VTIMEZONE\r\n"
                "TZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"
                "TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n")
        self.set("<C:calendar-timezone>%s</C:calendar-timezone>" % zone.replace("\r", "&#13;"))
        found = self.find(self.list, "C:calendar-timezone").found[self.list]
        self.assertEqual(zone, found[C + "calendar-timezone"].text)


# --- collections ------------------------------------------------------------------------------

class Collections(Case):
    def fresh(self):
        return "%s%s/" % (self.home, uuid.uuid4().hex[:12])

    def test_rfc4791_5_3_1_mkcalendar_makes_a_folder_upstream(self):
        path = self.fresh()
        name = "List " + path[-7:-1]
        self.assertEqual(201, self.make_list(path, name).status)
        self.assertIn(name, world.folder_names())
        found = self.find(self.home, "D:displayname", depth="1").found
        self.assertEqual(name, found[path][D + "displayname"].text)

    def test_rfc4791_5_3_1_without_a_body_the_name_is_the_address(self):
        path = self.fresh()
        self.request(201, "MKCALENDAR", path)
        self.assertIn(path, self.find(self.home, "D:displayname", depth="1").found)

    def test_rfc5689_3_extended_mkcol_without_a_slash(self):
        path = self.fresh()
        self.request(201, "MKCOL", path.rstrip("/"),
                     "<D:mkcol %s><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/>"
                     "</D:resourcetype></D:prop></D:set></D:mkcol>" % NS)
        self.assertIn(path, self.find(self.home, "D:displayname", depth="1").found)

    def test_rfc5689_3_a_plain_collection_is_refused(self):
        self.error(self.request(403, "MKCOL", self.fresh()), D + "valid-resourcetype")

    def test_apples_list_of_events_is_refused_cleanly(self):
        path = self.fresh()
        reply = self.request(403, "MKCALENDAR", path,
                             "<C:mkcalendar %s><D:set><D:prop><C:supported-calendar-component-set>"
                             '<C:comp name="VEVENT"/></C:supported-calendar-component-set>'
                             "</D:prop></D:set></C:mkcalendar>" % NS)
        self.error(reply, C + "supported-calendar-component")
        self.request(404, "PROPFIND", path, Depth="0")

    def test_rfc4791_5_3_1_1_what_exists_is_not_made_again(self):
        self.error(self.make_list(self.list, "again"), D + "resource-must-be-null")
        self.request(405, "MKCOL", self.list,
                     "<D:mkcol %s><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/>"
                     "</D:resourcetype></D:prop></D:set></D:mkcol>" % NS)

    def test_rfc4791_5_3_1_1_no_list_inside_a_list(self):
        self.error(self.request(403, "MKCALENDAR", self.list + "sub/"),
                   C + "calendar-collection-location-ok")

    def test_rfc4918_9_6_delete_removes_an_empty_list_upstream(self):
        path = self.fresh()
        name = "Gone " + path[-7:-1]
        self.make_list(path, name)
        self.request(204, "DELETE", path, Depth="0")
        self.request(404, "PROPFIND", path, Depth="0")
        self.assertNotIn(name, world.folder_names())

    def test_delete_of_a_list_with_tasks_is_refused(self):
        self.put("kept.ics")
        self.request(403, "DELETE", self.list)
        self.find(self.list, "D:displayname")

    def test_delete_of_home_and_principal_is_405(self):
        for path in (self.home, self.principal, "/dav/"):
            self.assertIn("PROPFIND", self.request(405, "DELETE", path).headers["Allow"])

    def test_get_of_a_list_is_one_calendar(self):
        zone = ("BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
                "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
        paths = []
        for i in range(3):
            text = vtodo("whole-%d" % i, "SUMMARY:x", "DUE;TZID=Own:20270101T100000").replace(
                "BEGIN:VTODO", zone + "BEGIN:VTODO")
            paths.append("%swhole-%d.ics" % (self.list, i))
            self.assertEqual(201, self.dav.put(paths[-1], text).status)
        reply = self.request(200, "GET", self.list)
        self.assertTrue(reply.headers["Content-Type"].startswith("text/calendar"))
        counts = [reply.text.count(text) for text in ("BEGIN:VCALENDAR\r\n", "BEGIN:VTIMEZONE\r\n",
                                                      "UID:whole-", "END:VCALENDAR\r\n")]
        self.assertEqual([1, 1, 3, 1], counts)
        for path in paths:
            self.request(204, "DELETE", path)


# --- objects ------------------------------------------------------------------------------------

class Objects(Case):
    def test_rfc4791_5_3_2_put_creates_and_get_gives_the_bytes(self):
        body = vtodo(uuid.uuid4().hex, "SUMMARY:Ærlig & <talt>", 'X-ODD;X-P="a;b":c',
                     "LOCATION:Bergen")
        reply = self.dav.put(self.list + "a.ics", body, if_none_match="*")
        self.assertEqual((201, b""), (reply.status, reply.body))
        got = self.request(200, "GET", self.list + "a.ics")
        self.assertEqual(body.encode(), got.body)
        self.assertEqual(reply.etag, got.etag)
        self.assertRegex(got.etag, r'^"[!#-~]{1,62}"$')
        self.assertTrue(got.headers["Content-Type"].startswith("text/calendar"))
        self.assertTrue(got.headers["Last-Modified"].endswith("GMT"))

    def test_rfc9110_9_3_2_head_is_get_without_a_body(self):
        path, etag = self.put("head.ics")
        got, head = self.request(200, "GET", path), self.request(200, "HEAD", path)
        self.assertEqual(b"", head.body)
        for name in ("ETag", "Content-Length", "Content-Type", "Last-Modified"):
            self.assertEqual(got.headers[name], head.headers[name], name)

    def test_rfc9110_13_1_2_get_if_none_match(self):
        path, etag = self.put("304.ics")
        for value in (etag, "W/" + etag, '"x", ' + etag, "*", etag[:-1] + '-gzip"'):
            self.request(304, "GET", path, If_None_Match=value)
        self.request(200, "GET", path, If_None_Match='"x"')
        self.request(412, "GET", path, If_Match='"x"')

    def test_rfc9110_13_1_3_get_if_modified_since(self):
        path, _ = self.put("since.ics")
        self.request(304, "GET", path, If_Modified_Since=self.get(path).headers["Last-Modified"])
        self.request(200, "GET", path, If_Modified_Since="Sun, 06 Nov 1994 08:49:37 GMT")

    def test_rfc9110_13_1_2_put_if_none_match(self):
        uid = uuid.uuid4().hex
        path, etag = self.put("new.ics", uid=uid, If_None_Match="*")
        _, now = self.put("new.ics", uid=uid, summary="other", status=412, If_None_Match="*")
        self.assertEqual(etag, now)

    def test_rfc9110_13_1_1_put_if_match(self):
        uid = uuid.uuid4().hex
        path, first = self.put("change.ics", uid=uid)
        _, second = self.put("change.ics", uid=uid, summary="two", status=204, If_Match=first)
        self.assertNotEqual(first, second)
        _, now = self.put("change.ics", uid=uid, summary="three", status=412, If_Match=first)
        self.assertEqual(second, now)
        self.put("change.ics", uid=uid, summary="four", status=204, If_Match='"x", ' + second)
        self.put("change.ics", uid=uid, summary="five", status=204, If_Match="*")
        self.put("absent.ics", status=412, If_Match="*")
        self.put("absent.ics", status=412, If_Match='"x"')

    def test_rfc9110_9_3_5_delete(self):
        path, etag = self.put("delete.ics")
        self.assertEqual(etag, self.request(412, "DELETE", path, If_Match='"x"').etag)
        self.request(204, "DELETE", path, If_Match=etag)
        self.request(404, "DELETE", path)
        self.request(404, "GET", path)
        self.request(404, "HEAD", path)

    def test_a_deleted_uid_can_be_made_again(self):
        uid = uuid.uuid4().hex
        path, _ = self.put("again.ics", uid=uid)
        self.request(204, "DELETE", path)
        self.put("again.ics", uid=uid)

    def test_rfc4791_5_3_2_1_preconditions(self):
        uid = uuid.uuid4().hex
        other, _ = self.put("holder.ics", uid=uid)
        todo = vtodo("u-" + uid, "SUMMARY:x")
        cases = [
            ("hello", C + "valid-calendar-data"),
            ("BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VCALENDAR\r\n", C + "valid-calendar-data"),
            (todo.replace("VTODO", "VEVENT"), C + "supported-calendar-component"),
            (todo.replace("UID:u-" + uid + "\r\n", ""), C + "valid-calendar-data"),
            (todo.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"),
             C + "valid-calendar-object-resource"),
            (vtodo(uid, "SUMMARY:other"), C + "no-uid-conflict"),
        ]
        for body, tag in cases:
            reply = self.request(403, "PUT", self.list + "bad.ics", body,
                                 Content_Type="text/calendar")
            element = self.error(reply, tag)
        self.assertEqual(other, element.findtext(D + "href"))
        self.request(404, "GET", self.list + "bad.ics")

    def test_rfc4791_5_3_2_1_media_types(self):
        body = vtodo(uuid.uuid4().hex, "SUMMARY:type")
        for value in ("text/html", "application/json", "text/calendar; charset=utf-16"):
            reply = self.request(403, "PUT", self.list + "type.ics", body, Content_Type=value)
            self.error(reply, C + "supported-calendar-data")
        self.request(415, "PUT", self.list + "type.ics", body, Content_Type="text/calendar",
                     Content_Encoding="gzip")
        self.request(400, "PUT", self.list + "type.ics", body, Content_Type="text/calendar",
                     Content_Range="bytes 0-1/2")
        self.request(201, "PUT", self.list + "type.ics", body,
                     Content_Type='text/calendar; component=VTODO; charset="UTF-8"')

    def test_names_that_clients_like(self):
        for name in ("a b & ü.ics", "UPPER-CASE.ICS", "no-extension", "1699.R42.ics", "x" * 200,
                     "日本語.ics", "per%cent.ics", "pl+us.ics", "a@b.ics", "(1)';.ics"):
            path, etag = self.put(name)
            self.assertEqual(etag, self.request(200, "GET", path).etag, name)
            listed = self.find(self.list, "D:getetag", depth="1").found
            self.assertIn(urllib.parse.unquote(path), map(urllib.parse.unquote, listed), name)

    def test_hrefs_have_one_spelling(self):
        path, _ = self.put("sp ell.ics")
        for spelled in ("sp%20ell.ics", "sp%20%65ll.ics", "/sp%20ell.ics"):
            found = self.find(self.list + spelled, "D:getetag").found
            self.assertEqual([self.list + "sp%20ell.ics"], list(found))

    def test_bad_paths(self):
        for name, status in (("a%2Fb.ics", 403), ("a%00.ics", 400), ("a%zz.ics", 400),
                             ("../x/a.ics", 400), ("a/b.ics", 404)):
            self.request(status, "PUT", self.list + name, vtodo("u", "SUMMARY:s"),
                         Content_Type="text/calendar")

    def test_rfc4918_9_7_1_put_without_its_list_is_409(self):
        self.request(409, "PUT", self.home + "no-list/a.ics", vtodo("u", "SUMMARY:s"),
                     Content_Type="text/calendar")

    def test_rfc9110_15_5_6_not_allowed_names_what_is(self):
        path, _ = self.put("allow.ics")
        for method, where in (("PUT", self.list), ("POST", self.list), ("LOCK", path),
                              ("ACL", path), ("BREW", "/dav/")):
            self.assertIn("OPTIONS", self.request(405, method, where).headers["Allow"])

    def test_lenient_reading_of_what_real_clients_write(self):
        base = vtodo("UID", "SUMMARY:lenient")
        for change in (lambda s: s.replace("\r\n", "\n"),
                       lambda s: "\ufeff" + s,
                       lambda s: re.sub("DTSTAMP.*\r\n", "", s),
                       lambda s: s + "\r\n\r\n",
                       lambda s: s.replace("SUMMARY", "summary"),
                       lambda s: s.replace("SUMMARY", "DTSTART;VALUE=DATE:20261101\r\n"
                                           "DUE:20261101T100000Z\r\nSUMMARY")):
            uid = uuid.uuid4().hex
            self.request(201, "PUT", "%s%s.ics" % (self.list, uid),
                         change(base.replace("UID:UID", "UID:" + uid)),
                         Content_Type="text/calendar")


# --- reports ------------------------------------------------------------------------------------

class Query(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paths = {}
        for name, lines in {
                "open": ["STATUS:NEEDS-ACTION", "DUE:20261110T120000Z", "CATEGORIES:Home,Urgent"],
                "done": ["STATUS:COMPLETED", "COMPLETED:20261101T100000Z"],
                "plain": ["PRIORITY:1"],
                "zoned": ["DUE;TZID=Europe/Oslo:20261201T090000", "X-A;X-P=one:v"]}.items():
            body = vtodo("query-" + name, "SUMMARY:Task " + name, *lines)
            reply = cls.dav.put(cls.list + name + ".ics", body)
            assert reply.status == 201, reply

    def names(self, filter_xml, **headers):
        headers.setdefault("Depth", "1")
        answer = self.answer("REPORT", self.list, query(filter_xml), **headers)
        self.assertEqual({}, answer.statuses)
        return sorted(p[len(self.list):-4] for p in answer.found)

    def test_rfc4791_7_8_component_filters(self):
        everything = ["done", "open", "plain", "zoned"]
        self.assertEqual(everything, self.names(in_todo()))
        self.assertEqual(everything, self.names('<C:comp-filter name="VCALENDAR"/>'))
        self.assertEqual([], self.names('<C:comp-filter name="VCALENDAR">'
                                        '<C:comp-filter name="VEVENT"/></C:comp-filter>'))

    def test_rfc4791_7_8_any_depth(self):
        for depth in ("0", "1", "infinity"):
            self.assertEqual(4, len(self.names(in_todo(), Depth=depth)))

    def test_rfc4791_9_7_5_text_match(self):
        def text(name, value, attributes=""):
            return in_todo('<C:prop-filter name="%s"><C:text-match %s>%s</C:text-match>'
                           "</C:prop-filter>" % (name, attributes, value))
        self.assertEqual(["open"], self.names(text("SUMMARY", "TASK OP")))
        self.assertEqual([], self.names(text("SUMMARY", "TASK OP", 'collation="i;octet"')))
        self.assertEqual(["plain"], self.names(text("UID", "query-plain", 'collation="i;octet"')))
        self.assertEqual(["open"], self.names(text("CATEGORIES", "urgent")))
        self.assertEqual(["open"], self.names(text("STATUS", "COMPLETED",
                                                   'negate-condition="yes"')))

    def test_rfc4791_9_7_4_is_not_defined(self):
        self.assertEqual(["open", "plain", "zoned"],
                         self.names(in_todo('<C:prop-filter name="COMPLETED"><C:is-not-defined/>'
                                            "</C:prop-filter>")))

    def test_rfc4791_9_7_3_param_filter(self):
        self.assertEqual(["zoned"], self.names(in_todo(
            '<C:prop-filter name="DUE"><C:param-filter name="TZID"><C:text-match>oslo'
            "</C:text-match></C:param-filter></C:prop-filter>")))

    def test_rfc4791_9_9_time_range(self):
        def ranged(start, end):
            return in_todo('<C:time-range start="%s" end="%s"/>' % (start, end))
        self.assertIn("open", self.names(ranged("20261110T000000Z", "20261111T000000Z")))
        self.assertNotIn("open", self.names(ranged("20261111T000000Z", "20261112T000000Z")))
        self.assertIn("zoned", self.names(ranged("20261201T070000Z", "20261201T080000Z")))
        self.assertNotIn("zoned", self.names(ranged("20261201T080000Z", "20261201T090000Z")))

    def test_rfc4791_7_8_refusals(self):
        for inner, tag in (
                ("", C + "valid-filter"),
                ('<C:comp-filter name="VTODO"/>', C + "valid-filter"),
                (in_todo("<C:time-range/>"), C + "valid-filter"),
                (in_todo('<C:time-range start="20261101"/>'), C + "valid-filter"),
                (in_todo('<C:prop-filter name="X"><C:text-match collation="i;odd">x'
                         "</C:text-match></C:prop-filter>"), C + "supported-collation")):
            self.error(self.request(403, "REPORT", self.list, query(inner), Depth="1"), tag)

    def test_rfc4791_9_6_calendar_data(self):
        answer = self.answer("REPORT", self.list, query(in_todo(), "D:getetag", "C:calendar-data"),
                             Depth="1")
        for path, props in answer.found.items():
            got = self.get(path)
            self.assertEqual(got.etag, props[D + "getetag"].text)
            self.assertEqual(got.text, props[C + "calendar-data"].text)
        reply = self.request(403, "REPORT", self.list, query(in_todo()).replace(
            "<D:getetag/>", '<C:calendar-data content-type="text/html"/>'), Depth="1")
        self.error(reply, C + "supported-calendar-data")

    def test_rfc4791_7_9_multiget(self):
        wanted = [self.list + "open.ics", "\n  %splain.ics\n " % self.list,
                  world.bridge.url + self.list + "done.ics"]
        odd = [self.list + "none.ics", "x-apple-reminderkit://REMCDReminder/A",
               "/dav/calendars/somebody/l/a.ics", self.list + "a%2Fb.ics"]
        answer = self.answer("REPORT", self.list, multiget(wanted + odd))
        self.assertEqual({self.list + n + ".ics" for n in ("open", "plain", "done")},
                         set(answer.found))
        self.assertEqual({href: 404 for href in odd}, answer.statuses)
        for path, props in answer.found.items():
            self.assertEqual(self.get(path).text, props[C + "calendar-data"].text)

    def test_rfc3253_3_6_reports_that_are_not_known(self):
        self.error(self.request(403, "REPORT", self.list, "<x xmlns='urn:x'/>"),
                   D + "supported-report")
        self.error(self.request(403, "REPORT", self.principal, "<C:calendar-query %s/>" % NS),
                   D + "supported-report")
        self.request(400, "REPORT", self.list)

    def test_rfc3744_9_principal_reports(self):
        self.request(200, "REPORT", "/principals/", "<D:principal-search-property-set %s/>" % NS)
        self.request(207, "REPORT", self.principal,
                     "<D:expand-property %s><D:property name='calendar-proxy-write-for' "
                     "namespace='http://calendarserver.org/ns/'/></D:expand-property>" % NS)
        match = self.answer("REPORT", "/dav/principals/",
                            "<D:principal-match %s><D:self/><D:prop><D:displayname/></D:prop>"
                            "</D:principal-match>" % NS)
        self.assertEqual([self.principal], list(match.found))


class Sync(Case):
    def changes(self, token, **more):
        return self.answer("REPORT", self.list, sync(token, **more))

    def test_rfc6578_3_4_initial_then_changes_then_nothing(self):
        kept, _ = self.put("kept.ics", uid="sync-kept")
        gone, _ = self.put("gone.ics")
        for token in ("", None):
            first = self.changes(token)
            self.assertEqual({kept, gone}, set(first.found))
            self.assertEqual({}, first.statuses)
        self.put("kept.ics", uid="sync-kept", summary="changed", status=204)
        self.request(204, "DELETE", gone)
        new, etag = self.put("new.ics")
        second = self.changes(first.token)
        self.assertEqual({kept, new}, set(second.found))
        self.assertEqual({gone: 404}, second.statuses)
        self.assertEqual(etag, second.found[new][D + "getetag"].text)
        third = self.changes(second.token)
        self.assertEqual(({}, {}, second.token), (third.found, third.statuses, third.token))
        self.assertEqual(second.token, self.token())
        for path in (kept, new):
            self.request(204, "DELETE", path)

    def test_rfc6578_3_1_any_depth(self):
        for headers in ({"Depth": "0"}, {"Depth": "1"}, {"Depth": "infinity"}, {}):
            self.answer("REPORT", self.list, sync(""), **headers)

    def test_rfc6578_3_2_unknown_tokens(self):
        good = self.token()
        for token in ("x", good + "9999", good.replace("urn:", "urm:"), "data:,1",
                      good.rsplit(":", 2)[0] + ":other:" + good.rsplit(":", 1)[1]):
            reply = self.request(403, "REPORT", self.list, sync(token))
            self.error(reply, D + "valid-sync-token")

    def test_rfc6578_3_6_a_limit_truncates_and_the_token_continues(self):
        paths = {self.put("limit-%d.ics" % i)[0] for i in range(5)}
        seen, token, rounds = [], "", 0
        while True:
            answer = self.changes(token, limit=2)
            seen += answer.found
            token = answer.token
            rounds += 1
            if 507 not in answer.statuses.values():
                break
            self.assertEqual({self.list: 507}, answer.statuses)
        self.assertEqual((3, 5), (rounds, len(seen)))
        self.assertEqual(paths, set(seen))
        for path in paths:
            self.request(204, "DELETE", path)

    def test_rfc6578_3_5_other_properties(self):
        path, _ = self.put("props.ics")
        answer = self.changes("", props=("D:getetag", "D:getcontenttype", "C:calendar-data"))
        self.assertEqual(self.get(path).text,
                         answer.found[path][C + "calendar-data"].text)
        self.request(204, "DELETE", path)

    def test_a_write_moves_ctag_and_token_once_and_reading_never(self):
        before = (self.ctag(), self.token())
        path, _ = self.put("once.ics")
        after = (self.ctag(), self.token())
        self.assertNotEqual(before[0], after[0])
        self.assertNotEqual(before[1], after[1])
        for _ in range(20):
            self.find(self.list, "D:getetag", depth="1")
            self.get(path)
            self.assertEqual(after, (self.ctag(), self.token()))
        self.put("once.ics", status=412, If_Match='"x"')
        self.assertEqual(after, (self.ctag(), self.token()))
        self.request(204, "DELETE", path)
        self.assertNotEqual(after[0], self.ctag())


class Gzip(Case):
    """RFC 9110 8.4: for clients that accept it, with the ETag of the text."""

    def test_rfc9110_12_5_3_an_answer_in_gzip(self):
        path, etag = self.put("zip.ics", "DESCRIPTION:" + "word " * 1000)
        plain = self.get(path)
        self.assertNotIn("Content-Encoding", plain.headers)
        self.assertEqual("Accept-Encoding", plain.headers["Vary"])
        for accept in ("gzip", "br;q=1, gzip;q=0.5", "*"):
            packed = self.request(200, "GET", path, Accept_Encoding=accept)
            self.assertEqual("gzip", packed.headers["Content-Encoding"])
            self.assertEqual(plain.body, gzip.decompress(packed.body))
            self.assertLess(len(packed.body), len(plain.body) // 10)
            self.assertEqual(etag, packed.etag)
            head = self.request(200, "HEAD", path, Accept_Encoding=accept)
            self.assertEqual(str(len(packed.body)), head.headers["Content-Length"])
        self.request(304, "GET", path, Accept_Encoding="gzip", If_None_Match=etag)
        for refused in ("identity", "gzip;q=0", "deflate"):
            self.assertEqual(plain.body, self.request(200, "GET", path,
                                                      Accept_Encoding=refused).body)
        small, _ = self.put("small.ics")
        self.assertNotIn("Content-Encoding",
                         self.request(200, "GET", small, Accept_Encoding="gzip").headers)

    def test_reports_in_gzip(self):
        path, _ = self.put("report.ics", "DESCRIPTION:" + "word " * 1000)
        body = multiget([path] * 100)
        plain = self.request(207, "REPORT", self.list, body)
        packed = self.request(207, "REPORT", self.list, body, Accept_Encoding="gzip")
        self.assertEqual("gzip", packed.headers["Content-Encoding"])
        self.assertEqual(plain.body, gzip.decompress(packed.body))


class IfHeader(Case):
    """RFC 4918 10.4, as far as it is about entity tags; there are no locks."""

    def test_rfc4918_10_4_the_if_header(self):
        path, etag = self.put("if.ics", uid="if-1", summary="one")
        for header in ('(["other"])', "(<opaquelocktoken:x>)", "(Not [%s])" % etag):
            self.put("if.ics", uid="if-1", summary="two", status=412, If=header)
            self.request(412, "DELETE", path, If=header)
        self.put("if.ics", uid="if-1", summary="two", status=400, If="nonsense")
        _, etag = self.put("if.ics", uid="if-1", summary="two", status=204, If="([%s])" % etag)
        self.request(204, "DELETE", path, If='(["x"]) ([%s])' % etag)
        self.put("if.ics", uid="if-1", status=412, If="([%s])" % etag)


class Parts(Case):
    def test_rfc4791_9_6_parts_of_calendar_data(self):
        path, etag = self.put("part.ics", "LOCATION:here", uid="part-1")
        data = ("<C:calendar-query %s><D:prop><D:getetag/><C:calendar-data>"
                '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VTODO">'
                '<C:prop name="UID"/><C:prop name="SUMMARY"/></C:comp></C:comp></C:calendar-data>'
                "</D:prop><C:filter>%s</C:filter></C:calendar-query>" % (NS, in_todo()))
        found = self.answer("REPORT", self.list, data).found[path]
        self.assertEqual(etag, found[D + "getetag"].text)
        self.assertEqual("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:part-1\r\n"
                         "SUMMARY:a task\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
                         found[C + "calendar-data"].text)

    def test_rfc4791_7_10_free_busy_is_free(self):
        reply = self.request(200, "REPORT", self.list, "<C:free-busy-query %s><C:time-range "
                             'start="20260101T000000Z" end="20270101T000000Z"/>'
                             "</C:free-busy-query>" % NS, Depth="1")
        self.assertTrue(reply.headers["Content-Type"].startswith("text/calendar"))
        self.assertIn("BEGIN:VFREEBUSY", reply.text)
        self.request(400, "REPORT", self.list, "<C:free-busy-query %s/>" % NS)

    def test_rfc6578_3_3_the_home_lists_its_lists(self):
        answer = self.answer("REPORT", self.home, sync("", props=("D:displayname",)))
        self.assertEqual(set(self.dav.collections().values()), set(answer.found))
        again = self.answer("REPORT", self.home, sync(answer.token))
        self.assertEqual(({}, answer.token), (again.found, again.token))
        path = self.home + "one-more/"
        self.assertEqual(201, self.make_list(path, "One more").status)
        self.error(self.request(403, "REPORT", self.home, sync(answer.token)),
                   D + "valid-sync-token")
        self.assertIn(path, self.answer("REPORT", self.home,
                                        sync("", props=("D:displayname",))).found)
        self.request(204, "DELETE", path)


# --- around it ------------------------------------------------------------------------------------

class Outage(harness.Case):
    """design promise 4 and section 7: no client may lose a list because the service is down."""

    def test_reads_go_on_and_writes_are_503(self):
        sandbox = self.start_sandbox()
        _, dav = self.start_bridge(sandbox)
        tasks = dav.collections()["Tasks"]
        text = vtodo("outage", "SUMMARY:before")
        etag = dav.put(tasks + "a.ics", text).etag
        token = dav.sync_collection(tasks)[1]
        other = dav.home + "other/"
        self.assertEqual(201, dav.request("MKCALENDAR", other).status)
        sandbox.admin.fault("status", status=503, count=0)
        self.assertEqual({tasks + "a.ics": etag}, dav.etags(tasks))
        self.assertEqual(text, dav.get(tasks + "a.ics").text)
        self.assertEqual({"Tasks": tasks, "other": other}, dav.collections())
        self.assertEqual(({}, token), dav.sync_collection(tasks, token))
        self.assertEqual({tasks + "a.ics": text.strip()}, dav.multiget(tasks, [tasks + "a.ics"]))
        for reply in (dav.put(tasks + "a.ics", text.replace("before", "after"), if_match=etag),
                      dav.delete(tasks + "a.ics", if_match=etag),
                      dav.request("MKCALENDAR", dav.home + "new/"),
                      dav.request("PROPPATCH", other, '<propertyupdate xmlns="DAV:"><set><prop>'
                                  "<displayname>x</displayname></prop></set></propertyupdate>")):
            self.assertEqual(503, reply.status, reply)
            self.assertGreater(int(reply.headers["Retry-After"]), 0)
        self.assertEqual(etag, dav.get(tasks + "a.ics").etag)


class Prefix(harness.Case):
    """interface.md: the path part of public_url is the prefix of every href."""

    def test_every_href_has_it_and_requests_may_lack_it(self):
        sandbox = self.start_sandbox()
        _, dav = self.start_bridge(
            sandbox, server={"public_url": "https://tasks.example.org/my/tasks/"})
        redirect = dav.request("PROPFIND", "/.well-known/caldav")
        self.assertEqual((301, "/my/tasks/dav/"), (redirect.status, redirect.headers["Location"]))
        for start in ("/my/tasks/dav/calendars/alice/", "/dav/calendars/alice/"):
            found = dav.propfind(start, "d:current-user-principal", "d:resourcetype", depth=1)
            for href, item in found.items.items():
                self.assertTrue(href.startswith("/my/tasks/dav/calendars/alice/"), href)
                self.assertEqual("/my/tasks/dav/principals/alice/",
                                 item.text("d:current-user-principal"))
        path = max(found.items, key=len) + "a.ics"
        self.assertEqual(201, dav.put(path, vtodo("prefix", "SUMMARY:x")).status)
        self.assertEqual([path], list(dav.multiget(path[:-5], [path])))
        self.assertEqual(204, dav.delete(path.replace("/my/tasks", "")).status)


class SignIn(harness.Case):
    """caldav.md 5.2: only wrong credentials count, and they shut out nobody else."""

    def test_guessing_is_slowed_down(self):
        sandbox = self.start_sandbox()
        bridge, dav = self.start_bridge(sandbox, limits={"sign_in_failures": "5/10m"})
        anonymous = self.started(Http(bridge.url))
        wrong = bridge.dav("alice", "wrong")
        for _ in range(20):
            self.assertEqual(401, anonymous.request("PROPFIND", "/dav/").status)
        statuses = [wrong.request("OPTIONS", "/dav/").status for _ in range(7)]
        self.assertEqual([401] * 5 + [429] * 2, statuses)
        self.assertGreater(int(wrong.request("GET", "/dav/x").headers["Retry-After"]), 0)
        self.assertEqual(200, dav.request("OPTIONS", "/dav/").status)
        self.assertEqual(401, anonymous.request("PROPFIND", "/dav/").status)


class Large(harness.Case):
    """Answers over many tasks are produced while the socket drains."""

    def test_two_thousand_tasks_in_one_answer(self):
        sandbox = self.start_sandbox()
        sandbox.admin.seed("alice", 2000)
        bridge, dav = self.start_bridge(sandbox)
        bridge.run("sync", "alice")
        tasks = dav.collections()["Tasks"]
        hrefs = dav.etags(tasks)
        self.assertEqual(2000, len(hrefs))
        texts = dav.multiget(tasks, hrefs)
        self.assertEqual(set(hrefs), set(texts))
        self.assertEqual(2000, len({re.search("UID:(.*)", t)[1] for t in texts.values()}))
        reply = dav.request("REPORT", tasks, query(in_todo(), "C:calendar-data"))
        self.assertEqual("chunked", reply.headers["Transfer-Encoding"])
        self.assertEqual(2000, len(Answer(reply.body).found))
