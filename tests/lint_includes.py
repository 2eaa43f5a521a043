#!/usr/bin/env python3
"""Who may include whom: checks every #include of the program against conventions section 1."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> folders of ours that it may include (itself always)
OURS = {
    "bridge/core": [],
    "http": ["bridge/core"],
    "ical": ["bridge/core"],
    "bridge": ["bridge/core", "bridge/cli", "http"],  # task, config, main
    "bridge/store": ["bridge/core"],
    "bridge/map": ["bridge/core", "ical", "bridge"],
    "bridge/upstream": ["bridge/core", "http", "ical", "bridge"],
    "bridge/sync": ["bridge/core", "bridge/upstream", "bridge/store", "bridge/map", "bridge"],
    "bridge/dav": ["bridge/core", "http", "ical", "bridge/map", "bridge/sync"],
    "bridge/sandbox": ["bridge/core", "http"],
    "bridge/cli": None,  # all
}

# header of a library -> where it may be included
LIBRARIES = {
    r"libical/": ["ical/"],
    r"curl/": ["http/client.c", "http/transfer.c"],
    r"expat\.h": ["http/xml.c"],
    r"openssl/": ["http/"],
    r"event2/": ["http/", "bridge/core/loop.c"],
    r"cjson/": ["bridge/upstream/", "bridge/cli/", "bridge/sandbox/"],
    r"sodium\.h": ["bridge/core/secret.c"],
    r"ini\.h": ["bridge/config.c"],
    r"gumbo\.h": ["bridge/map/html.c"],
    r"sqlite3\.h": ["bridge/store/sqlite", "bridge/sandbox/"],
    r"zlib\.h": ["http/"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def folder_of(path):
    return path.rsplit("/", 1)[0]


def check(path, faults):
    text = (ROOT / path).read_text()
    folder = folder_of(path)
    includes = INCLUDE.findall(text)
    if path.endswith(".c") and (ROOT / path).with_suffix(".h").exists():
        own = path[:-2] + ".h"
        if not includes or includes[0][1] != own:
            faults.append(f"{path}: does not include its own header first")
    for kind, name in includes:
        if kind == '"':
            target = folder_of(name) if "/" in name else ""
            allowed = OURS[folder]
            if not (ROOT / name).exists() and not name.startswith("generated/"):
                if "/" not in name:  # made by the build
                    continue
                faults.append(f"{path}: includes {name}, which is not spelled from the root")
            elif allowed is not None and target != folder and target not in allowed:
                faults.append(f"{path}: may not include {name}")
        else:
            for pattern, places in LIBRARIES.items():
                if re.match(pattern, name) and not any(path.startswith(p) for p in places):
                    faults.append(f"{path}: may not include <{name}>")


def main():
    faults = []
    files = []
    for folder in OURS:
        files += [f"{folder}/{p.name}" for p in sorted((ROOT / folder).glob("*.[ch]"))]
    for path in files:
        check(path, faults)
    for fault in faults:
        print(fault)
    print(f"{len(files)} files, {len(faults)} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
