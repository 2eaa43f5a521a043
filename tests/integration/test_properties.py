"""Properties that the bridge keeps for its lists: what they survive."""
from harness import NAMESPACES, XMLNS, Case, wire

COLOR = '<ical:calendar-color symbolic-color="blue">#1BADF8FF</ical:calendar-color>'
ODD = '<x:odd xmlns:x="urn:x" x:at="1">a &lt; b</x:odd>'
FRESH = 6  # seconds after which a poll starts a round


def make(method, name, props):
    root = {"MKCALENDAR": "c:mkcalendar", "MKCOL": "d:mkcol"}[method]
    return (f"<{root} {XMLNS}><d:set><d:prop><d:resourcetype><d:collection/><c:calendar/>"
            f"</d:resourcetype><d:displayname>{name}</d:displayname>{props}</d:prop></d:set>"
            f"</{root}>")


class Kept(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.home + "made/"

    def make(self, method="MKCALENDAR", name="Made", status=201):
        reply = self.dav.request(method, self.list, make(method, name, COLOR + ODD),
                                 {"Content-Type": "application/xml"})
        self.assertEqual(status, reply.status, reply)

    def wait_for_list(self):
        for _ in range(10):
            if self.list in self.dav.collections().values():
                return
            self.clock.advance(FRESH)
        self.fail("the list does not come")

    def again(self, end):
        """Another run of the server on the same store."""
        headers = self.dav.headers
        end()
        self.bridge.start()
        self.dav = self.bridge.dav("alice", "")
        self.dav.headers = headers

    def assert_kept(self):
        found = self.dav.propfind(self.list, "ical:calendar-color", "d:displayname").items
        color = found[self.list].props["{%s}calendar-color" % NAMESPACES["ical"]]
        self.assertEqual(("#1BADF8FF", "blue"), (color.text, color.get("symbolic-color")))
        reply = self.dav.request("PROPFIND", self.list, '<d:propfind xmlns:d="DAV:"><d:prop>'
                                 '<odd xmlns="urn:x"/></d:prop></d:propfind>', {"Depth": "0"})
        self.assertIn('<odd xmlns="urn:x" xmlns:a0="urn:x" a0:at="1">a &lt; b</odd>', reply.text)

    def test_a_list_is_made_with_them_and_a_restart_keeps_them(self):
        for method in ("MKCALENDAR", "MKCOL"):
            self.list = f"{self.dav.home}{method.lower()}/"
            self.make(method, name=method)
            self.assert_kept()
            self.again(self.bridge.stop)
            self.assert_kept()

    def test_what_was_acknowledged_survives_kill_9(self):
        self.make()
        body = (f"<d:propertyupdate {XMLNS}><d:set><d:prop><ical:calendar-order>5"
                "</ical:calendar-order></d:prop></d:set></d:propertyupdate>")
        self.assertEqual(207, self.dav.request("PROPPATCH", self.list, body).status)
        self.again(self.bridge.kill)
        self.assert_kept()
        found = self.dav.propfind(self.list, "ical:calendar-order").items[self.list]
        self.assertEqual("5", found.text("ical:calendar-order"))

    def test_a_folder_renamed_upstream_keeps_them(self):
        self.make()
        rest = self.sandbox.rest()
        folder = next(f for f in rest.get("/taskfolders").json["value"] if f["Name"] == "Made")
        self.assertEqual(200, rest.patch(f"/taskfolders('{folder['Id']}')",
                                         {"Name": "Elsewhere"}).status)
        self.clock.advance(FRESH)
        self.assertEqual(self.list, self.dav.collections()["Elsewhere"])
        self.assert_kept()

    def test_a_list_whose_making_was_unclear_gets_them(self):
        self.sandbox.admin.fault("cut_after", method="POST", path=wire.folders)
        self.make(status=503)
        self.wait_for_list()
        self.assert_kept()

    def test_a_list_made_while_the_server_was_killed_gets_them(self):
        self.sandbox.admin.fault("cut_after", method="POST", path=wire.folders)
        self.make(status=503)
        self.again(self.bridge.kill)
        self.wait_for_list()
        self.assert_kept()

    def test_a_list_made_again_at_the_same_address_starts_without(self):
        self.make()
        self.assertEqual(204, self.dav.delete(self.list).status)
        self.assertEqual(201, self.dav.request("MKCALENDAR", self.list).status)
        found = self.dav.propfind(self.list, "ical:calendar-color").items[self.list]
        self.assertEqual("#2564CF", found.text("ical:calendar-color"))

    def test_they_can_be_set_while_the_service_is_down(self):
        self.sandbox.admin.fault("status", status=503, count=0)
        tasks = self.dav.collections()["Tasks"]
        body = (f"<d:propertyupdate {XMLNS}><d:set><d:prop>{COLOR}{ODD}</d:prop></d:set>"
                "</d:propertyupdate>")
        self.assertEqual(207, self.dav.request("PROPPATCH", tasks, body).status)
        self.list = tasks
        self.assert_kept()
