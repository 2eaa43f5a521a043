#!/usr/bin/env python3
"""embed.py OUTPUT SCRIPT...: write the migration scripts, in order of their names, as a C file.

001_x.sql leads from no schema to version 1, 002_y.sql from 1 to 2, and so on without a gap.
"""
import os
import sys


def main():
    output, scripts = sys.argv[1], sorted(sys.argv[2:], key=os.path.basename)
    lines = ['#include "bridge/store/sqlite_internal.h"', '']
    for number, path in enumerate(scripts, 1):
        if int(os.path.basename(path).split('_')[0]) != number:
            sys.exit('%s: expected number %03d' % (path, number))
        with open(path, 'rb') as script:
            data = script.read() + b'\0'
        # bytes and not a literal: C promises no literal beyond 4095 characters
        lines.append('static const char script_%d[] = {' % number)
        for at in range(0, len(data), 20):
            lines.append('    ' + ' '.join('%d,' % byte for byte in data[at:at + 20]))
        lines.append('};')
    lines += ['', 'const char *const sqlite_scripts[] = {']
    lines += ['    script_%d,' % number for number in range(1, len(scripts) + 1)]
    lines += ['};', 'const size_t sqlite_script_count = %d;' % len(scripts), '']
    with open(output, 'w') as out:
        out.write('\n'.join(lines))


main()
