"""CalDAV but for its reports: properties of lists, MKCALENDAR, and what PUT takes (RFC 4791)."""
import re
import urllib.parse
import uuid

import conformance
from conformance import C, D, NS, Case
from harness import vtodo

setUpModule = conformance.start
tearDownModule = conformance.stop

ZONE = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VTIMEZONE\r\n"
        "TZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"
        "TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n")


class Properties(Case):
    def value(self, name, tag, path=None):
        path = path or self.list
        return self.find(path, name).found[path][tag]

    def test_rfc4791_4_2_a_list_is_a_calendar_collection(self):
        types = [t.tag for t in self.value("D:resourcetype", D + "resourcetype")]
        self.assertEqual([D + "collection", C + "calendar"], types)

    def test_rfc4791_4_1_a_task_is_no_collection(self):
        path, _ = self.put("type.ics")
        self.assertEqual(0, len(self.value("D:resourcetype", D + "resourcetype", path)))

    def test_rfc4791_5_2_1_calendar_description(self):
        name = "C:calendar-description"
        self.assertIn(C + "calendar-description", self.find(self.list, name).missing[self.list])
        self.set(self.list, "<%s xml:lang='de'>Für &lt;zuhause&gt;</%s>" % (name, name))
        self.assertEqual("Für <zuhause>", self.value(name, C + "calendar-description").text)

    def test_rfc4791_5_2_2_calendar_timezone(self):
        self.set(self.list, "<C:calendar-timezone>%s</C:calendar-timezone>"
                 % ZONE.replace("\r", "&#13;"))
        self.assertEqual(ZONE, self.value("C:calendar-timezone", C + "calendar-timezone").text)

    def test_rfc4791_5_2_2_a_timezone_is_one_vtimezone(self):
        for text in ("BEGIN:VCALENDAR\nEND:VCALENDAR", "nonsense", "",
                     ZONE.replace("END:VTIMEZONE", "END:VTIMEZONE\r\nBEGIN:VTIMEZONE\r\nTZID:Y\r\n"
                                  "END:VTIMEZONE")):
            reply = self.set(self.list, "<C:calendar-timezone>%s</C:calendar-timezone>" % text)
            self.assertIn("valid-calendar-data", reply.text)

    def test_rfc7809_5_2_calendar_timezone_id(self):
        name = "C:calendar-timezone-id"
        self.set(self.list, "<%s>Europe/Oslo</%s>" % (name, name))
        self.assertEqual("Europe/Oslo", self.value(name, C + "calendar-timezone-id").text)
        reply = self.set(self.list, "<%s>Mars/Phobos</%s>" % (name, name))
        self.assertIn("valid-timezone", reply.text)
        self.assertEqual("Europe/Oslo", self.value(name, C + "calendar-timezone-id").text)

    def test_rfc4791_5_2_3_supported_calendar_component_set_is_vtodo(self):
        comps = self.value("C:supported-calendar-component-set",
                           C + "supported-calendar-component-set")
        self.assertEqual([(C + "comp", "VTODO")], [(c.tag, c.get("name")) for c in comps])

    def test_rfc4791_5_2_4_supported_calendar_data(self):
        data = self.value("C:supported-calendar-data", C + "supported-calendar-data")
        self.assertEqual([("text/calendar", "2.0")],
                         [(d.get("content-type"), d.get("version")) for d in data])

    def test_rfc4791_5_2_5_max_resource_size(self):
        most = int(self.value("C:max-resource-size", C + "max-resource-size").text)
        self.put("fits.ics", "DESCRIPTION:" + "x" * 20000)
        reply = self.put_text("fits-not.ics", vtodo("too-large", "DESCRIPTION:" + "x" * most), 403)
        self.error(reply, C + "max-resource-size")

    def put_text(self, name, text, status):
        return self.request(status, "PUT", self.list + name, text, Content_Type="text/calendar")

    def test_rfc4791_5_2_6_and_5_2_7_the_dates_that_are_accepted(self):
        self.assertEqual("16010101T000000Z",
                         self.value("C:min-date-time", C + "min-date-time").text)
        self.assertEqual("45001231T235959Z",
                         self.value("C:max-date-time", C + "max-date-time").text)

    def test_rfc4791_5_2_8_no_limits_on_instances_are_told(self):
        names = ("max-instances", "max-attendees-per-instance")
        answer = self.find(self.list, *("C:" + name for name in names))
        self.assertEqual({C + name for name in names}, set(answer.missing[self.list]))

    def test_rfc4791_7_5_1_supported_collation_set(self):
        collations = self.value("C:supported-collation-set", C + "supported-collation-set")
        self.assertLessEqual({"i;ascii-casemap", "i;octet"}, {c.text for c in collations})

    def test_rfc3253_3_1_5_supported_report_set_of_a_list(self):
        reports = self.value("D:supported-report-set", D + "supported-report-set")
        self.assertLessEqual(
            {C + "calendar-query", C + "calendar-multiget", D + "sync-collection"},
            {report[0][0].tag for report in reports})

    def test_rfc3253_3_1_5_supported_report_set_of_the_home(self):
        reports = self.value("D:supported-report-set", D + "supported-report-set", self.home)
        names = {report[0][0].tag for report in reports}
        self.assertIn(D + "sync-collection", names)
        self.assertNotIn(C + "calendar-query", names)

    def test_rfc6638_9_1_schedule_calendar_transp(self):
        name = "C:schedule-calendar-transp"
        tag = C + "schedule-calendar-transp"
        self.assertEqual([C + "opaque"], [t.tag for t in self.value(name, tag)])
        self.set(self.list, "<%s><C:transparent/></%s>" % (name, name))
        self.assertEqual([C + "transparent"], [t.tag for t in self.value(name, tag)])

    def test_rfc6578_4_sync_token_is_a_uri(self):
        self.assertIsNotNone(urllib.parse.urlsplit(self.token()).scheme)
        self.assertFalse(self.ctag().isdigit())

    def test_rfc4791_9_6_calendar_data_is_no_property_of_propfind(self):
        path, _ = self.put("data.ics")
        self.assertIn(C + "calendar-data", self.find(path, "C:calendar-data").missing[path])

    def test_rfc4791_5_2_properties_of_its_own_are_not_in_allprop(self):
        found = self.answer("PROPFIND", self.list, None, Depth="0").found[self.list]
        for name in ("supported-calendar-component-set", "supported-calendar-data",
                     "max-resource-size", "calendar-timezone"):
            self.assertNotIn(C + name, found)


class MakeCalendar(Case):
    def make(self, status, inner, path=None):
        path = path or self.fresh()
        return path, self.request(status, "MKCALENDAR", path,
                                  "<C:mkcalendar %s><D:set><D:prop>%s</D:prop></D:set>"
                                  "</C:mkcalendar>" % (NS, inner))

    def components(self, *names):
        return ("<C:supported-calendar-component-set>%s</C:supported-calendar-component-set>"
                % "".join('<C:comp name="%s"/>' % name for name in names))

    def is_there(self, path):
        return self.dav.request("PROPFIND", path, None, {"Depth": "0"}).status == 207

    def test_rfc4791_5_3_1_a_folder_is_made_upstream(self):
        path = self.fresh()
        name = "List " + path[-7:-1]
        _, reply = self.make(201, "<D:displayname>%s</D:displayname>" % name, path)
        self.assertEqual("0", reply.headers["Content-Length"])
        self.assertIn("no-cache", reply.headers["Cache-Control"])
        self.assertIn(name, self.world.folder_names())
        found = self.find(self.home, "D:displayname", depth="1").found
        self.assertEqual(name, found[path][D + "displayname"].text)

    def test_rfc4791_5_3_1_without_a_body_the_name_is_the_address(self):
        path = self.fresh()
        self.request(201, "MKCALENDAR", path)
        self.assertIn(path.split("/")[-2], self.world.folder_names())

    def test_rfc4791_5_3_1_its_properties_are_set(self):
        path, _ = self.make(201, "<A:calendar-order>4</A:calendar-order><A:calendar-color>#445566"
                            "</A:calendar-color><C:calendar-description>d"
                            "</C:calendar-description><x xmlns='urn:x'>1</x>")
        found = self.ask(path, "<A:calendar-order/>", "<A:calendar-color/>",
                         "<C:calendar-description/>", "<x xmlns='urn:x'/>").found[path]
        self.assertEqual(["4", "#445566", "d", "1"], [p.text for p in found.values()])

    def test_rfc4791_5_3_1_components_with_vtodo_make_a_list_of_vtodo(self):
        path, _ = self.make(201, self.components("VCALENDAR", "VEVENT", "VTODO", "VFREEBUSY"))
        comps = self.find(path, "C:supported-calendar-component-set").found[path]
        self.assertEqual(["VTODO"], [c.get("name") for c in
                                     comps[C + "supported-calendar-component-set"]])

    def test_rfc4791_5_2_3_components_without_vtodo_are_refused(self):
        for names in (["VEVENT"], ["VEVENT", "VJOURNAL"], []):
            path, reply = self.make(403, self.components(*names))
            self.error(reply, C + "supported-calendar-component")
            self.assertFalse(self.is_there(path))

    def test_rfc4791_5_3_1_1_what_exists_is_not_made_again(self):
        _, reply = self.make(403, "", self.list)
        self.error(reply, D + "resource-must-be-null")

    def test_rfc4791_5_3_1_1_no_list_inside_a_list(self):
        for path in (self.list + "sub/", self.list + "sub"):
            _, reply = self.make(403, "", path)
            self.error(reply, C + "calendar-collection-location-ok")

    def test_rfc4791_5_3_1_1_no_list_elsewhere(self):
        for path in (self.home, "/dav/", self.principal):
            self.make(405, "", path)
        self.make(404, "", "/dav/elsewhere/")

    def test_rfc4791_5_3_1_2_a_bad_timezone_makes_nothing(self):
        path, reply = self.make(403, "<C:calendar-timezone>nonsense</C:calendar-timezone>")
        self.error(reply, C + "valid-calendar-data")
        self.assertFalse(self.is_there(path))

    def test_rfc4791_5_3_1_a_protected_property_makes_nothing(self):
        path, reply = self.make(403, "<C:max-resource-size>9</C:max-resource-size>")
        self.error(reply, D + "cannot-modify-protected-property")
        self.assertFalse(self.is_there(path))

    def test_rfc4791_5_3_1_the_body_of_another_method_is_415(self):
        path = self.fresh()
        self.request(415, "MKCALENDAR", path, "<D:mkcol xmlns:D='DAV:'/>")
        self.request(400, "MKCALENDAR", path, "<")
        self.request(415, "MKCALENDAR", path, "{}", Content_Type="application/json")
        self.assertFalse(self.is_there(path))

    def test_rfc4791_5_3_1_a_name_that_is_too_long_is_403(self):
        path, _ = self.make(403, "<D:displayname>%s</D:displayname>" % ("n" * 300))
        self.assertFalse(self.is_there(path))

    def test_rfc4791_5_3_1_any_address_that_a_client_likes(self):
        for name in ("UPPER-%s", "with%%20blank-%s", "%%C3%%BC-%s", "dot.ted-%s"):
            path = self.home + name % uuid.uuid4().hex[:6] + "/"
            self.make(201, "", path)
            self.assertTrue(self.is_there(path))


class Objects(Case):
    def put_text(self, status, text, name="bad.ics", **headers):
        headers.setdefault("Content_Type", "text/calendar")
        return self.request(status, "PUT", self.list + name, text, **headers)

    def refused(self, text, tag, **headers):
        element = self.error(self.put_text(403, text, **headers), tag)
        self.request(404, "GET", self.list + "bad.ics")
        return element

    def test_rfc4791_5_3_2_put_creates_and_get_gives_the_bytes(self):
        text = vtodo(uuid.uuid4().hex, "SUMMARY:Ærlig & <talt>", 'X-ODD;X-P="a;b":c',
                     "LOCATION:Bergen")
        reply = self.put_text(201, text, "bytes.ics", If_None_Match="*")
        self.assertEqual(b"", reply.body)
        got = self.get(self.list + "bytes.ics")
        self.assertEqual(text.encode(), got.body)
        self.assertEqual(reply.etag, got.etag)

    def test_rfc4791_5_3_2_put_replaces(self):
        self.put("replace.ics", uid="replace-1")
        reply = self.put_text(204, vtodo("replace-1", "SUMMARY:two"), "replace.ics")
        self.assertEqual(b"", reply.body)
        self.assertIn("SUMMARY:two", self.get(self.list + "replace.ics").text)

    def test_rfc4791_5_3_2_1_supported_calendar_data(self):
        text = vtodo(uuid.uuid4().hex, "SUMMARY:type")
        for kind in ("text/html", "application/json", "text/calendar; charset=utf-16"):
            self.refused(text, C + "supported-calendar-data", Content_Type=kind)

    def test_rfc4791_5_3_2_1_supported_calendar_data_also_without_a_type(self):
        self.refused("hello", C + "supported-calendar-data", Content_Type="")

    def test_rfc4791_5_3_2_1_valid_calendar_data(self):
        todo = vtodo("u", "SUMMARY:x")
        for text in ("hello", "", "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VCALENDAR\r\n",
                     todo.replace("END:VCALENDAR", ""), todo.replace("SUMMARY:x", "SUMMARY"),
                     todo.replace("UID:u\r\n", "")):
            self.refused(text, C + "valid-calendar-data")

    def test_rfc4791_5_3_2_1_valid_calendar_data_is_utf_8(self):
        self.refused(vtodo("u", "SUMMARY:").encode().replace(b"SUMMARY:", b"SUMMARY:\xff"),
                     C + "valid-calendar-data")

    def test_rfc4791_4_1_no_method(self):
        self.refused(vtodo("u").replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"),
                     C + "valid-calendar-object-resource")

    def test_rfc4791_4_1_one_uid(self):
        one, two = vtodo("u-1"), vtodo("u-2")
        self.refused(one.replace("END:VCALENDAR\r\n", two[two.index("BEGIN:VTODO"):]),
                     C + "valid-calendar-object-resource")

    def test_rfc4791_5_3_2_1_supported_calendar_component(self):
        for kind in ("VEVENT", "VJOURNAL", "VFREEBUSY"):
            self.refused(vtodo("u", "SUMMARY:x").replace("VTODO", kind),
                         C + "supported-calendar-component")

    def test_rfc4791_5_3_2_1_no_uid_conflict_on_create(self):
        other, _ = self.put("holder.ics", uid="held")
        element = self.refused(vtodo("held", "SUMMARY:other"), C + "no-uid-conflict")
        self.assertEqual(other, element.findtext(D + "href"))

    def test_rfc4791_5_3_2_1_no_uid_conflict_on_change(self):
        self.put("first.ics", uid="first")
        self.put("second.ics", uid="second")
        self.error(self.put_text(403, vtodo("first", "SUMMARY:x"), "second.ics"),
                   C + "no-uid-conflict")
        self.error(self.put_text(403, vtodo("third", "SUMMARY:x"), "second.ics"),
                   C + "no-uid-conflict")

    def test_rfc4791_4_1_the_same_uid_may_stand_in_two_lists(self):
        self.put("both.ics", uid="both")
        other = self.fresh()
        self.assertEqual(201, self.make_list(other, "Both " + other[-6:-1]).status)
        self.request(201, "PUT", other + "both.ics", vtodo("both", "SUMMARY:a task"),
                     Content_Type="text/calendar")

    def test_rfc4791_5_3_2_1_a_deleted_uid_can_be_made_again(self):
        for name in ("again.ics", "elsewhere.ics"):
            path, _ = self.put(name, uid="again")
            self.request(204, "DELETE", path)

    def test_rfc4791_5_3_2_1_max_resource_size(self):
        self.refused(vtodo("u", "DESCRIPTION:" + "x" * (1 << 21)), C + "max-resource-size")

    def test_rfc4791_5_3_2_content_types_that_are_believed(self):
        for kind in ("text/calendar", 'text/calendar; component=VTODO; charset="UTF-8"',
                     "TEXT/Calendar;charset=utf-8", "application/octet-stream", "text/plain"):
            name = uuid.uuid4().hex
            self.put_text(201, vtodo(name, "SUMMARY:kind"), name, Content_Type=kind)

    def test_rfc4791_5_3_2_without_a_content_type_the_body_is_looked_at(self):
        name = uuid.uuid4().hex
        self.assertEqual(201, self.dav.request("PUT", self.list + name,
                                               vtodo(name, "SUMMARY:none")).status)

    def test_rfc4791_5_3_3_non_standard_properties_come_back(self):
        lines = ["X-ODD;X-P=1:value", "X-APPLE-SORT-ORDER:1", "IANA-PROP;Q=\"a:b\":c",
                 "ATTENDEE;CN=\"A; B\":mailto:a@b", "BEGIN:VALARM", "ACTION:DISPLAY",
                 "TRIGGER:-PT5M", "X-ALARM:kept", "END:VALARM"]
        path, etag = self.put("odd.ics", "DUE:20270101T100000Z", *lines)
        text = self.get(path).text
        for line in lines:
            self.assertIn(line + "\r\n", text)

    def test_rfc4791_5_3_4_a_strong_etag_on_put_and_get(self):
        path, etag = self.put("etag.ics")
        self.assertRegex(etag, r'^"[!#-~]{1,62}"$')
        self.assertEqual(etag, self.get(path).etag)
        self.assertEqual(etag, self.find(path, "D:getetag").found[path][D + "getetag"].text)

    def test_rfc4791_5_3_4_the_etag_is_one_of_the_bytes(self):
        path, first = self.put("bytes-etag.ics", uid="bytes-etag")
        _, second = self.put("bytes-etag.ics", uid="bytes-etag", summary="two", status=204)
        _, third = self.put("bytes-etag.ics", uid="bytes-etag", status=204)
        self.assertNotEqual(first, second)
        self.assertEqual(first, third)

    def test_rfc5545_3_1_lenient_reading_of_what_real_clients_write(self):
        base = vtodo("UID", "SUMMARY:lenient")
        for change in (lambda s: s.replace("\r\n", "\n"),
                       lambda s: "\ufeff" + s,
                       lambda s: re.sub("DTSTAMP.*\r\n", "", s),
                       lambda s: re.sub("PRODID.*\r\n", "", s),
                       lambda s: s + "\r\n\r\n",
                       lambda s: s.replace("SUMMARY", "summary"),
                       lambda s: s.replace("SUMMARY:lenient", "SUMMARY:le\r\n nient"),
                       lambda s: s.replace("SUMMARY", "DTSTART;TZID=Nowhere/Known:"
                                           "20261101T100000\r\nSUMMARY"),
                       lambda s: s.replace("SUMMARY", "DTSTART;VALUE=DATE:20261101\r\n"
                                           "DUE:20261101T100000Z\r\nSUMMARY")):
            uid = uuid.uuid4().hex
            self.put_text(201, change(base.replace("UID:UID", "UID:" + uid)), uid + ".ics")

    def test_rfc4791_5_3_2_names_that_clients_like(self):
        for name in ("a b & ü.ics", "UPPER-CASE.ICS", "no-extension", "1699.R42.ics", "x" * 200,
                     "日本語.ics", "per%cent.ics", "pl+us.ics", "a@b.ics", "(1)';.ics", "~tilde",
                     "é.ics", "e\u0301.ics", "a=b&c?d.ics", "{curly}.ics"):
            path, etag = self.put(name)
            self.assertEqual(etag, self.get(path).etag, name)
            listed = self.find(self.list, "D:getetag", depth="1").found
            self.assertIn(name, [urllib.parse.unquote(p)[len(self.list):] for p in listed], name)
            self.request(204, "DELETE", path)
