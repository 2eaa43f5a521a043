"""What clients that cannot run here send, as ../shared/reference/caldav.md tells it, with the checks
that they make themselves: Apple's daemons, DAVx5, Tasks.org, KDE, Nextcloud Tasks, Planify, tsdav.
And the requests of Thunderbird, evolution-data-server, vdirsyncer and calcurse as they were captured
(captured-clients.md), so that they are checked where the programs are not installed.
"""
import uuid

import conformance
from conformance import A, C, CS, D, NS, Answer, Case
from harness import vtodo

setUpModule = conformance.start
tearDownModule = conformance.stop

ME = "{http://me.com/_namespace/}"
PREFIXES = dict(A="http://apple.com/ns/ical/", C="urn:ietf:params:xml:ns:caldav",
                CS="http://calendarserver.org/ns/", D="DAV:", ME="http://me.com/_namespace/",
                T="http://org.tasks/ns/", OC="http://owncloud.org/ns",
                P="https://bitfire.at/webdav-push", CR="urn:ietf:params:xml:ns:carddav")
HOME_OF_APPLE = (
    "D:add-member CS:allowed-sharing-modes A:autoprovisioned ME:bulk-requests C:calendar-alarm "
    "A:calendar-color C:calendar-description C:calendar-free-busy-set A:calendar-order "
    "C:calendar-timezone D:current-user-privilege-set C:default-alarm-vevent-date "
    "C:default-alarm-vevent-datetime D:displayname CS:getctag CS:invite A:language-code "
    "A:location-code C:max-attendees-per-instance D:owner CS:pre-publish-url CS:publish-url "
    "CS:push-transports CS:pushkey D:quota-available-bytes D:quota-used-bytes A:refreshrate "
    "D:resource-id D:resourcetype C:schedule-calendar-transp C:schedule-default-calendar-URL "
    "CS:source CS:subscribed-strip-alarms CS:subscribed-strip-attachments "
    "CS:subscribed-strip-todos C:supported-calendar-component-set "
    "C:supported-calendar-component-sets D:supported-report-set D:sync-token")


def elements(names):
    """Each with a declaration of its own, as KDE and Planify write them."""
    return "".join('<x:%s xmlns:x="%s"/>' % (name.split(":")[1], PREFIXES[name.split(":")[0]])
                   for name in names.split())


def tag(name):
    prefix, local = name.split(":")
    return "{%s}%s" % (PREFIXES[prefix], local)


class Replay(Case):
    HEADERS = {}

    def ask_for(self, path, names, depth="0", **headers):
        body = "<propfind xmlns='DAV:'><prop>%s</prop></propfind>" % elements(names)
        return self.answer("PROPFIND", path, body, Depth=depth, **self.HEADERS, **headers)

    def href(self, path, name):
        return self.ask_for(path, name).found[path][tag(name)].findtext(D + "href")

    def discover(self, start):
        """Principal and home from an address by the usual way."""
        principal = self.href(start, "D:current-user-principal")
        home = self.href(principal, "C:calendar-home-set")
        return principal, home

    def lists(self, home, names):
        """What a client takes for task lists: {path: properties}."""
        answer = self.ask_for(home, names, "1")
        return {path: found for path, found in answer.found.items()
                if found[D + "resourcetype"].find(C + "calendar") is not None}

    def report(self, path, body, **headers):
        return self.answer("REPORT", path, body, **self.HEADERS, **headers)

    def sync(self, path, token, props, **headers):
        return self.report(path, "<sync-collection xmlns='DAV:'><sync-token>%s</sync-token>"
                           "<sync-level>1</sync-level><prop>%s</prop></sync-collection>"
                           % (token, elements(props)), **headers)

    def query(self, path, props, inner="<C:comp-filter name='VTODO'/>", **headers):
        return self.report(path, "<C:calendar-query xmlns:C='%s' xmlns='DAV:'><prop>%s</prop>"
                           "<C:filter><C:comp-filter name='VCALENDAR'>%s</C:comp-filter></C:filter>"
                           "</C:calendar-query>" % (PREFIXES["C"], elements(props), inner),
                           **headers)

    def multiget(self, path, props, hrefs, **headers):
        return self.report(path, "<C:calendar-multiget xmlns:C='%s' xmlns='DAV:'><prop>%s</prop>%s"
                           "</C:calendar-multiget>" % (PREFIXES["C"], elements(props), "".join(
                               "<href>%s</href>" % href for href in hrefs)), **headers)

    def make_task(self, *lines):
        name = uuid.uuid4().hex
        return self.put(name + ".ics", *lines, uid=name)[0]


class Apple(Replay):
    """iOS and macOS: accountsd, remindd, dataaccessd. Each request goes out without a password
    first; names are in prefixes of their own making."""
    HEADERS = {"User_Agent": "iOS/18.0 (22A3354) dataaccessd/1.0", "Accept": "*/*",
               "Content_Type": "text/xml", "Brief": "t", "Prefer": "return=minimal"}

    def request(self, status, method, path, body=None, **headers):
        if status not in (301, 401):
            asked = self.anonymous.request(method, path, body, {"Content-Type": "text/xml"})
            self.assertEqual(401, asked.status, (method, path))
        return super().request(status, method, path, body, **headers)

    def test_account_set_up(self):
        redirect = self.anonymous.request("PROPFIND", "/.well-known/caldav", None, {"Depth": "0"})
        self.assertEqual(301, redirect.status)
        for start in (redirect.headers["Location"], "/", "/principals/"):
            principal = self.href(start, "D:current-user-principal")
            self.assertEqual(self.principal, principal)
        options = self.request(200, "OPTIONS", principal)
        self.assertIn("calendar-access", options.headers["DAV"])
        found = self.ask_for(principal, (
            "C:calendar-home-set C:calendar-user-address-set D:current-user-principal "
            "D:displayname CS:dropbox-home-URL CS:email-address-set CS:notification-URL "
            "D:principal-collection-set D:principal-URL D:resource-id C:schedule-inbox-URL "
            "C:schedule-outbox-URL D:supported-report-set")).found[principal]
        self.assertEqual([self.home], [h.text for h in found[C + "calendar-home-set"]])
        self.assertNotIn(C + "schedule-inbox-URL", found)
        collection = found[D + "principal-collection-set"].findtext(D + "href")
        reply = self.request(200, "REPORT", collection, "<B:principal-search-property-set "
                             "xmlns:B='DAV:'/>", Depth="0")
        self.assertIn("principal-search-property-set", reply.text)
        self.report(principal, "<B:expand-property xmlns:B='DAV:'><B:property "
                    "name='calendar-proxy-write-for' namespace='%s'><B:property "
                    "name='displayname' namespace='DAV:'/></B:property></B:expand-property>"
                    % PREFIXES["CS"], Depth="0")

    def test_the_home_has_what_a_list_of_reminders_needs(self):
        answer = self.ask_for(self.home, HOME_OF_APPLE, "1")
        self.assertEqual({}, answer.missing)
        found = answer.found[self.list]
        for name in ("displayname", "owner", "current-user-privilege-set", "supported-report-set",
                     "sync-token"):
            self.assertTrue(len(found[D + name]) or found[D + name].text, name)
        self.assertEqual(["VTODO"], [c.get("name") for c in
                                     found[C + "supported-calendar-component-set"]])
        self.assertIsNotNone(found[C + "schedule-calendar-transp"].find(C + "opaque"))
        self.assertTrue(found[CS + "getctag"].text)
        for name in ("add-member", "resource-id"):
            self.assertNotIn(D + name, found)
        self.assertNotIn(ME + "bulk-requests", found)
        self.assertIn(D + "sync-collection", {r[0][0].tag for r in answer.found[self.home][
            D + "supported-report-set"]})

    def test_a_new_list_with_its_colour(self):
        path = self.home + str(uuid.uuid4()).upper() + "/"
        self.request(201, "MKCALENDAR", path, """<?xml version="1.0" encoding="UTF-8"?>
            <B:mkcalendar xmlns:B="urn:ietf:params:xml:ns:caldav"><A:set xmlns:A="DAV:"><A:prop>
            <B:calendar-free-busy-set><NO/></B:calendar-free-busy-set>
            <D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="red">#FF2968FF
            </D:calendar-color><A:displayname>Groceries %s</A:displayname>
            <B:supported-calendar-component-set><B:comp name="VTODO"/>
            </B:supported-calendar-component-set>
            <D:calendar-order xmlns:D="http://apple.com/ns/ical/">2</D:calendar-order>
            <B:schedule-calendar-transp><B:transparent/></B:schedule-calendar-transp>
            </A:prop></A:set></B:mkcalendar>""" % path[-5:-1])
        found = self.ask_for(self.home, HOME_OF_APPLE, "1").found[path]
        color = found[A + "calendar-color"]
        self.assertEqual(("#FF2968FF", "red"), (color.text.strip(), color.get("symbolic-color")))
        self.assertEqual("2", found[A + "calendar-order"].text)
        self.assertIsNotNone(found[C + "schedule-calendar-transp"].find(C + "transparent"))
        self.assertIn("Groceries " + path[-5:-1], self.world.folder_names())

    def test_a_list_of_events_is_refused_in_words_it_knows(self):
        path = self.home + str(uuid.uuid4()).upper() + "/"
        reply = self.request(403, "MKCALENDAR", path, "<B:mkcalendar xmlns:B='%s'><A:set xmlns:A="
                             "'DAV:'><A:prop><A:displayname>Calendar</A:displayname>"
                             "<B:supported-calendar-component-set><B:comp name='VEVENT'/>"
                             "</B:supported-calendar-component-set></A:prop></A:set></B:mkcalendar>"
                             % PREFIXES["C"])
        self.error(reply, C + "supported-calendar-component")
        self.assertNotIn("Calendar", self.world.folder_names())

    def test_colour_and_order_are_set_twice_and_on_the_home(self):
        for _ in range(2):
            reply = self.dav.request("PROPPATCH", self.list, "<A:propertyupdate xmlns:A='DAV:'>"
                                     "<A:set><A:prop><D:calendar-color symbolic-color='blue' "
                                     "xmlns:D='%(A)s'>#1BADF8FF</D:calendar-color><D:calendar-order"
                                     " xmlns:D='%(A)s'>5</D:calendar-order></A:prop></A:set>"
                                     "</A:propertyupdate>" % PREFIXES, {"Depth": "0"})
            self.assertEqual(207, reply.status)
            self.assertEqual({}, Answer(reply.body).refused)
        reply = self.dav.request("PROPPATCH", self.home, "<A:propertyupdate xmlns:A='DAV:'><A:set>"
                                 "<A:prop><B:default-alarm-vevent-date xmlns:B='%s'>BEGIN:VALARM"
                                 "</B:default-alarm-vevent-date></A:prop></A:set>"
                                 "</A:propertyupdate>" % PREFIXES["C"])
        self.assertEqual((207, {}), (reply.status, Answer(reply.body).refused))
        home = self.ask_for(self.home, HOME_OF_APPLE).found[self.home]
        self.assertEqual("BEGIN:VALARM", home[C + "default-alarm-vevent-date"].text)

    def reminder(self, uid, *lines):
        return "\r\n".join([
            "BEGIN:VCALENDAR", "CALSCALE:GREGORIAN", "PRODID:-//Apple Inc.//iOS 18.0//EN",
            "VERSION:2.0", "BEGIN:VTODO", "CREATED:20260601T080000Z",
            "DTSTAMP:20260601T080002Z", "DUE;TZID=Europe/Oslo:20270604T110000",
            "DTSTART;TZID=Europe/Oslo:20270604T110000", *lines, "SUMMARY:Buy milk", "UID:" + uid,
            "X-APPLE-SORT-ORDER:802000000", "BEGIN:VALARM", "ACTION:DISPLAY",
            "DESCRIPTION:Reminder", "TRIGGER;VALUE=DATE-TIME:20270604T090000Z", "UID:A-" + uid,
            "X-WR-ALARMUID:A-" + uid, "END:VALARM", "END:VTODO", "BEGIN:VTIMEZONE",
            "TZID:Europe/Oslo", "BEGIN:STANDARD", "DTSTART:19961027T030000",
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "TZNAME:CET", "TZOFFSETFROM:+0200",
            "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE", "END:VCALENDAR", ""])

    def test_a_new_reminder_with_an_alarm_its_completion_and_its_place(self):
        uid = str(uuid.uuid4()).upper()
        path = self.list + uid + ".ics"
        token = self.sync(self.list, "", "D:getcontenttype D:getetag", Depth="1").token
        reply = self.request(201, "PUT", path, self.reminder(uid), If_None_Match="*",
                             Content_Type="text/calendar; charset=utf-8")
        self.assertTrue(reply.etag)
        changed = self.sync(self.list, token, "D:getcontenttype D:getetag", Depth="1")
        self.assertEqual(reply.etag, changed.found[path][D + "getetag"].text)
        text = self.multiget(self.list, "D:getetag C:calendar-data", ["\n  %s\n " % path],
                             Depth="1").found[path][C + "calendar-data"].text
        self.assertEqual(self.reminder(uid), text)
        done = self.reminder(uid, "COMPLETED:20260602T080000Z", "PERCENT-COMPLETE:100",
                             "STATUS:COMPLETED")
        reply = self.request(204, "PUT", path, done, If_Match=reply.etag,
                             If_Schedule_Tag_Match="", Content_Type="text/calendar")
        self.assertTrue(reply.etag)
        self.assertEqual(done, self.get(path).text)
        again = self.sync(self.list, changed.token, "D:getetag", Depth="1")
        self.assertEqual([path], list(again.found))
        moved = done.replace("SORT-ORDER:802000000", "SORT-ORDER:1")
        self.request(204, "PUT", path, moved, If_Match=reply.etag, Content_Type="text/calendar")
        self.assertEqual(moved, self.get(path).text)
        last = self.sync(self.list, again.token, "D:getetag", Depth="1")
        self.assertEqual({}, self.sync(self.list, last.token, "D:getetag", Depth="1").found)

    def test_a_token_it_should_not_have_and_hrefs_of_its_own(self):
        reply = self.request(403, "REPORT", self.list, "<A:sync-collection xmlns:A='DAV:'>"
                             "<A:sync-token>https://old/1</A:sync-token><A:sync-level>1"
                             "</A:sync-level><A:prop><A:getetag/></A:prop></A:sync-collection>",
                             Depth="1")
        self.error(reply, D + "valid-sync-token")
        strange = "x-apple-reminderkit://REMCDReminder/" + str(uuid.uuid4()).upper()
        path = self.make_task()
        answer = self.multiget(self.list, "D:getetag C:calendar-data", [strange, path], Depth="1")
        self.assertEqual(({strange: 404}, [path]), (answer.statuses, list(answer.found)))


class Davx5(Replay):
    HEADERS = {"User_Agent": "DAVx5/4.5 (at.bitfire.davdroid)",
               "Accept": "application/xml, text/xml"}

    def test_from_the_address_to_a_second_sync_without_changes(self):
        self.ask_for("/", "D:resourcetype D:displayname D:current-user-principal "
                     "D:current-user-privilege-set C:calendar-home-set "
                     "C:supported-calendar-component-set A:calendar-color "
                     "C:calendar-description C:calendar-timezone")
        self.request(404, "PROPFIND", "/.well-known/carddav", Depth="0")
        principal, home = self.discover("/dav/")
        self.assertIn("calendar-access", self.request(200, "OPTIONS", principal).headers["DAV"])
        self.ask_for(principal, "D:displayname D:group-membership D:resourcetype "
                     "C:calendar-home-set CS:calendar-proxy-read-for CS:calendar-proxy-write-for")
        found = self.lists(home, "D:current-user-privilege-set D:displayname D:owner "
                           "D:resourcetype P:transports P:topic A:calendar-color "
                           "C:calendar-description C:calendar-timezone C:calendar-timezone-id "
                           "C:supported-calendar-component-set CS:source")[self.list]
        self.assertIn(D + "write-content",
                      {p[0].tag for p in found[D + "current-user-privilege-set"]})
        path = self.make_task()
        state = "D:supported-report-set D:sync-token CS:getctag C:max-resource-size"
        before = self.ask_for(self.list, state).found[self.list]
        etags = self.query(self.list, "D:getetag", Depth="1").found
        self.assertTrue(etags[path][D + "getetag"].text.startswith('"'))
        data = self.multiget(self.list, "D:getcontenttype D:getetag C:schedule-tag C:calendar-data",
                             [path])
        self.assertIn(C + "schedule-tag", data.missing[path])
        self.assertEqual(etags[path][D + "getetag"].text, data.found[path][D + "getetag"].text)
        after = self.ask_for(self.list, state).found[self.list]
        self.assertEqual(before[D + "sync-token"].text, after[D + "sync-token"].text)

    def test_a_new_list(self):
        path = self.home + str(uuid.uuid4()) + "/"
        reply = self.request(201, "MKCALENDAR", path, "<C:mkcalendar %s><D:set><D:prop>"
                             "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
                             "<D:displayname>From DAVx5 %s</D:displayname><C:calendar-description>"
                             "d</C:calendar-description><A:calendar-color>#FF8BC34A"
                             "</A:calendar-color><C:calendar-timezone-id>Europe/Oslo"
                             "</C:calendar-timezone-id></D:prop></D:set></C:mkcalendar>"
                             % (NS, path[-5:-1]))
        self.assertEqual("0", reply.headers["Content-Length"])
        self.request(204, "DELETE", path)


class TasksOrg(Replay):
    HEADERS = {"User_Agent": "org.tasks/140000 (googleplay) Android/14"}
    HOME = ("D:resourcetype D:displayname C:supported-calendar-component-set CS:getctag "
            "A:calendar-color D:sync-token D:share-access D:invite OC:owner-principal OC:invite "
            "D:current-user-privilege-set D:current-user-principal T:x-calendar-icon")

    def test_from_the_address_to_a_second_sync_without_changes(self):
        principal, home = self.discover("/")
        lists = self.lists(home, self.HOME)
        for found in lists.values():  # without a name the sync of the account ends
            self.assertTrue(found[D + "displayname"].text)
            self.assertEqual("VTODO", found[C + "supported-calendar-component-set"][0].get("name"))
        path = self.make_task()
        before = self.lists(home, self.HOME)[self.list][D + "sync-token"].text
        self.assertNotEqual(lists[self.list][D + "sync-token"].text, before)
        self.assertIn(path, self.query(self.list, "D:getetag", Depth="1").found)
        self.assertTrue(self.multiget(self.list, "D:getetag C:calendar-data", [path],
                                      Depth="1").found[path][C + "calendar-data"].text)
        self.assertEqual(before, self.lists(home, self.HOME)[self.list][D + "sync-token"].text)

    def test_the_probe_on_the_principal_is_told_no_in_the_multistatus(self):
        answer = Answer(self.set(self.principal, "<T:probe xmlns:T='http://org.tasks/ns/'>1"
                                 "</T:probe>").body)
        self.assertEqual([403], list(answer.refused[self.principal].values()))

    def test_the_icon_of_a_list_is_kept(self):
        self.set(self.list, "<T:x-calendar-icon xmlns:T='http://org.tasks/ns/'>home"
                 "</T:x-calendar-icon>")
        found = self.lists(self.home, self.HOME)[self.list]
        self.assertEqual("home", found[tag("T:x-calendar-icon")].text)

    def test_a_task_is_written_without_any_condition(self):
        path, etag = self.put("1234567890123456789.ics", uid="1234567890123456789")
        self.put("1234567890123456789.ics", uid="1234567890123456789", summary="two", status=204)


class Kde(Replay):
    HEADERS = {"User_Agent": "KDE DAV groupware client", "Content_Type": "text/xml; charset=utf-8"}

    def test_from_the_address_to_a_second_sync_without_changes(self):
        found = self.ask_for("/", "C:calendar-home-set D:current-user-principal "
                             "D:principal-URL").found["/"]
        home = found[C + "calendar-home-set"].findtext(D + "href")
        names = ("D:displayname D:resourcetype A:calendar-color C:supported-calendar-component-set "
                 "D:current-user-privilege-set CS:getctag P:transports P:topic "
                 "P:supported-triggers")
        self.assertIn(self.list, self.lists(home, names))
        path, etag = self.put("1700000000.R42.ics", uid="kde-1", If_None_Match="*")
        before = self.lists(home, names)[self.list][CS + "getctag"].text
        self.assertIn(path, self.query(self.list, "D:getetag D:resourcetype", Depth="1").found)
        self.assertEqual(etag, self.get(path).etag)
        self.assertEqual(before, self.lists(home, names)[self.list][CS + "getctag"].text)


class OtherClients(Replay):
    def test_planify(self):
        principal, home = self.discover("/dav/")
        lists = self.lists(home, "D:resourcetype D:displayname D:sync-token A:calendar-color "
                           "C:supported-calendar-component-set")
        path = self.make_task()
        data = self.query(self.list, "D:getetag C:calendar-data", Depth="1").found[path]
        self.assertTrue(data[C + "calendar-data"].text.startswith("BEGIN:VCALENDAR"))
        changed = self.sync(self.list, lists[self.list][D + "sync-token"].text,
                            "D:getetag D:getcontenttype", Depth="1")
        self.assertIn(path, changed.found)
        self.assertEqual({}, self.sync(self.list, changed.token, "D:getetag", Depth="1").found)

    def test_nextcloud_tasks(self):
        found = self.lists(self.home, "D:resourcetype D:displayname A:calendar-order "
                           "A:calendar-color C:supported-calendar-component-set OC:calendar-enabled"
                           " D:owner CS:getctag D:sync-token C:calendar-timezone "
                           "C:max-resource-size C:supported-collation-set")
        self.assertIn(self.list, found)
        path = self.make_task()
        self.assertIn(path, self.query(self.list, "D:getcontenttype D:getetag D:resourcetype "
                                       "D:displayname D:owner C:calendar-data", Depth="1").found)
        _, etag = self.put(path[len(self.list):], uid=path[len(self.list):-4], summary="two",
                           status=204, If_Match=self.get(path).etag)
        self.assertTrue(etag)

    def test_tsdav_asks_without_a_depth(self):
        path = self.make_task()
        answer = self.report(self.list, "<sync-collection xmlns='DAV:'><sync-level>1</sync-level>"
                             "<prop><getetag/><calendar-data xmlns='%s'/><displayname/></prop>"
                             "</sync-collection>" % PREFIXES["C"])
        self.assertIn(path, answer.found)
        self.assertTrue(answer.token)

    def test_thunderbird(self):
        found = self.ask_for("/", "D:resourcetype D:owner D:displayname D:current-user-principal "
                             "D:current-user-privilege-set A:calendar-color C:calendar-home-set")
        home = found.found["/"][C + "calendar-home-set"].findtext(D + "href")
        answer = self.ask_for(home, "D:resourcetype D:displayname D:current-user-privilege-set "
                              "A:calendar-color", "1")
        for href, props in answer.found.items():  # one without ends the detection
            self.assertIn(D + "resourcetype", props, href)
        self.request(200, "OPTIONS", home)
        path = self.make_task()
        first = self.sync(self.list, "", "D:getcontenttype D:getetag", Depth="1")
        self.assertTrue(path.endswith(".ics"))
        self.assertTrue(first.found[path][D + "getcontenttype"].text.startswith("text/calendar"))
        self.assertNotIn(self.list, first.found)
        self.request(204, "DELETE", path)
        second = self.sync(self.list, first.token, "D:getcontenttype D:getetag", Depth="1")
        self.assertEqual({path: 404}, second.statuses)
        third = self.sync(self.list, second.token, "D:getcontenttype D:getetag", Depth="1")
        self.assertEqual(({}, {}), (third.found, third.statuses))

    def test_evolution(self):
        reply = self.request(200, "OPTIONS", self.list)
        self.assertIn("calendar-access", reply.headers["DAV"])
        self.ask_for(self.list, "CS:getctag D:supported-report-set")
        path = self.make_task("DUE:20260504T100000Z")
        ctag = self.ctag()
        for inner in ("<C:comp-filter name='VTODO'><C:time-range start='20260330T000000Z' "
                      "end='20260608T000000Z'/></C:comp-filter>", "<C:comp-filter name='VTODO'/>"):
            self.assertIn(path, self.query(self.list, "D:getetag", inner, Depth="1").found)
        self.assertIn(path, self.query(self.list, "D:getetag C:calendar-data", Depth="0").found)
        self.assertIn(path, self.multiget(self.list, "D:getetag C:calendar-data", [path]).found)
        self.assertEqual(ctag, self.ctag())

    def test_calcurse(self):
        text = vtodo("calcurse", "SUMMARY:x").replace("\r\n", "\n").replace(
            "DTSTAMP:20260501T080000Z\n", "")
        path = self.list + "3b19bb889ba495a788a7e1a1757b3ff9741f3d3b.ics"
        self.request(201, "PUT", path, text, Content_Type="text/calendar; charset=utf-8")
        answer = self.query(self.list, "D:getetag", "", Depth="1")
        self.assertNotIn(self.list, answer.found)
        self.assertTrue(all(D + "getetag" in props for props in answer.found.values()))
        self.assertIn(path, self.multiget(self.list, "D:getetag", [path]).found)

    def test_vdirsyncer(self):
        principal, home = self.discover("/")
        self.assertIn(self.list, self.lists(home, "D:resourcetype"))
        path = self.make_task()
        listed = self.query(self.list, "D:getcontenttype D:getetag", Depth="1").found
        self.assertEqual(self.get(path).etag, listed[path][D + "getetag"].text)
        self.assertEqual([path], list(self.multiget(self.list, "D:getetag C:calendar-data",
                                                    [path]).found))
        new = self.fresh().rstrip("/")
        self.request(201, "MKCOL", new, "<mkcol xmlns='DAV:'><set><prop><resourcetype><collection/>"
                     "<calendar xmlns='%s'/></resourcetype></prop></set></mkcol>" % PREFIXES["C"])
