#!/usr/bin/env python3
"""What is cleaned up at the end of its scope is initialised before the first return: checks every
CLEANUP(...) that has no initialiser, which compilers do not."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DECLARED = re.compile(r"CLEANUP\(\w+\) [\w ]+?[ *](\w+);")


def check(path, faults):
    text = (ROOT / path).read_text()
    for match in DECLARED.finditer(text):
        scope = text[match.end():text.find("\n}\n", match.end())]
        begun = re.search(rf"(init|new|start)\w*\(&{match[1]}\b|\b{match[1]} = ", scope)
        left = re.search(r"\breturn\b", scope)
        if not begun or (left and left.start() < begun.start()):
            line = text.count("\n", 0, match.start()) + 1
            faults.append(f"{path}:{line}: {match[1]} may be cleaned up before it is anything")


def main():
    paths = [path for folder in ("bridge", "http", "ical", "tests")
             for path in sorted((ROOT / folder).rglob("*.c"))]
    faults = []
    for path in paths:
        check(str(path.relative_to(ROOT)), faults)
    print("\n".join([*faults, f"{len(paths)} files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
