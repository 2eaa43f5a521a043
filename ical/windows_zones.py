#!/usr/bin/env python3
"""Turn CLDR's windowsZones.xml into the two tables of ical/windows_zones.h.

usage: windows_zones.py windowsZones.xml timezone.xml > windows_zones.c

timezone.xml (BCP 47) lists the spellings of one zone: windowsZones knows Asia/Calcutta only,
calendars say Asia/Kolkata.
"""
import sys
import xml.etree.ElementTree as xml


def main():
    zones = xml.parse(sys.argv[1]).getroot()
    names = xml.parse(sys.argv[2]).getroot()
    spellings = {}
    for one in names.iter('type'):
        group = one.get('alias', '').split()
        for name in group:
            spellings[name] = group
    to_iana = {}
    to_windows = {}
    for row in zones.iter('mapZone'):
        windows = row.get('other')
        for first in row.get('type').split():
            if row.get('territory') == '001':
                to_iana[windows] = first
            for name in spellings.get(first, [first]):
                # The row of territory 001 comes first and wins.
                to_windows.setdefault(name, windows)
    for name in ('UTC', 'Etc/UTC', 'Etc/GMT', 'GMT', 'Zulu', 'Etc/Zulu'):
        to_windows[name] = 'UTC'
    to_iana['UTC'] = 'UTC'

    print('/* Made by windows_zones.py from CLDR windowsZones; not to be edited. */')
    print('#include "ical/windows_zones.h"\n')
    for table, rows in (('windows_zones_to_iana', to_iana), ('windows_zones_from_iana', to_windows)):
        print(f'const struct windows_zone {table}[] = {{')
        for key in sorted(rows, key=str.lower):
            print(f'    {{ STR("{key}"), STR("{rows[key]}") }},')
        print('};')
        print(f'const size_t {table}_count = {len(rows)};\n')


main()
