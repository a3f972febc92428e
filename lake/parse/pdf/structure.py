"""What a PDF says that its pages hold, read from the file's bytes: damage that pdfium passes over in silence.

pdfium draws nothing for a stream that it can't decode and says nothing. This module looks at the same streams again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from lake.parse.pdf.ligatures import ligatures, plain_name
from lake.parse.pdf.objects import Name, Ref, Stream, Value, decoded, parse_value
from lake.parse.pdf.signs import FAINT, IN_FORMS, MASKED, signs_in

_HEAD = re.compile(rb"(\d{1,10})[\s\0]+\d{1,5}[\s\0]+\Z")
_ROOT = re.compile(rb"/Root[\s\0]+(\d{1,10})[\s\0]+\d{1,5}[\s\0]+R")
_NUMBERED_GLYPH = re.compile(r"(?!u(?:ni)?[0-9A-F]{4,6}\Z|afii\d|SF\d|H\d)[A-Za-z]{1,6}-?[0-9A-F]{1,5}")
_PAIR = re.compile(rb"\d+")
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")
_STATE = re.compile(
    rb"(?:[qQwJjMdigGkKnmlcvyhW]|cm|ri|gs|rg|RG|cs|CS|scn?|SCN?|re|W\*|BT|ET|T[cwzLfrsdDm*]|BMC|BDC|EMC|MP|DP|BX|EX"
    rb"|true|false|null|[-+.\d]+|/[^\s\0<>\[\]()/%{}]*|<<|>>|[\[\]]|\([^()]*\)|<[0-9A-Fa-f\s]*>|%[^\r\n]*|[\s\0])+"
)
_MOST_PAGES = 50_000
_DEEPEST = 6
_LONGEST_DICTIONARY = 10_000
_INHERITED = 40

Dict = Mapping[str, Value]


class _ObjectPlace(NamedTuple):
    """Where an object's value begins: in the file, or in the object stream ``holder``."""

    start: int
    holder: int = 0


class Structure:
    """The objects of a file by number, the last definition of each; and its pages."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._places: dict[int, _ObjectPlace] = {}
        self._values: dict[int, Value] = {}
        self._held: dict[int, bytes] = {}
        self._causes: dict[tuple[int, str], list[str]] = {}
        self._unsure: dict[int, bool] = {}
        self._ligatures: dict[int, tuple[str, Mapping[int, str]]] = {}
        self._resources: dict[int, list[tuple[str, str]]] = {}
        #: Ways in which text of a stream may be unseen, by its number.
        self._signs: dict[int, int] = {}
        self._last: tuple[int, list[tuple[str, str]]] = (-1, [])
        #: Object streams that can't be read in full, with the cause.
        self.broken: dict[int, str] = {}
        self._index()
        roots = _ROOT.findall(data)
        self.root = int(roots[-1]) if roots else 0
        #: Whether the tree of pages has loops or gaps, over which pdfium loses pages or repeats them.
        self.is_irregular = False
        self.leaves = list(self._leaves_of_tree()) or self._orphans()

    def _index(self) -> None:
        data, at = self.data, 0
        holders = []
        end = 0
        while (at := data.find(b"obj", at)) >= 0:
            head = None if data[at - 3 : at] == b"end" else _HEAD.search(data, max(0, at - 20), at)
            start = at = at + 3
            if head is None:
                continue
            number = int(head[1])
            self._places[number] = _ObjectPlace(start)
            end = data.find(b"endobj", at) if end >= 0 else end
            stream = _STREAM.search(data, at, end if end >= 0 else at + _LONGEST_DICTIONARY)
            if stream and data[at : stream.start()].rstrip(b"\0\t\n\f\r ").endswith(b">>"):
                if b"/ObjStm" in data[at : stream.start()]:
                    holders.append(number)
                at = data.find(b"endstream", stream.end())
                at = len(data) if at < 0 else at
            elif end >= 0:
                at = end
        for number in holders:
            self._index_held(number)

    def _index_held(self, number: int) -> None:
        """The objects inside an object stream; those of later ones replace those of earlier ones."""
        holder = self.value(Ref(number))
        if not isinstance(holder, Stream):
            return
        text, cause = decoded(holder, self.value)
        if cause:
            self.broken[number] = cause
        first, count = self.value(holder.entries.get("First")), self.value(holder.entries.get("N"))
        if not isinstance(first, int) or not isinstance(count, int):
            self.broken.setdefault(number, "its head is damaged")
            return
        self._held[number] = text
        pairs = [int(one) for one in _PAIR.findall(text[:first])][: 2 * count]
        for own, offset in zip(pairs[::2], pairs[1::2], strict=False):
            known = self._places.get(own)
            newer = known is not None and not known.holder and known.start > self._places[number].start
            if first + offset < len(text) and not newer:
                self._places[own] = _ObjectPlace(first + offset, number)

    def value(self, one: Value) -> Value:
        """What a reference stands for, or the value itself; None if there is no such object."""
        for _ in range(_DEEPEST):
            if not isinstance(one, Ref):
                return one
            if one.number not in self._values:
                place = self._places.get(one.number)
                if place is None:
                    return None
                self._values[one.number] = parse_value(*self.source_of(one.number))
            one = self._values[one.number]
        return None

    def dictionary(self, one: Value) -> Dict:
        """The dictionary that a reference or a value stands for; of a stream, its own; else an empty one."""
        found = self.value(one)
        if isinstance(found, Stream):
            return found.entries
        return found if isinstance(found, dict) else {}

    def places_of(self, pattern: re.Pattern[bytes], most: int) -> Iterator[tuple[int, bytes, int]]:
        """Where a pattern ends in objects: the object's number, the bytes in which it stands, and the place there."""
        for holder, text in ((0, self.data), *self._held.items()):
            found = list(islice(pattern.finditer(text), most))
            begins = sorted((p.start, number) for number, p in self._places.items() if p.holder == holder and found)
            for match in found:
                before = bisect_left(begins, (match.start(), 0)) - 1
                if before >= 0:
                    yield begins[before][1], text, match.end()

    @property
    def n_objects(self) -> int:
        """The largest number of an object, and one."""
        return max(self._places, default=0) + 1

    @property
    def catalog(self) -> Dict:
        return self.dictionary(Ref(self.root))

    @property
    def n_pages(self) -> int:
        return len(self.leaves)

    def _leaves_of_tree(self) -> Iterator[Ref]:
        """The pages in their order; an object that is missing may have been one."""
        stack = [(self.catalog.get("Pages"), 0)]
        seen: set[int] = set()
        while stack and len(seen) < _MOST_PAGES:
            node, depth = stack.pop()
            if not isinstance(node, Ref) or (node.number in seen and "Kids" in self.dictionary(node)):
                self.is_irregular = self.is_irregular or bool(depth)
                continue
            seen.add(node.number)
            kids = self.value(self.dictionary(node).get("Kids"))
            if isinstance(kids, list) and depth < _INHERITED:
                stack += [(kid, depth + 1) for kid in reversed(kids)]
            elif depth:
                yield node

    def _orphans(self) -> list[Ref]:
        """All pages of a file whose tree of pages is missing, in the order of their numbers."""
        self.is_irregular = True
        return [ref for ref in map(Ref, sorted(self._places)) if self.dictionary(ref).get("Type") == "Page"]

    def source_of(self, number: int) -> tuple[bytes, int]:
        """The bytes in which an object's value stands, and where it begins there. Raises KeyError."""
        place = self._places[number]
        return (self._held[place.holder] if place.holder else self.data), place.start

    def damage(self, index: int, *, is_blank: bool) -> list[str]:
        """Why text of a page may be missing; ``is_blank``: pdfium finds nothing on it."""
        page = self.page(index)
        parts = self._contents(page)
        causes = [cause for part in parts for cause in self._stream_causes(part, "its content")]
        used = [named for named in self._causes_of_page(index) if named[1]]
        if not used and not (is_blank and parts and not causes):
            return causes
        streams = [part for one in parts if isinstance(part := self.value(one), Stream)]
        drawn = b" ".join(decoded(one, self.value)[0] for one in streams)
        if is_blank and not causes and drawn and not _STATE.fullmatch(drawn):
            causes.append("its content is garbled: it draws nothing")
        causes += [cause for name, cause in used if not name or b"/%s" % name.encode("latin-1") in drawn]
        return list(dict.fromkeys(causes))

    def has_unsure_fonts(self, index: int) -> bool:
        """Whether a page has fonts that may not state which letters their glyphs are."""
        return any(not cause or "letters" in cause for _, cause in self._causes_of_page(index))

    def has_drawn_fonts(self, index: int) -> bool:
        """Whether a page has fonts whose glyphs may be pictures of anything."""
        fonts = self._fonts(self.page(index), 0, set())
        return any(self.value(self.dictionary(font).get("Subtype")) == "Type3" for font in fonts)

    def unseen_ways(self, index: int) -> int:
        """In which ways text of a page may be unseen, as `signs` numbers them; 0 for most pages."""
        page = self.page(index)
        found = 0
        for part in self._contents(page):
            self._stream_causes(part, "its content")
            found |= self._signs.get(part.number, 0) if isinstance(part, Ref) else 0
        return found | self._ways_of_resources(page, 0)

    def _contents(self, page: Dict) -> list[Value]:
        contents = self.value(page.get("Contents"))
        return contents if isinstance(contents, list) else [page["Contents"]] if "Contents" in page else []

    def _ways_of_resources(self, owner: Dict, depth: int) -> int:
        """Ways in which what a page or a form refers to may make text unseen: transparency, masks, forms to draw."""
        resources = self.dictionary(self.resources_of(owner))
        found = 0
        for state in self.dictionary(resources.get("ExtGState")).values():
            entries = self.dictionary(state)
            if "ca" in entries and not self.value(entries["ca"]):  # no number with a point is read
                found |= FAINT
            if "SMask" in entries and self.value(entries["SMask"]) != "None":
                found |= MASKED
        for name, drawn in self.dictionary(resources.get("XObject")).items():
            entries = self.dictionary(drawn)
            if entries.get("Subtype") != "Form" or not isinstance(drawn, Ref):
                continue
            self._stream_causes(drawn, f"the part {name} that it draws")
            found |= IN_FORMS | self._signs.get(drawn.number, 0)
            if depth < _DEEPEST and "Resources" in entries:
                found |= self._ways_of_resources(entries, depth + 1)
        return found

    def ligatures(self, index: int) -> dict[str, dict[int, str]]:
        """Letters of a page's glyphs that pdfium may not know: by the name of the font, then by code.

        Codes that two fonts of one name use for different letters are empty.
        """
        found: dict[str, dict[int, str]] = {}
        for font in self._fonts(self.page(index), 0, set()):
            name, own = self._ligatures_of(font)
            if own:
                known = found.setdefault(name, {})
                for code, letters in own.items():
                    if known.setdefault(code, letters) != letters:
                        known[code] = ""
        return found

    def _fonts(self, owner: Dict, depth: int, seen: set[int]) -> Iterator[Value]:
        """The fonts of a page, and those of the forms that it draws."""
        where = self.resources_of(owner)
        if isinstance(where, Ref):
            if where.number in seen:
                return
            seen.add(where.number)
        resources = self.dictionary(where)
        yield from self.dictionary(resources.get("Font")).values()
        if depth < _DEEPEST:
            for drawn in self.dictionary(resources.get("XObject")).values():
                entries = self.dictionary(drawn)
                if "Resources" in entries and entries.get("Subtype") != "Image":
                    yield from self._fonts(entries, depth + 1, seen)

    def _ligatures_of(self, one: Value) -> tuple[str, Mapping[int, str]]:
        number = one.number if isinstance(one, Ref) else 0
        known = self._ligatures.get(number) if number else None
        if known is None:
            font = self.dictionary(one)
            base, encoding = self.value(font.get("BaseFont")), self.value(font.get("Encoding"))
            differences = self.value(encoding.get("Differences")) if isinstance(encoding, dict) else None
            name = plain_name(base) if isinstance(base, Name) else ""
            own = ligatures(name, str(font.get("Subtype")), differences if isinstance(differences, list) else ())
            known = self._ligatures[number] = name, own
        return known

    def page(self, index: int) -> Dict:
        return self.dictionary(self.leaves[index]) if index < len(self.leaves) else {}

    def _causes_of_page(self, index: int) -> list[tuple[str, str]]:
        """Those of the page's resources, of which those of the page that was asked for last are kept."""
        if self._last[0] != index:
            self._last = index, self._resource_causes(self.page(index), 0)
        return self._last[1]

    def _is_unsure(self, one: Value) -> bool:
        number = one.number if isinstance(one, Ref) else 0
        known = self._unsure.get(number) if number else None
        if known is None:
            font = self.dictionary(one)
            known = "ToUnicode" not in font and self._is_without_letters(font)
            if number:
                self._unsure[number] = known
        return known

    def _is_without_letters(self, font: Dict) -> bool:
        encoding = self.value(font.get("Encoding"))
        kind = font.get("Subtype")
        if kind == "Type0":
            return not isinstance(encoding, Name) or encoding.startswith("Identity")
        differences = self.value(encoding.get("Differences")) if isinstance(encoding, dict) else None
        if isinstance(differences, list):
            return any(isinstance(name, Name) and _NUMBERED_GLYPH.fullmatch(name) for name in differences)
        return kind == "Type3" or (kind == "TrueType" and encoding is None)

    def _stream_causes(self, one: Value, name: str) -> list[str]:
        number = one.number if isinstance(one, Ref) else 0
        known = self._causes.get((number, name)) if number else None
        if known is None:
            known = self._causes[number, name] = self._checked(one, name)
        return known

    def _checked(self, one: Value, name: str) -> list[str]:
        found = self.value(one)
        where = f"{name} (object {one.number})" if isinstance(one, Ref) else name
        if found is None and not isinstance(one, Ref):
            return []
        if found is None:
            return [f"{where} is missing"]
        if not isinstance(found, Stream):
            return [] if isinstance(found, list | Name) else [f"{where} is damaged: it is no stream"]
        text, cause = decoded(found, self.value)
        if isinstance(one, Ref):
            self._signs[one.number] = signs_in(text)
        return [f"{where} is damaged: {cause}"] if cause else []

    def resources_of(self, owner: Dict) -> Value:
        """The resources of a page or a form, its own or inherited ones."""
        held = owner
        for _ in range(_INHERITED):
            if "Resources" in held or "Parent" not in held:
                break
            held = self.dictionary(held["Parent"])
        return held.get("Resources")

    def _resource_causes(self, owner: Dict, depth: int) -> list[tuple[str, str]]:
        """Damage of what a page or a form refers to, by name: forms to draw, and the letters of fonts."""
        where = self.resources_of(owner)
        number = where.number if isinstance(where, Ref) else 0
        if number in self._resources:
            return self._resources[number]
        causes: list[tuple[str, str]] = []
        if number:
            self._resources[number] = causes
            if number not in self._places:
                causes.append(("", f"its resources (object {number}) are missing"))
        resources = self.dictionary(where)
        for name, font in self.dictionary(resources.get("Font")).items():
            if self._is_unsure(font):
                causes.append((name, ""))
            if mapping := self.dictionary(font).get("ToUnicode"):
                causes += [(name, cause) for cause in self._stream_causes(mapping, f"the letters of font {name}")]
        for name, drawn in self.dictionary(resources.get("XObject")).items():
            entries = self.dictionary(drawn)
            if entries.get("Subtype") != "Image":
                causes += [(name, cause) for cause in self._stream_causes(drawn, f"the part {name} that it draws")]
                if depth < _DEEPEST and "Resources" in entries:
                    causes += [(name, cause) for _, cause in self._resource_causes(entries, depth + 1)]
        return causes
