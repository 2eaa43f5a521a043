"""Recurring tasks, end to end: what each style of client does to a series (mapping.md 7.7)."""
from harness import Case, unfold, vtodo

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)
ZONE = "Romance Standard Time"
DATES = ("DTSTART;VALUE=DATE:{0}", "DUE;VALUE=DATE:{0}")
WEEKLY = {"Pattern": {"Type": "Weekly", "Interval": 1, "DaysOfWeek": ["Monday"],
                      "FirstDayOfWeek": "Monday"},
          "Range": {"Type": "NoEnd", "StartDate": "2026-05-04"}}


def dates(day):
    return [line.format(day) for line in DATES]


class Series(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.collections()["Tasks"]
        self.path = self.list + "S1.ics"

    def poll(self):
        self.clock.advance(FRESH)
        return self.dav.ctag(self.list)

    def tasks(self):
        return self.sandbox.admin.state("alice")["tasks"]

    def put(self, *lines, status=204, **headers):
        answer = self.dav.put(self.path, vtodo("S1", "SUMMARY:x", *lines), **headers)
        self.assertEqual(answer.status, status, answer)
        return answer

    def lines(self, path=None):
        return unfold(self.dav.get(path or self.path).text)


class Rules(Series):
    def test_a_rule_of_the_client_stays_in_its_document(self):
        self.put(*dates("20260504"), "RRULE:FREQ=WEEKLY", status=201, if_none_match="*")
        self.poll()
        self.assertIn("RRULE:FREQ=WEEKLY", self.lines())
        self.put(*dates("20260511"), "RRULE:FREQ=WEEKLY", if_match=self.dav.get(self.path).etag)
        task, = self.tasks()
        self.assertIsNone(task["Recurrence"])
        self.assertEqual(task["DueDateTime"]["DateTime"][:10], "2026-05-10")  # 22:00 UTC
