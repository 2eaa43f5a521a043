"""What stands between the bridge and the service, and misbehaves on the wire: a proxy that refuses
connections or lets bytes through one by one, and a server that should never hear a token."""
import socket
import ssl
import subprocess
import threading

from harness import DEADLINE, reserve_port


class Proxy:
    """Passes bytes between clients and the server at `address`."""

    def __init__(self, address):
        self.target = address
        self.lock = threading.Condition()
        self.credit = None  # bytes that may still go to clients; None: all
        self.waiting = 0    # connections that would go on if they might
        self.sockets = set()
        self.listener = None
        self.keeper, self.port = reserve_port()
        self.accept()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def accept(self):
        """Take connections (again, on the same port)."""
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def refuse(self):
        """No connection is taken; those that there are end."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for end in self.sockets:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def drip(self, count=0):
        """From now on only so many bytes of answers go on."""
        with self.lock:
            self.credit = count
            self.lock.notify_all()

    def flow(self):
        with self.lock:
            self.credit = None
            self.lock.notify_all()

    def wait_dry(self):
        """Until bytes wait that may not go on."""
        with self.lock:
            assert self.lock.wait_for(lambda: self.waiting > 0, DEADLINE)

    def close(self):
        self.flow()
        try:
            self.refuse()
        except OSError:
            pass
        self.keeper.close()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self.target)
            except OSError:
                return
            with self.lock:
                self.sockets |= {client, server}
            for source, sink, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(source, sink, is_answer),
                                 daemon=True).start()

    def _take(self, most):
        """How many bytes of an answer may go on."""
        with self.lock:
            self.waiting += 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.credit is None or self.credit > 0)
            self.waiting -= 1
            if self.credit is None:
                return most
            count = min(most, self.credit)
            self.credit -= count
            return count

    def _pass(self, source, sink, is_answer):
        try:
            while data := source.recv(65536):
                while data:
                    count = self._take(len(data)) if is_answer else len(data)
                    sink.sendall(data[:count])
                    data = data[count:]
        except OSError:
            pass
        with self.lock:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            if source in self.sockets:  # the other way still ends
                self.sockets -= {source, sink}
            else:
                source.close()
                sink.close()


class Listener:
    """Takes connections, with TLS if it has a certificate, and keeps what it hears."""

    def __init__(self, certificate=None, key=None):
        self.heard = b""
        self.connections = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                connection.settimeout(DEADLINE)
                self.heard += connection.recv(65536)
            except OSError:
                pass
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def make_certificate(folder, name, days=30):
    """A self-signed certificate for a host: (certificate, key)."""
    paths = f"{folder}/{name}.crt", f"{folder}/{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-days", str(days), "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths
