"""What a client can make the bridge hold or do before, and after, it has signed in."""
import socket
import urllib.parse

from harness import DEADLINE, Case, vtodo

LARGE = 3 * 1024 * 1024  # more than a task and an attachment may have, less than a body


class Bounds(Case):
    def setUp(self):
        super().setUp()
        clock = self.start_clock()  # it stands: nobody is too slow
        self.sandbox = self.start_sandbox(clock=clock)
        self.bridge, self.dav = self.start_bridge(
            self.sandbox, clock=clock, limits={"buffered": "4M", "body": "4M", "attachment": "512K"})
        self.list = self.dav.collections()["Tasks"]

    def send(self, *lines, body=b"", credentials=None, method="PUT", path=None):
        """The head (and the beginning of a body) on a connection of its own."""
        parts = urllib.parse.urlsplit(self.bridge.url)
        connection = socket.create_connection((parts.hostname, parts.port), DEADLINE)
        self.addCleanup(connection.close)
        head = [f"{method} {path or self.list + 'new.ics'} HTTP/1.1", "Host: h", *lines]
        if credentials:
            head.append(f"Authorization: {credentials}")
        connection.sendall("\r\n".join(head + ["", ""]).encode() + body)
        return connection

    def read_all(self, connection):
        text = b""
        while piece := connection.recv(65536):
            text += piece
        return text.decode()

    def test_a_large_body_without_credentials_gets_401_and_is_not_kept(self):
        for method, path in (("PUT", None), ("PROPFIND", None), ("POST", "/healthz"), ("GET", "/readyz"),
                             ("PUT", "/.well-known/caldav"), ("PUT", "/")):
            begun = [self.send("Content-Length: 4000000", body=b"x" * 3900000, method=method,
                               path=path) for _ in range(4)]
            answer = self.read_all(begun[0])
            self.assertNotIn(" 100 ", answer)
            if path in (None, "/"):
                self.assertIn("HTTP/1.1 401 ", answer)
                self.assertIn("WWW-Authenticate: Basic", answer)
            self.assertIn("Connection: close", answer)
            self.assertEqual(201, self.dav.put(f"{self.list}{method}{len(path or '')}.ics",
                                               vtodo(method + (path or ""), "SUMMARY:x")).status)

    def test_continue_is_for_those_who_may(self):
        expect = ("Content-Length: 400", "Expect: 100-continue")
        for wrong in (None, "Basic YWxpY2U6d3Jvbmc=", "Basic nonsense", "Bearer x"):
            answer = self.read_all(self.send(*expect, credentials=wrong))
            self.assertTrue(answer.startswith("HTTP/1.1 401 "), answer)
            self.assertNotIn(" 100 ", answer)
        right = self.dav.headers["Authorization"]
        connection = self.send(*expect, credentials=right)
        self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", connection.recv(1000))
        connection.sendall(vtodo("u", "SUMMARY:x").encode().ljust(400))
        self.assertIn(b"HTTP/1.1 201 ", connection.recv(10000))

    def test_a_small_request_without_credentials_keeps_its_connection(self):
        connection = self.send("Content-Length: 10", method="PROPFIND", body=b"<x/>")
        connection.sendall(b"      ")
        answer = connection.recv(10000).decode()
        self.assertIn("HTTP/1.1 401 ", answer)
        self.assertNotIn("Connection: close", answer)

    def test_the_size_that_is_said_is_the_size_that_is_kept(self):
        name = "{urn:ietf:params:xml:ns:caldav}max-resource-size"
        item = self.dav.propfind(self.list, "c:max-resource-size").items[self.list]
        most = int(item.props[name].text)
        self.assertLess(most, LARGE)
        right = self.dav.headers["Authorization"]
        answer = self.read_all(self.send(f"Content-Length: {LARGE}", "Expect: 100-continue",
                                         credentials=right))
        self.assertTrue(answer.startswith("HTTP/1.1 403 "), answer)
        self.assertIn("max-resource-size", answer)
        text = vtodo("large", "SUMMARY:x", "DESCRIPTION:" + "x" * (most + 1))
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text.encode())
        answer = self.read_all(self.send("Transfer-Encoding: chunked", "Connection: close",
                                         "Content-Type: text/calendar", credentials=right,
                                         body=chunks))
        self.assertTrue(answer.startswith("HTTP/1.1 403 "), answer)
        self.assertIn("max-resource-size", answer)

    def test_a_namespace_is_not_multiplied(self):
        body = ('<propfind xmlns="DAV:"><D:prop xmlns:D="DAV:" xmlns="%s">%s</D:prop></propfind>'
                % ("a" * 200000, "<b/>" * 30000))
        reply = self.dav.request("PROPFIND", self.list, body, {"Depth": "0"})
        self.assertEqual(400, reply.status, reply)
        self.assertIn("too long", reply.text)

    def test_a_name_that_is_too_long_does_not_say_that_the_list_has_gone(self):
        reply = self.dav.put(self.list + "n" * 2000 + ".ics", vtodo("u", "SUMMARY:x"))
        self.assertEqual(403, reply.status, reply)
