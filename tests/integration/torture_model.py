"""What the torture test believes: every write to every field of every task, and which values may be
there afterwards.

A write is an interval: from the first time that it was sent to the answer that settled it. It may
take effect at any moment of it. So a value may stand in the end if its write was not refused and no
acknowledged write to the same field of the same task began after it had ended.

A task is known by its title's first word and its list: what is copied is there twice.
"""
import datetime
import re

from harness import DIALECT

OPEN, ACKED, MAYBE, REFUSED = "open", "acked", "maybe", "refused"
UPSTREAM_FIELDS = ("title", "body", "due", "priority", "status", "categories")
CLIENT_FIELDS = ("location", "x", "due_time")  # only the bridge's document holds them
if DIALECT == "todo":  # it has no sensitivity (upstream.md B.4)
    CLIENT_FIELDS += ("class",)
else:
    UPSTREAM_FIELDS += ("class",)
FIRST_DAY = datetime.date(2026, 5, 4)  # of every series, a Monday
WEEK = datetime.timedelta(days=7)
FOREVER = float("inf")
HONOURS_IF_MATCH = DIALECT == "outlook"  # with To Do a change made just before a MOVE goes unseen


class Write:
    def __init__(self, value, start, who, condition=None):
        self.value = value
        self.start = start
        self.end = FOREVER
        self.state = OPEN
        self.who = who
        self.condition = condition  # counts only if this says so

    def values(self):
        """What it may have written."""
        return [self.value]

    def __repr__(self):
        return f"<{self.value!r} {self.start}-{self.end} {self.state} by {self.who}>"


class Moved(Write):
    """A field that came with a MOVE: what the client knew of it, or what it was changed to meanwhile.
    Where the service honours If-Match nothing is left behind: it is what stood when the task went."""

    def __init__(self, value, start, who, source, field):
        super().__init__(value, start, who)
        self.source = source
        self.field = field
        self.is_strict = False  # set with the answer
        self.settled = None
        self.is_busy = False    # tasks may go to and fro at once

    def values(self):
        if self.settled is not None:
            return self.settled
        if self.is_busy:
            return [self.value]
        self.is_busy = True
        stood = self.source.allowed(self.field, self.end)
        self.is_busy = False
        return stood if self.is_strict else [self.value, *stood]

    def settle(self, is_strict):
        self.is_strict = is_strict
        self.settled = self.values()


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
        self.was_there = False  # since everybody last knew that it is not

    def was_deleted(self):
        return any(w.value is False and w.end > 0 and w.state != REFUSED for w in self.fields["exists"])

    def was_put_since(self, moment, who):
        """Has another CalDAV client written it since?"""
        return any(w.end > moment and w.state != REFUSED and w.who not in (who, "outlook")
                   for writes in self.fields.values() for w in writes if not w.condition)

    def standing(self, field, until=FOREVER):
        """The writes whose values may stand now, or stood then."""
        writes = [w for w in self.fields[field] if w.start <= until and
                  w.state != REFUSED and (not w.condition or w.condition())]
        settled = [w for w in writes if w.state == ACKED]
        found = []
        for write in writes:
            end = FOREVER if write.state in (OPEN, MAYBE) else write.end
            if not any(other.start > end for other in settled):
                found.append(write)
        return found

    def allowed(self, field, until=FOREVER):
        return [value for write in self.standing(field, until) for value in write.values()]


class Move:
    """A MOVE (or, without a source, a COPY): the writes to the target, and the removal here."""

    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.is_replay = target.was_there
        self.removal = None


class Completion:
    """An occurrence that somebody completes."""

    def __init__(self, day, start, who):
        self.day = day
        self.who = who
        self.start = start
        self.end = FOREVER
        self.state = OPEN

    def __repr__(self):
        return f"<{self.day} {self.start}-{self.end} {self.state} by {self.who}>"


class Series:
    """A weekly task of which nothing is done but completing the occurrence that is its turn. So the
    open one stands at some date, and of each date before there is one completed: none is doubled and
    none lost, whoever completed it and whatever became of the answers."""

    def __init__(self, tag, folder):
        self.tag = tag
        self.folder = folder
        self.uid = None
        self.href = None
        self.completions = []
        self.overtaken = 0  # Outlook completed one while a client's completion was under way, which
                            # the service may have taken for the occurrence that followed

    def was_put_since(self, moment):
        """A PUT stores the client's own document, whose lines may stand in another order."""
        return any(c.end > moment and c.state != REFUSED and c.who != "outlook"
                   for c in self.completions)

    def fault(self, tasks):
        """What is wrong with the tasks upstream of this series, [(day, is completed, has a rule)]."""
        opened = [day for day, is_done, has_rule in tasks if not is_done and has_rule]
        done = sorted(day for day, is_done, has_rule in tasks if is_done and not has_rule)
        if len(opened) != 1 or len(done) != len(tasks) - 1:
            return f"is {tasks}"
        if done != [FIRST_DAY + WEEK * i for i in range(len(done))]:
            return f"completed {done}"
        if opened[0] != FIRST_DAY + WEEK * len(done):
            return f"stands at {opened[0]} after {done}"
        least = max((c.day + WEEK for c in self.completions if c.state == ACKED), default=FIRST_DAY)
        most = max((c.day + WEEK for c in self.completions if c.state != REFUSED),
                   default=FIRST_DAY) + WEEK * self.overtaken
        if not least <= opened[0] <= most:
            return f"stands at {opened[0]}, not between {least} and {most}"
        return None


class Model:
    def __init__(self):
        self.now = 0
        self.tasks = {}  # (tag, upstream id of its folder): Task
        self.moves = []
        self.series = {}  # tag: Series
        self.tags = 0
        self.values = 0
        self.trace = []

    def tick(self):
        self.now += 1
        return self.now

    def note(self, text):
        self.trace.append(f"{self.tick():6} {text}")

    def places(self, tag):
        return [task for task in self.tasks.values() if task.tag == tag]

    def value(self):
        self.values += 1
        return self.values

    def add_task(self, folder):
        self.tags += 1
        tag = f"T{self.tags}"
        self.tasks[tag, folder] = Task(tag, folder)
        return self.tasks[tag, folder]

    def find_place(self, task, folder):
        """The same task in another list, where it may have been already."""
        if (task.tag, folder) not in self.tasks:
            place = self.tasks[task.tag, folder] = Task(task.tag, folder)
            place.uid, place.href, place.keeps = task.uid, task.href, task.keeps
        return self.tasks[task.tag, folder]

    def begin(self, task, values, who, weak=()):
        """values: {field: value}, to be settled together. weak: [(field, value, condition)] that the
        same document also carries, without a claim."""
        start = self.tick()
        strong = []
        for name, value in values.items():
            strong.append(Write(value, start, who))
            task.fields[name].append(strong[-1])
        others = []
        task.was_there = True  # but for a deletion, which speaks of one that is
        for name, value, condition in weak:
            others.append(Write(value, start, who, condition))
            task.fields[name].append(others[-1])
        return task, strong, others

    def add_series(self, folder):
        tag = f"S{len(self.series) + 1}"
        self.series[tag] = Series(tag, folder)
        return self.series[tag]

    def begin_completion(self, series, day, who):
        completion = Completion(day, self.tick(), who)
        series.completions.append(completion)
        return completion

    def settle_completion(self, completion, state):
        completion.end, completion.state = self.tick(), state

    def begin_transfer(self, source, target, values, who, is_move):
        """A copy under If-Match: values are those of that version. (writes to the target, Move)"""
        start = self.tick()
        move = Move(source, target)
        written = []
        for name, value in values.items():
            written.append(Moved(value, start, who, source, name) if is_move and name != "exists"
                           else Write(value, start, who))
            target.fields[name].append(written[-1])
        if is_move:
            move.removal = Write(False, start, who)
            source.fields["exists"].append(move.removal)
            self.moves.append(move)
        target.was_there = True
        # where it was brought before, with the same bytes, that may be all there is to it: a replay
        return (target, [], written) if move.is_replay else (target, written, []), move

    def settle_transfer(self, writes, move, state, is_strict):
        self.settle(writes, state)
        if move.removal is None:
            return
        # what somebody else deleted, before or meanwhile, may be newer than what went
        is_strict = is_strict and not any(
            w.value is False and w is not move.removal for w in move.source.standing("exists"))
        move.removal.end, move.removal.state = self.now, state
        for write in writes[1] + writes[2]:
            if isinstance(write, Moved):
                write.settle(is_strict and not move.is_replay)
        if state == REFUSED:
            self.moves.remove(move)

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
        history = [f"  {name}: {writes}" for task in self.places(tag)
                   for name, writes in [("in", task.folder), *task.fields.items()] if writes]
        if tag in self.series:
            history.append(f"  {vars(self.series[tag])}")
        return "\n".join([f"history of {tag}:", *lines, *history])


# --- calendar objects -----------------------------------------------------------------------

STAMPS = ("DTSTAMP", "LAST-MODIFIED", "X-MSTASK-REV", "SEQUENCE")


NAME = re.compile("[^;:]*")


def unfolded(text):
    return text.replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")


def name_of(line):
    return NAME.match(line)[0]


def content(text):
    """The text without what changes by itself."""
    return [line for line in unfolded(text) if name_of(line) not in STAMPS and line]


def get_line(text, name):
    """The value of the VTODO's first property of a name, with its parameters; or None."""
    for line in unfolded(text):
        if line.startswith(name) and name_of(line) == name:
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
    lines = {}
    for line in unfolded(text):
        name = name_of(line)
        lines.setdefault(name, line[len(name):])
    due = lines.get("DUE")
    due = due.rsplit(":", 1)[1] if due else None
    priority = int(lines.get("PRIORITY", ":0")[1:])
    plain = lambda name: lines.get(name, ":")[1:] or None
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
        due = day_of(due).strftime("%Y%m%d")
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


def day_of(value):
    """A date of the sandbox's state, in Paris."""
    moment = datetime.datetime.fromisoformat(value["DateTime"][:19]) + datetime.timedelta(hours=2)
    return moment.date()


def series_day(text):
    """The date of the occurrence that a document of a series stands at."""
    return datetime.datetime.strptime(read_text(text)["due"], "%Y%m%d").date()


def series_lines(day):
    return [f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DUE;VALUE=DATE:{day:%Y%m%d}"]


def complete_text(text, style, now):
    """The PUT that completes the current occurrence: the date goes on (A), an override (B), or the
    whole task (D). See mapping.md 5.2."""
    day = series_day(text)
    if style == "A":
        start, due = series_lines(day + WEEK)
        return set_lines(text, {"DTSTART": start, "DUE": due})
    if style == "D":
        return set_lines(text, lines_for({"status": "Completed"}, now))
    override = ["BEGIN:VTODO", f"UID{get_line(text, 'UID')}", f"DTSTAMP:{now}",
                f"SUMMARY{get_line(text, 'SUMMARY')}", f"RECURRENCE-ID;VALUE=DATE:{day:%Y%m%d}",
                "STATUS:COMPLETED", f"COMPLETED:{now}", "END:VTODO"]
    return text.replace("END:VCALENDAR", "\r\n".join([*override, "END:VCALENDAR"]))


def tag_of(title):
    return title.split()[0]


def tag_in(text):
    """The tag of a document's task."""
    return tag_of(get_line(text, "SUMMARY")[1:])


def key_of(task):
    """Of a task of the sandbox's state: where Model.tasks has it."""
    return tag_of(task["Subject"]), task["FolderId"]
