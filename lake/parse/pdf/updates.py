"""Updates of PDF files: objects written anew behind the last ones, as programs do that edit a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lake.parse.pdf.objects import parse_until

if TYPE_CHECKING:
    from lake.parse.pdf.structure import Structure

_PAGES = re.compile(rb"/Pages[\s\0]*\d{1,10}[\s\0]+\d{1,5}[\s\0]+R")
_STARTXREF = re.compile(rb"startxref\s+(\d{1,12})")
_LENGTH = re.compile(rb"/Length[\s\0]*(?:\d{1,10}[\s\0]+\d{1,5}[\s\0]+R|\d{1,18})")
#: Entries that say how a stream is encoded; they are renamed when it is written plainly.
_ENCODED = re.compile(rb"/(Filter|DecodeParms)(?=[\s\0<>\[\]()/%{}])")


def with_flat_tree(structure: Structure) -> bytes:
    """The file with an update in which one node holds all pages."""
    catalog = _dictionary_source(structure, structure.root)
    if not catalog or not structure.leaves:
        return structure.data
    node = structure.n_objects
    catalog = _PAGES.sub(b"", catalog).rstrip().removesuffix(b">>") + b"/Pages %d 0 R>>" % node
    kids = b" ".join(b"%d 0 R" % leaf.number for leaf in structure.leaves)
    pages = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(structure.leaves), kids)
    return updated(structure.data, {structure.root: catalog, node: pages}, structure.root)


def plain_stream(structure: Structure, number: int, body: bytes) -> bytes:
    """A stream of the file with other bytes, which are not encoded."""
    entries = _LENGTH.sub(b"", _ENCODED.sub(rb"/Former\1", _dictionary_source(structure, number)), count=1)
    return entries.rstrip().removesuffix(b">>") + b"/Length %d>>stream\n%s\nendstream" % (len(body), body)


def _dictionary_source(structure: Structure, number: int) -> bytes:
    """The dictionary of an object as the file writes it; empty if there is no such object."""
    try:
        text, start = structure.source_of(number)
    except KeyError:
        return b""
    return text[start : parse_until(text, start)[1]]


def updated(data: bytes, objects: Mapping[int, bytes], root: int) -> bytes:
    """The file with an update that replaces or adds objects."""
    starts = _STARTXREF.findall(data)
    before = int(starts[-1]) if starts else 0
    out = bytearray(data + b"\n")
    places = {}
    for number, text in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start, size = len(out), max(objects) + 1
    if data[before : before + 20].lstrip().startswith(b"xref"):
        out += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % (n, place) for n, place in places.items())
        out += b"trailer\n<</Size %d/Root %d 0 R/Prev %d>>\n" % (size, root, before)
    else:
        rows = b"".join(b"01%08X00" % place for place in (*places.values(), start))
        index = b" ".join(b"%d 1" % n for n in (*places, size))
        out += b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 1]/Index[%s]/Root %d 0 R/Prev %d" % (
            size,
            size + 1,
            index,
            root,
            before,
        )
        out += b"/Filter/ASCIIHexDecode/Length %d>>stream\n%s>\nendstream\nendobj\n" % (len(rows) + 1, rows)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
