"""Digests of what each parser makes of a fixed set of files, recorded with the parser's version.

    python -m tests.lake.parse.readings

records them again. A reading that differs under an unchanged version is refused: lakes take up a parser's change only
if its version changes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from lake.errors import InputError
from lake.parse.registry import parse, parser_of
from tests.lake.parse.as_seen import AS_SEEN
from tests.lake.parse.odd_files import ODD
from tests.lake.parse.office_inputs import OFFICE
from tests.lake.parse.rare_places import RARE
from tests.lake.parse.reported import ALL

RECORD = Path(__file__).with_name("readings.json")
_CORPUS = Path(__file__).parents[2] / "corpus"

#: By a parser's name: its version, and the digest of each file's reading.
Readings = dict[str, tuple[str, dict[str, str]]]


def files() -> Iterator[tuple[str, bytes]]:
    """Names, whose suffixes choose the parser, and bytes."""
    for path in sorted(_CORPUS.iterdir()):
        if path.name not in ("README.md", "make_binary_files.py"):
            yield path.name, path.read_bytes()
    for path in sorted(Path(__file__).with_name("data").iterdir()):
        yield path.name, path.read_bytes()
    for one in (*ALL, *RARE, *ODD, *OFFICE, *AS_SEEN):
        yield f"{one.name}{one.suffix}", one.data


def current() -> Readings:
    """What the parsers make of the files now."""
    found: Readings = {}
    for name, data in files():
        parser = parser_of(name)
        assert parser is not None, name
        found.setdefault(parser.name, (parser.version, {}))[1][name] = _digest(data, name)
    return found


def recorded() -> Readings:
    return {name: (version, digests) for name, (version, digests) in json.loads(RECORD.read_text()).items()}


def changed(old: Readings, new: Readings) -> list[str]:
    """Files that a parser reads differently than when the same version of it was recorded."""
    return [
        f"{name}: {file}"
        for name, (version, digests) in new.items()
        if name in old and old[name][0] == version
        for file, digest in digests.items()
        if old[name][1].get(file, digest) != digest
    ]


def _digest(data: bytes, name: str) -> str:
    """Digest of all that is stored of a reading: text, blocks, metadata, and the account with its omissions."""
    try:
        parsed = parse(data, name)
    except InputError as error:
        made: object = str(error)
    else:
        made = astuple(parsed)
    return hashlib.sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:16]


def main() -> None:
    new = current()
    if RECORD.exists() and (wrong := changed(recorded(), new)):
        sys.exit(
            "raise the revision in lake/parse/formats.py of the parser that now reads differently:\n" + "\n".join(wrong)
        )
    RECORD.write_text(json.dumps(new, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
