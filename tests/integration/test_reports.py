"""Every report of the real program, one check per rule, named by RFC section."""
import re
import shutil
import tempfile
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

import harness
from harness import unfold

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
NS = ('xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
      'xmlns:CS="http://calendarserver.org/ns/"')
USER = "alice"
RANGE = '<C:time-range start="20261110T000000Z" end="20261120T000000Z"/>'

world = None


class World:
    """One sandbox and one bridge for all tests of this file."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="duedav-")
        self.clock = harness.TestClock(self.folder)
        self.sandbox = harness.Sandbox(self.folder, self.clock)
        self.bridge = harness.Bridge(self.folder, self.sandbox.url, self.clock)
        self.password = self.bridge.add_user(USER, USER + "-token", "Europe/Oslo")
        self.bridge.start()

    def close(self):
        self.bridge.stop()
        self.sandbox.stop()
        self.clock.close()
        shutil.rmtree(self.folder)


def setUpModule():
    global world
    world = World()


def tearDownModule():
    world.close()


def calendar(*components):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//duedav//tests//EN",
                        *components, "END:VCALENDAR", ""])


def todo(uid, *lines):
    return "\r\n".join(["BEGIN:VTODO", f"UID:{uid}", "DTSTAMP:20260501T080000Z", *lines,
                        "END:VTODO"])


def alarm(*lines):
    return "\r\n".join(["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:now", *lines, "END:VALARM"])


def zone(tzid, offset="+0900"):
    return "\r\n".join(["BEGIN:VTIMEZONE", "TZID:" + tzid, "BEGIN:STANDARD",
                        "DTSTART:19700101T000000", "TZOFFSETFROM:" + offset,
                        "TZOFFSETTO:" + offset, "END:STANDARD", "END:VTIMEZONE"])


def query(filter_xml, props="<D:getetag/>", more=""):
    return (f"<C:calendar-query {NS}><D:prop>{props}</D:prop><C:filter>{filter_xml}</C:filter>"
            f"{more}</C:calendar-query>")


def comp(name, inner=""):
    return f'<C:comp-filter name="{name}">{inner}</C:comp-filter>'


def in_todo(inner=""):
    return comp("VCALENDAR", comp("VTODO", inner))


def prop(name, inner=""):
    return in_todo(f'<C:prop-filter name="{name}">{inner}</C:prop-filter>')


def text(value, collation=None, negate=None):
    attributes = f' collation="{collation}"' if collation else ""
    attributes += f' negate-condition="{negate}"' if negate else ""
    return f"<C:text-match{attributes}>{value}</C:text-match>"


class Case(unittest.TestCase):
    """A list for each class, with `tasks`: name -> lines of its VTODO, or a whole calendar."""
    tasks = {}

    @classmethod
    def setUpClass(cls):
        cls.dav = world.bridge.dav(USER, world.password)
        cls.home = f"/dav/calendars/{USER}/"
        cls.principal = f"/dav/principals/{USER}/"
        cls.list = f"{cls.home}{uuid.uuid4().hex[:12]}/"
        made = cls.dav.request("MKCALENDAR", cls.list)
        assert made.status == 201, made
        for name, lines in cls.tasks.items():
            cls.put(name, lines)

    @classmethod
    def tearDownClass(cls):
        cls.dav.close()

    @classmethod
    def put(cls, name, lines):
        body = lines if isinstance(lines, str) else calendar(todo(uuid.uuid4().hex, *lines))
        done = cls.dav.put(cls.list + name + ".ics", body)
        assert done.status in (201, 204), (name, done)

    def report(self, body, path=None, depth="1", status=207):
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        if depth is not None:
            headers["Depth"] = depth
        reply = self.dav.request("REPORT", path or self.list, body, headers)
        self.assertEqual(status, reply.status, f"{body}\n{reply}")
        return reply

    def answer(self, body, **more):
        return ElementTree.fromstring(self.report(body, **more).body)

    def names(self, body, **more):
        """Of the tasks in the answer."""
        return sorted(response.findtext(D + "href")[len(self.list):-len(".ics")]
                      for response in self.answer(body, **more).findall(D + "response"))

    def finds(self, expected, filter_xml, more=""):
        self.assertEqual(sorted(expected.split()), self.names(query(filter_xml, more=more)))

    def refuses(self, body, condition=None, status=403, **more):
        error = ElementTree.fromstring(self.report(body, status=status, **more).body)
        self.assertEqual(D + "error", error.tag)
        if condition:
            self.assertIsNotNone(error.find(condition), ElementTree.tostring(error))

    def data(self, body, name=None, **more):
        """Unfolded lines of the calendar data of the only task, or of `name`."""
        responses = [r for r in self.answer(body, **more).findall(D + "response")
                     if name is None or r.findtext(D + "href").endswith(f"/{name}.ics")]
        self.assertEqual(1, len(responses))
        return unfold(responses[0].find(f".//{C}calendar-data").text.replace("\r\n", "\n")
                      .replace("\n", "\r\n"))


# --- calendar-query: components, properties, parameters -------------------------------------------

class Filters(Case):
    tasks = {
        "plain": ["SUMMARY:Plain"],
        "alarm": ["SUMMARY:With alarm", "DUE:20261112T080000Z", alarm("TRIGGER:-PT5M")],
        "text": ["SUMMARY:Ærlig Café\\, now", "LOCATION:Bergen", "CATEGORIES:Home,Work\\, far",
                 'X-ODD;X-P="One, two":value'],
        "zoned": calendar(zone("Asia/Tokyo"), todo("filter-zoned", "SUMMARY:Zoned",
                                                   "DUE;TZID=Asia/Tokyo:20261112T080000")),
    }
    all = "plain alarm text zoned"

    def test_rfc4791_9_7_a_calendar_is_everything(self):
        self.finds(self.all, comp("VCALENDAR"))

    def test_rfc4791_9_7_1_all_tasks(self):
        self.finds(self.all, in_todo())

    def test_rfc4791_9_7_1_names_have_no_case(self):
        self.finds(self.all, comp("vcalendar", comp("vTodo")))

    def test_rfc4791_9_7_1_other_components_are_not_there(self):
        for name in ("VEVENT", "VJOURNAL", "VFREEBUSY", "X-NONE"):
            self.finds("", comp("VCALENDAR", comp(name)))

    def test_rfc4791_9_7_1_nested_alarm(self):
        self.finds("alarm", in_todo(comp("VALARM")))

    def test_rfc4791_9_7_1_nested_alarm_with_a_property(self):
        self.finds("alarm", in_todo(comp("VALARM", '<C:prop-filter name="ACTION">'
                                         + text("display") + "</C:prop-filter>")))
        self.finds("", in_todo(comp("VALARM", '<C:prop-filter name="ACTION">'
                                    + text("email") + "</C:prop-filter>")))

    def test_rfc4791_9_7_1_timezone(self):
        self.finds("zoned", comp("VCALENDAR", comp("VTIMEZONE")))

    def test_rfc4791_9_7_1_inside_a_timezone(self):
        self.finds("zoned", comp("VCALENDAR", comp("VTIMEZONE", comp("STANDARD"))))
        self.finds("", comp("VCALENDAR", comp("VTIMEZONE", comp("DAYLIGHT"))))

    def test_rfc4791_9_7_1_property_of_the_calendar(self):
        self.finds(self.all, comp("VCALENDAR", '<C:prop-filter name="VERSION">' + text("2.0")
                                  + "</C:prop-filter>"))

    def test_rfc4791_9_7_1_several_conditions_all_hold(self):
        self.finds("alarm", in_todo('<C:prop-filter name="DUE"/>' + comp("VALARM")))
        self.finds("", in_todo('<C:prop-filter name="LOCATION"/>' + comp("VALARM")))

    def test_rfc4791_9_7_4_no_such_component(self):
        self.finds("plain text zoned", in_todo(comp("VALARM", "<C:is-not-defined/>")))
        self.finds(self.all, comp("VCALENDAR", comp("VEVENT", "<C:is-not-defined/>")))

    def test_rfc4791_9_7_4_no_such_property(self):
        self.finds("plain text", prop("DUE", "<C:is-not-defined/>"))

    def test_rfc4791_9_7_4_no_such_parameter(self):
        self.finds("alarm", prop("DUE", '<C:param-filter name="TZID"><C:is-not-defined/>'
                                 "</C:param-filter>"))

    def test_rfc4791_9_7_2_property_is_there(self):
        self.finds("alarm zoned", prop("DUE"))
        self.finds("text", prop("x-odd"))

    def test_rfc4791_9_7_3_parameter_is_there(self):
        self.finds("zoned", prop("DUE", '<C:param-filter name="tzid"/>'))

    def test_rfc4791_9_7_3_text_of_a_parameter(self):
        match = '<C:param-filter name="TZID">%s</C:param-filter>'
        self.finds("zoned", prop("DUE", match % text("tokyo")))
        self.finds("", prop("DUE", match % text("oslo")))
        self.finds("zoned", prop("DUE", match % text("oslo", negate="yes")))

    def test_rfc4791_9_7_3_quoted_parameter(self):
        self.finds("text", prop("X-ODD", '<C:param-filter name="X-P">' + text("one, t")
                                + "</C:param-filter>"))

    def test_rfc4791_9_7_5_text_is_a_part(self):
        self.finds("alarm", prop("SUMMARY", text("h al")))

    def test_rfc4791_9_7_5_text_is_unescaped(self):
        self.finds("text", prop("SUMMARY", text(", now")))
        self.finds("", prop("SUMMARY", text("\\,")))

    def test_rfc4791_9_7_5_each_value_of_a_list(self):
        self.finds("text", prop("CATEGORIES", text("work, far")))
        self.finds("", prop("CATEGORIES", text("home,work")))

    def test_rfc4791_9_7_5_empty_text_is_in_every_text(self):
        self.finds(self.all, prop("SUMMARY", text("")))

    def test_rfc4791_9_7_5_text_match_negate(self):
        self.finds("alarm text zoned", prop("SUMMARY", text("plain", negate="yes")))
        self.finds("plain", prop("SUMMARY", text("plain", negate="no")))

    def test_rfc4791_9_7_5_negated_text_of_nothing(self):
        self.finds("", prop("LOCATION", text("bergen", negate="yes")))

    def test_rfc4791_7_5_default_collation_folds_ascii(self):
        self.finds("text", prop("LOCATION", text("bERGEN")))
        self.finds("", prop("SUMMARY", text("ærlig")))

    def test_rfc4790_9_2_ascii_casemap(self):
        self.finds("text", prop("LOCATION", text("bERGEN", "i;ascii-casemap")))
        self.finds("text", prop("LOCATION", text("bERGEN", "default")))

    def test_rfc4790_9_3_octet(self):
        self.finds("text", prop("LOCATION", text("Bergen", "i;octet")))
        self.finds("", prop("LOCATION", text("bergen", "i;octet")))

    def test_rfc5051_2_unicode_casemap(self):
        for value in ("ærlig", "CAFÉ", "café", "cafe"):
            self.finds("text", prop("SUMMARY", text(value, "i;unicode-casemap")))
        self.finds("", prop("SUMMARY", text("orlig", "i;unicode-casemap")))

    def test_rfc4791_7_5_1_collations_are_listed(self):
        found = self.dav.propfind(self.list, "c:supported-collation-set")
        listed = found.items[self.list].props[C + "supported-collation-set"]
        self.assertEqual(["i;ascii-casemap", "i;octet", "i;unicode-casemap"],
                         sorted(e.text for e in listed.findall(C + "supported-collation")))

    def test_rfc4791_7_8_supported_collation(self):
        for collation in ("i;klingon", "i;*", "*"):
            self.refuses(query(prop("SUMMARY", text("a", collation))), C + "supported-collation")

    def test_rfc4791_7_8_valid_filter_structure(self):
        for bad in ("", "<C:comp-filter/>", comp("VTODO"), comp("VCALENDAR") * 2,
                    in_todo("<C:prop-filter/>"), prop("X", "<C:param-filter/>"),
                    comp("VCALENDAR", comp("VCALENDAR"))):
            self.refuses(query(bad), C + "valid-filter")

    def test_rfc4791_7_8_valid_filter_nesting(self):
        for bad in (in_todo(comp("VEVENT")), comp("VCALENDAR", comp("VALARM")),
                    in_todo(comp("STANDARD"))):
            self.refuses(query(bad), C + "valid-filter")

    def test_rfc4791_7_8_valid_filter_is_not_defined_stands_alone(self):
        for bad in (prop("X", "<C:is-not-defined/>" + text("a")),
                    in_todo("<C:is-not-defined/>" + comp("VALARM")),
                    prop("X", '<C:param-filter name="Y"><C:is-not-defined/>' + text("a")
                         + "</C:param-filter>")):
            self.refuses(query(bad), C + "valid-filter")

    def test_rfc4791_7_8_valid_filter_time_range_where_there_is_no_time(self):
        for bad in (comp("VCALENDAR", RANGE), comp("VCALENDAR", comp("VTIMEZONE", RANGE)),
                    prop("SUMMARY", RANGE), prop("UID", RANGE)):
            self.refuses(query(bad), C + "valid-filter")

    def test_rfc4791_9_9_bounds_are_utc_and_in_order(self):
        for bad in ("", 'start="20261110"', 'start="20261110T000000"', 'end="tomorrow"',
                    'start="20261110T000000Z" end="20261110T000000Z"',
                    'start="20261111T000000Z" end="20261110T000000Z"'):
            self.refuses(query(in_todo(f"<C:time-range {bad}/>")), C + "valid-filter")

    def test_rfc4791_7_8_supported_filter(self):
        self.refuses(query(prop("SUMMARY", "<C:sounds-like>a</C:sounds-like>")),
                     C + "supported-filter")
        self.refuses(query(in_todo('<C:prop-filter name="X"/>' * 100)), C + "supported-filter")

    def test_rfc4918_17_foreign_elements_are_passed_over(self):
        self.finds("text", prop("LOCATION", '<X xmlns="urn:x"/>' + text("berg")))

    def test_rfc4791_7_8_min_and_max_date_time(self):
        found = self.dav.propfind(self.list, "c:min-date-time", "c:max-date-time")
        props = found.items[self.list].props
        self.assertEqual("16010101T000000Z", props[C + "min-date-time"].text)
        self.assertEqual("45001231T235959Z", props[C + "max-date-time"].text)
        self.refuses(query(in_todo('<C:time-range end="10000101T000000Z"/>')),
                     C + "min-date-time")
        self.refuses(query(in_todo('<C:time-range start="90000101T000000Z"/>')),
                     C + "max-date-time")
        self.finds(self.all, in_todo('<C:time-range start="00010101T000000Z" '
                                     'end="99991231T235959Z"/>'))

    def test_rfc4791_7_8_a_filter_is_needed(self):
        self.refuses(f"<C:calendar-query {NS}><D:prop/></C:calendar-query>", C + "valid-filter")

    def test_rfc4791_7_8_any_depth_is_1(self):
        for depth in (None, "0", "1", "infinity"):
            self.assertEqual(4, len(self.names(query(in_todo()), depth=depth)), depth)

    def test_rfc4918_10_2_a_depth_of_nonsense(self):
        for body in (query(in_todo()), sync(""), multiget([])):
            self.report(body, depth="two", status=400)

    def test_rfc4791_7_8_of_one_object(self):
        path = self.list + "text.ics"
        self.assertEqual(["text"], self.names(query(in_todo()), path=path, depth="0"))
        self.assertEqual([], self.names(query(prop("DUE")), path=path, depth="0"))
        self.report(query(in_todo()), path=self.list + "none.ics", status=404)

    def test_rfc4791_7_8_the_home_says_that_it_cannot_be_queried(self):
        # an empty answer would mean that there are no tasks
        self.refuses(query(in_todo()), D + "supported-report", path=self.home)

    def test_rfc4791_7_8_properties_as_in_propfind(self):
        found = self.answer(query(prop("LOCATION"), "<D:getetag/><D:displayname/><D:x/>"))
        response, = found.findall(D + "response")
        good, bad = response.findall(D + "propstat")
        self.assertTrue(good.findtext(D + "status").endswith("200 OK"))
        self.assertTrue(good.findtext(f"{D}prop/{D}getetag"))
        self.assertTrue(bad.findtext(D + "status").endswith("404 Not Found"))
        self.assertEqual({D + "displayname", D + "x"}, {e.tag for e in bad.find(D + "prop")})

    def test_rfc4791_7_8_without_properties(self):
        body = f"<C:calendar-query {NS}><C:filter>{in_todo()}</C:filter></C:calendar-query>"
        self.assertEqual(4, len(self.names(body)))


# --- calendar-query: time ------------------------------------------------------------------------

class TodoRanges(Case):
    """RFC 4791 9.9: the table of VTODO, from 2026-11-10 to 2026-11-20; Oslo is at +01:00 then."""
    tasks = {
        "start-duration-in": ["DTSTART:20261108T000000Z", "DURATION:P2D"],
        "start-duration-before": ["DTSTART:20261108T000000Z", "DURATION:P1D"],
        "start-duration-after": ["DTSTART:20261120T000000Z", "DURATION:P1D"],
        "start-due-over": ["DTSTART:20261101T000000Z", "DUE:20261201T000000Z"],
        "start-due-before": ["DTSTART:20261101T000000Z", "DUE:20261110T000000Z"],
        "start-due-touch": ["DTSTART:20261101T000000Z", "DUE:20261110T000001Z"],
        "start-due-after": ["DTSTART:20261120T000000Z", "DUE:20261121T000000Z"],
        "start-in": ["DTSTART:20261110T000000Z"],
        "start-before": ["DTSTART:20261109T235959Z"],
        "start-after": ["DTSTART:20261120T000000Z"],
        "due-in": ["DUE:20261120T000000Z"],
        "due-before": ["DUE:20261110T000000Z"],
        "due-after": ["DUE:20261120T000001Z"],
        "due-date-in": ["DUE;VALUE=DATE:20261120"],
        "due-date-before": ["DUE;VALUE=DATE:20261110"],
        "due-zoned-in": ["DUE;TZID=Europe/Oslo:20261110T010001"],
        "due-zoned-before": ["DUE;TZID=Europe/Oslo:20261110T010000"],
        "due-floating-in": ["DUE:20261120T010000"],
        "due-floating-after": ["DUE:20261120T010001"],
        "done-in": ["STATUS:COMPLETED", "COMPLETED:20261115T000000Z", "CREATED:20250101T000000Z"],
        "done-before": ["STATUS:COMPLETED", "COMPLETED:20261101T000000Z",
                        "CREATED:20250101T000000Z"],
        "done-alone": ["STATUS:COMPLETED", "COMPLETED:20261110T000000Z"],
        "created-before": ["CREATED:20250101T000000Z"],
        "created-after": ["CREATED:20261120T000000Z"],
        "undated": ["SUMMARY:undated"],
    }

    def check(self, prefix, expected):
        found = [n for n in self.names(query(in_todo(RANGE))) if n.startswith(prefix)]
        self.assertEqual(sorted(expected.split()), found)

    def test_rfc4791_9_9_dtstart_and_duration(self):
        self.check("start-duration", "start-duration-in")

    def test_rfc4791_9_9_dtstart_and_due(self):
        self.check("start-due", "start-due-over start-due-touch")

    def test_rfc4791_9_9_dtstart_alone(self):
        found = self.names(query(in_todo(RANGE)))
        self.assertIn("start-in", found)
        self.assertNotIn("start-before", found)
        self.assertNotIn("start-after", found)

    def test_rfc4791_9_9_due_alone(self):
        self.check("due", "due-in due-date-in due-zoned-in due-floating-in")

    def test_rfc4791_9_9_completed(self):
        self.check("done", "done-in done-alone")

    def test_rfc4791_9_9_created(self):
        self.check("created", "created-before")

    def test_rfc4791_9_9_no_dates_at_all(self):
        self.check("undated", "undated")

    def test_rfc4791_9_9_open_start(self):
        found = self.names(query(in_todo('<C:time-range end="20261110T000000Z"/>')))
        self.assertIn("start-before", found)
        self.assertNotIn("start-after", found)

    def test_rfc4791_9_9_open_end(self):
        found = self.names(query(in_todo('<C:time-range start="20261120T000001Z"/>')))
        self.assertIn("start-due-after", found)
        self.assertIn("undated", found)
        self.assertNotIn("start-in", found)

    def test_rfc4791_9_9_range_and_property_together(self):
        self.assertEqual(["done-alone", "done-in"], self.names(query(in_todo(
            RANGE + '<C:prop-filter name="STATUS">' + text("COMPLETED") + "</C:prop-filter>"))))

    def test_rfc4791_9_9_range_of_a_property(self):
        self.assertEqual(["due-date-in", "due-floating-in", "due-zoned-in", "start-due-after"],
                         [n for n in self.names(query(prop(
                             "DUE", '<C:time-range start="20261110T000001Z" '
                             'end="20261122T000000Z"/>'))) if n not in (
                                 "due-in", "due-after", "due-floating-after", "start-due-touch")])
        self.assertEqual(["done-alone"], self.names(query(prop(
            "COMPLETED", '<C:time-range start="20261110T000000Z" end="20261115T000000Z"/>'))))

    def test_rfc4791_9_8_timezone_of_the_request(self):
        tokyo = f"<C:timezone>{calendar(zone('Asia/Tokyo'))}</C:timezone>"
        narrow = '<C:time-range start="20261119T150000Z" end="20261119T153000Z"/>'
        floating = in_todo('<C:prop-filter name="DTSTART"><C:is-not-defined/></C:prop-filter>'
                           '<C:prop-filter name="DUE"/>' + narrow)
        self.assertEqual([], self.names(query(floating)))
        self.put("tokyo", ["DUE:20261120T000100"])
        self.assertEqual(["tokyo"], self.names(query(floating, more=tokyo)))
        self.dav.delete(self.list + "tokyo.ics")

    def test_rfc4791_7_8_timezone_is_a_calendar(self):
        for bad in ("Europe/Oslo", calendar(), calendar(todo("x")), "BEGIN:VCALENDAR"):
            self.refuses(query(in_todo(), more=f"<C:timezone>{bad}</C:timezone>"),
                         C + "valid-calendar-data")

    def test_rfc7809_4_1_1_timezone_id(self):
        names = self.names(query(in_todo(RANGE), more="<C:timezone-id>Asia/Tokyo</C:timezone-id>"))
        self.assertIn("due-floating-after", names)
        self.assertNotIn("due-date-before", names)

    def test_rfc7809_4_1_1_unknown_timezone_id(self):
        self.refuses(query(in_todo(), more="<C:timezone-id>Nowhere/Land</C:timezone-id>"),
                     C + "valid-timezone")


class SeriesRanges(Case):
    """RFC 4791 9.9 of tasks that repeat: each occurrence by the same table."""
    tasks = {
        "monthly-in": ["DTSTART:20260112T000000Z", "RRULE:FREQ=MONTHLY"],
        "monthly-out": ["DTSTART:20260101T000000Z", "RRULE:FREQ=MONTHLY"],
        "monthly-long": ["DTSTART:20260101T000000Z", "DUE:20260111T000000Z", "RRULE:FREQ=MONTHLY"],
        "due-in": ["DUE;VALUE=DATE:20260115", "RRULE:FREQ=MONTHLY"],
        "counted-in": ["DTSTART:20260112T000000Z", "RRULE:FREQ=MONTHLY;COUNT=11"],
        "counted-out": ["DTSTART:20260112T000000Z", "RRULE:FREQ=MONTHLY;COUNT=10"],
        "until-out": ["DTSTART:20260112T000000Z", "RRULE:FREQ=MONTHLY;UNTIL=20261111T235959Z"],
        "excepted": ["DTSTART:20260112T000000Z", "RRULE:FREQ=MONTHLY", "EXDATE:20261112T000000Z"],
        "added": ["DTSTART:20260101T000000Z", "RRULE:FREQ=MONTHLY",
                  "RDATE:20261111T000000Z"],
        "clocks": ["DTSTART;TZID=Europe/Oslo:20260611T005959", "RRULE:FREQ=DAILY;COUNT=153"],
        "moved-away": calendar(
            todo("series-1", "DTSTART:20260112T000000Z", "RRULE:FREQ=MONTHLY"),
            todo("series-1", "RECURRENCE-ID:20261112T000000Z", "DTSTART:20261124T000000Z")),
        "moved-here": calendar(
            todo("series-2", "DTSTART:20260101T000000Z", "RRULE:FREQ=MONTHLY"),
            todo("series-2", "RECURRENCE-ID:20261201T000000Z", "DTSTART:20261112T000000Z")),
        "later": ["DTSTART:20270101T000000Z", "RRULE:FREQ=DAILY"],
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found = sorted(
            r[len(cls.list):-4] for r in cls.dav.report(cls.list, query(in_todo(RANGE))).items)

    def test_rfc4791_9_9_a_rule(self):
        self.assertIn("monthly-in", self.found)
        self.assertNotIn("monthly-out", self.found)
        self.assertNotIn("later", self.found)

    def test_rfc4791_9_9_an_occurrence_with_a_length(self):
        self.assertIn("monthly-long", self.found)

    def test_rfc4791_9_9_a_rule_on_due(self):
        self.assertIn("due-in", self.found)

    def test_rfc4791_9_9_count(self):
        self.assertIn("counted-in", self.found)
        self.assertNotIn("counted-out", self.found)

    def test_rfc4791_9_9_until(self):
        self.assertNotIn("until-out", self.found)

    def test_rfc4791_9_9_exdate(self):
        self.assertNotIn("excepted", self.found)

    def test_rfc4791_9_9_rdate(self):
        self.assertIn("added", self.found)

    def test_rfc4791_9_9_overrides(self):
        self.assertNotIn("moved-away", self.found)
        self.assertIn("moved-here", self.found)

    def test_rfc4791_9_9_wall_clocks(self):
        self.assertNotIn("clocks", self.found)


class AlarmRanges(Case):
    tasks = {
        "relative-in": ["DTSTART:20261120T000000Z", alarm("TRIGGER:-PT1S")],
        "relative-out": ["DTSTART:20261120T000000Z", alarm("TRIGGER:PT0S")],
        "end-in": ["DTSTART:20261101T000000Z", "DUE:20261125T000000Z",
                   alarm("TRIGGER;RELATED=END:-P6D")],
        "due-only-in": ["DUE:20261121T000000Z", alarm("TRIGGER:-P2D")],
        "absolute-in": ["SUMMARY:x", alarm("TRIGGER;VALUE=DATE-TIME:20261110T000000Z")],
        "absolute-out": ["SUMMARY:x", alarm("TRIGGER;VALUE=DATE-TIME:20261120T000000Z")],
        "repeat-in": ["DTSTART:20261101T000000Z",
                      alarm("TRIGGER:PT0S", "REPEAT:9", "DURATION:P1D")],
        "repeat-out": ["DTSTART:20261101T000000Z",
                       alarm("TRIGGER:PT0S", "REPEAT:8", "DURATION:P1D")],
        "series-in": ["DTSTART:20260109T000000Z", "RRULE:FREQ=MONTHLY", alarm("TRIGGER:P1D")],
        "series-out": ["DTSTART:20260109T000000Z", "RRULE:FREQ=MONTHLY", alarm("TRIGGER:-P1D")],
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found = sorted(r[len(cls.list):-4] for r in cls.dav.report(
            cls.list, query(in_todo(comp("VALARM", RANGE)))).items)

    def check(self, prefix):
        self.assertIn(prefix + "-in", self.found)
        self.assertNotIn(prefix + "-out", self.found)

    def test_rfc4791_9_9_alarm_before_the_start(self):
        self.check("relative")

    def test_rfc4791_9_9_alarm_before_the_end(self):
        self.check("end")

    def test_rfc4791_9_9_alarm_of_a_task_with_due_alone(self):
        self.check("due-only")

    def test_rfc4791_9_9_alarm_at_a_time(self):
        self.check("absolute")

    def test_rfc4791_9_9_alarm_that_repeats(self):
        self.check("repeat")

    def test_rfc4791_9_9_alarm_of_each_occurrence(self):
        self.check("series")


# --- calendar-data -------------------------------------------------------------------------------

EXPAND = '<C:expand start="20261110T000000Z" end="20261120T000000Z"/>'
LIMIT = '<C:limit-recurrence-set start="20261110T000000Z" end="20261120T000000Z"/>'


def calendar_data(inner="", attributes=""):
    return f"<C:calendar-data {attributes}>{inner}</C:calendar-data>"


def multiget(hrefs, props="<D:getetag/><C:calendar-data/>"):
    return (f"<C:calendar-multiget {NS}><D:prop>{props}</D:prop>"
            + "".join(f"<D:href>{href}</D:href>" for href in hrefs) + "</C:calendar-multiget>")


def sync(token, more="", props="<D:getetag/>", level="1"):
    token = "" if token is None else f"<D:sync-token>{token}</D:sync-token>"
    level = "" if level is None else f"<D:sync-level>{level}</D:sync-level>"
    return (f"<D:sync-collection {NS}>{token}{level}{more}<D:prop>{props}</D:prop>"
            "</D:sync-collection>")


class CalendarData(Case):
    tasks = {
        "plain": ["SUMMARY:Plain", "DUE:20261112T080000Z", "X-LONG:" + "x" * 200,
                  alarm("TRIGGER:-PT5M")],
        "series": calendar(
            zone("Europe/Oslo", "+0100"),
            todo("data-series", "SUMMARY:Series", "DTSTART;TZID=Europe/Oslo:20261014T090000",
                 "DUE;TZID=Europe/Oslo:20261015T100000", "RRULE:FREQ=WEEKLY"),
            todo("data-series", "SUMMARY:Moved", "RECURRENCE-ID;TZID=Europe/Oslo:20261118T090000",
                 "DTSTART;TZID=Europe/Oslo:20261119T090000",
                 "DUE;TZID=Europe/Oslo:20261119T100000"),
            todo("data-series", "SUMMARY:Far", "RECURRENCE-ID;TZID=Europe/Oslo:20261202T090000",
                 "DTSTART;TZID=Europe/Oslo:20261203T090000",
                 "DUE;TZID=Europe/Oslo:20261203T100000")),
        "days": ["DUE;VALUE=DATE:20261101", "RRULE:FREQ=WEEKLY"],
        "endless": ["DUE:20200101T080000Z", "RRULE:FREQ=DAILY"],
        "hours": ["DTSTART:20261112T080000Z",
                  "RRULE:FREQ=DAILY;BYHOUR=7,8,20;BYMINUTE=0,30;COUNT=6"],
    }

    def of(self, name, inner="", attributes=""):
        return self.data(multiget([self.list + name + ".ics"], calendar_data(inner, attributes)))

    def test_rfc4791_9_6_whole(self):
        stored = unfold(self.dav.get(self.list + "plain.ics").text)
        self.assertEqual(stored, self.of("plain"))
        self.assertEqual(stored, self.of("plain", attributes='content-type="text/calendar" '
                                         'version="2.0"'))

    def test_rfc4791_9_6_supported_calendar_data(self):
        for bad in ('content-type="application/calendar+json"', 'version="1.0"'):
            for body in (query(in_todo(), calendar_data("", bad)),
                         multiget([self.list + "plain.ics"], calendar_data("", bad)),
                         sync("", props=calendar_data("", bad))):
                self.refuses(body, C + "supported-calendar-data")

    def test_rfc4791_9_6_1_one_component(self):
        lines = self.of("plain", '<C:comp name="VCALENDAR"><C:comp name="VTODO">'
                        '<C:prop name="SUMMARY"/></C:comp></C:comp>')
        self.assertEqual(["BEGIN:VCALENDAR", "BEGIN:VTODO", "SUMMARY:Plain", "END:VTODO",
                          "END:VCALENDAR", ""], lines)

    def test_rfc4791_9_6_2_all_components(self):
        lines = self.of("plain", '<C:comp name="VCALENDAR"><C:comp name="VTODO"><C:allcomp/>'
                        "</C:comp></C:comp>")
        self.assertIn("BEGIN:VALARM", lines)
        self.assertNotIn("SUMMARY:Plain", lines)

    def test_rfc4791_9_6_3_all_properties(self):
        lines = self.of("plain", '<C:comp name="VCALENDAR"><C:allprop/><C:comp name="VTODO">'
                        "<C:allprop/></C:comp></C:comp>")
        self.assertIn("VERSION:2.0", lines)
        self.assertIn("SUMMARY:Plain", lines)
        self.assertNotIn("BEGIN:VALARM", lines)

    def test_rfc4791_9_6_4_without_values(self):
        lines = self.of("plain", '<C:comp name="VCALENDAR"><C:comp name="VTODO">'
                        '<C:prop name="X-LONG" novalue="yes"/><C:prop name="UID" novalue="no"/>'
                        "</C:comp></C:comp>")
        self.assertIn("X-LONG:", lines)
        self.assertEqual(1, sum(line.startswith("UID:") and line != "UID:" for line in lines))

    def test_rfc4791_9_6_parts_in_a_query_and_in_sync(self):
        part = calendar_data('<C:comp name="VCALENDAR"><C:comp name="VTODO">'
                             '<C:prop name="SUMMARY"/></C:comp></C:comp>')
        for body in (query(in_todo(), part), sync("", props=part)):
            lines = self.data(body, name="plain")
            self.assertEqual(6, len(lines))
            self.assertIn("SUMMARY:Plain", lines)

    def test_rfc4791_9_6_bad_parts(self):
        for bad in ('<C:comp name="VTODO"/>', "<C:comp/>", EXPAND + LIMIT, "<C:expand/>",
                    '<C:expand start="20261110T000000Z"/>',
                    '<C:limit-recurrence-set start="20261110" end="20261111"/>'):
            self.report(query(in_todo(), calendar_data(bad)), status=400)

    def test_rfc4791_9_6_5_expand_gives_occurrences_in_utc(self):
        lines = self.of("series", EXPAND)
        self.assertEqual(["DTSTART:20261111T080000Z", "DTSTART:20261119T080000Z"],
                         [line for line in lines if line.startswith("DTSTART")])
        self.assertEqual(["DUE:20261112T090000Z", "DUE:20261119T090000Z"],
                         [line for line in lines if line.startswith("DUE")])

    def test_rfc4791_9_6_5_expand_gives_recurrence_ids(self):
        self.assertEqual(["RECURRENCE-ID:20261111T080000Z", "RECURRENCE-ID:20261118T080000Z"],
                         [l for l in self.of("series", EXPAND) if l.startswith("RECURRENCE-ID")])

    def test_rfc4791_9_6_5_expand_leaves_no_rule_and_no_zone(self):
        lines = self.of("series", EXPAND)
        self.assertFalse([l for l in lines if l.startswith(("RRULE", "EXDATE", "RDATE"))
                          or "TZID" in l or "VTIMEZONE" in l])

    def test_rfc4791_9_6_5_expand_takes_the_override(self):
        lines = self.of("series", EXPAND)
        self.assertEqual(["SUMMARY:Series", "SUMMARY:Moved"],
                         [line for line in lines if line.startswith("SUMMARY")])

    def test_rfc4791_9_6_5_expand_of_dates(self):
        lines = self.of("days", EXPAND)
        self.assertEqual(["DUE;VALUE=DATE:20261115"], [l for l in lines if l.startswith("DUE")])
        self.assertIn("RECURRENCE-ID;VALUE=DATE:20261115", lines)

    def test_rfc4791_9_6_5_expand_of_several_times_a_day(self):
        self.assertEqual(
            sorted(re.findall("DTSTART:(\\S+)", "\n".join(self.of("hours", EXPAND)))),
            ["20261112T080000Z", "20261112T083000Z", "20261112T200000Z", "20261112T203000Z",
             "20261113T070000Z", "20261113T073000Z"])

    def test_rfc4791_9_6_5_expand_of_what_does_not_repeat(self):
        lines = self.of("plain", EXPAND)
        self.assertIn("SUMMARY:Plain", lines)
        self.assertFalse([line for line in lines if line.startswith("RECURRENCE-ID")])

    def test_rfc4791_9_6_5_expand_in_a_query_and_in_sync(self):
        for body in (query(in_todo(RANGE), calendar_data(EXPAND)),
                     sync("", props=calendar_data(EXPAND))):
            self.assertIn("RECURRENCE-ID;VALUE=DATE:20261115", self.data(body, name="days"))

    def test_rfc4791_9_6_5_expand_of_parts(self):
        lines = self.of("series", '<C:comp name="VCALENDAR"><C:comp name="VTODO">'
                        '<C:prop name="DUE"/></C:comp></C:comp>' + EXPAND)
        self.assertEqual(["BEGIN:VCALENDAR", "BEGIN:VTODO", "DUE:20261112T090000Z", "END:VTODO",
                          "BEGIN:VTODO", "DUE:20261119T090000Z", "END:VTODO", "END:VCALENDAR", ""],
                         lines)

    def test_rfc4791_7_9_expand_within_limits(self):
        found = self.answer(multiget([self.list + "endless.ics", self.list + "plain.ics"],
                                     calendar_data('<C:expand start="20200101T000000Z" '
                                                   'end="20500101T000000Z"/>')))
        much, plain = found.findall(D + "response")
        self.assertIn(" 507 ", much.findtext(D + "status"))
        self.assertIsNotNone(much.find(f"{D}error/{D}number-of-matches-within-limits"))
        self.assertIsNotNone(plain.find(f".//{C}calendar-data"))

    def test_rfc4791_9_6_6_limit_recurrence_set(self):
        lines = self.of("series", LIMIT)
        self.assertEqual(["SUMMARY:Series", "SUMMARY:Moved"],
                         [line for line in lines if line.startswith("SUMMARY")])
        self.assertIn("RRULE:FREQ=WEEKLY", lines)
        self.assertIn("BEGIN:VTIMEZONE", lines)

    def test_rfc4791_9_6_7_limit_freebusy_set_is_accepted(self):
        self.assertEqual(self.of("plain"), self.of(
            "plain", '<C:limit-freebusy-set start="20261110T000000Z" end="20261120T000000Z"/>'))


# --- calendar-multiget ---------------------------------------------------------------------------

class Multiget(Case):
    tasks = {"a": ["SUMMARY:A"], "b c": ["SUMMARY:B"]}

    @classmethod
    def put(cls, name, lines):
        super().put(name.replace(" ", "%20"), lines)

    def statuses(self, *hrefs, **more):
        return [r.findtext(D + "status") or r.findtext(f"{D}propstat/{D}status")
                for r in self.answer(multiget(hrefs), **more).findall(D + "response")]

    def test_rfc4791_7_9_each_href_once(self):
        self.assertEqual(["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"],
                         self.statuses(self.list + "a.ics", self.list + "none.ics"))

    def test_rfc4791_7_9_spellings(self):
        for href in (self.list + "b%20c.ics", self.list + "b c.ics", "\n " + self.list + "a.ics\n",
                     world.bridge.url + self.list + "a.ics", self.list + "%61.ics"):
            self.assertEqual(["HTTP/1.1 200 OK"], self.statuses(href), href)

    def test_rfc4791_7_9_foreign_hrefs_are_404(self):
        for href in ("x-apple-reminderkit://REMCDReminder/1", self.list, self.home, "", "/",
                     self.home + "other/a.ics", self.list + "a%2Fb.ics", self.list + "%zz"):
            self.assertEqual(["HTTP/1.1 404 Not Found"], self.statuses(href), href)

    def test_rfc4791_7_9_any_depth(self):
        for depth in (None, "0", "1", "infinity"):
            self.assertEqual(1, len(self.statuses(self.list + "a.ics", depth=depth)))

    def test_rfc4791_7_9_no_href(self):
        self.assertEqual([], self.statuses())

    def test_rfc4791_7_9_etag_is_that_of_get(self):
        found = self.answer(multiget([self.list + "a.ics"]))
        self.assertEqual(self.dav.get(self.list + "a.ics").etag, found.findtext(f".//{D}getetag"))

    def test_rfc4791_7_9_on_what_has_no_objects(self):
        for path in ("/dav/", self.home, self.principal):
            self.refuses(multiget([self.list + "a.ics"]), D + "supported-report", path=path)

    def test_rfc4791_7_9_of_a_list_that_is_not_there(self):
        self.report(multiget([]), path=self.home + "none/", status=404)


# --- sync-collection -----------------------------------------------------------------------------

class Sync(Case):
    tasks = {"one": ["SUMMARY:one"], "two": ["SUMMARY:two"]}

    def changes(self, body, **more):
        """({name: status}, token)"""
        root = self.answer(body, **more)
        found = {}
        for response in root.findall(D + "response"):
            status = response.findtext(D + "status") or response.findtext(
                f"{D}propstat/{D}status")
            found[response.findtext(D + "href")] = int(status.split()[1])
        return found, root.findtext(D + "sync-token")

    def paths(self, *names):
        return {self.list + name + ".ics" for name in names}

    def test_rfc6578_3_4_initial(self):
        for body in (sync(""), sync(None)):
            found, token = self.changes(body)
            self.assertLessEqual(self.paths("one", "two"), set(found))
            self.assertEqual({200}, set(found.values()))
            self.assertNotIn(self.list, found)
            self.assertIn(":", token)

    def test_rfc6578_3_5_1_changed_and_3_5_2_removed(self):
        _, token = self.changes(sync(""))
        self.put("new", ["SUMMARY:new"])
        found, second = self.changes(sync(token))
        self.assertEqual({self.list + "new.ics": 200}, found)
        self.assertEqual(204, self.dav.delete(self.list + "new.ics").status)
        self.assertEqual({self.list + "new.ics": 404}, self.changes(sync(second))[0])
        found, last = self.changes(sync(token))
        self.assertEqual({self.list + "new.ics": 404}, found)
        self.assertEqual(({}, last), self.changes(sync(last)))

    def test_rfc6578_3_5_removed_and_made_again_has_changed(self):
        self.put("again", ["SUMMARY:again"])
        _, token = self.changes(sync(""))
        self.dav.delete(self.list + "again.ics")
        self.put("again", ["SUMMARY:again"])
        self.assertEqual({self.list + "again.ics": 200}, self.changes(sync(token))[0])

    def test_rfc6578_4_token_is_a_property(self):
        found = self.dav.propfind(self.list, "d:sync-token")
        self.assertEqual(found.items[self.list].text("d:sync-token"),
                         self.changes(sync(""))[1])

    def test_rfc6578_3_2_valid_sync_token(self):
        _, token = self.changes(sync(""))
        for bad in ("x", "http://example.org/1", token + "9", token + ":99", token[:-1] + "x",
                    "urn:duedav:sync:other:" + token.split(":")[-1]):
            self.refuses(sync(bad), D + "valid-sync-token")

    def test_rfc6578_3_3_level(self):
        self.assertEqual(self.changes(sync("")), self.changes(sync("", level="infinite")))
        self.assertEqual(self.changes(sync("")), self.changes(sync("", level=None)))
        self.report(sync("", level="2"), status=400)

    def test_rfc6578_6_3_no_traversal_of_the_home(self):
        self.refuses(sync("", level="infinite"), D + "sync-traversal-supported", path=self.home)

    def test_rfc6578_3_2_depth_0_and_those_that_clients_send(self):
        for depth in ("0", "1", None, "infinity"):
            self.assertLessEqual(self.paths("one", "two"),
                                 set(self.changes(sync(""), depth=depth)[0]))

    def test_rfc6578_3_6_truncated(self):
        limit = "<D:limit><D:nresults>1</D:nresults></D:limit>"
        everything, _ = self.changes(sync(""))
        seen, token, rounds = {}, "", 0
        while True:
            found, token = self.changes(sync(token, limit))
            rounds += 1
            is_truncated = found.pop(self.list, None)
            seen.update(found)
            if not is_truncated:
                break
            self.assertEqual((507, 1), (is_truncated, len(found)))
        self.assertEqual(everything, seen)
        self.assertEqual(len(everything), rounds)
        self.assertEqual({}, self.changes(sync(token))[0])

    def test_rfc6578_3_6_the_507_names_its_condition(self):
        root = self.answer(sync("", "<D:limit><D:nresults>1</D:nresults></D:limit>"))
        self.assertIsNotNone(root.find(
            f"{D}response/{D}error/{D}number-of-matches-within-limits"))

    def test_rfc6578_3_7_bad_limits(self):
        for bad in ("0", "-1", "many", ""):
            self.report(sync("", f"<D:limit><D:nresults>{bad}</D:nresults></D:limit>"),
                        status=400)

    def test_rfc6578_3_3_properties_of_the_members(self):
        root = self.answer(sync("", props="<D:getetag/><C:calendar-data/><D:displayname/>"))
        response = root.find(D + "response")
        self.assertTrue(response.find(f".//{C}calendar-data").text.startswith("BEGIN:VCALENDAR"))
        self.assertEqual(2, len(response.findall(D + "propstat")))

    def test_rfc6578_3_of_the_home(self):
        found, token = self.changes(sync(""), path=self.home)
        self.assertIn(self.list, found)
        self.assertEqual(({}, token), self.changes(sync(token), path=self.home))
        self.refuses(sync(token + "x"), D + "valid-sync-token", path=self.home)

    def test_rfc6578_3_7_a_limit_on_the_home(self):
        self.refuses(sync("", "<D:limit><D:nresults>1</D:nresults></D:limit>"),
                     D + "number-of-matches-within-limits", status=507, path=self.home)

    def test_rfc6578_3_on_what_has_no_members(self):
        for path in (self.list + "one.ics", self.principal, "/dav/"):
            self.refuses(sync(""), D + "supported-report", path=path)


class OldTokens(harness.Case):
    """Removals are forgotten after 90 days, and with them the tokens that would need them."""

    def sync(self, token, limit=None):
        more = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>" if limit else ""
        return self.dav.request("REPORT", self.list, sync(token, more), {"Depth": "0"})

    def token(self, reply):
        self.assertEqual(207, reply.status, reply)
        return ElementTree.fromstring(reply.body).findtext(D + "sync-token")

    def restart_after(self, clock, days):
        """Housekeeping is done at the start, and lists are read from the store."""
        self.bridge.stop()
        clock.advance(days * 24 * 3600)
        self.bridge.start()
        self.dav = self.bridge.dav("alice", self.password)

    def test_rfc6578_3_2_forgotten_removals(self):
        clock = self.start_clock()
        sandbox = self.start_sandbox(clock=clock)
        self.bridge = harness.Bridge(self.folder, sandbox.url, clock)
        self.password = self.bridge.add_user("alice", "alice-token")
        self.started(self.bridge.start())
        self.dav = self.bridge.dav("alice", self.password)
        self.list = self.dav.collections()["Tasks"]
        for name in "abcd":
            self.assertEqual(201, self.dav.put(
                self.list + name + ".ics", calendar(todo(name, "SUMMARY:" + name))).status)
        before = self.token(self.sync(""))
        page = self.token(self.sync("", limit=2))
        for name in "ab":
            self.dav.put(self.list + name + ".ics", calendar(todo(name, "SUMMARY:new " + name)))
        self.assertEqual(204, self.dav.delete(self.list + "d.ics").status)
        middle = self.token(self.sync(before, limit=1))
        after = self.token(self.sync(""))
        self.restart_after(clock, 89)
        for token in (before, page, middle, after):
            self.assertEqual(207, self.sync(token).status, token)
        self.restart_after(clock, 2)
        # These would have to be told of the removal, and it is forgotten ...
        for token in (before, page, middle):
            reply = self.sync(token)
            self.assertEqual(403, reply.status, (token, reply))
            self.assertIn(b"valid-sync-token", reply.body)
        # ... this one has been told, and who begins now has nothing to be told of.
        self.assertEqual(207, self.sync(after).status)
        token, seen = "", b""
        for _ in range(3):
            reply = self.sync(token, limit=1)
            token, seen = self.token(reply), seen + reply.body
        self.assertNotIn(b"507", reply.body)
        for name in (b"a.ics", b"b.ics", b"c.ics"):
            self.assertIn(name, seen)


# --- the other reports ---------------------------------------------------------------------------

def expand_property(inner):
    return f"<D:expand-property {NS}>{inner}</D:expand-property>"


def search(inner, more="", attributes=""):
    return (f"<D:principal-property-search {NS} {attributes}>{inner}"
            f"<D:prop><D:displayname/></D:prop>{more}</D:principal-property-search>")


def one_search(props, match):
    return f"<D:property-search><D:prop>{props}</D:prop><D:match>{match}</D:match></D:property-search>"


class Others(Case):
    tasks = {"a": ["SUMMARY:A"]}

    def hrefs(self, body, **more):
        return [r.findtext(D + "href") for r in self.answer(body, **more).findall(D + "response")]

    def test_rfc3253_3_8_expand_property(self):
        root = self.answer(expand_property(
            '<D:property name="current-user-principal"><D:property name="displayname"/>'
            '<D:property name="no-such"/></D:property><D:property name="resourcetype"/>'),
            path=self.home, depth="0")
        outer = root.find(D + "response")
        self.assertEqual(self.home, outer.findtext(D + "href"))
        inner = outer.find(f"{D}propstat/{D}prop/{D}current-user-principal/{D}response")
        self.assertEqual(self.principal, inner.findtext(D + "href"))
        good, bad = inner.findall(D + "propstat")
        self.assertEqual(USER, good.findtext(f"{D}prop/{D}displayname"))
        self.assertIsNotNone(bad.find(f"{D}prop/{D}no-such"))
        self.assertIsNotNone(outer.find(f"{D}propstat/{D}prop/{D}resourcetype/{D}collection"))

    def test_rfc3253_3_8_expand_property_in_depth(self):
        root = self.answer(expand_property(
            '<D:property name="owner"><D:property name="calendar-home-set" '
            'namespace="urn:ietf:params:xml:ns:caldav"><D:property name="owner"><D:property '
            'name="principal-URL"/></D:property></D:property></D:property>'), path=self.list)
        self.assertEqual([self.list, self.principal, self.home, self.principal],
                         [r.findtext(D + "href") for r in root.iter(D + "response")])

    def test_rfc3253_3_8_expand_property_of_an_object(self):
        root = self.answer(expand_property(
            '<D:property name="owner"><D:property name="displayname"/></D:property>'
            '<D:property name="getetag"/>'), path=self.list + "a.ics")
        self.assertEqual(self.dav.get(self.list + "a.ics").etag, root.findtext(f".//{D}getetag"))
        self.assertEqual(USER, root.findtext(f".//{D}displayname"))
        self.report(expand_property(""), path=self.list + "none.ics", status=404)

    def test_rfc3253_3_8_expand_property_of_what_is_kept_with_an_object(self):
        path = self.list + "a.ics"
        reply = self.dav.request("PROPPATCH", path, f"<D:propertyupdate {NS}><D:set><D:prop>"
                                 "<z xmlns='urn:x'>1</z></D:prop></D:set></D:propertyupdate>")
        self.assertEqual(207, reply.status)
        root = self.answer(expand_property('<D:property name="z" namespace="urn:x"/>'), path=path)
        self.assertEqual("1", root.findtext(".//{urn:x}z"))

    def test_rfc3253_3_8_what_macos_asks_of_the_principal(self):
        root = self.answer(expand_property(
            '<D:property name="calendar-proxy-write-for" '
            'namespace="http://calendarserver.org/ns/"><D:property name="displayname"/>'
            "</D:property>"), path=self.principal)
        missing = root.findall(f"{D}response/{D}propstat")[-1]
        self.assertIsNotNone(missing.find(f"{D}prop/{CS}calendar-proxy-write-for"))

    def test_rfc3253_3_8_bad_properties(self):
        for bad in ("<D:property/>", '<D:property name=""/>', '<D:property name="a b"/>',
                    '<D:property name="a&gt;&lt;b"/>',
                    '<D:property name="a" namespace="http://www.w3.org/2000/xmlns/"/>',
                    '<D:property name="a"/>' * 501):
            self.report(expand_property(bad), path=self.principal, status=400)

    def test_rfc3744_9_3_principal_match_self(self):
        self.assertEqual([self.principal], self.hrefs(
            f"<D:principal-match {NS}><D:self/></D:principal-match>", path="/dav/principals/"))

    def test_rfc3744_9_3_principal_match_needs_a_way_to_match(self):
        self.report(f"<D:principal-match {NS}/>", path="/dav/principals/", status=400)

    def test_rfc3744_9_4_search_by_name(self):
        for match in ("ali", "LIC", USER):
            self.assertEqual([self.principal], self.hrefs(
                search(one_search("<D:displayname/>", match)), path="/dav/principals/"))
        self.assertEqual([], self.hrefs(search(one_search("<D:displayname/>", "bob")),
                                        path="/dav/principals/"))

    def test_rfc3744_9_4_search_by_address(self):
        address = one_search("<C:calendar-user-address-set/>", "principals/" + USER)
        self.assertEqual([self.principal], self.hrefs(search(address), path="/dav/principals/"))

    def test_rfc3744_9_4_all_searches_have_to_hold(self):
        both = one_search("<D:displayname/>", "ali") + one_search("<D:displayname/>", "bob")
        self.assertEqual([], self.hrefs(search(both), path="/dav/principals/"))
        self.assertEqual([self.principal], self.hrefs(
            search(both, attributes='test="anyof"'), path="/dav/principals/"))
        self.assertEqual([], self.hrefs(search(one_search(
            "<D:displayname/><D:getetag/>", "ali")), path="/dav/principals/"))

    def test_rfc3744_9_4_bad_searches(self):
        for bad in ("", "<D:property-search/>",
                    "<D:property-search><D:match>a</D:match></D:property-search>"):
            self.report(search(bad), path="/dav/principals/", status=400)

    def test_rfc3744_9_4_applied_to_the_principal_collections(self):
        self.assertEqual([self.principal], self.hrefs(
            search(one_search("<D:displayname/>", "ali"),
                   "<D:apply-to-principal-collection-set/>"), path=self.home))

    def test_rfc3744_9_5_search_properties(self):
        reply = self.report(f"<D:principal-search-property-set {NS}/>", path="/principals/",
                            status=200)
        root = ElementTree.fromstring(reply.body)
        self.assertEqual(
            {D + "displayname", C + "calendar-user-address-set", CS + "email-address-set"},
            {e[0].tag for e in root.iter(D + "prop")})

    def test_rfc3744_9_2_acl_principal_prop_set(self):
        self.assertEqual([], self.hrefs(
            f"<D:acl-principal-prop-set {NS}><D:prop/></D:acl-principal-prop-set>"))

    def test_rfc4791_7_10_free_busy_is_free(self):
        body = f"<C:free-busy-query {NS}>{RANGE}</C:free-busy-query>"
        for path in (self.list, self.home):
            reply = self.report(body, path=path, status=200)
            self.assertTrue(reply.headers["Content-Type"].startswith("text/calendar"))
            lines = unfold(reply.text)
            self.assertIn("DTSTART:20261110T000000Z", lines)
            self.assertIn("DTEND:20261120T000000Z", lines)
            self.assertFalse([line for line in lines if line.startswith("FREEBUSY")])

    def test_rfc4791_7_10_bad_ranges(self):
        for bad in ("", '<C:time-range start="20261110T000000Z"/>', "<C:time-range/>",
                    '<C:time-range start="20261111T000000Z" end="20261110T000000Z"/>'):
            self.report(f"<C:free-busy-query {NS}>{bad}</C:free-busy-query>", status=400)

    def test_rfc3253_3_6_unknown_reports(self):
        for path in (self.list, self.home, self.principal, self.list + "a.ics", "/dav/"):
            self.refuses(f"<D:version-tree {NS}/>", D + "supported-report", path=path)
            self.refuses('<x xmlns="urn:x"/>', D + "supported-report", path=path)

    def test_rfc3253_3_6_bodies(self):
        for bad in (None, "", "   ", "<D:sync-collection", "hello", "<a><b></a>"):
            self.report(bad, status=400)
        self.report(sync(""))  # the connection goes on

    def test_rfc3253_3_1_5_each_listed_report_is_known(self):
        bodies = {
            C + "calendar-query": query(in_todo()), C + "calendar-multiget": multiget([]),
            C + "free-busy-query": f"<C:free-busy-query {NS}>{RANGE}</C:free-busy-query>",
            D + "sync-collection": sync(""), D + "expand-property": expand_property(""),
            D + "principal-property-search": search(one_search("<D:displayname/>", "a")),
            D + "principal-search-property-set": f"<D:principal-search-property-set {NS}/>",
            D + "principal-match": f"<D:principal-match {NS}><D:self/></D:principal-match>",
        }
        for path in ("/dav/", "/dav/principals/", self.principal, self.home, self.list):
            found = self.dav.propfind(path, "d:supported-report-set").items[path]
            for report in found.props[D + "supported-report-set"].iter(D + "report"):
                with self.subTest(path=path, report=report[0].tag):
                    reply = self.dav.request("REPORT", path, bodies[report[0].tag],
                                             {"Depth": "0"})
                    self.assertIn(reply.status, (200, 207))

    def test_rfc3253_3_6_of_what_is_not_there(self):
        for path in (self.home + "none/", self.home + "none/a.ics", "/dav/calendars/bob/"):
            self.report(query(in_todo()), path=path, status=404)


if __name__ == "__main__":
    unittest.main()
