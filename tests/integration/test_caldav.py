"""Reports of the real program, named by RFC section."""
import re
import unittest

import conformance
import harness
from conformance import A, C, CS, D, NS, Answer, Case, in_todo, multiget, query, sync
from harness import vtodo

setUpModule = conformance.start
tearDownModule = conformance.stop


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
                  conformance.world.bridge.url + self.list + "done.ics"]
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
