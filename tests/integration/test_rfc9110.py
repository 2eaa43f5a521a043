"""HTTP: methods, conditions, content negotiation, framing and errors (RFC 9110, 9112, 7240, 8144)."""
import gzip
import re
import uuid

import conformance
from conformance import D, NS, XML, Case, in_todo, multiget, propfind, query
from harness import vtodo

setUpModule = conformance.start
tearDownModule = conformance.stop


class Methods(Case):
    def test_rfc9110_9_3_1_get_of_a_task(self):
        path, etag = self.put("get.ics")
        got = self.get(path)
        self.assertEqual(etag, got.etag)
        self.assertEqual("text/calendar; charset=utf-8; component=VTODO",
                         got.headers["Content-Type"])
        self.assertTrue(got.headers["Last-Modified"].endswith("GMT"))
        self.assertEqual(str(len(got.body)), got.headers["Content-Length"])

    def test_rfc9110_9_3_2_head_is_get_without_a_body(self):
        path, _ = self.put("head.ics")
        for where in (path, self.list, self.home, "/dav/"):
            got, head = self.request(200, "GET", where), self.request(200, "HEAD", where)
            self.assertEqual(b"", head.body)
            for name in ("ETag", "Content-Length", "Content-Type", "Last-Modified"):
                self.assertEqual(got.headers[name], head.headers[name], name)

    def test_rfc9110_9_3_1_get_of_home_and_principal_is_a_short_page(self):
        for path in (self.home, self.principal, "/principals/"):
            reply = self.get(path)
            self.assertTrue(reply.headers["Content-Type"].startswith("text/html"))

    def test_rfc9110_9_3_4_put_is_idempotent(self):
        text = vtodo("idempotent", "SUMMARY:one")
        first = self.dav.put(self.list + "idempotent.ics", text)
        again = self.dav.put(self.list + "idempotent.ics", text)
        self.assertEqual({201}, {first.status, again.status})  # the second is taken for a retry
        self.assertEqual(first.etag, again.etag)

    def test_rfc9110_9_3_5_delete(self):
        path, etag = self.put("delete.ics")
        reply = self.request(204, "DELETE", path)
        self.assertEqual(b"", reply.body)
        for method in ("GET", "HEAD", "DELETE"):
            self.request(404, method, path)
        self.request(404, "PROPFIND", path, Depth="0")

    def test_rfc9110_9_3_4_put_with_a_content_range_is_400(self):
        self.request(400, "PUT", self.list + "range.ics", vtodo("u", "SUMMARY:s"),
                     Content_Type="text/calendar", Content_Range="bytes 0-1/2")

    def test_rfc9110_14_2_range_is_ignored(self):
        path, _ = self.put("ranged.ics")
        whole = self.get(path)
        ranged = self.request(200, "GET", path, Range="bytes=0-9")
        self.assertEqual(whole.body, ranged.body)
        self.assertNotIn("Accept-Ranges", ranged.headers)

    def test_rfc9110_15_5_6_methods_that_a_resource_does_not_know(self):
        path, _ = self.put("allow.ics")
        for method, where in (("PUT", self.list), ("POST", self.list), ("POST", self.home),
                              ("LOCK", path), ("UNLOCK", path), ("ACL", path), ("PATCH", path),
                              ("MKCALENDAR", self.home), ("COPY", self.home)):
            allow = self.request(405, method, where).headers["Allow"].split(", ")
            self.assertIn("OPTIONS", allow)
            self.assertNotIn(method, allow)

    def test_rfc9110_15_6_2_methods_that_nobody_knows(self):
        """405 and not 501: iOS gives up an account at a 501."""
        for method in ("BREW", "TRACE", "propfind", "BIND", "SEARCH"):
            self.assertIn("Allow", self.request(405, method, self.list).headers)

    def test_rfc9110_9_3_7_options_with_a_body(self):
        self.request(200, "OPTIONS", self.list, "<a/>")

    def test_rfc9110_6_6_1_every_answer_has_a_date(self):
        for status, method, path in ((200, "OPTIONS", "/dav/"), (404, "GET", "/dav/nothing"),
                                     (207, "PROPFIND", self.list)):
            self.assertTrue(self.request(status, method, path, Depth="0").headers["Date"])

    def test_rfc9111_5_2_2_answers_are_not_kept_by_caches(self):
        path, _ = self.put("cache.ics")
        for reply in (self.get(path), self.request(207, "PROPFIND", path, Depth="0")):
            self.assertEqual("private, no-cache", reply.headers["Cache-Control"])


class Conditions(Case):
    def test_rfc9110_13_1_2_get_if_none_match(self):
        path, etag = self.put("304.ics")
        for value in (etag, "W/" + etag, '"x", ' + etag, "*"):
            reply = self.request(304, "GET", path, If_None_Match=value)
            self.assertEqual((etag, b""), (reply.etag, reply.body))
        self.request(200, "GET", path, If_None_Match='"x"')
        self.request(304, "HEAD", path, If_None_Match=etag)

    def test_rfc9110_8_8_3_a_proxys_gzip_suffix_is_taken_off(self):
        path, etag = self.put("suffix.ics")
        for suffix in ("-gzip", "--gzip", ";gzip"):
            self.request(304, "GET", path, If_None_Match=etag[:-1] + suffix + '"')

    def test_rfc9110_13_1_1_get_if_match(self):
        path, etag = self.put("get-match.ics")
        self.request(412, "GET", path, If_Match='"x"')
        self.request(200, "GET", path, If_Match=etag)
        self.request(200, "GET", path, If_Match="*")

    def test_rfc9110_13_1_3_get_if_modified_since(self):
        path, _ = self.put("since.ics")
        self.request(304, "GET", path, If_Modified_Since=self.get(path).headers["Last-Modified"])
        self.request(200, "GET", path, If_Modified_Since="Sun, 06 Nov 1994 08:49:37 GMT")

    def test_rfc9110_13_1_3_a_bad_date_is_ignored(self):
        path, _ = self.put("bad-date.ics")
        self.request(200, "GET", path, If_Modified_Since="yesterday")

    def test_rfc9110_13_2_2_if_none_match_comes_before_if_modified_since(self):
        path, _ = self.put("order.ics")
        self.request(200, "GET", path, If_None_Match='"x"',
                     If_Modified_Since=self.get(path).headers["Last-Modified"])

    def test_rfc9110_13_1_2_put_if_none_match_any(self):
        uid = uuid.uuid4().hex
        path, etag = self.put("new.ics", uid=uid, If_None_Match="*")
        _, now = self.put("new.ics", uid=uid, summary="other", status=412, If_None_Match="*")
        self.assertEqual(etag, now)

    def test_rfc9110_13_1_2_put_if_none_match_of_a_tag(self):
        uid = uuid.uuid4().hex
        path, etag = self.put("none-tag.ics", uid=uid)
        self.put("none-tag.ics", uid=uid, summary="two", status=412, If_None_Match=etag)
        self.put("none-tag.ics", uid=uid, summary="two", status=204, If_None_Match='"x"')

    def test_rfc9110_13_1_1_put_if_match(self):
        uid = uuid.uuid4().hex
        path, first = self.put("change.ics", uid=uid)
        _, second = self.put("change.ics", uid=uid, summary="two", status=204, If_Match=first)
        self.assertNotEqual(first, second)
        _, now = self.put("change.ics", uid=uid, summary="three", status=412, If_Match=first)
        self.assertEqual(second, now)
        self.assertIn("SUMMARY:two", self.get(path).text)

    def test_rfc9110_13_1_1_put_if_match_of_several(self):
        uid = uuid.uuid4().hex
        _, etag = self.put("several.ics", uid=uid)
        _, etag = self.put("several.ics", uid=uid, summary="b", status=204,
                           If_Match='"x", %s , "y"' % etag)
        self.put("several.ics", uid=uid, summary="c", status=204, If_Match="*")

    def test_rfc9110_13_1_1_put_if_match_of_what_is_not_there(self):
        for value in ("*", '"x"'):
            self.put("absent.ics", status=412, If_Match=value)
        self.request(404, "GET", self.list + "absent.ics")

    def test_rfc9110_13_1_1_tags_without_quotes_are_taken(self):
        uid = uuid.uuid4().hex
        _, etag = self.put("bare.ics", uid=uid)
        self.put("bare.ics", uid=uid, summary="two", status=204, If_Match=etag.strip('"'))

    def test_rfc9110_13_1_1_malformed_tags_are_400(self):
        path, _ = self.put("malformed.ics")
        for value in ('"a b"', '"a" "b"', ", ".join('"%d"' % i for i in range(200))):
            self.request(400, "DELETE", path, If_Match=value)
        self.get(path)

    def test_rfc9110_13_1_1_delete_if_match(self):
        path, etag = self.put("delete-match.ics")
        self.assertEqual(etag, self.request(412, "DELETE", path, If_Match='"x"').etag)
        self.request(204, "DELETE", path, If_Match=etag)

    def test_rfc6638_3_2_10_if_schedule_tag_match_is_ignored(self):
        uid = uuid.uuid4().hex
        self.put("schedule.ics", uid=uid)
        for value in ("", '"x"'):
            self.put("schedule.ics", uid=uid, summary=value, status=204,
                     If_Schedule_Tag_Match=value)


class Preferences(Case):
    def test_rfc8144_2_1_minimal_leaves_the_404_propstat_out(self):
        for header in ({"Prefer": "return=minimal"}, {"Prefer": "return-minimal"},
                       {"Brief": "t"}, {"Prefer": "depth-noroot, return=minimal"}):
            reply = self.request(207, "PROPFIND", self.list, propfind("D:displayname", "D:getetag"),
                                 Depth="0", **header)
            answer = conformance.Answer(reply.body)
            self.assertEqual({}, answer.missing)
            self.assertEqual({D + "displayname"}, set(answer.found[self.list]))
            self.assertEqual("return=minimal", reply.headers["Preference-Applied"])

    def test_rfc8144_2_1_minimal_with_nothing_found_has_an_empty_propstat(self):
        answer = self.answer("PROPFIND", self.list, propfind("D:getetag"), Depth="0",
                             Prefer="return=minimal")
        self.assertEqual(({}, {}), (answer.missing, answer.found))
        self.assertIsNotNone(answer.root.find(f"{D}response/{D}propstat"))

    def test_rfc8144_2_1_minimal_in_reports(self):
        path, _ = self.put("minimal.ics")
        answer = self.answer("REPORT", self.list, multiget([path], "D:getetag", "D:displayname"),
                             Prefer="return=minimal")
        self.assertEqual({}, answer.missing)
        self.assertIn(path, answer.found)

    def test_rfc8144_2_2_minimal_in_proppatch(self):
        reply = self.request(200, "PROPPATCH", self.list, "<D:propertyupdate %s><D:set><D:prop>"
                             "<A:calendar-order>1</A:calendar-order></D:prop></D:set>"
                             "</D:propertyupdate>" % NS, Prefer="return=minimal")
        self.assertEqual((b"", "return=minimal"),
                         (reply.body, reply.headers["Preference-Applied"]))
        self.set(self.list, "<D:getetag>x</D:getetag>", Prefer="return=minimal")

    def test_rfc8144_3_minimal_on_put(self):
        path, etag = self.put("prefer.ics", Prefer="return=minimal")
        self.assertEqual(etag, self.get(path).etag)

    def test_rfc7240_2_unknown_preferences_are_ignored(self):
        path, _ = self.put("unknown.ics", Prefer="respond-async, wait=10, handling=lenient")
        self.get(path)


class Coding(Case):
    """RFC 9110 8.4: gzip for clients that accept it, with the ETag of the text."""

    def large(self, name):
        return self.put(name, "DESCRIPTION:" + "word " * 1000)

    def test_rfc9110_12_5_3_an_answer_in_gzip(self):
        path, etag = self.large("zip.ics")
        plain = self.get(path)
        self.assertNotIn("Content-Encoding", plain.headers)
        for accept in ("gzip", "br;q=1, gzip;q=0.5", "*"):
            packed = self.request(200, "GET", path, Accept_Encoding=accept)
            self.assertEqual("gzip", packed.headers["Content-Encoding"])
            self.assertEqual(plain.body, gzip.decompress(packed.body))
            self.assertLess(len(packed.body), len(plain.body) // 10)

    def test_rfc9110_8_8_3_the_etag_is_that_of_the_text(self):
        path, etag = self.large("etag.ics")
        self.assertEqual(etag, self.request(200, "GET", path, Accept_Encoding="gzip").etag)
        self.request(304, "GET", path, Accept_Encoding="gzip", If_None_Match=etag)

    def test_rfc9110_9_3_2_head_says_the_length_of_the_packed_one(self):
        path, _ = self.large("head.ics")
        packed = self.request(200, "GET", path, Accept_Encoding="gzip")
        head = self.request(200, "HEAD", path, Accept_Encoding="gzip")
        self.assertEqual(str(len(packed.body)), head.headers["Content-Length"])

    def test_rfc9110_12_5_3_identity_and_refusals_are_honoured(self):
        path, _ = self.large("plain.ics")
        plain = self.get(path)
        for refused in ("identity", "gzip;q=0", "deflate", "br"):
            self.assertEqual(plain.body, self.request(200, "GET", path,
                                                      Accept_Encoding=refused).body)

    def test_rfc9110_12_5_5_vary_names_accept_encoding(self):
        path, _ = self.large("vary.ics")
        self.assertEqual("Accept-Encoding", self.get(path).headers["Vary"])

    def test_rfc9110_8_4_small_answers_are_not_packed(self):
        path, _ = self.put("small.ics")
        self.assertNotIn("Content-Encoding",
                         self.request(200, "GET", path, Accept_Encoding="gzip").headers)

    def test_rfc9110_8_4_reports_in_gzip(self):
        path, _ = self.large("report.ics")
        body = multiget([path] * 100)
        plain = self.request(207, "REPORT", self.list, body)
        packed = self.request(207, "REPORT", self.list, body, Accept_Encoding="gzip")
        self.assertEqual("gzip", packed.headers["Content-Encoding"])
        self.assertEqual(plain.body, gzip.decompress(packed.body))

    def test_rfc9110_15_5_16_encoded_bodies_are_415(self):
        self.request(415, "PUT", self.list + "zip.ics", gzip.compress(b"x"),
                     Content_Type="text/calendar", Content_Encoding="gzip")


class Framing(Case):
    """Requests as bytes. Those that cannot be framed end the connection; others do not."""

    def head(self, method, path, *lines):
        return "\r\n".join([
            f"{method} {path} HTTP/1.1", "Host: h",
            "Authorization: " + self.dav.headers["Authorization"], *lines, "", ""]).encode()

    def test_rfc9112_7_1_a_chunked_body(self):
        text = vtodo("chunked", "SUMMARY:x").encode()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(text[i:i + 50]), text[i:i + 50])
                          for i in range(0, len(text), 50))
        status, _ = self.send(self.head("PUT", self.list + "chunked.ics",
                                        "Content-Type: text/calendar",
                                        "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
        self.assertEqual(201, status)
        self.assertEqual(text, self.get(self.list + "chunked.ics").body)

    def test_rfc9112_9_3_2_pipelined_requests_are_answered_in_order(self):
        _, answer = self.send(self.head("OPTIONS", "/dav/") + self.head("GET", "/dav/nothing") +
                              self.head("OPTIONS", self.list, "Connection: close"),
                              has_end=False)
        self.assertEqual([b"200", b"404", b"200"], re.findall(rb"HTTP/1.1 (\d+) ", answer))

    def test_rfc9112_3_2_a_missing_or_doubled_host_is_400(self):
        for lines in (b"", b"Host: a\r\nHost: b\r\n"):
            self.assertEqual(400, self.send(b"OPTIONS /dav/ HTTP/1.1\r\n" + lines + b"\r\n")[0])

    def test_rfc9112_6_3_length_and_chunked_together_are_400(self):
        self.assertEqual(400, self.send(self.head(
            "PUT", self.list + "x", "Content-Length: 3", "Transfer-Encoding: chunked") +
            b"0\r\n\r\n")[0])

    def test_rfc9112_6_2_two_lengths_are_400(self):
        self.assertEqual(400, self.send(self.head(
            "PUT", self.list + "x", "Content-Length: 3", "Content-Length: 4") + b"abcd")[0])

    def test_rfc9112_6_1_an_unknown_transfer_coding_is_501(self):
        self.assertIn(self.send(self.head("PUT", self.list + "x",
                                          "Transfer-Encoding: gzip, chunked"))[0], (400, 501))

    def test_rfc9112_5_2_folded_headers_are_400(self):
        self.assertEqual(400, self.send(self.head("OPTIONS", "/dav/", "X-A: b", "  c"))[0])

    def test_rfc9112_3_malformed_request_lines_are_400(self):
        for line in (b"OPTIONS\r\n", b"OPTIONS /dav/\r\n", b" / HTTP/1.1\r\n",
                     b"OPTIONS  /dav/ HTTP/1.1\r\n", b"OP TIONS / HTTP/1.1\r\n"):
            self.assertEqual(400, self.send(line + b"Host: h\r\n\r\n")[0], line)

    def test_rfc9112_2_3_another_major_version_is_505(self):
        self.assertEqual(505, self.send(b"OPTIONS /dav/ HTTP/2.0\r\nHost: h\r\n\r\n")[0])

    def test_rfc9110_15_5_15_a_path_that_is_too_long_is_414(self):
        self.assertEqual(414, self.send(self.head("GET", "/dav/" + "x" * 100000))[0])

    def test_rfc6585_5_headers_that_are_too_large_are_431(self):
        self.assertEqual(431, self.send(self.head("GET", "/dav/", "X-A: " + "x" * 100000))[0])

    def test_rfc9110_15_5_14_a_body_beyond_the_limit_is_413(self):
        status, answer = self.send(self.head("REPORT", self.list, "Content-Length: 99999999"))
        self.assertEqual(413, status)
        self.assertIn(b"Connection: close", answer)

    def test_rfc9110_10_1_1_expect_continue(self):
        text = vtodo("expected", "SUMMARY:x").encode()
        _, answer = self.send(self.head("PUT", self.list + "expected.ics",
                                        "Content-Type: text/calendar", "Expect: 100-continue",
                                        "Content-Length: %d" % len(text)) + text)
        self.assertIn(b"HTTP/1.1 201 ", answer)

    def test_rfc9112_9_6_connection_close_is_honoured(self):
        reply = self.request(200, "OPTIONS", "/dav/", Connection="close")
        self.assertEqual("close", reply.headers["Connection"])


class Addresses(Case):
    def put_at(self, status, name):
        self.request(status, "PUT", self.list + name, vtodo(uuid.uuid4().hex, "SUMMARY:s"),
                     Content_Type="text/calendar")

    def test_rfc3986_2_1_bad_percent_coding_is_400(self):
        for name in ("a%zz.ics", "a%4.ics", "a%.ics", "a%00.ics", "a%0A.ics", "a%ff.ics"):
            before = self.dav.connection
            self.put_at(400, name)
            self.assertIs(before, self.dav.connection)

    def test_rfc3986_2_2_an_encoded_slash_is_refused(self):
        self.put_at(403, "a%2Fb.ics")
        self.put_at(403, "a%2fb.ics")

    def test_rfc3986_3_3_dot_segments_are_400(self):
        self.put_at(400, "../x/a.ics")
        self.put_at(400, "%2e%2e/x/a.ics")

    def test_rfc3986_6_2_2_hrefs_have_one_spelling(self):
        self.put("sp ell.ics")
        for spelled in ("sp%20ell.ics", "sp%20%65ll.ics", "/sp%20ell.ics", "sp%20ell.ics/"):
            found = self.find(self.list + spelled, "D:getetag").found
            self.assertEqual([self.list + "sp%20ell.ics"], list(found))

    def test_rfc3986_6_2_2_1_upper_and_lower_case_are_two_names(self):
        self.put("Case.ics")
        self.request(404, "GET", self.list + "case.ics")

    def test_rfc3987_3_1_raw_utf_8_is_taken(self):
        path, _ = self.put("rå.ics")
        status, _ = self.send(("GET %srå.ics HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n" % (
            self.list, self.dav.headers["Authorization"])).encode())
        self.assertEqual(200, status)

    def test_rfc3986_3_4_a_query_changes_nothing(self):
        path, etag = self.put("query.ics")
        self.assertEqual(etag, self.request(200, "GET", path + "?a=b").etag)

    def test_rfc9112_3_2_2_an_absolute_target(self):
        path, etag = self.put("absolute.ics")
        reply = self.dav.request("GET", self.world.bridge.url + path)
        self.assertEqual(etag, reply.etag)


class Errors(Case):
    def test_rfc4918_16_errors_are_xml_with_a_dav_error(self):
        for status, method, path, body in (
                (404, "GET", self.list + "none.ics", None), (405, "POST", self.list, "x"),
                (400, "PROPFIND", self.list, "<"), (409, "PUT", self.home + "no/a.ics", "x"),
                (403, "REPORT", self.list, "<a/>"), (404, "PROPFIND", "/dav/nowhere", None)):
            reply = self.request(status, method, path, body, Depth="0")
            self.assertEqual("application/xml; charset=utf-8", reply.headers["Content-Type"])
            self.assertTrue(reply.text.startswith("<?xml"))
            self.assertIn("<D:error", reply.text)
            self.assertIn("D:responsedescription", reply.text)

    def test_rfc3253_3_6_unknown_reports_are_403_supported_report(self):
        for path in (self.list, self.home, self.principal, "/dav/"):
            self.error(self.request(403, "REPORT", path, "<x xmlns='urn:x'/>"),
                       D + "supported-report")

    def test_rfc9112_9_3_the_connection_is_used_on_after_errors(self):
        before = self.dav.connection or (self.find(self.list, "D:owner") and self.dav.connection)
        for status, method, path, body in (
                (404, "GET", self.list + "none.ics", None), (405, "LOCK", self.list, "<x/>"),
                (400, "REPORT", self.list, None), (400, "PROPPATCH", self.list, "<"),
                (403, "PUT", self.list + "a.ics", "no calendar"),
                (403, "REPORT", self.list, query("<C:comp-filter name='X'/>")),
                (415, "MKCOL", self.fresh(), "{"), (404, "DELETE", self.list + "none.ics", None)):
            kind = "text/plain" if status == 415 else XML
            self.request(status, method, path, body, Depth="0", Content_Type=kind)
            self.assertIs(before, self.dav.connection, (method, status))

    def test_rfc4791_9_8_filters_that_are_too_deep_or_wide_are_refused(self):
        self.put("filtered.ics")
        deep = "<C:comp-filter name='VCALENDAR'>" * 200 + "</C:comp-filter>" * 200
        wide = in_todo("<C:prop-filter name='X'/>" * 20000)
        for inner in (deep, wide):
            reply = self.dav.request("REPORT", self.list, query(inner), {"Depth": "1"})
            self.assertIn(reply.status, (400, 403), reply.text[:300])
        self.find(self.list, "D:owner")

    def test_rfc4791_7_9_a_multiget_of_very_many_is_answered(self):
        path, _ = self.put("many.ics")
        answer = self.answer("REPORT", self.list, multiget(
            [path] + ["%snone-%d.ics" % (self.list, i) for i in range(5000)], "D:getetag"))
        self.assertEqual([path], list(answer.found))
        self.assertEqual(5000, len(answer.statuses))
        self.assertEqual({404}, set(answer.statuses.values()))
