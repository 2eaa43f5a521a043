"""WebDAV: PROPFIND, PROPPATCH, MKCOL, DELETE, COPY and MOVE, If, and its errors (RFC 4918, 5689)."""
import conformance
import harness
from conformance import A, C, CS, D, NS, ROOTS, XML, Case, propfind
from harness import vtodo

setUpModule = conformance.start
tearDownModule = conformance.stop

ODD = "<x:odd xmlns:x='urn:x'>%s</x:odd>"
ODD_NAME = "<x:odd xmlns:x='urn:x'/>"
ODD_TAG = "{urn:x}odd"


class Propfind(Case):
    def bodies(self, inner):
        return "<D:propfind %s>%s</D:propfind>" % (NS, inner)

    def test_rfc4918_9_1_named_properties_in_one_200_propstat(self):
        names = ["D:resourcetype", "D:displayname", "C:supported-calendar-component-set",
                 "D:current-user-privilege-set", "CS:getctag", "D:sync-token",
                 "D:supported-report-set", "D:owner", "A:calendar-color",
                 "C:schedule-calendar-transp", "C:supported-calendar-data", "C:max-resource-size",
                 "C:supported-collation-set"]
        answer = self.find(self.list, *names)
        self.assertEqual({}, answer.missing)
        self.assertEqual(len(names), len(answer.found[self.list]))

    def test_rfc4918_9_1_unknown_properties_are_in_one_404_propstat(self):
        answer = self.ask(self.list, "<D:displayname/>", ODD_NAME, "<D:getetag/>")
        self.assertEqual({ODD_TAG, D + "getetag"}, set(answer.missing[self.list]))
        self.assertEqual({D + "displayname"}, set(answer.found[self.list]))

    def test_rfc4918_9_1_a_name_asked_for_twice_comes_once(self):
        answer = self.find(self.list, "D:displayname", "D:displayname", "D:odd", "D:odd")
        self.assertEqual(1, len(answer.found[self.list]))
        self.assertEqual(1, len(answer.missing[self.list]))

    def test_rfc4918_9_1_an_empty_body_is_allprop(self):
        named = self.answer("PROPFIND", self.list, self.bodies("<D:allprop/>"), Depth="0")
        empty = self.answer("PROPFIND", self.list, None, Depth="0")
        self.assertEqual(set(named.found[self.list]), set(empty.found[self.list]))
        self.assertIn(D + "resourcetype", empty.found[self.list])
        self.assertNotIn(D + "supported-report-set", empty.found[self.list])

    def test_rfc4918_9_1_allprop_of_each_kind(self):
        path, _ = self.put("all.ics")
        for where, name in (("/dav/", "displayname"), (self.principal, "displayname"),
                            (self.home, "displayname"), (self.list, "displayname"),
                            (path, "getetag")):
            answer = self.answer("PROPFIND", where, self.bodies("<D:allprop/>"), Depth="0")
            self.assertIn(D + name, answer.found[where])
            self.assertIn(D + "resourcetype", answer.found[where])
            self.assertEqual({}, answer.missing)

    def test_rfc4918_9_1_4_allprop_with_include(self):
        found = self.answer("PROPFIND", self.list, self.bodies(
            "<D:allprop/><D:include><D:supported-report-set/></D:include>"),
            Depth="0").found[self.list]
        self.assertIn(D + "supported-report-set", found)
        self.assertIn(D + "displayname", found)

    def test_rfc4918_9_1_3_propname_of_each_kind(self):
        path, _ = self.put("names.ics")
        for where, name in (("/dav/", D + "principal-collection-set"),
                            (self.principal, C + "calendar-home-set"), (self.home, CS + "getctag"),
                            (self.list, D + "sync-token"), (path, D + "getcontentlength")):
            names = self.answer("PROPFIND", where, self.bodies("<D:propname/>"), Depth="0")
            self.assertIn(name, names.found[where])
            self.assertTrue(all(len(p) == 0 and not p.text for p in names.found[where].values()))

    def test_rfc4918_9_1_what_propname_names_is_found(self):
        for where in (self.principal, self.home, self.list):
            names = self.answer("PROPFIND", where, self.bodies("<D:propname/>"),
                                Depth="0").found[where]
            answer = self.ask(where, *("<%s xmlns='%s'/>" % tuple(reversed(t[1:].split("}")))
                                       for t in names))
            self.assertEqual(set(names), set(answer.found[where]))

    def test_rfc4918_9_1_depth_0_is_the_resource_alone(self):
        self.put("below.ics")
        for path in ("/dav/", self.home, self.list):
            self.assertEqual([path], list(self.find(path, "D:resourcetype").found))

    def test_rfc4918_9_1_depth_1_brings_the_members(self):
        path, etag = self.put("one task.ics")
        answer = self.find(self.list, "D:getetag", "D:getcontenttype", "D:resourcetype", depth="1")
        self.assertEqual(etag, answer.found[path][D + "getetag"].text)
        self.assertTrue(answer.found[path][D + "getcontenttype"].text.startswith("text/calendar"))
        self.assertEqual(0, len(answer.found[path][D + "resourcetype"]))
        self.assertIn(self.list, answer.found)

    def test_rfc4918_9_1_depth_1_on_a_task_is_the_task(self):
        path, _ = self.put("leaf.ics")
        for depth in ("0", "1", "infinity"):
            self.assertEqual([path], list(self.find(path, "D:getetag", depth=depth).found))

    def test_rfc4918_9_1_1_infinity_is_refused_with_its_precondition(self):
        for headers in ({"Depth": "infinity"}, {"Depth": "Infinity"}, {}):
            for path in ("/dav/", self.home, self.list):
                reply = self.request(403, "PROPFIND", path, propfind("D:displayname"), **headers)
                self.error(reply, D + "propfind-finite-depth")

    def test_rfc4918_10_2_a_bad_depth_is_400(self):
        for depth in ("2", "-1", "", "1,0", "one", "0 1"):
            self.request(400, "PROPFIND", self.list, propfind("D:owner"), Depth=depth)
        self.find(self.list, "D:owner")

    def test_rfc4918_9_1_what_is_not_there_is_404(self):
        for path in (self.home + "no-such-list/", self.list + "none.ics", "/dav/nothing/"):
            self.request(404, "PROPFIND", path, Depth="0")

    def test_rfc4918_15_live_properties_of_a_task(self):
        path, etag = self.put("live.ics")
        got = self.get(path)
        found = self.find(path, "D:getetag", "D:getcontentlength", "D:getlastmodified",
                          "D:getcontenttype", "D:resourcetype").found[path]
        self.assertEqual(etag, found[D + "getetag"].text)
        self.assertEqual(len(got.body), int(found[D + "getcontentlength"].text))
        self.assertEqual(got.headers["Last-Modified"], found[D + "getlastmodified"].text)
        self.assertEqual("text/calendar; charset=utf-8; component=VTODO",
                         found[D + "getcontenttype"].text)

    def test_rfc4918_15_a_list_has_no_getcontenttype_nor_getetag(self):
        answer = self.find(self.list, "D:getetag", "D:getcontenttype", "D:getcontentlength",
                           "D:lockdiscovery", "D:supportedlock", "D:creationdate")
        self.assertEqual(6, len(answer.missing[self.list]))

    def test_rfc4331_3_quota_is_not_known_and_so_404(self):
        for path in (self.home, self.list):
            answer = self.find(path, "D:quota-available-bytes", "D:quota-used-bytes")
            self.assertEqual(2, len(answer.missing[path]))

    def test_rfc4918_8_3_1_hrefs_are_absolute_paths(self):
        self.put("a b & ü.ics")
        for href in self.find(self.list, "D:getetag", depth="1").found:
            self.assertRegex(href, r"^/dav/calendars/[A-Za-z0-9._~%/-]+$")

    def test_rfc4918_13_the_answer_is_207_with_full_status_lines(self):
        reply = self.request(207, "PROPFIND", self.list, propfind("D:owner", "D:odd"), Depth="0")
        self.assertIn("<D:status>HTTP/1.1 200 OK</D:status>", reply.text)
        self.assertIn("<D:status>HTTP/1.1 404 Not Found</D:status>", reply.text)
        self.assertTrue(reply.text.startswith("<?xml"))

    def test_rfc4918_17_unknown_elements_are_ignored(self):
        answer = self.answer("PROPFIND", self.list, self.bodies(
            "<x:y xmlns:x='urn:x'><D:prop/></x:y><D:prop><D:owner/></D:prop>"), Depth="0")
        self.assertEqual({D + "owner"}, set(answer.found[self.list]))

    def test_rfc4918_9_1_malformed_bodies_are_400_and_the_connection_goes_on(self):
        for body in ("<propfind", "<a/>", "<D:propfind xmlns:D='DAV:'/>", "\x01", "[]",
                     "<D:propfind xmlns:D='DAV:'><D:prop></D:propfind>",
                     "<D:propfind><D:prop/></D:propfind>", "<a xmlns:x=''><x:b/></a>"):
            before = self.dav.connection
            self.request(400, "PROPFIND", self.list, body, Depth="0")
            self.assertIs(before, self.dav.connection)

    def test_rfc4918_20_6_entities_and_doctypes_are_refused(self):
        bomb = "".join("<!ENTITY e%d '%s'>" % (i, "&e%d;" % (i - 1) * 10) for i in range(1, 9))
        for body in ("<!DOCTYPE x [<!ENTITY e 'e'>]><D:propfind xmlns:D='DAV:'><D:allprop/>"
                     "</D:propfind>",
                     "<!DOCTYPE x [<!ENTITY e0 'x'>%s]><D:propfind xmlns:D='DAV:'>&e8;"
                     "</D:propfind>" % bomb,
                     "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><D:propfind xmlns:D='DAV:'/>"):
            self.request(400, "PROPFIND", self.list, body, Depth="0")

    def test_rfc4918_20_3_depth_and_width_of_xml_are_bounded(self):
        self.request(400, "PROPFIND", self.list, "<a>" * 100 + "</a>" * 100, Depth="0")
        many = "".join("<D:p%d/>" % i for i in range(600))
        self.request(400, "PROPFIND", self.list, self.bodies("<D:prop>%s</D:prop>" % many),
                     Depth="0")

    def test_rfc4918_8_2_a_body_that_is_no_xml_and_says_so_is_415(self):
        for kind in ("application/json", "text/plain"):
            self.request(415, "PROPFIND", self.list, "{}", Depth="0", Content_Type=kind)
        self.request(207, "PROPFIND", self.list, propfind("D:owner"), Depth="0",
                     Content_Type="text/xml; charset=\"utf-8\"")


class Proppatch(Case):
    def value(self, path, tag, element):
        found = self.ask(path, element).found.get(path, {})
        return found[tag].text if tag in found else None

    def test_rfc4918_9_2_displayname_renames_the_folder_upstream(self):
        self.set(self.list, "<D:displayname>Én &amp; to</D:displayname>")
        found = self.find(self.list, "D:displayname").found[self.list]
        self.assertEqual("Én & to", found[D + "displayname"].text)
        self.assertIn("Én & to", self.world.folder_names())

    def test_rfc4918_9_2_protected_properties_are_refused(self):
        path, _ = self.put("protected.ics")
        for where in (self.principal, self.home, self.list, path):
            for name in ("D:resourcetype", "D:getetag", "D:current-user-principal", "CS:getctag",
                         "D:sync-token", "D:owner", "D:lockdiscovery", "D:creationdate",
                         "D:quota-used-bytes", "C:supported-calendar-component-set",
                         "C:max-resource-size", "C:calendar-home-set"):
                reply = self.set(where, "<%s>x</%s>" % (name, name))
                self.assertIn("403 Forbidden", reply.text, (where, name))
                self.assertIn("cannot-modify-protected-property", reply.text, (where, name))

    def test_rfc4918_9_2_one_that_is_refused_takes_all_along(self):
        self.set(self.list, "<A:calendar-order>1</A:calendar-order>")
        answer = conformance.Answer(self.set(
            self.list, "<A:calendar-order>2</A:calendar-order><D:displayname>never</D:displayname>"
            "<D:getetag>x</D:getetag>").body)
        self.assertEqual({A + "calendar-order": 424, D + "displayname": 424, D + "getetag": 403},
                         answer.refused[self.list])
        self.assertEqual("1", self.value(self.list, A + "calendar-order", "<A:calendar-order/>"))
        self.assertNotIn("never", self.world.folder_names())

    def test_rfc4918_9_2_a_name_that_upstream_refuses_takes_all_along(self):
        tasks = self.dav.collections()["Tasks"]
        answer = conformance.Answer(self.set(
            tasks, "<D:displayname>x</D:displayname>" + ODD % 1).body)
        self.assertEqual({D + "displayname": 403, ODD_TAG: 424}, answer.refused[tasks])
        self.assertIsNone(self.value(tasks, ODD_TAG, ODD_NAME))

    def test_rfc4918_9_2_in_document_order(self):
        self.patch(self.list, "<D:set><D:prop>%s</D:prop></D:set><D:remove><D:prop>%s</D:prop>"
                   "</D:remove><D:set><D:prop><z xmlns='urn:x'>1</z><z xmlns='urn:x'>2</z>"
                   "</D:prop></D:set>" % (ODD % 1, ODD_NAME))
        self.assertIsNone(self.value(self.list, ODD_TAG, ODD_NAME))
        self.assertEqual("2", self.value(self.list, "{urn:x}z", "<z xmlns='urn:x'/>"))

    def test_rfc4918_9_2_removing_what_is_not_there_succeeds(self):
        path, _ = self.put("absent.ics")
        for where in (self.principal, self.home, self.list, path):
            reply = self.patch(where, "<D:remove><D:prop><never xmlns='urn:x'/></D:prop>"
                               "</D:remove>")
            self.assertIn("200 OK", reply.text)

    def test_rfc4918_9_2_a_removal_elsewhere_leaves_what_the_home_has(self):
        self.set(self.home, ODD % 1)
        for where in (self.principal, "/dav/principals/", "/dav/calendars/", "/dav/"):
            self.patch(where, "<D:remove><D:prop>%s</D:prop></D:remove>" % ODD_NAME)
        self.assertEqual("1", self.value(self.home, ODD_TAG, ODD_NAME))

    def test_rfc4918_9_2_the_name_and_the_rest_in_one_request(self):
        self.set(self.list, "<D:displayname>Both</D:displayname>"
                 "<A:calendar-order>7</A:calendar-order>")
        self.assertIn("Both", self.world.folder_names())
        self.assertEqual("7", self.value(self.list, A + "calendar-order", "<A:calendar-order/>"))

    def test_rfc4918_9_2_malformed_is_400(self):
        for body in ("", "<D:set/>", "<D:set><D:prop/></D:set>"):
            self.patch(self.list, body, status=400)
        self.request(400, "PROPPATCH", self.list)
        self.request(400, "PROPPATCH", self.list, "<a/>")
        self.request(415, "PROPPATCH", self.list, "a=b", Content_Type="text/plain")

    def test_rfc4918_9_2_what_is_not_there_is_404(self):
        for path in (self.home + "no-such-list/", self.list + "none.ics"):
            self.set(path, ODD % 1, status=404)

    def test_rfc4918_4_2_dead_properties_of_a_list(self):
        self.set(self.list, ODD % "a &lt; b")
        self.assertEqual("a < b", self.value(self.list, ODD_TAG, ODD_NAME))

    def test_rfc4918_4_2_dead_properties_of_a_task(self):
        path, etag = self.put("dead.ics")
        stamps = self.ctag(), self.token()
        self.set(path, ODD % "1" + "<D:displayname>a name</D:displayname>")
        self.assertEqual("1", self.value(path, ODD_TAG, ODD_NAME))
        self.assertEqual("a name", self.value(path, D + "displayname", "<D:displayname/>"))
        listed = self.ask(self.list, ODD_NAME, depth="1")
        self.assertEqual("1", listed.found[path][ODD_TAG].text)
        self.assertEqual((etag, stamps), (self.get(path).etag, (self.ctag(), self.token())))
        self.patch(path, "<D:remove><D:prop>%s</D:prop></D:remove>" % ODD_NAME)
        self.assertIsNone(self.value(path, ODD_TAG, ODD_NAME))

    def test_rfc4918_4_2_dead_properties_of_the_home(self):
        self.set(self.home, ODD % "h" + "<C:default-alarm-vevent-date>BEGIN:VALARM"
                 "</C:default-alarm-vevent-date><A:calendar-order>3</A:calendar-order>")
        self.assertEqual("h", self.value(self.home, ODD_TAG, ODD_NAME))
        self.assertEqual("3", self.value(self.home, A + "calendar-order", "<A:calendar-order/>"))
        self.assertEqual("BEGIN:VALARM", self.value(
            self.home, C + "default-alarm-vevent-date", "<C:default-alarm-vevent-date/>"))

    def test_rfc4918_4_2_the_principal_and_the_roots_keep_none(self):
        for path in ROOTS + [self.principal]:
            answer = conformance.Answer(self.set(path, ODD % 1).body)
            self.assertEqual({path: {ODD_TAG: 403}}, answer.refused)

    def test_rfc4918_4_3_values_come_back_with_their_markup(self):
        self.set(self.list, "<x:odd xmlns:x='urn:x' xml:lang='no' x:at='1'><x:in>&amp;</x:in>"
                 "<y xmlns='urn:y'/></x:odd>")
        element = self.ask(self.list, ODD_NAME).found[self.list][ODD_TAG]
        self.assertEqual("1", element.get("{urn:x}at"))
        self.assertEqual("no", element.get("{http://www.w3.org/XML/1998/namespace}lang"))
        self.assertEqual(["{urn:x}in", "{urn:y}y"], [child.tag for child in element])
        self.assertEqual("&", element[0].text)

    def test_rfc4918_9_1_allprop_and_propname_tell_of_dead_ones(self):
        path, _ = self.put("told.ics")
        for where in (self.home, self.list, path):
            self.set(where, "<told xmlns='urn:x'>yes</told>")
            for inner in ("<D:allprop/>", "<D:propname/>"):
                found = self.answer("PROPFIND", where, "<D:propfind %s>%s</D:propfind>" % (
                    NS, inner), Depth="0").found[where]
                self.assertEqual("yes" if "all" in inner else None, found["{urn:x}told"].text)

    def test_rfc4918_9_2_what_is_too_much_is_507_and_nothing_is_kept(self):
        path, _ = self.put("much.ics")
        many = "".join("<p%d xmlns='urn:much'>1</p%d>" % (i, i) for i in range(60))
        for where, body in ((self.list, many), (path, many), (self.home, many),
                            (path, ODD % ("x" * 5000))):
            self.assertIn("507 Insufficient Storage", self.set(where, body).text)
            names = self.answer("PROPFIND", where, "<D:propfind %s><D:propname/></D:propfind>" % NS,
                                Depth="0").found[where]
            self.assertFalse([n for n in names if "much" in n])

    def test_rfc4918_9_2_apples_colour_comes_back_with_its_attribute(self):
        stamps = self.ctag(), self.token()
        self.set(self.list, '<A:calendar-color symbolic-color="custom">#FD8208FF'
                 "</A:calendar-color>")
        color = self.find(self.list, "A:calendar-color").found[self.list][A + "calendar-color"]
        self.assertEqual(("#FD8208FF", "custom"), (color.text, color.get("symbolic-color")))
        home = self.find(self.home, "A:calendar-color", depth="1").found
        self.assertEqual("#FD8208FF", home[self.list][A + "calendar-color"].text)
        self.assertEqual(stamps, (self.ctag(), self.token()))


class Collections(Case):
    MKCOL = ("<D:mkcol %s><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/>"
             "</D:resourcetype>%s</D:prop></D:set></D:mkcol>")

    def listed(self, path):
        return path in self.find(self.home, "D:displayname", depth="1").found

    def test_rfc5689_3_extended_mkcol_makes_a_list(self):
        path = self.fresh()
        self.request(201, "MKCOL", path, self.MKCOL % (
            NS, "<D:displayname>By MKCOL %s</D:displayname><A:calendar-color>#112233"
            "</A:calendar-color>" % path[-5:-1]))
        found = self.find(path, "D:displayname", "A:calendar-color").found[path]
        self.assertIn(found[D + "displayname"].text, self.world.folder_names())
        self.assertEqual("#112233", found[A + "calendar-color"].text)

    def test_rfc5689_3_extended_mkcol_without_a_slash(self):
        path = self.fresh()
        self.request(201, "MKCOL", path.rstrip("/"), self.MKCOL % (NS, ""))
        self.assertTrue(self.listed(path))

    def test_rfc5689_3_another_resourcetype_is_refused(self):
        path = self.fresh()
        for kind in ("<D:collection/>", "<D:collection/><CR:addressbook "
                     "xmlns:CR='urn:ietf:params:xml:ns:carddav'/>"):
            reply = self.request(403, "MKCOL", path, "<D:mkcol %s><D:set><D:prop><D:resourcetype>%s"
                                 "</D:resourcetype></D:prop></D:set></D:mkcol>" % (NS, kind))
            self.error(reply, D + "valid-resourcetype")
        self.assertFalse(self.listed(path))

    def test_rfc5689_3_a_property_that_is_refused_makes_nothing(self):
        path = self.fresh()
        self.error(self.request(403, "MKCOL", path, self.MKCOL % (NS, "<D:getetag>x</D:getetag>")),
                   D + "cannot-modify-protected-property")
        self.assertFalse(self.listed(path))

    def test_rfc4918_9_3_plain_mkcol_in_the_home_makes_a_list(self):
        path = self.fresh()
        self.request(201, "MKCOL", path)
        found = self.find(path, "D:resourcetype").found[path]
        self.assertIsNotNone(found[D + "resourcetype"].find(C + "calendar"))
        self.assertIn(path.split("/")[-2], self.world.folder_names())

    def test_rfc4918_9_3_1_mkcol_of_what_exists_is_405(self):
        self.assertIn("PROPFIND", self.request(405, "MKCOL", self.list).headers["Allow"])
        self.request(405, "MKCOL", self.list, self.MKCOL % (NS, ""))
        for path in (self.home, self.principal, "/dav/"):
            self.request(405, "MKCOL", path)

    def test_rfc4918_9_3_1_mkcol_without_its_parent_is_409(self):
        self.request(409, "MKCOL", self.home + "nothing/nor/this/")

    def test_rfc4918_9_3_1_a_body_of_another_type_is_415(self):
        self.request(415, "MKCOL", self.fresh(), "nonsense", Content_Type="xyz/abc")
        self.request(415, "MKCOL", self.fresh(), "<D:propfind xmlns:D='DAV:'/>")

    def test_rfc4918_9_6_delete_removes_an_empty_list_upstream(self):
        path = self.fresh()
        name = "Gone " + path[-7:-1]
        self.assertEqual(201, self.make_list(path, name).status)
        self.request(204, "DELETE", path, Depth="infinity")
        self.request(404, "PROPFIND", path, Depth="0")
        self.request(404, "DELETE", path)
        self.assertNotIn(name, self.world.folder_names())

    def test_rfc4918_9_6_delete_of_a_list_with_tasks_is_refused_whole(self):
        path, _ = self.put("kept.ics")
        self.request(403, "DELETE", self.list)
        self.get(path)

    def test_rfc4918_9_6_delete_of_the_default_list_is_refused(self):
        tasks = self.dav.collections()["Tasks"]
        self.request(403, "DELETE", tasks)
        self.find(tasks, "D:displayname")

    def test_rfc4918_9_6_1_a_list_made_again_starts_empty(self):
        path = self.fresh()
        self.make_list(path, "Twice " + path[-7:-1])
        self.set(path, ODD % 1)
        self.request(204, "DELETE", path)
        self.make_list(path, "Twice " + path[-7:-1])
        self.assertIn(ODD_TAG, self.ask(path, ODD_NAME).missing[path])
        self.assertEqual([path], list(self.find(path, "D:getetag", depth="1").missing))

    def test_rfc9110_15_5_6_delete_of_what_is_no_list_is_405(self):
        for path in ROOTS + [self.home, self.principal]:
            self.assertIn("PROPFIND", self.request(405, "DELETE", path).headers["Allow"])

    def test_rfc4918_9_7_2_put_on_a_collection_is_405(self):
        for path in (self.list, self.home, self.principal, "/dav/"):
            self.request(405, "PUT", path, vtodo("u", "SUMMARY:s"), Content_Type="text/calendar")

    def test_rfc4918_9_7_1_put_without_its_list_is_409(self):
        for path in ("no-list/a.ics", "no-list/nor/a.ics"):
            self.request(409, "PUT", self.home + path, vtodo("u", "SUMMARY:s"),
                         Content_Type="text/calendar")

    def test_rfc4918_9_4_get_of_a_list_is_one_calendar(self):
        zone = ("BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
                "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
        path = self.fresh()
        self.make_list(path, "Whole")
        for i in range(3):
            text = vtodo("whole-%d" % i, "SUMMARY:x", "DUE;TZID=Own:20270101T100000").replace(
                "BEGIN:VTODO", zone + "BEGIN:VTODO")
            self.assertEqual(201, self.dav.put("%swhole-%d.ics" % (path, i), text).status)
        reply = self.request(200, "GET", path)
        self.assertTrue(reply.headers["Content-Type"].startswith("text/calendar"))
        counts = [reply.text.count(text) for text in ("BEGIN:VCALENDAR\r\n", "BEGIN:VTIMEZONE\r\n",
                                                      "UID:whole-", "END:VCALENDAR\r\n")]
        self.assertEqual([1, 1, 3, 1], counts)


class CopyAndMove(Case):
    """The rest is in test_copy_move.py."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.list.rstrip("/") + "-other/"
        assert cls.make_list(cls.other, "Other of " + cls.__name__).status == 201

    def send_to(self, status, method, path, target, **headers):
        return self.request(status, method, path, Destination=target, **headers)

    def test_rfc4918_9_8_copy_into_another_list(self):
        path, etag = self.put("copy.ics")
        self.send_to(201, "COPY", path, self.world.bridge.url + self.other + "copy.ics")
        self.assertEqual(self.get(path).text, self.get(self.other + "copy.ics").text)

    def test_rfc4918_9_8_2_dead_properties_go_along(self):
        for method in ("COPY", "MOVE"):
            path, _ = self.put(method + ".ics")
            self.set(path, ODD % "along")
            target = self.other + method + ".ics"
            self.send_to(201, method, path, target)
            self.assertEqual("along", self.ask(target, ODD_NAME).found[target][ODD_TAG].text)
        again, _ = self.put("MOVE.ics")
        self.assertIn(ODD_TAG, self.ask(again, ODD_NAME).missing[again])

    def test_rfc4918_9_8_4_a_copy_has_only_the_sources_properties(self):
        path, _ = self.put("plain.ics", uid="only-source")
        self.send_to(201, "COPY", path, self.other + "plain.ics")
        self.set(self.other + "plain.ics", ODD % "old")
        self.put("plain.ics", uid="only-source", summary="changed", status=204)
        self.send_to(204, "COPY", path, self.other + "plain.ics")
        self.assertIn(ODD_TAG, self.ask(self.other + "plain.ics", ODD_NAME).missing[
            self.other + "plain.ics"])

    def test_rfc4918_9_8_5_a_parent_that_is_not_there_is_409(self):
        path, _ = self.put("parent.ics")
        for method in ("COPY", "MOVE"):
            self.send_to(409, method, path, self.home + "nothing/a.ics")
        self.get(path)

    def test_rfc4918_9_8_5_overwrite_f_keeps_what_is_there(self):
        path, _ = self.put("keep.ics", uid="overwrite-f")
        self.send_to(201, "COPY", path, self.other + "keep.ics")
        self.put("keep.ics", uid="overwrite-f", summary="changed", status=204)
        for method in ("COPY", "MOVE"):
            self.send_to(412, method, path, self.other + "keep.ics", Overwrite="F")
        self.assertNotIn("changed", self.get(self.other + "keep.ics").text)

    def test_rfc4918_10_6_overwrite_is_t_or_f(self):
        path, _ = self.put("overwrite.ics")
        self.send_to(400, "COPY", path, self.other + "overwrite.ics", Overwrite="maybe")

    def test_rfc4918_10_3_a_destination_that_is_none_is_400(self):
        path, _ = self.put("dest.ics")
        self.request(400, "MOVE", path)
        for target in ("", "x.ics", "%zz", "http://", "mailto:a@b", self.other + "a%00b.ics"):
            self.send_to(400, "MOVE", path, target)
        self.send_to(403, "MOVE", path, self.other + "a%2Fb.ics")
        self.get(path)

    def test_rfc4918_9_9_4_another_server_is_502(self):
        path, _ = self.put("away.ics")
        for method in ("COPY", "MOVE"):
            self.send_to(502, method, path, "http://elsewhere.example" + self.other + "a.ics")

    def test_rfc4918_9_9_4_the_same_address_is_403(self):
        path, _ = self.put("same.ics")
        self.send_to(403, "MOVE", path, path)
        self.send_to(403, "COPY", path, path)

    def test_rfc4918_9_9_4_collections_are_not_moved(self):
        for method in ("COPY", "MOVE"):
            self.send_to(403, method, self.list, self.fresh())
            self.send_to(405, method, self.home, self.fresh())

    def test_rfc4918_9_8_5_into_another_users_list_is_409(self):
        path, _ = self.put("theirs.ics")
        self.send_to(409, "COPY", path, "/dav/calendars/somebody/list/a.ics")

    def test_rfc4918_9_8_a_source_that_is_not_there_is_404(self):
        self.send_to(404, "COPY", self.list + "none.ics", self.other + "none.ics")


class IfHeader(Case):
    """RFC 4918 10.4, as far as it is about entity tags; there are no locks."""

    def test_rfc4918_10_4_an_untagged_list(self):
        path, etag = self.put("if.ics", uid="if-1", summary="one")
        _, etag = self.put("if.ics", uid="if-1", summary="two", status=204, If="([%s])" % etag)
        self.request(204, "DELETE", path, If='(["x"]) ([%s])' % etag)
        self.put("if.ics", uid="if-1", status=412, If="([%s])" % etag)

    def test_rfc4918_10_4_lists_that_do_not_hold_are_412(self):
        path, etag = self.put("not.ics", uid="if-2", summary="one")
        for header in ('(["other"])', "(<opaquelocktoken:x>)", "(Not [%s])" % etag):
            self.put("not.ics", uid="if-2", summary="two", status=412, If=header)
            self.request(412, "DELETE", path, If=header)

    def test_rfc4918_10_4_malformed_is_400(self):
        path, _ = self.put("bad-if.ics")
        for header in ("nonsense", "(", "()x", "<" + path, "([unquoted)", "(<a)"):
            self.request(400, "DELETE", path, If=header)
        self.get(path)

    def test_rfc4918_10_4_4_a_list_tagged_with_the_request_itself(self):
        path, etag = self.put("tagged.ics", uid="if-3")
        for tag in (path, self.world.bridge.url + path, path.replace("tagged", "%74agged")):
            _, etag = self.put("tagged.ics", uid="if-3", summary=tag, status=204,
                               If="<%s> ([%s])" % (tag, etag))
        self.request(412, "DELETE", path, If='<%s> (["x"])' % path)
        self.request(204, "DELETE", path, If="<%s> ([%s])" % (path, etag))

    def test_rfc4918_10_4_4_a_list_tagged_with_another_does_not_help(self):
        path, etag = self.put("other-tag.ics")
        for tag in (self.list + "x.ics", "http://elsewhere.example" + path):
            self.request(412, "DELETE", path, If="<%s> ([%s])" % (tag, etag))

    def test_rfc4918_10_4_5_not_a_lock_holds(self):
        path, _ = self.put("no-lock.ics")
        self.request(204, "DELETE", path, If="(Not <DAV:no-lock>)")


class Kept(harness.Case):
    """What the store keeps for tasks and homes is there after a restart."""

    def test_rfc4918_4_2_dead_properties_survive_a_restart(self):
        bridge, dav = self.start_bridge(self.start_sandbox())
        path = dav.collections()["Tasks"] + "a.ics"
        self.assertEqual(201, dav.put(path, vtodo("kept", "SUMMARY:x")).status)
        for where in (path, dav.home):
            reply = dav.request("PROPPATCH", where, "<propertyupdate xmlns='DAV:'><set><prop>"
                                "<odd xmlns='urn:x'>1</odd></prop></set></propertyupdate>")
            self.assertEqual(207, reply.status, reply)
        for end in (bridge.stop, bridge.kill):
            headers = dav.headers
            end()
            bridge.start()
            dav = bridge.dav("alice", "")
            dav.headers = headers
            for where in (path, dav.home):
                reply = dav.request("PROPFIND", where, "<propfind xmlns='DAV:'><prop><odd "
                                    "xmlns='urn:x'/></prop></propfind>", {"Depth": "0"})
                self.assertIn('<odd xmlns="urn:x">1</odd>', reply.text)
