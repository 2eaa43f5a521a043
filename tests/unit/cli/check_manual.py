"""Does duedav(1) know every command of the program? usage: check_manual.py DUEDAV MANPAGE"""
import re
import subprocess
import sys

program, page_path = sys.argv[1:]
overview = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
commands = re.findall(r"^  ([a-z]+(?:-[a-z]+| [a-z]+)?)  +\S", overview, re.MULTILINE)
with open(page_path, encoding="utf-8") as page_file:
    page = page_file.read()
missing = [name for name in commands if f"*duedav {name}*" not in page]
if not commands or missing:
    sys.exit(f"not in {page_path}: {', '.join(missing) or 'no command found'}")
