#!/usr/bin/env python3
"""Instructions of one conversion, by callgrind: map_instructions.py .../tests/bench/map_bench

Each line is run with few and with more rounds; the difference is free of what starting costs.
"""
import re
import subprocess
import sys
import tempfile

FEW, MORE = 20, 120


def instructions(program, rounds, row):
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}",
             program, str(rounds), str(row)], capture_output=True, text=True, check=True)
    name = done.stdout.rsplit(None, 2)[0] if done.stdout else ""
    return name, int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    floor = None
    row = 0
    while True:
        name, few = instructions(sys.argv[1], FEW, row)
        if not name:
            return
        each = (instructions(sys.argv[1], MORE, row)[1] - few) / (MORE - FEW)
        floor = floor or each
        print(f"{name:28} {each:10.0f} instructions  {each / floor:5.2f} of the floor")
        row += 1


if __name__ == "__main__":
    main()
