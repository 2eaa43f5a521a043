"""Finding the way (RFC 6764, 5397, 3744 and the home of RFC 4791), and who may go it (RFC 7617)."""
import base64

import conformance
import harness
from conformance import C, CS, D, ROOTS, USER, Answer, Case, propfind
from harness import Http

setUpModule = conformance.start
tearDownModule = conformance.stop


class Discovery(Case):
    def containers(self):
        return ROOTS + [self.principal, self.home, self.list]

    def hrefs(self, path, name):
        """The hrefs in a property of the resource itself."""
        prefix, local = name.split(":")
        element = self.find(path, name).found[path][{"D": D, "C": C, "CS": CS}[prefix] + local]
        return [href.text for href in element.findall(D + "href")]

    def well_known(self, method, **headers):
        for client in (self.dav, self.anonymous):
            reply = client.request(method, "/.well-known/caldav", None, headers)
            self.assertEqual(301, reply.status, method)
            self.assertEqual("/dav/", reply.headers["Location"])
            self.assertEqual("0", reply.headers["Content-Length"])

    def test_rfc6764_5_well_known_redirects_propfind(self):
        self.well_known("PROPFIND", Depth="0")

    def test_rfc6764_5_well_known_redirects_get_and_head(self):
        self.well_known("GET")
        self.well_known("HEAD")

    def test_rfc6764_5_well_known_redirects_options(self):
        self.well_known("OPTIONS")

    def test_rfc6764_5_well_known_redirects_every_other_method(self):
        for method in ("REPORT", "PROPPATCH", "PUT", "POST", "DELETE", "MKCALENDAR", "MKCOL",
                       "COPY", "MOVE", "LOCK", "BREW"):
            self.well_known(method)

    def test_rfc6764_5_well_known_with_a_slash_at_its_end(self):
        reply = self.anonymous.request("PROPFIND", "/.well-known/caldav/")
        self.assertEqual((301, "/dav/"), (reply.status, reply.headers["Location"]))

    def test_rfc6764_6_where_well_known_leads_the_principal_is_told(self):
        target = self.dav.request("PROPFIND", "/.well-known/caldav").headers["Location"]
        self.assertEqual([self.principal], self.hrefs(target, "D:current-user-principal"))

    def test_rfc8615_3_other_well_known_addresses_are_404(self):
        self.request(404, "PROPFIND", "/.well-known/carddav", Depth="0")
        self.request(404, "OPTIONS", "/.well-known/webdav/Notes/")

    def test_rfc5397_3_current_user_principal_on_every_container(self):
        for path in self.containers():
            self.assertEqual([self.principal], self.hrefs(path, "D:current-user-principal"))

    def test_rfc5397_3_current_user_principal_on_a_task(self):
        path, _ = self.put("principal.ics")
        self.assertEqual([self.principal], self.hrefs(path, "D:current-user-principal"))

    def test_rfc3744_4_2_principal_url(self):
        self.assertEqual([self.principal], self.hrefs(self.principal, "D:principal-URL"))

    def test_rfc3744_4_a_principal_is_one(self):
        found = self.find(self.principal, "D:resourcetype", "D:displayname").found[self.principal]
        self.assertIsNotNone(found[D + "resourcetype"].find(D + "principal"))
        self.assertEqual(USER, found[D + "displayname"].text)

    def test_rfc3744_4_4_group_membership_is_empty(self):
        self.assertEqual([], self.hrefs(self.principal, "D:group-membership"))

    def test_rfc3744_5_1_owner_of_home_list_and_task(self):
        path, _ = self.put("owner.ics")
        for where in (self.home, self.list, path):
            self.assertEqual([self.principal], self.hrefs(where, "D:owner"))

    def test_rfc3744_5_5_current_user_privilege_set_of_a_list(self):
        found = self.find(self.list, "D:current-user-privilege-set").found[self.list]
        privileges = found[D + "current-user-privilege-set"]
        self.assertTrue(all(len(p) == 1 for p in privileges), "one in each element")
        self.assertLessEqual(
            {D + "read", D + "write", D + "write-properties", D + "write-content", D + "bind",
             D + "unbind"}, {p[0].tag for p in privileges})

    def test_rfc3744_5_5_the_home_lets_lists_be_made_and_removed(self):
        found = self.find(self.home, "D:current-user-privilege-set").found[self.home]
        rights = {p[0].tag for p in found[D + "current-user-privilege-set"]}
        self.assertLessEqual({D + "read", D + "bind", D + "unbind"}, rights)
        self.assertNotIn(D + "write", rights)

    def test_rfc3744_5_8_principal_collection_set_on_every_container(self):
        for path in self.containers():
            self.assertEqual(["/dav/principals/"],
                             self.hrefs(path, "D:principal-collection-set"))

    def test_rfc3744_5_8_the_principal_collection_lists_the_caller_alone(self):
        for path in ("/principals/", "/dav/principals/"):
            answer = self.find(path, "D:resourcetype", depth="1")
            answer.found.pop(path)
            self.assertEqual(1, len(answer.found))
            self.assertTrue(next(iter(answer.found)).endswith(f"/principals/{USER}/"))

    def test_rfc4791_6_2_1_one_home_from_wherever_it_is_asked(self):
        for path in self.containers():
            self.assertEqual([self.home], self.hrefs(path, "C:calendar-home-set"))

    def test_rfc6638_2_4_1_calendar_user_address_set(self):
        self.assertIn(self.principal, self.hrefs(self.principal, "C:calendar-user-address-set"))

    def test_rfc6638_no_scheduling_is_offered(self):
        answer = self.find(self.principal, "C:schedule-inbox-URL", "C:schedule-outbox-URL",
                           "CS:notification-URL", "CS:dropbox-home-URL")
        self.assertEqual(4, len(answer.missing[self.principal]))
        self.assertNotIn(self.principal, answer.found)

    def test_rfc4918_5_2_slash_or_none_is_the_same(self):
        for path in (self.principal, self.home, self.list, "/dav/", "/principals/"):
            self.assertIn(path, self.find(path.rstrip("/"), "D:resourcetype").found)

    def test_rfc4918_5_2_double_slashes_are_one(self):
        self.assertIn(self.list, self.find(self.list.replace("/calendars/", "//calendars//"),
                                           "D:resourcetype").found)

    def test_rfc4918_9_1_the_bare_host_answers(self):
        answer = self.answer("PROPFIND", "/", "\n\n  <propfind xmlns='DAV:'><prop><resourcetype/>"
                             "</prop></propfind>", Depth="1")
        self.assertIn("/", answer.found)
        for path in answer.found:
            self.assertIsNotNone(answer.found[path][D + "resourcetype"].find(D + "collection"))

    def test_rfc4918_9_1_the_home_is_a_plain_container_of_calendars(self):
        answer = self.find(self.home, "D:resourcetype", "D:displayname", depth="1")
        home = answer.found.pop(self.home)
        self.assertIsNone(home[D + "resourcetype"].find(C + "calendar"))
        self.assertIn(self.list, answer.found)
        for path, props in answer.found.items():
            self.assertTrue(path.endswith("/"))
            self.assertIsNotNone(props[D + "resourcetype"].find(C + "calendar"), path)
            self.assertTrue(props[D + "displayname"].text)

    def test_rfc9110_15_5_5_another_users_addresses_look_as_if_there_were_none(self):
        for path in ("/dav/principals/somebody/", "/dav/calendars/somebody/",
                     "/dav/calendars/somebody/list/", "/dav/calendars/somebody/list/a.ics"):
            for method in ("PROPFIND", "OPTIONS", "GET", "PUT", "DELETE", "REPORT", "PROPPATCH",
                           "MKCALENDAR"):
                self.request(404, method, path, Depth="0")

    def test_rfc4918_9_1_apples_walk_ends_well_at_each_address(self):
        for path, status in (("/", 207), ("/principals/", 207), (self.principal, 207),
                             (f"/calendar/dav/{USER}/user/", 404)):
            self.request(status, "PROPFIND", path, propfind("D:principal-URL"), Depth="0")


class Options(Case):
    ALLOWED = {
        "container": "OPTIONS, GET, HEAD, PROPFIND, PROPPATCH, REPORT",
        "list": "OPTIONS, GET, HEAD, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL",
        "task": "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT",
    }

    def tokens(self, path, kind):
        reply = self.request(200, "OPTIONS", path)
        self.assertEqual("0", reply.headers["Content-Length"])
        self.assertLessEqual(set(self.ALLOWED[kind].split(", ")),
                             set(reply.headers["Allow"].split(", ")))
        return [token.strip() for token in reply.headers["DAV"].split(",")]

    def check(self, path, kind):
        tokens = self.tokens(path, kind)
        self.assertEqual("1", tokens[0])
        for token in ("3", "access-control", "calendar-access", "extended-mkcol"):
            self.assertIn(token, tokens)
        for token in ("2", "calendar-schedule", "calendar-auto-schedule", "addressbook",
                      "calendar-proxy", "calendarserver-sharing"):
            self.assertNotIn(token, tokens)

    def test_rfc4791_5_1_options_of_the_roots(self):
        for path in ROOTS:
            self.check(path, "container")

    def test_rfc4791_5_1_options_of_the_principal(self):
        self.check(self.principal, "container")

    def test_rfc4791_5_1_options_of_the_home(self):
        self.check(self.home, "container")

    def test_rfc4791_5_1_options_of_a_list(self):
        self.check(self.list, "list")

    def test_rfc4791_5_1_options_of_a_task(self):
        self.check(self.put("options.ics")[0], "task")

    def test_rfc9110_9_3_7_options_of_a_task_that_is_not_there_yet(self):
        self.check(self.list + "none-yet.ics", "task")

    def test_rfc9110_9_3_7_options_of_the_server(self):
        reply = self.dav.request("OPTIONS", "*", absolute=True)
        self.assertEqual(200, reply.status)
        self.assertIn("calendar-access", reply.headers["DAV"])

    def test_rfc4918_18_2_no_locks_so_no_class_2(self):
        path, _ = self.put("lock.ics")
        self.assertNotIn("LOCK", self.request(405, "LOCK", path).headers["Allow"])
        self.request(405, "UNLOCK", path, Lock_Token="<opaquelocktoken:x>")


class SigningIn(Case):
    def challenged(self, method, path, **headers):
        reply = self.anonymous.request(method, path, None, headers)
        self.assertEqual(401, reply.status, (method, path))
        self.assertEqual('Basic realm="duedav", charset="UTF-8"',
                         reply.headers["WWW-Authenticate"])

    def test_rfc7617_2_without_credentials_every_address_is_401(self):
        for path in ROOTS + [self.principal, self.home, self.list, self.list + "x.ics",
                             "/nowhere", "/dav/calendars/somebody/"]:
            for method in ("PROPFIND", "OPTIONS", "REPORT", "PUT", "DELETE", "MKCALENDAR"):
                self.challenged(method, path)

    def test_rfc7617_2_a_wrong_password_is_401(self):
        wrong = self.world.bridge.dav(USER, "wrong")
        self.assertEqual(401, wrong.request("PROPFIND", "/dav/", None, {"Depth": "0"}).status)

    def test_rfc7617_2_an_unknown_user_is_401(self):
        wrong = self.world.bridge.dav("nobody", self.world.password)
        self.assertEqual(401, wrong.request("PROPFIND", "/dav/", None, {"Depth": "0"}).status)

    def test_rfc9110_11_4_other_schemes_and_nonsense_are_401(self):
        for value in ("Bearer x", "Basic", "Basic !!!", "Digest username=x", "Basic YWxpY2U="):
            self.challenged("PROPFIND", "/dav/", Authorization=value)

    def test_rfc9110_11_1_the_scheme_is_not_case_sensitive(self):
        pair = base64.b64encode(f"{USER}:{self.world.password}".encode()).decode()
        for scheme in ("basic", "BASIC"):
            reply = self.anonymous.request("OPTIONS", "/dav/", None,
                                           {"Authorization": f"{scheme} {pair}"})
            self.assertEqual(200, reply.status)

    def test_rfc9110_9_3_1_get_of_the_bare_host_is_a_page_for_people(self):
        reply = self.anonymous.request("GET", "/")
        self.assertEqual(200, reply.status)
        self.assertTrue(reply.headers["Content-Type"].startswith("text/html"))
        self.assertIn("app password", reply.text)


class Guessing(harness.Case):
    """caldav.md 5.2: only wrong credentials count, and they shut out nobody else."""

    def test_rfc6585_4_guessing_is_slowed_down(self):
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


class MailAddress(harness.Case):
    """A user whose name is a mail address."""

    def test_rfc6638_2_4_1_the_mail_address_is_told(self):
        bridge, dav = self.start_bridge(self.start_sandbox(), user="anna@example.org")
        answer = Answer(dav.request("PROPFIND", "/dav/principals/anna@example.org/", propfind(
            "C:calendar-user-address-set", "CS:email-address-set", "C:calendar-home-set"),
            {"Depth": "0"}).body)
        (path, found), = answer.found.items()
        self.assertEqual("/dav/principals/anna%40example.org/", path)
        self.assertEqual(["mailto:anna@example.org", path],
                         [h.text for h in found[C + "calendar-user-address-set"]])
        self.assertEqual("anna@example.org",
                         found[CS + "email-address-set"].findtext(CS + "email-address"))
        self.assertEqual("/dav/calendars/anna%40example.org/",
                         found[C + "calendar-home-set"].findtext(D + "href"))
