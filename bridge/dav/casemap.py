#!/usr/bin/env python3
"""Print the table of collation.h: what RFC 5051 makes of each character.

That is its titlecase (where this is one character), else its decomposition, again and again until
there is none left; from the Unicode tables that Python brings.
"""
import bisect
import sys
import unicodedata


def step(character):
    title = character.title()
    if len(title) == 1 and title != character:
        return title
    parts = unicodedata.decomposition(character).split()
    return "".join(chr(int(part, 16)) for part in parts if not part.startswith("<"))


def folded(character):
    text = step(character)
    return "".join(map(folded, text)) if text else character


def main():
    pool = b""
    rows = []
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code < 0xE000:
            continue
        text = folded(chr(code)).encode()
        if text == chr(code).encode():
            continue
        at = pool.find(text)
        if at < 0:
            at = len(pool)
            pool += text
        rows.append((code, at, len(text)))
    print("/* Made by casemap.py; not to be edited. */")
    print('#include "bridge/dav/collation.h"\n')
    print("const struct casemap_row casemap_rows[] = {")
    for row in rows:
        print("    { 0x%x, %d, %d }," % row)
    print("};")
    print(f"const size_t casemap_row_count = {len(rows)};\n")
    print("const uint16_t casemap_pages[(CASEMAP_CODES >> 8) + 1] = {")
    for page in range((sys.maxunicode >> 8) + 2):
        print("    %d," % bisect.bisect_left(rows, (page << 8,)))
    print("};\n")
    print("const char casemap_text[] = {")
    for i in range(0, len(pool), 16):
        print("    " + " ".join(f"(char){byte}," for byte in pool[i:i + 16]))
    print("};")


main()
