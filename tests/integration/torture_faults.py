"""What goes wrong in the torture test: faults of the service, kill -9, SIGTERM."""
import subprocess

from harness import wire
import torture_model as m

LOSING = ("cut_before", "cut_after", "truncate", "stall_after", "hold", "hold_after")
HTML = "<html><body><h1>Bad Gateway</h1></body></html>"
PATIENCE_MS = 25  # how long an answer that needs no clock takes at most, usually


class Faults:
    """Half of the test case: it has a bridge, a sandbox with its admin, clients, a model and a clock."""

    def clear_faults(self):
        self.admin.clear_faults()
        self.honours_if_match = m.HONOURS_IF_MATCH
        self.admin.fault("delay", path="outlook=1", ms=0, count=0)  # Outlook's own get through

    def add_fault(self):
        method = self.rng.choice(["GET", "POST", "PATCH", "DELETE", "GET", "POST", "PATCH"])
        kind = self.rng.choice([
            "status", "status", "status", "cut_before", "cut_after", "cut_after", "truncate",
            "malformed", "stall", "stall_after", "hold", "hold", "hold_after", "hold_after",
            "repeat_items", "partial_items", "empty_page", "expire_delta", "expire_delta",
            "no_tracking", "ignore_if_match", "ignore_if_match", "foreign_link"])
        more = {"method": method, "nth": self.rng.choice([1, 1, 2, 3]),
                "count": self.rng.choice([1, 1, 1, 2, 3])}
        if kind == "status":
            status = self.rng.choice([429, 429, 500, 502, 503, 503, 504, 401, 412])
            if status == 412 and method not in ("PATCH", "DELETE"):
                status = 503
            more["status"] = status
            if status in (429, 503) and self.rng.random() < 0.6:
                more["retry_after"] = str(self.rng.choice([1, 3, 20]))
            if status in (500, 502, 504) and self.rng.random() < 0.6:
                more["body"] = HTML
        elif kind in ("repeat_items", "empty_page", "expire_delta", "no_tracking", "foreign_link"):
            more["method"] = "GET"
        elif kind == "partial_items":
            more["path"] = wire.linked
            more["method"] = "GET"
        elif kind == "ignore_if_match":
            more["method"] = self.rng.choice(["PATCH", "DELETE"])
            self.honours_if_match = False  # until the faults are cleared
        if kind not in ("partial_items",) and method == "GET" and self.rng.random() < 0.4:
            more["path"] = self.rng.choice([wire.mark, wire.delta, wire.page, wire.single])
        if kind in LOSING and self.rng.random() < 0.3:  # of many writes few complete a series
            series = [t["Id"] for t in self.admin.state("alice")["tasks"] if t["Recurrence"]]
            if series:
                more.update(method=wire.complete["method"], path=self.rng.choice(series)[-25:-1],
                            nth=1)
        self.model.note(f"fault {kind} {more}")
        self.admin.fault(kind, **more)
        self.count("faults")
        self.count(f"fault {kind} {more['status']}" if kind == "status" else f"fault {kind}")

    def kill(self):
        """kill -9, at whatever the bridge is doing just now."""
        self.model.note("kill -9")
        self.bridge.kill()
        self.start_again()
        self.count("kills")

    def stop(self):
        """SIGTERM likewise; it ends by itself, with nothing found by a sanitizer."""
        self.model.note("SIGTERM")
        process = self.bridge.server.process
        self.bridge.server.terminate()
        for _ in range(1000):
            try:
                process.wait(PATIENCE_MS / 1000)
                break
            except subprocess.TimeoutExpired:
                self.pump(1, may_end=True)
                self.advance(1)
        if process.poll() != 0:
            self.fail(f"seed {self.seed}: SIGTERM: {process.poll()}\n{self.bridge.server.read_log()}")
        self.bridge.kill()
        self.start_again()
        self.count("stops")

    def start_again(self):
        self.release()
        for client in self.clients:
            if client.connection is not None:
                client.finish()
        self.check_log()
        self.bridge.start()

    def check_log(self):
        """A sanitizer's report, though the process was killed soon after."""
        log = (self.bridge.folder / f"{self.bridge.name}.log").read_text(errors="replace")
        if "Sanitizer" in log or "runtime error" in log:
            self.fail(f"seed {self.seed}: {log[-8000:]}")
