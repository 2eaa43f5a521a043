"""Each property of mapping.md's table on its way to Microsoft To Do and back (section 2, the Graph
column): what a client puts, what the service then holds, what the client reads, what another app
changes there, what the client reads then. V075 and what else is about files is in
test_attachments.py; RELATED-TO parents, which are checklist items, are in test_todo.Subtasks; series
that go on are in test_series.py."""
from harness import unfold, vtodo
from test_todo import PARIS, Todo, day

ALARM = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x"]
NEVER = ["dueDateTime", "startDateTime", "completedDateTime", "reminderDateTime", "recurrence"]


def at(date_time, zone=PARIS):
    return {"dateTime": date_time, "timeZone": zone}


def alarm(trigger, *lines):
    return [*ALARM, f"TRIGGER{trigger}", *lines, "END:VALARM"]


class Row:
    """put: lines beside UID and SUMMARY (which is the row's name, unless there is one among them).
    held: members there; a member that is None is not there. change: what another app sends;
    shown: lines that are served then, those with ! are not. again: what is held when the client
    then writes its first lines again, if that is not the same."""

    def __init__(self, name, put, held, change, shown, title=None, again=None):
        self.name, self.held, self.change, self.shown = name, held, change, shown
        self.again = again or held
        self.title = title or name
        self.put = put if title else [f"SUMMARY:{name}", *put]


def series(date):
    return [f"DTSTART;VALUE=DATE:{date}", f"DUE;VALUE=DATE:{date}"]


def rule(start, kind, **members):
    return {"pattern": {"interval": 1, "type": kind, **members},
            "range": {"type": "noEnd", "startDate": start}}


SERIES = series("20260504")

ROWS = [
    # SUMMARY (2.2)
    Row("text", ["SUMMARY:a\\, b\\; c\\\\d\\ne"], {}, {"title": "short"}, ["SUMMARY:short"],
        title="a, b; c\\d e"),
    Row("long", ["SUMMARY;LANGUAGE=de:" + "ä" * 300], {}, {"importance": "high"},
        ["SUMMARY;LANGUAGE=de:" + "ä" * 300, "PRIORITY:1"], title="ä" * 255),
    Row("V062", ["SUMMARY:" + "😀" * 200], {}, {"importance": "high"},
        ["SUMMARY:" + "😀" * 200, "PRIORITY:1"], title="😀" * 127),  # no half of one
    Row("V063", [], {}, {"importance": "high"}, ["!SUMMARY", "PRIORITY:1"], title="(no title)"),
    # DESCRIPTION (2.3)
    Row("notes", ["DESCRIPTION:l1\\nl2"], {"body": ("Text", "l1\r\nl2")},
        {"body": {"contentType": "text", "content": "new\r\n\r\nlines"}},
        ["DESCRIPTION:new\\n\\nlines"]),
    Row("V067", ["DESCRIPTION:x"], {"body": ("Text", "x")},
        {"body": {"contentType": "text", "content": "\r\n"}}, ["!DESCRIPTION"]),
    Row("html", ["DESCRIPTION:hi", "X-ALT-DESC;FMTTYPE=text/html:<b>hi</b>"],
        {"body": ("HTML", "<b>hi</b>")},
        {"body": {"contentType": "text", "content": "plain"}},
        ["DESCRIPTION:plain", "!X-ALT-DESC"]),
    Row("altrep", ['DESCRIPTION;ALTREP="data:text/html,%3Cb%3Ehi%3C%2Fb%3E":hi'],
        {"body": ("HTML", "<b>hi</b>")}, {"title": "altrep"}, ['DESCRIPTION;ALTREP="data:text/html,%3Cb%3Ehi%3C%2Fb%3E":hi']),
    # PRIORITY (2.4)
    Row("2", ["PRIORITY:2"], {"importance": "high"}, {"importance": "low"}, ["PRIORITY:9"]),
    Row("5", ["PRIORITY:5"], {"importance": "normal"}, {"importance": "high"}, ["PRIORITY:1"]),
    Row("7", ["PRIORITY:7"], {"importance": "low"}, {"importance": "normal"}, ["!PRIORITY"]),
    # CLASS: the service has none (2.5)
    Row("class", ["CLASS:CONFIDENTIAL"], {"sensitivity": None}, {"importance": "high"},
        ["CLASS:CONFIDENTIAL"]),
    # STATUS, PERCENT-COMPLETE, COMPLETED (2.6, 2.7)
    Row("none", [], {"status": "notStarted"}, {"status": "inProgress"}, ["STATUS:IN-PROCESS"]),
    Row("begun", ["STATUS:IN-PROCESS", "PERCENT-COMPLETE:40"], {"status": "inProgress"},
        {"status": "waitingOnOthers"},
        ["STATUS:IN-PROCESS", "X-MSTASK-STATUS:WAITINGONOTHERS"],
        again={"status": "waitingOnOthers"}),  # V049: that the client drops a line says nothing
    Row("percent", ["STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:30"], {"status": "inProgress"},
        {"status": "notStarted"}, ["STATUS:NEEDS-ACTION", "!PERCENT-COMPLETE"]),
    Row("cancelled", ["STATUS:CANCELLED"], {"status": "deferred", "isReminderOn": False},
        {"status": "notStarted"}, ["STATUS:NEEDS-ACTION"]),
    Row("put off", ["STATUS:NEEDS-ACTION"], {"status": "notStarted"}, {"status": "deferred"},
        ["STATUS:NEEDS-ACTION", "X-MSTASK-STATUS:DEFERRED"], again={"status": "deferred"}),
    Row("put off here", ["STATUS:NEEDS-ACTION", "X-MSTASK-STATUS:DEFERRED"],
        {"status": "deferred"}, {"status": "inProgress"},
        ["STATUS:IN-PROCESS", "!X-MSTASK-STATUS"]),
    Row("done", ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20260501T223000Z"],
        {"status": "completed", "completedDateTime": "2026-05-02"}, {"status": "notStarted"},
        ["STATUS:NEEDS-ACTION", "!COMPLETED", "!PERCENT-COMPLETE"]),
    Row("to do", ["STATUS:NEEDS-ACTION"], {"completedDateTime": None}, {"status": "completed"},
        ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20260504T0800"]),
    # DTSTART, DUE, DURATION (3)
    Row("days", ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260507"],
        {"startDateTime": "2026-05-05", "dueDateTime": "2026-05-07"},
        {"dueDateTime": day("2026-05-08")},
        ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260508"]),
    Row("times", ["DUE;TZID=Europe/Paris:20260506T180000"], {"dueDateTime": "2026-05-06"},
        {"dueDateTime": day("2026-05-07")}, ["DUE;TZID=Europe/Paris:20260507T180000"]),
    Row("utc", ["DUE:20260506T220000Z"], {"dueDateTime": "2026-05-07"}, {"dueDateTime": None},
        ["!DUE"]),
    Row("floating", ["DUE:20260506T233000"], {"dueDateTime": "2026-05-06"},
        {"dueDateTime": day("2026-05-09")}, ["DUE:20260509T233000"]),
    Row("start", ["DTSTART;VALUE=DATE:20260505"], {"startDateTime": "2026-05-05"},
        {"dueDateTime": day("2026-05-07")},
        ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260507"]),
    Row("V031", ["DUE;TZID=Europe/Paris:20260507T170000"],
        {"startDateTime": None, "dueDateTime": "2026-05-07"}, {"startDateTime": day("2026-05-04")},
        ["DTSTART;TZID=Europe/Paris:20260504T170000", "DUE;TZID=Europe/Paris:20260507T170000"]),
    Row("begins", ["DTSTART;TZID=Europe/Paris:20260505T090000",
                   "DUE;TZID=Europe/Paris:20260506T180000"],
        {"startDateTime": "2026-05-05", "dueDateTime": "2026-05-06"},
        {"startDateTime": day("2026-05-06")},
        ["DTSTART;TZID=Europe/Paris:20260506T090000", "DUE;TZID=Europe/Paris:20260506T180000"]),
    Row("begins no more", ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260507"], {},
        {"startDateTime": None}, ["DUE;VALUE=DATE:20260507", "!DTSTART"]),
    Row("lasts", ["DTSTART;VALUE=DATE:20260505", "DURATION:P3D"], {},
        {"dueDateTime": day("2026-05-10")},
        ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260510", "!DURATION"]),
    Row("duration", ["DTSTART;VALUE=DATE:20260505", "DURATION:P3D"],
        {"startDateTime": "2026-05-05", "dueDateTime": "2026-05-08"}, {"title": "duration"},
        ["DURATION:P3D", "!DUE"]),
    # VALARM (2.8)
    Row("alarms", ["DUE;TZID=Europe/Paris:20260506T180000", *alarm(";RELATED=END:-PT30M"),
                   *alarm(";VALUE=DATE-TIME:20260510T080000Z")],
        {"isReminderOn": True, "reminderDateTime": "2026-05-06T17:30"},
        {"reminderDateTime": at("2026-05-06T08:00:00"), "isReminderOn": True},
        ["TRIGGER;VALUE=DATE-TIME:20260506T060000Z", "TRIGGER;VALUE=DATE-TIME:20260510T080000Z",
         "!TRIGGER;RELATED=END"]),
    Row("alarm", alarm(";VALUE=DATE-TIME:20260506T060000Z"),
        {"isReminderOn": True, "reminderDateTime": "2026-05-06T08:00"},
        {"reminderDateTime": None, "isReminderOn": False}, ["!BEGIN:VALARM"]),
    Row("no alarm", [], {"isReminderOn": False, "reminderDateTime": None},
        {"reminderDateTime": at("2026-05-06T08:00:00"), "isReminderOn": True},
        ["TRIGGER;VALUE=DATE-TIME:20260506T060000Z"]),
    # RRULE, RDATE, EXDATE, RECURRENCE-ID (4)
    Row("rule", [*SERIES, "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"],
        {"recurrence": {"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "thursday"]},
         "dueDateTime": "2026-05-04"},
        {"recurrence": {"pattern": {"type": "daily", "interval": 3},
                        "range": {"type": "noEnd", "startDate": "2026-05-04"}}},
        ["RRULE:FREQ=DAILY;INTERVAL=3"]),
    Row("rule's end", [*SERIES, "RRULE:FREQ=DAILY;COUNT=5"],
        {"recurrence": {"type": "daily", "range": "numbered", "numberOfOccurrences": 5}},
        {"recurrence": None}, ["!RRULE"]),
    Row("V116", [*series("20260515"), "RRULE:FREQ=MONTHLY;BYMONTHDAY=15"],
        {"recurrence": {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 15,
                        "range": "noEnd"}},
        {"recurrence": rule("2026-05-15", "relativeMonthly", daysOfWeek=["friday"],
                            index="third")}, ["RRULE:FREQ=MONTHLY;BYDAY=3FR"]),
    Row("V122", [*series("20260512"), "RRULE:FREQ=MONTHLY;BYDAY=2TU"],
        {"recurrence": {"type": "relativeMonthly", "daysOfWeek": ["tuesday"], "index": "second"}},
        {"recurrence": rule("2026-05-12", "absoluteYearly", month=5, dayOfMonth=12)},
        ["RRULE:FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=12"]),
    Row("V128", [*series("20260515"), "RRULE:FREQ=YEARLY"],
        {"recurrence": {"type": "absoluteYearly", "month": 5, "dayOfMonth": 15}},
        {"recurrence": rule("2026-05-15", "relativeYearly", month=5, daysOfWeek=["friday"],
                            index="third")}, ["RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=3FR"]),
    Row("V129", [*series("20261126"), "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"],
        {"recurrence": {"type": "relativeYearly", "month": 11, "daysOfWeek": ["thursday"],
                        "index": "fourth"}},
        {"recurrence": rule("2026-11-26", "absoluteMonthly", dayOfMonth=26)},
        ["RRULE:FREQ=MONTHLY;BYMONTHDAY=26"]),
    Row("V136", [*SERIES, "RRULE:FREQ=DAILY;UNTIL=20260510"],
        {"recurrence": {"type": "daily", "range": "endDate", "endDate": "2026-05-10"}},
        {"recurrence": {"pattern": {"type": "daily", "interval": 1}, "range": {
            "type": "endDate", "startDate": "2026-05-04", "endDate": "2026-05-20"}}},
        ["RRULE:FREQ=DAILY;UNTIL=20260520"]),
    Row("V156", ["DTSTART;VALUE=DATE:20260504", "DUE;VALUE=DATE:20260506",
                 "RRULE:FREQ=WEEKLY;BYDAY=MO"],
        {"recurrence": {"type": "weekly", "daysOfWeek": ["wednesday"]},
         "startDateTime": "2026-05-04", "dueDateTime": "2026-05-06"}, {"importance": "high"},
        ["RRULE:FREQ=WEEKLY;BYDAY=MO", "DTSTART;VALUE=DATE:20260504", "PRIORITY:1"]),
    Row("V116 V156", ["DTSTART;VALUE=DATE:20260513", "DUE;VALUE=DATE:20260515",
                      "RRULE:FREQ=MONTHLY;BYMONTHDAY=13"],
        {"recurrence": {"type": "absoluteMonthly", "dayOfMonth": 15},
         "startDateTime": "2026-05-13", "dueDateTime": "2026-05-15"},
        {"recurrence": rule("2026-05-15", "absoluteMonthly", dayOfMonth=15, interval=2)},
        ["RRULE:FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=13", "DTSTART;VALUE=DATE:20260513"]),
    Row("V122 V156", ["DTSTART;VALUE=DATE:20260512", "DUE;VALUE=DATE:20260515",
                      "RRULE:FREQ=MONTHLY;BYDAY=2TU"],
        {"recurrence": None, "dueDateTime": "2026-05-15"}, {"importance": "high"},
        ["RRULE:FREQ=MONTHLY;BYDAY=2TU", "PRIORITY:1"]),  # the bridge drives it (4.4)
    Row("driven", [*SERIES, "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO"], {"recurrence": None},
        {"title": "driven"}, ["RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO"]),
    Row("dates", [*SERIES, "RRULE:FREQ=WEEKLY", "EXDATE;VALUE=DATE:20260511",
                  "RDATE;VALUE=DATE:20260506"], {"recurrence": None}, {"importance": "high"},
        ["EXDATE;VALUE=DATE:20260511", "RDATE;VALUE=DATE:20260506"]),
    # CATEGORIES (2.9)
    Row("categories", ["CATEGORIES;LANGUAGE=en:Home,Tom\\, Dick", "CATEGORIES:home, Urgent"],
        {"categories": ["Home", "Tom, Dick", "Urgent"]}, {"categories": ["Urgent", "a, b"]},
        ["CATEGORIES;LANGUAGE=en:Urgent,a\\, b"]),
    Row("V073", ["CATEGORIES:Home"], {"categories": ["Home"]}, {"categories": []},
        ["!CATEGORIES"]),
    # URL, ATTACH of another address (2.11, 2.13); url_as_link is in test_todo.Links
    Row("V076", ["ATTACH;FILENAME=doc:https://example.org/doc", "URL:https://example.org/"],
        {"linkedResources": [], "hasAttachments": False}, {"importance": "high"},
        ["ATTACH;FILENAME=doc:https://example.org/doc", "URL:https://example.org/"]),
    # What the service has no place for (2.1: people, RELATED-TO of others, places, order ...)
    Row("V085 V086", [
        "ORGANIZER;CN=A:mailto:a@example.org", "ATTENDEE:mailto:b@example.org",
        "RELATED-TO;RELTYPE=SIBLING:other", "LOCATION:Paris", "GEO:48.85;2.35", "COMMENT:c1",
        "COMMENT:c2", "CONTACT:Ann", "RESOURCES:projector", "COLOR:red",
        "CONFERENCE;VALUE=URI:https://c", "IMAGE;VALUE=URI:https://i", "LINK;VALUE=URI:https://l",
        "CONCEPT:https://k", "ESTIMATED-DURATION:PT1H", "REQUEST-STATUS:2.0;ok",
        "X-APPLE-SORT-ORDER:621354239", 'X-FOO;BAR="a:b":z'], dict.fromkeys(NEVER),
        {"importance": "high"},
        ["ORGANIZER;CN=A:mailto:a@example.org", "RELATED-TO;RELTYPE=SIBLING:other", "COMMENT:c2",
         "X-APPLE-SORT-ORDER:621354239", 'X-FOO;BAR="a:b":z', "PRIORITY:1"]),
    # SEQUENCE, CREATED (2.14)
    Row("stamps", ["CREATED:20200101T000000Z", "SEQUENCE:7", "DUE;VALUE=DATE:20260506"], {},
        {"dueDateTime": day("2026-05-07")},
        ["CREATED:20200101T000000Z", "SEQUENCE:8", "LAST-MODIFIED:20260504T0800"]),
]

# What one client makes of one task: (lines, members that are held then) after each other.
STEPS = {
    "V023 V024 V025": [
        (["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260507"],
         {"startDateTime": "2026-05-05", "dueDateTime": "2026-05-07"}),
        (["DTSTART;VALUE=DATE:20260505"],
         {"startDateTime": "2026-05-05", "dueDateTime": "2026-05-05"}),
        (["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260508"],
         {"startDateTime": "2026-05-05", "dueDateTime": "2026-05-08"}),
        (["DUE;VALUE=DATE:20260508"], {"startDateTime": None, "dueDateTime": "2026-05-08"}),
        ([], {"startDateTime": None, "dueDateTime": None})],
    "V056": [([f"PRIORITY:{number}"], {"importance": importance}) for number, importance in (
        (1, "high"), (4, "high"), (5, "normal"), (6, "low"), (9, "low"), (0, "normal"))],
    "V037 V039 V043 V044 V045 V046 V047": [
        (["STATUS:NEEDS-ACTION"], {"status": "notStarted"}),
        (["STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:30"], {"status": "inProgress"}),
        (["COMPLETED:20260503T080000Z"],
         {"status": "completed", "completedDateTime": "2026-05-03"}),
        (["PERCENT-COMPLETE:0"], {"status": "notStarted", "completedDateTime": None}),
        (["PERCENT-COMPLETE:100"], {"status": "completed"}),
        (["STATUS:NEEDS-ACTION", "COMPLETED:20260503T080000Z"],
         {"status": "notStarted", "completedDateTime": None}),
        (["STATUS:COMPLETED", "PERCENT-COMPLETE:0"], {"status": "completed"}),
        (["STATUS:CANCELLED"], {"status": "deferred", "completedDateTime": None})],
    "V064 V067": [
        (["DESCRIPTION:one"], {"body": ("Text", "one")}),
        (["DESCRIPTION:two", "X-ALT-DESC;FMTTYPE=text/html:<i>two</i>"],
         {"body": ("HTML", "<i>two</i>")}),
        (["DESCRIPTION:three", "X-ALT-DESC;FMTTYPE=text/html:<i>two</i>"],
         {"body": ("Text", "three")}),
        ([], {"body": ("Text", "")})],
    "V070 V073": [(["CATEGORIES:Home"], {"categories": ["Home"]}),
                  (["CATEGORIES:Work,Home"], {"categories": ["Work", "Home"]}),
                  ([], {"categories": []})],
    "V104": [(alarm(";VALUE=DATE-TIME:20260506T060000Z"), {"reminderDateTime": "2026-05-06T08:00"}),
             (alarm(";VALUE=DATE-TIME:20260507T060000Z"), {"reminderDateTime": "2026-05-07T08:00"}),
             ([], {"isReminderOn": False, "reminderDateTime": None})],
    "V152": [([*SERIES, "RRULE:FREQ=DAILY"], {"recurrence": {"type": "daily"}}),
             ([*SERIES, "RRULE:FREQ=WEEKLY;BYDAY=MO"],
              {"recurrence": {"type": "weekly", "daysOfWeek": ["monday"]}}),
             (SERIES, {"recurrence": None, "dueDateTime": "2026-05-04"})],
}

# What another app makes: (members, lines that are served, those with ! are not).
BORN = {
    "plain": ({}, ["STATUS:NEEDS-ACTION", "!PRIORITY", "!DESCRIPTION", "!CATEGORIES", "!DUE",
                   "!DTSTART", "!BEGIN:VALARM", "!RRULE", "!COMPLETED", "!CLASS", "!URL",
                   "CREATED:20260504T0800", "LAST-MODIFIED:20260504T0800"]),
    "low": ({"importance": "low"}, ["PRIORITY:9"]),
    "V066": ({"body": {"contentType": "text", "content": "\r\n"}}, ["!DESCRIPTION"]),
    "notes": ({"body": {"contentType": "html", "content": "<p>Buy <b>milk</b></p><p>eggs</p>"}},
              ["DESCRIPTION:Buy milk"]),
    "V030": ({"startDateTime": day("2026-05-10"), "dueDateTime": day("2026-05-10")},
             ["DUE;VALUE=DATE:20260510", "!DTSTART"]),
    "days": ({"startDateTime": day("2026-05-05"), "dueDateTime": day("2026-05-10")},
             ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260510"]),
    "V107": ({"isReminderOn": False, "reminderDateTime": at("2026-05-06T08:00:00")},
             ["!BEGIN:VALARM"]),
    "reminder": ({"isReminderOn": True, "reminderDateTime": at("2026-05-06T08:00:00")},
                 ["TRIGGER;VALUE=DATE-TIME:20260506T060000Z", "ACTION:DISPLAY"]),
    "V051": ({"status": "completed", "completedDateTime": at("2026-04-27T00:00:00")},
             ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20260427T100000Z"]),
    "V114 V143": ({"dueDateTime": day("2026-05-05"), "recurrence": {
        "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday", "sunday"],
                    "firstDayOfWeek": "sunday"},
        "range": {"type": "noEnd", "startDate": "2026-05-05"}}},
        ["DTSTART;VALUE=DATE:20260505", "DUE;VALUE=DATE:20260505", "RRULE:FREQ=WEEKLY;INTERVAL=2;"]),
    "V135": ({"dueDateTime": day("2026-05-04"), "recurrence": {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-05-04", "numberOfOccurrences": 3}}},
        ["DUE;VALUE=DATE:20260504", "RRULE:FREQ=DAILY;COUNT=3"]),
    "categories": ({"categories": ["Home", "Tom, Dick"]}, ["CATEGORIES:Home,Tom\\, Dick"]),
    "V079": ({"linkedResources": [{"webUrl": None, "displayName": "SMS"}]}, ["!URL"]),
    "V078": ({"linkedResources": [{"webUrl": "https://a", "displayName": None}]},
             ["URL:https://a"]),
}


class Rows(Todo):
    def name(self, row):
        return f"r{ROWS.index(row)}"

    def text(self, row):
        return vtodo(self.name(row), *row.put)

    def assert_held(self, title, members):
        task = self.whole(title)
        for member, wanted in members.items():
            value = task.get(member)
            if member == "body":  # which To Do shows as text, whatever it is
                value = self.admin.tasks("alice")[title]["Body"]
                value = value["ContentType"], value["Content"].rstrip("\r\n")
            elif isinstance(wanted, str) and isinstance(value, dict):
                value = value["dateTime"][:len(wanted)]
            elif isinstance(wanted, dict):
                value = {**value["range"], **value["pattern"], "range": value["range"]["type"]}
                value = {name: value[name] for name in wanted}
            self.assertEqual(value, wanted, member)

    def each_row(self, method):
        for row in ROWS:
            with self.subTest(row.name):
                method(row)

    def put_row(self, row):
        answer = self.dav.put(f"{self.list}{self.name(row)}.ics", self.text(row))
        self.assertEqual(answer.status, 201, answer)
        self.assertIsNotNone(answer.etag)  # it need not be read back
        self.etags[row] = answer.etag

    def check_there(self, row):
        self.assert_held(row.title, row.held)

    def check_here(self, row):
        got = self.dav.get(f"{self.list}{self.name(row)}.ics")
        self.assertEqual(got.etag, self.etags[row])
        self.assertEqual(got.text, self.text(row))

    def change_there(self, row):
        answer = self.graph.patch(f"{self.tasks}/{self.ids[row.title]}", row.change)
        self.assertEqual(answer.status, 200, answer)

    def assert_shown(self, lines, wanted):
        for line in wanted:
            found = [l for l in lines if l.startswith(line.lstrip("!"))]
            self.assertEqual(bool(found), not line.startswith("!"), (line, lines))

    def check_changed(self, row):
        lines = self.lines(self.name(row))
        self.assertIn(f"UID:{self.name(row)}", lines)
        self.assert_shown(lines, row.shown)

    def rename(self, row):
        """One field changes, the rest is sent back as it was served: nothing else moves."""
        lines = [l for l in self.lines(self.name(row)) if not l.startswith("SUMMARY")]
        at_end = lines.index("END:VTODO")
        text = "\r\n".join(lines[:at_end] + [f"SUMMARY:{row.name}!"] + lines[at_end:])
        after = self.admin.last()
        answer = self.dav.put(f"{self.list}{self.name(row)}.ics", text)
        self.assertEqual(answer.status, 204, answer)
        sent, = self.admin.requests(after=after, method="PATCH")
        self.assertEqual(sent["body"], '{"title":"%s!"}' % row.name)

    def put_again(self, row):
        """The client writes what it wrote at first: a change of all that was changed there."""
        path = f"{self.list}{self.name(row)}.ics"
        answer = self.dav.put(path, self.text(row), if_match=self.dav.get(path).etag)
        self.assertEqual(answer.status, 204, answer)
        self.assert_held(row.title, row.again)

    def test_each_row_goes_there_and_comes_back(self):
        self.etags = {}
        self.each_row(self.put_row)
        ctag = self.poll()
        self.assertEqual(self.poll(), ctag)
        self.ids = {title: task["id"] for title, task in self.upstream().items()}
        self.each_row(self.check_there)
        self.each_row(self.check_here)
        self.each_row(self.change_there)
        self.poll()
        self.each_row(self.check_changed)
        self.each_row(self.rename)
        self.each_row(self.put_again)

    def test_each_change_of_a_client_arrives(self):
        for number, (title, steps) in enumerate(STEPS.items()):
            for lines, held in steps:
                with self.subTest(title, lines=lines):
                    self.dav.put(f"{self.list}s{number}.ics", vtodo(
                        f"s{number}", f"SUMMARY:{title}", *lines))
                    self.assert_held(title, held)

    def test_each_row_that_was_born_there_is_shown(self):
        list_id = self.graph.list_id()
        for title, (members, _) in BORN.items():
            self.graph.create(title, list_id, **members)
        self.poll()
        lines = [self.lines(name) for name in self.names()]
        shown = {line[8:]: part for part in lines for line in part if line.startswith("SUMMARY:")}
        for title, (_, wanted) in BORN.items():
            with self.subTest(title):
                self.assert_shown(shown[title], wanted)
