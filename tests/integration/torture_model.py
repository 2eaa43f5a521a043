"""What the torture test believes: every write to every field of every task, and which values may be
there afterwards.

A write is an interval: from the first time that it was sent to the answer that settled it. It may
take effect at any moment of it. So a value may stand in the end if its write was not refused and no
acknowledged write to the same field of the same task began after it had ended.
"""
import re

from harness import DIALECT

OPEN, ACKED, MAYBE, REFUSED = "open", "acked", "maybe", "refused"
UPSTREAM_FIELDS = ("title", "body", "due", "priority", "status", "categories")
CLIENT_FIELDS = ("location", "x", "due_time")  # only the bridge's document holds them
if DIALECT == "todo":  # it has no sensitivity (upstream.md B.4)
    CLIENT_FIELDS += ("class",)
else:
    UPSTREAM_FIELDS += ("class",)
FOREVER = float("inf")


class Write:
    def __init__(self, value, start, who, condition=None):
        self.value = value
        self.start = start
        self.end = FOREVER
        self.state = OPEN
        self.who = who
        self.condition = condition  # counts only if this says so

    def __repr__(self):
        return f"<{self.value!r} {self.start}-{self.end} {self.state} by {self.who}>"


class Task:
    def __init__(self, tag, folder):
        self.tag = tag
        self.folder = folder  # upstream id of its folder
        self.uid = None
        self.href = None      # last segment, as it was first seen
        self.fields = {name: [] for name in (*UPSTREAM_FIELDS, *CLIENT_FIELDS, "exists")}
        before = Write(False, -1, "nobody")
        before.end, before.state = -1, ACKED
        self.fields["exists"].append(before)
        self.keeps = None     # lines that must stay in the document for ever

    def was_deleted(self):
        return any(w.value is False and w.end > 0 and w.state != REFUSED for w in self.fields["exists"])

    def was_put_since(self, moment, who):
        """Has another CalDAV client written it since?"""
        return any(w.end > moment and w.state != REFUSED and w.who not in (who, "outlook")
                   for writes in self.fields.values() for w in writes if not w.condition)

    def allowed(self, field):
        """The values that may stand now."""
        writes = [w for w in self.fields[field]
                  if w.state != REFUSED and (not w.condition or w.condition())]
        settled = [w for w in writes if w.state == ACKED]
        found = []
        for write in writes:
            end = FOREVER if write.state in (OPEN, MAYBE) else write.end
            if not any(other.start > end for other in settled):
                found.append(write.value)
        return found


class Model:
    def __init__(self):
        self.now = 0
        self.tasks = {}
        self.values = 0
        self.trace = []

    def tick(self):
        self.now += 1
        return self.now

    def note(self, text):
        self.trace.append(f"{self.tick():6} {text}")

    def value(self):
        self.values += 1
        return self.values

    def add_task(self, folder):
        tag = f"T{len(self.tasks) + 1}"
        self.tasks[tag] = Task(tag, folder)
        return self.tasks[tag]

    def begin(self, task, values, who, weak=()):
        """values: {field: value}, to be settled together. weak: [(field, value, condition)] that the
        same document also carries, without a claim."""
        start = self.tick()
        strong = []
        for name, value in values.items():
            strong.append(Write(value, start, who))
            task.fields[name].append(strong[-1])
        others = []
        for name, value, condition in weak:
            others.append(Write(value, start, who, condition))
            task.fields[name].append(others[-1])
        return task, strong, others

    def settle(self, writes, state):
        task, strong, others = writes
        self.tick()
        for write in strong:
            write.end, write.state = self.now, state
        for write in others:
            write.end, write.state = self.now, REFUSED if state == REFUSED else MAYBE

    def tell(self, tag, most=200):
        """The history of a task, for a failure: what is said of it, and all else from its beginning
        to its end."""
        mentions = [i for i, line in enumerate(self.trace) if re.search(rf"\b{tag}\b", line)]
        lines = self.trace[mentions[0]:mentions[-1] + 40] if mentions else []
        if len(lines) > most:
            lines = [self.trace[i] for i in mentions]
        history = [f"  {name}: {writes}" for name, writes in self.tasks[tag].fields.items() if writes]
        return "\n".join([f"history of {tag}:", *lines, *history])


# --- calendar objects -----------------------------------------------------------------------

STAMPS = ("DTSTAMP", "LAST-MODIFIED", "X-MSTASK-REV", "SEQUENCE")


def unfolded(text):
    return text.replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")


def content(text):
    """The text without what changes by itself."""
    return [line for line in unfolded(text) if re.split("[;:]", line)[0] not in STAMPS and line]


def name_of(line):
    return re.split("[;:]", line, maxsplit=1)[0]


def get_line(text, name):
    """The value of the VTODO's first property of a name, with its parameters; or None."""
    for line in unfolded(text):
        if name_of(line) == name:
            return line[len(name):]
    return None


def set_lines(text, changes):
    """changes: {name: line or None}. The VTODO's lines of these names are replaced."""
    lines, out, left = unfolded(text), [], dict(changes)
    for line in lines:
        name = name_of(line)
        if name in changes:
            new = left.pop(name, None)
            if new is not None:
                out.append(new)
            continue
        if line == "END:VTODO":
            out += [new for new in left.values() if new is not None]
            left = {}
        out.append(line)
    return "\r\n".join(out)


def lines_for(values, now):
    """The lines that express these field values."""
    lines = {}
    for name, value in values.items():
        if name == "title":
            lines["SUMMARY"] = f"SUMMARY:{value}"
        elif name == "body":
            lines["DESCRIPTION"] = f"DESCRIPTION:{value}" if value else None
        elif name == "due":
            time = values.get("due_time")
            lines["DUE"] = (f"DUE;TZID=Europe/Paris:{value}T{time}" if time
                            else f"DUE;VALUE=DATE:{value}")
        elif name == "priority":
            lines["PRIORITY"] = {"High": "PRIORITY:1", "Low": "PRIORITY:9", "Normal": None}[value]
        elif name == "class":
            lines["CLASS"] = {"Normal": None, "Private": "CLASS:PRIVATE",
                              "Confidential": "CLASS:CONFIDENTIAL"}[value]
        elif name == "categories":
            lines["CATEGORIES"] = f"CATEGORIES:{value}"
        elif name == "location":
            lines["LOCATION"] = f"LOCATION:{value}"
        elif name == "x":
            lines["X-TORTURE"] = f"X-TORTURE:{value}"
        elif name == "status":
            lines.update({"STATUS": {"NotStarted": "STATUS:NEEDS-ACTION", "InProgress":
                                     "STATUS:IN-PROCESS", "Completed": "STATUS:COMPLETED"}[value],
                          "PERCENT-COMPLETE": None, "COMPLETED": None})
            if value == "Completed":
                lines["COMPLETED"] = f"COMPLETED:{now}"
                lines["PERCENT-COMPLETE"] = "PERCENT-COMPLETE:100"
    return lines


def read_text(text):
    """The field values of a document."""
    due = get_line(text, "DUE")
    due = due.rsplit(":", 1)[1] if due else None
    priority = int((get_line(text, "PRIORITY") or ":0")[1:])
    plain = lambda name: (get_line(text, name) or ":")[1:] or None
    return {
        "title": plain("SUMMARY"),
        "body": plain("DESCRIPTION"),
        "due": due[:8] if due else None,
        "due_time": due[9:] or None if due else None,
        "priority": "High" if 1 <= priority <= 4 else "Low" if priority >= 6 else "Normal",
        "class": {None: "Normal", "PUBLIC": "Normal", "PRIVATE": "Private",
                  "CONFIDENTIAL": "Confidential"}[plain("CLASS")],
        "status": {None: "NotStarted", "NEEDS-ACTION": "NotStarted", "IN-PROCESS": "InProgress",
                   "COMPLETED": "Completed"}[plain("STATUS")],
        "categories": plain("CATEGORIES"),
        "location": plain("LOCATION"),
        "x": plain("X-TORTURE"),
    }


def read_upstream(task):
    """The field values of a task of the sandbox's state."""
    due = task["DueDateTime"]
    if due:
        import datetime
        moment = datetime.datetime.fromisoformat(due["DateTime"][:19]) + datetime.timedelta(hours=2)
        due = moment.strftime("%Y%m%d")
    values = {
        "title": task["Subject"],
        "body": task["Body"]["Content"] or None,
        "due": due,
        "priority": task["Importance"],
        "class": task["Sensitivity"],
        "status": task["Status"],
        "categories": ",".join(task["Categories"]) or None,
    }
    return {name: values[name] for name in UPSTREAM_FIELDS}


def tag_of(title):
    return title.split()[0]
