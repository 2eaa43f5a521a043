#!/usr/bin/env python3
"""Every test vector of the mapping (V001 to V193) has a test that names it.

A test names a vector in a function (v036_..., v041_v042_..., v070_to_v073_...), or, where many are rows
of one table or steps of one scenario, in the row or the comment beside it (V121).
"""
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
LAST = 193
GRAPH = {52, 63, 69, 76, 78, 79, 80, 81, 82, 83, 104, 154, 155, 156}

RANGE = re.compile(r"[vV](\d{3})_?(?:_to_| to )_?[vV](\d{3})")
NAME = re.compile(r"(?<![A-Za-z0-9])[vV](\d{3})(?![0-9])|(?<=_)v(\d{3})(?=_)")


def without_header(text):
    """The comment at the top says what a file is about; it tests nothing."""
    return re.sub(r'\A\s*(/\*.*?\*/|""".*?""")', "", text, flags=re.S)


def named_in(text):
    numbers = {int(one or other) for one, other in NAME.findall(text)}
    for first, last in RANGE.findall(text):
        numbers.update(range(int(first), int(last) + 1))
    return numbers


def main():
    files = sorted(TESTS.glob("unit/**/*.c")) + sorted(TESTS.glob("integration/*.py"))
    where = {}
    for path in files:
        for number in named_in(without_header(path.read_text())):
            where.setdefault(number, []).append(path.relative_to(TESTS))
    to_do = {n for n in where for path in where[n] if path.match("integration/test_todo*.py")}
    missing = [n for n in range(1, LAST + 1) if n not in where]
    unknown = [n for n in where if not 1 <= n <= LAST]
    for number in missing:
        print(f"V{number:03}: no test names it")
    for number in sorted(GRAPH - to_do):
        print(f"V{number:03}: no test names it that goes to To Do end to end")
    for number in unknown:
        print(f"V{number:03}: there is no such vector ({', '.join(map(str, where[number]))})")
    if "-v" in sys.argv:
        for number in sorted(where):
            print(f"V{number:03}: {', '.join(map(str, where[number]))}")
    print(f"{LAST - len(missing)} of {LAST} vectors have a test")
    return 1 if missing or unknown or not GRAPH <= to_do else 0


if __name__ == "__main__":
    sys.exit(main())
