"""A second service that speaks the Outlook Tasks REST API v2.0, for tests: small, in memory, and
independent of duedav's own sandbox. It is written from the service's published reference alone and
makes, wherever that leaves something open, a choice that a test can turn: see Choices. A bridge that
works with every combination depends on nothing that only one implementation happens to do.

    service = OtherService(Choices(...), now)     listens at once on service.url
    service.add_task(...), change_task, ...       what people do elsewhere
    service.drop_answer(...), service.fail(...)   trouble
    service.close()
"""
import base64
import contextlib
import copy
import dataclasses
import datetime
import email.utils
import gzip
import http.server
import itertools
import json
import re
import select
import threading
import time
import urllib.parse
import zoneinfo

from harness import DEADLINE

UTC = datetime.timezone.utc
ZONES = {
    "UTC": "UTC",
    "Romance Standard Time": "Europe/Paris",
    "W. Europe Standard Time": "Europe/Berlin",
    "Pacific Standard Time": "America/Los_Angeles",
    "New Zealand Standard Time": "Pacific/Auckland",
}
WINDOWS = {iana: name for name, iana in ZONES.items()}
DATES = ("StartDateTime", "DueDateTime", "CompletedDateTime", "ReminderDateTime")
MIDNIGHTS = ("StartDateTime", "DueDateTime", "CompletedDateTime")
INSTANTS = ("CreatedDateTime", "LastModifiedDateTime")
READ_ONLY = ("Id", "ChangeKey", "ParentFolderId", "AssignedTo", "Owner", "HasAttachments", *INSTANTS)
EMPTY = {
    "Subject": "", "Body": {"ContentType": "Text", "Content": ""}, "Categories": [],
    "Importance": "Normal", "Sensitivity": "Normal", "Status": "NotStarted", "StartDateTime": None,
    "DueDateTime": None, "CompletedDateTime": None, "ReminderDateTime": None,
    "IsReminderOn": False, "Recurrence": None, "AssignedTo": None, "Owner": "Someone",
    "HasAttachments": False,
}


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the reference leaves open. The defaults follow its samples."""
    # addresses, links, tokens
    links: str = "encoded"          # or "raw" ($deltatoken, lower-case paths), "shouted" (HTTP://)
    links_move: bool = False        # the text of a deltaLink is another one in every answer
    id_tail: str = "="
    # synchronisation
    tracks: bool = True             # tasks; otherwise plain listings with nextLink ?$skip=
    tracks_folders: bool = True
    confirms_tracking: bool = True  # Preference-Applied
    first_page: int = 5             # entries of a first answer, 0 too; a deltaLink comes with it
    page: int = 20                  # at most, whatever maxpagesize asks for
    repeats: bool = False           # a page begins with the last entry of the one before
    empty_pages: bool = False       # an empty page with a nextLink before the last one
    removed: str = "reason"         # or "graph", "context", "reference"
    changed: str = "whole"          # or "members": only what changed, and Id
    forgotten: tuple = (410, "SyncStateNotFound")
    # dates
    zone: str = "asked"             # Prefer: outlook.timezone outside of synchronisation; or "utc"
    sync_zone: str = "asked"        # ... in synchronisation
    fraction: int = 7               # digits
    completes_at: str = "asked"     # midnight in the zone asked for, or "utc"
    # texts
    body: str = "same"              # or "html" (whatever was sent), "breaks" (ends in CR LF)
    default_folder: str = "Tasks"
    groups: int = 1
    more: bool = False              # members and values that no document names
    omits: tuple = ()               # members that no entity has
    says_null: bool = True          # of a member that is not set; or leaves it out
    # writing
    create_answer: str = "whole"    # or "some", "id"
    patch_answer: str = "whole"     # or "some", "none" (204)
    if_match: bool = True           # honoured
    etags: bool = True
    change_keys: bool = True
    delete_twice: int = 404
    copy_is_completed: bool = True  # which of the two is new when a series goes on
    completed_first: bool = True    # in the answer of complete
    properties: str = "kept"        # extended: or "unfiltered", "no filter", "refused", "lost"
    # HTTP
    errors: str = "json"            # or "html", "empty"
    transfer: str = "length"        # or "chunked", "close", "old", "gzip", "drip"
    retry_after: str = "seconds"    # or "fraction", "date"
    says_date: bool = True


class Refusal(Exception):
    def __init__(self, status, code, headers=()):
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers


class Feed:
    """The entries of one collection and the history of their changes."""

    def __init__(self):
        self.entries = {}  # id -> entity
        self.history = []  # (id, members that changed; None: removed)

    def put(self, entity, members=None):
        changed = set(entity) if members is None else set(members)
        self.entries[entity["Id"]] = entity
        self.history.append((entity["Id"], changed))

    def remove(self, key):
        del self.entries[key]
        self.history.append((key, None))

    def since(self, position):
        """[(id, members or None)], each id once, in the order of its last change."""
        found = {}
        for key, members in self.history[position:]:
            before = found.pop(key, set())
            if members is None or before is None:
                found[key] = members
            else:
                found[key] = before | members
        return list(found.items())


class OtherService:
    def __init__(self, choices, now, token="other-token"):
        self.choices = choices
        self.now = now  # () -> microseconds since 1970
        self.token = token
        self.lock = threading.RLock()
        self.known = 0       # requests, when it was idle last
        self.numbers = itertools.count(1)
        self.folders = Feed()
        self.tasks = {}      # folder id -> Feed
        self.cursors = {}    # what a token stands for
        self.requests = []   # (method, path with query, headers)
        self.troubles = []   # (method, part of the path, what)
        self.default = self.add_folder(choices.default_folder, is_default=True)
        service = self

        class Handler(_Handler):
            pass

        Handler.service = service
        Handler.protocol_version = "HTTP/1.0" if choices.transfer == "old" else "HTTP/1.1"
        self.server = _Server(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.origin + "/api/v2.0/me/"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    # --- what people do elsewhere -----------------------------------------------------------

    def add_folder(self, name, is_default=False, group=0):
        with self.lock:
            entity = {"Id": self.new_id("Folder"), "Name": name, "IsDefaultFolder": is_default,
                      "ParentGroupKey": f"0006f0b7-0000-0000-c000-0000000000{group:02}",
                      "ChangeKey": self.new_key()}
            self.folders.put(entity)
            self.tasks[entity["Id"]] = Feed()
            return entity["Id"]

    def rename_folder(self, folder, name):
        with self.lock:
            entity = self.folders.entries[folder]
            entity.update(Name=name, ChangeKey=self.new_key())
            self.folders.put(entity, {"Name", "ChangeKey"})

    def add_task(self, folder, subject, zone=None, age_s=0, **members):
        """zone: in which the dates among the members are civil dates ('2026-05-06')."""
        with self.lock:
            members = {name: self.civil(value, zone) if name in DATES and value else value
                       for name, value in members.items()}
            task = self.create(folder, {"Subject": subject, **members})
            task["CreatedDateTime"] -= datetime.timedelta(seconds=age_s)
            return task["Id"]

    def change_task(self, key, zone=None, **members):
        with self.lock:
            members = {name: self.civil(value, zone) if name in DATES and value else value
                       for name, value in members.items()}
            self.update(key, members)

    def remove_task(self, key):
        with self.lock:
            self.feed_of(key).remove(key)

    def all_tasks(self, folder=None):
        """The stored entities of a folder. A change replaces one; nobody changes its members."""
        with self.lock:
            return list(self.tasks[folder or self.default].entries.values())

    # --- trouble ----------------------------------------------------------------------------

    def drop_answer(self, method, part):
        """Do the next such request, and close the connection without an answer."""
        self.troubles.append((method, part, "drop"))

    def fail(self, method, part, status, *headers):
        self.troubles.append((method, part, Refusal(status, "ErrorTooBusy", headers)))

    def forget_tokens(self):
        with self.lock:
            self.cursors.clear()

    def await_idle(self):
        """Until all that it was asked is answered. True if that is more than the last time."""
        self.server.await_idle()
        with self.lock:
            before, self.known = self.known, len(self.requests)
            return self.known > before

    def seen(self, method, part):
        return [path for verb, path, _ in self.requests if verb == method and part in path]

    # --- values -----------------------------------------------------------------------------

    def new_id(self, kind):
        return f"AQMk-{kind}_{next(self.numbers):06}Aa-_{self.choices.id_tail}"

    def new_key(self):
        return base64.b64encode(f"other/+{next(self.numbers):08}".encode()).decode()

    def moment(self):
        return datetime.datetime.fromtimestamp(self.now() / 1e6, UTC)

    def civil(self, day, zone):
        return {"DateTime": f"{day}T00:00:00" if len(day) == 10 else day,
                "TimeZone": WINDOWS.get(zone, zone)}

    def instant(self, value, at_midnight):
        """A dateTimeTimeZone as sent, to an aware datetime."""
        if not isinstance(value, dict) or set(value) != {"DateTime", "TimeZone"}:
            raise Refusal(400, "ErrorInvalidRequest")
        if value["TimeZone"] not in ZONES:
            raise Refusal(400, "ErrorInvalidTimeZone")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?", value["DateTime"]):
            raise Refusal(400, "ErrorInvalidRequest")
        wall = datetime.datetime.fromisoformat(value["DateTime"][:19])
        if at_midnight:
            wall = wall.replace(hour=0, minute=0, second=0)
        zone = zoneinfo.ZoneInfo(ZONES[value["TimeZone"]])
        return wall.replace(tzinfo=zone).astimezone(UTC)

    def digits(self, moment):
        if self.choices.fraction == 0:
            return ""
        return "." + f"{moment.microsecond:06}0"[:self.choices.fraction]

    def show_date(self, moment, zone):
        if moment is None:
            return None
        wall = moment.astimezone(zoneinfo.ZoneInfo(ZONES[zone]))
        return {"DateTime": wall.strftime("%Y-%m-%dT%H:%M:%S") + self.digits(wall),
                "TimeZone": zone}

    def show_instant(self, moment, zone):
        wall = moment.astimezone(zoneinfo.ZoneInfo(ZONES[zone]))
        offset = wall.strftime("%z")
        offset = "Z" if zone == "UTC" else offset[:3] + ":" + offset[3:]
        return wall.strftime("%Y-%m-%dT%H:%M:%S") + self.digits(wall) + offset

    def show_body(self, body):
        content = body["Content"]
        if self.choices.body == "html" and body["ContentType"] == "Text":
            for plain, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
                content = content.replace(plain, code)
            content = content.replace("\r\n", "<br>\r\n")
            content = ("<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; "
                       "charset=utf-8\">\r\n</head>\r\n<body>\r\n" + content
                       + "\r\n</body>\r\n</html>\r\n")
            return {"ContentType": "HTML", "Content": content}
        if self.choices.body == "breaks" and content:
            content += "\r\n"
        return {"ContentType": body["ContentType"], "Content": content}

    def show_task(self, task, zone, wanted=None, expand=False):
        shown = {"@odata.id": f"{self.origin}/api/v2.0/Users('u@t')/Tasks('{task['Id']}')"}
        if self.choices.etags:
            shown["@odata.etag"] = f'W/"{task["ChangeKey"]}"'
        for name, value in task.items():
            if name.startswith("_") or name in self.choices.omits:
                continue
            if name == "ChangeKey" and not self.choices.change_keys:
                continue
            if wanted is not None and name not in wanted and name != "Id":
                continue
            if name in DATES:
                value = self.show_date(value, zone)
            elif name in INSTANTS:
                value = self.show_instant(value, zone)
            elif name == "Body":
                value = self.show_body(value)
            if value is not None or self.choices.says_null:
                shown[name] = value
        if self.choices.more:
            shown["Importance@odata.type"] = "#Microsoft.OutlookServices.Importance"
            shown["NobodyKnows"] = {"Depth": [1, None, {"x": True}]}
            if "Sensitivity" in shown and "strange" in task["Subject"]:
                shown["Sensitivity"] = "Clandestine"
        if expand and task["_properties"]:
            shown["SingleValueExtendedProperties"] = [
                {"PropertyId": key, "Value": value} for key, value in task["_properties"].items()]
        return shown

    def show_folder(self, folder, wanted=None):
        return {name: value for name, value in folder.items()
                if wanted is None or name in wanted or name == "Id"}

    def show_removed(self, key, kind):
        return {
            "reason": {"@odata.context": f"{self.origin}/api/v2.0/$metadata#Me/{kind}/$deletedEntity",
                       "id": f"{kind}('{key}')", "reason": "deleted"},
            "graph": {"@removed": {"reason": "deleted"}, "Id": key},
            "context": {"@odata.context": f"{self.origin}/api/v2.0/$metadata#me/{kind}/$deletedEntity",
                        "Id": key},
            "reference": {"id": f"{self.origin}/api/v2.0/Users('u@t')/{kind}"
                                f"('{urllib.parse.quote(key)}')", "reason": "changed"},
        }[self.choices.removed]

    # --- tasks ------------------------------------------------------------------------------

    def feed_of(self, key):
        for feed in self.tasks.values():
            if key in feed.entries:
                return feed
        raise Refusal(404, "ErrorItemNotFound")

    def apply(self, task, members):
        """Write members into a task by the rules for dates; returns what changed."""
        members = dict(members)
        properties = members.pop("SingleValueExtendedProperties", None)
        if properties is not None:
            if self.choices.properties == "refused":
                raise Refusal(400, "RequestBodyRead")
            for each in properties:
                if not re.fullmatch(r"String \{[0-9a-f-]{36}\} Name \S+", each["PropertyId"]):
                    raise Refusal(400, "ErrorInvalidPropertySet")
                if self.choices.properties != "lost":
                    task["_properties"][each["PropertyId"]] = each["Value"]
        for name, value in members.items():
            if name not in EMPTY or name in READ_ONLY:
                raise Refusal(400, "RequestBodyRead")
            if name in DATES and value is not None:
                value = self.instant(value, name in MIDNIGHTS)
            elif name in EMPTY and value is None and name != "Recurrence" and name not in DATES:
                raise Refusal(400, "ErrorInvalidRequest")
            members[name] = value
        if "StartDateTime" in members and "DueDateTime" not in members and task["DueDateTime"] is None:
            members["DueDateTime"] = members["StartDateTime"]
        if members.get("DueDateTime", task["DueDateTime"]) is None:
            members["StartDateTime"] = None
        start = members.get("StartDateTime", task["StartDateTime"])
        due = members.get("DueDateTime", task["DueDateTime"])
        if start and due and start > due:
            raise Refusal(400, "ErrorInvalidRequest")
        if members.get("CompletedDateTime") and members.get("Status", task["Status"]) != "Completed":
            raise Refusal(400, "ErrorInvalidRequest")
        if members.get("Status", task["Status"]) != "Completed":
            members["CompletedDateTime"] = None
        elif members.get("CompletedDateTime", task["CompletedDateTime"]) is None:
            members["CompletedDateTime"] = self.today("UTC")
        changed = {name for name, value in members.items() if task.get(name) != value}
        task.update(members)
        task["LastModifiedDateTime"] = self.moment()
        task["ChangeKey"] = self.new_key()
        return changed | {"LastModifiedDateTime", "ChangeKey"}

    def today(self, zone):
        if self.choices.completes_at == "utc":
            zone = "UTC"
        wall = self.moment().astimezone(zoneinfo.ZoneInfo(ZONES[zone]))
        return wall.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)

    def create(self, folder, members):
        if folder not in self.tasks:
            raise Refusal(404, "ErrorFolderNotFound")
        task = {"Id": self.new_id("Task"), "CreatedDateTime": self.moment(),
                "LastModifiedDateTime": self.moment(), "ChangeKey": "",
                "ParentFolderId": f"AAMk-other_{folder}", "_properties": {},
                **copy.deepcopy(EMPTY)}
        self.apply(task, members)
        self.tasks[folder].put(task)
        return task

    def update(self, key, members):
        feed = self.feed_of(key)
        task = copy.deepcopy(feed.entries[key])
        changed = self.apply(task, members)
        feed.put(task, changed)
        return task

    def complete(self, key, zone):
        """The completed task and, in a series, the one that follows."""
        feed = self.feed_of(key)
        task = copy.deepcopy(feed.entries[key])
        following = None
        if task["Recurrence"] and task["Status"] != "Completed":
            following = copy.deepcopy(task)
            step = datetime.timedelta(days=task["Recurrence"]["Pattern"]["Interval"])
            for name in ("StartDateTime", "DueDateTime"):
                following[name] = following[name] and following[name] + step
            fresh = task if self.choices.copy_is_completed else following
            fresh["Id"] = self.new_id("Task")
            task["Recurrence"] = None
            following["ChangeKey"] = self.new_key()
        task.update(Status="Completed", CompletedDateTime=self.today(zone),
                    LastModifiedDateTime=self.moment(), ChangeKey=self.new_key())
        result = [task] if following is None else [task, following]
        for each in result:
            feed.put(each)
        return result if self.choices.completed_first else result[::-1]

    # --- requests ---------------------------------------------------------------------------

    def answer(self, method, target, headers, body):
        """(status, headers, value or None)"""
        parts = urllib.parse.urlsplit(target)
        query = {name.lower(): value for name, value in urllib.parse.parse_qsl(parts.query)}
        if not parts.path.lower().startswith("/api/v2.0/me/"):
            raise Refusal(404, "ResourceNotFound")
        if headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, "InvalidAuthenticationToken")
        path = [self.segment(s) for s in parts.path[len("/api/v2.0/me/"):].split("/") if s]
        names = [name for name, _ in path]
        keys = [key for _, key in path]
        prefer = ", ".join(headers.get_all("Prefer", []))
        if method in ("POST", "PATCH"):
            if headers.get("Content-Length") is None:
                raise Refusal(411, "LengthRequired")
            if names[-1] != "complete":
                if headers.get_content_type() != "application/json":
                    raise Refusal(415, "UnsupportedMediaType")
                body = json.loads(body)
        route = (method, *names)
        if route == ("GET", "taskfolders"):
            return self.list_folders(query, prefer)
        if route == ("GET", "taskgroups"):
            return 200, (), {"value": [
                {"Id": f"AAMkGroup{n}=", "Name": f"Group {n}", "IsDefaultGroup": n == 0,
                 "GroupKey": f"0006f0b7-0000-0000-c000-0000000000{n:02}"}
                for n in range(self.choices.groups)]}
        if route in (("POST", "taskfolders"), ("PATCH", "taskfolders"), ("DELETE", "taskfolders")):
            return self.write_folder(method, keys[0], body)
        if route == ("GET", "taskfolders", "tasks") and keys[1] is None:
            return self.list_tasks(self.folder_id(keys[0]), query, prefer)
        zone = self.zone_of(prefer, self.choices.zone)
        if route == ("POST", "taskfolders", "tasks") or route == ("POST", "tasks"):
            folder = self.folder_id(keys[0]) if len(path) == 2 else self.default
            task = self.create(folder, body)
            return 201, (), self.cut(self.show_task(task, zone), self.choices.create_answer, body)
        if names[0] == "tasks" and keys[0] is not None:
            return self.one_task(method, names, keys[0], query, headers, zone, body)
        raise Refusal(404, "ResourceNotFound")

    def segment(self, text):
        """('tasks', id or None) of tasks, tasks('id'); a bare id is ('<id>', ...)."""
        match = re.fullmatch(r"(\w+)\('(.*)'\)", urllib.parse.unquote(text))
        if match:
            return match[1].lower(), match[2]
        return urllib.parse.unquote(text).lower(), None

    def folder_id(self, key):
        return self.default if key == "Tasks" else key

    def zone_of(self, prefer, choice):
        match = re.search(r'outlook\.timezone="([^"]*)"', prefer)
        if choice == "utc" or not match:
            return "UTC"
        if match[1] not in ZONES:
            raise Refusal(400, "ErrorInvalidTimeZone")
        return match[1]

    def cut(self, shown, how, sent):
        if how == "whole":
            return shown
        names = {"Id", "@odata.etag"} | (set(sent) if how == "some" else set())
        return {name: value for name, value in shown.items() if name in names}

    def one_task(self, method, names, key, query, headers, zone, body):
        feed = self.feed_of(key) if method != "DELETE" or self.choices.delete_twice == 404 else None
        if method in ("PATCH", "DELETE") and self.choices.if_match and headers.get("If-Match"):
            task = self.feed_of(key).entries[key]
            if headers["If-Match"] != f'W/"{task["ChangeKey"]}"':
                raise Refusal(412, "ErrorIrresolvableConflict")
        if method == "GET" and names == ["tasks"]:
            expand = self.choices.properties not in ("refused", "lost") and "$expand" in query
            return 200, (), self.show_task(feed.entries[key], zone, expand=expand)
        if method == "PATCH" and names == ["tasks"]:
            task = self.update(key, body)
            if self.choices.patch_answer == "none":
                return 204, (), None
            return 200, (), self.cut(self.show_task(task, zone), self.choices.patch_answer, body)
        if method == "DELETE" and names == ["tasks"]:
            for each in self.tasks.values():
                if key in each.entries:
                    each.remove(key)
            return 204, (), None
        if method == "POST" and names == ["tasks", "complete"]:
            return 200, (), {"value": [self.show_task(task, zone)
                                       for task in self.complete(key, zone)]}
        raise Refusal(405, "ErrorInvalidRequest")

    def write_folder(self, method, key, body):
        if method == "POST":
            if "SingleValueExtendedProperties" in body and self.choices.properties == "refused":
                raise Refusal(400, "RequestBodyRead")
            if any(f["Name"] == body["Name"] for f in self.folders.entries.values()):
                raise Refusal(409, "ErrorFolderExists")
            key = self.add_folder(body["Name"])
            return 201, (), self.show_folder(self.folders.entries[key])
        if key not in self.folders.entries:
            raise Refusal(404, "ErrorFolderNotFound")
        if key == self.default:
            raise Refusal(400, "ErrorInvalidRequest")
        if method == "PATCH":
            self.rename_folder(key, body["Name"])
            return 200, (), self.show_folder(self.folders.entries[key])
        self.folders.remove(key)
        self.tasks[key] = Feed()
        return 204, (), None

    # --- listings ---------------------------------------------------------------------------

    def list_folders(self, query, prefer):
        tracked = self.choices.tracks_folders
        return self.listing("TaskFolders", self.folders, query, prefer, tracked,
                            lambda entity, wanted: self.show_folder(entity, wanted))

    def list_tasks(self, folder, query, prefer):
        if folder not in self.tasks or folder not in self.folders.entries:
            raise Refusal(404, "ErrorFolderNotFound")
        zone = self.zone_of(prefer, self.choices.sync_zone)
        expand = self.choices.properties not in ("refused", "lost") and "$expand" in query
        feed = self.tasks[folder]
        if "$expand" in query and self.choices.properties == "refused":
            raise Refusal(400, "ErrorInvalidProperty")
        if "$filter" in query:
            feed = self.filtered(feed, query["$filter"])
        path = f"TaskFolders('{folder}')/Tasks"
        return self.listing(path, feed, query, prefer, self.choices.tracks and "$filter" not in query,
                            lambda entity, wanted: self.show_task(entity, zone, wanted, expand))

    def filtered(self, feed, text):
        how = self.choices.properties
        if how in ("refused", "no filter"):
            raise Refusal(400, "ErrorInvalidUrlQueryFilter")
        if how in ("unfiltered", "lost"):
            return feed
        match = re.fullmatch(r"SingleValueExtendedProperties/Any\(ep: ep/PropertyId eq '([^']*)' "
                             r"and ep/Value eq '([^']*)'\)", text)
        if not match:
            raise Refusal(400, "ErrorInvalidUrlQueryFilter")
        found = Feed()
        found.entries = {key: task for key, task in feed.entries.items()
                         if task["_properties"].get(match[1]) == match[2]}
        return found

    def listing(self, path, feed, query, prefer, tracked, show):
        kind = path.rpartition("/")[2]
        wants = "odata.track-changes" in prefer
        size = re.search(r"odata\.maxpagesize=(\d+)", prefer)
        size = min(int(size[1]) if size else self.choices.page, self.choices.page)
        applied = ()
        if "$deltatoken" in query or "$skiptoken" in query:
            cursor = self.cursors.get(query.get("$deltatoken") or query.get("$skiptoken"))
            if cursor is None or cursor[0] != path:
                raise Refusal(*self.choices.forgotten)
            _, pending, position, last = cursor
            if pending is None:
                pending, position = feed.since(position), len(feed.history)
        elif "$skip" in query or not (tracked and wants):
            return self.plain_listing(path, feed, query, size, show)
        else:
            pending, position = [(key, set(EMPTY)) for key in feed.entries], len(feed.history)
            last = None
            first, pending = pending[:self.choices.first_page], pending[self.choices.first_page:]
            value = {"value": self.entries(feed, first, kind, show, True),
                     "@odata.deltaLink": self.link(path, "delta", pending, position, last)}
            if self.choices.confirms_tracking:
                applied = (("Preference-Applied", "odata.track-changes"),)
            return 200, applied, value
        now, pending = pending[:size], pending[size:]
        if self.choices.empty_pages and now and last != "empty":
            return 200, (), {"value": [], "@odata.nextLink":
                             self.link(path, "skip", now + pending, position, "empty")}
        shown = self.entries(feed, now, kind, show, False)
        if self.choices.repeats and isinstance(last, tuple):
            shown = self.entries(feed, [last], kind, show, False) + shown
        value = {"value": shown}
        if pending:
            value["@odata.nextLink"] = self.link(path, "skip", pending, position, now[-1])
        else:
            value["@odata.deltaLink"] = self.link(path, "delta", None, position, None)
        return 200, (), value

    def entries(self, feed, pairs, kind, show, whole):
        """Entities as they are now; what was removed since is a removal."""
        shown = []
        for key, members in pairs:
            if key not in feed.entries or members is None:
                shown.append(self.show_removed(key, kind))
            else:
                cut = self.choices.changed == "members" and not whole and "Subject" not in members
                shown.append(show(feed.entries[key], members if cut else None))
        return shown

    def plain_listing(self, path, feed, query, size, show):
        start = int(query.get("$skip", "0"))
        everything = list(feed.entries.values())
        value = {"value": [show(entity, None) for entity in everything[start:start + size]]}
        if start + size < len(everything):
            kept = {name: text for name, text in query.items() if name in ("$filter", "$expand")}
            kept["$skip"] = str(start + size)
            value["@odata.nextLink"] = (f"{self.origin}/api/v2.0/me/{path}?"
                                        + urllib.parse.urlencode(kept))
        return 200, (), value

    def link(self, path, kind, pending, position, last):
        cursor = (path, pending, position, last)
        token = None
        if not self.choices.links_move:
            token = next((t for t, c in self.cursors.items() if c == cursor), None)
        if token is None:
            token = f"x_{next(self.numbers):08}-Az"
            self.cursors[token] = cursor
        name = {"encoded": f"%24{kind}Token", "raw": f"${kind}token",
                "shouted": f"%24{kind.upper()}TOKEN"}[self.choices.links]
        origin = self.origin.replace("http", "HTTP") if self.choices.links == "shouted" else self.origin
        if self.choices.links == "raw":
            path = re.sub(r"\b(TaskFolders|Tasks)\b(?![^(]*'\))", lambda m: m[0].lower(), path)
        return f"{origin}/api/v2.0/me/{path}/?{name}={token}"


class _Server(http.server.ThreadingHTTPServer):
    """Knows whether it has anything to do: a connection to take, bytes to read, a request in hand."""
    daemon_threads = True

    def __init__(self, *arguments):
        self.turn = threading.Condition()
        self.connections = set()
        self.in_hand = 0
        super().__init__(*arguments)

    def get_request(self):
        with self.turn:
            connection, address = super().get_request()
            self.connections.add(connection)
            return connection, address

    def shutdown_request(self, connection):
        with self.turn:
            self.connections.discard(connection)
            super().shutdown_request(connection)

    @contextlib.contextmanager
    def request(self, connection):
        """The next one, from its first byte to the last of its answer."""
        select.select([connection], [], [])
        with self.turn:
            self.in_hand += 1
        try:
            yield
        finally:
            with self.turn:
                self.in_hand -= 1
                self.turn.notify_all()

    def await_idle(self):
        end = time.monotonic() + DEADLINE
        with self.turn:
            while self.in_hand or select.select([self, *self.connections], [], [], 0)[0]:
                assert time.monotonic() < end
                self.turn.wait(0.001)  # for what is there and has not been read


class _Handler(http.server.BaseHTTPRequestHandler):
    service = None
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle(self):
        self.close_connection = False
        while not self.close_connection:
            with self.server.request(self.connection):
                try:
                    self.handle_one_request()
                except OSError:  # the client has gone
                    self.close_connection = True

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(self.service.now() / 1e6, usegmt=True)

    def handle_any(self):
        service = self.service
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.unquote(self.path)
        with service.lock:
            service.requests.append((self.command, path, dict(self.headers)))
            trouble = next((t for t in service.troubles
                            if t[0] == self.command and t[1] in path), None)
            if trouble:
                service.troubles.remove(trouble)
            try:
                if trouble and isinstance(trouble[2], Refusal):
                    raise trouble[2]
                status, headers, value = service.answer(
                    self.command, self.path, self.headers, body)
                content = None if value is None else json.dumps(value).encode()
                kind = "application/json; odata.metadata=minimal; charset=utf-8"
            except Refusal as refusal:
                status, headers = refusal.status, refusal.headers
                content, kind = self.error(refusal)
        if trouble and trouble[2] == "drop":
            self.close_connection = True
        else:
            self.reply(status, headers, content, kind)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def error(self, refusal):
        how = self.service.choices.errors
        is_sync = "sync" in refusal.code.lower()
        if how == "html" and not is_sync:
            return b"<html><body><h1>No</h1></body></html>", "text/html"
        if how == "empty" and not (is_sync and refusal.status != 410):
            return b"", None
        error = {"code": refusal.code, "message": "It is not possible."}
        return json.dumps({"error": error}).encode(), "application/json"

    def reply(self, status, headers, content, kind):
        how = self.service.choices.transfer
        self.send_response_only(status)
        if self.service.choices.says_date:
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            self.send_header(name, value)
        if kind and content:
            self.send_header("Content-Type", kind)
        if how == "gzip" and content and "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        content = content or b""
        if how == "close":
            self.send_header("Connection", "close")
            self.close_connection = True
        if status == 204:
            self.end_headers()
        elif how == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(content), 1000):
                piece = content[start:start + 1000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        elif how == "old":  # the end of the connection is the end of the body
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            step = 512 if how == "drip" else len(content) or 1
            for start in range(0, len(content), step):
                self.wfile.write(content[start:start + step])
