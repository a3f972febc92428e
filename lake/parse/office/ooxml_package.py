"""Office Open XML: the parts of a package, their relations, and the pictures and files among them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lake.errors import InputError
from lake.parse import ocr
from lake.parse.archive import lenient_xml, read_member
from lake.parse.office.ooxml import alt_texts, attribute, found, tags
from lake.parse.pictures import Pictures

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind

#: Suffixes of parts that belong to the file itself.
_OWN_SUFFIXES = (
    ".xml", ".rels", ".vml", ".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".wdp",
    ".svg", ".webp", ".ico", ".fntdata", ".odttf", ".ttf", ".otf", ".thmx", ".psmdcp", ".sigs", ".cer",
)  # fmt: skip
_OWN_NAMES = re.compile(
    r"(?:^|/)(?:printersettings\d*|vbaproject\w*|attachedtoolbars|mimetype)(?:\.bin)?$", re.IGNORECASE
)


class Omit:
    """Collects what is left out; called like TextWriter.omit."""

    def __init__(self) -> None:
        self.noted: list[tuple[OmissionKind, str, str]] = []

    def __call__(self, kind: OmissionKind, text: str = "", place: str = "") -> None:
        if text or kind in ("attachment", "unreadable"):
            self.noted.append((kind, text, place))


@dataclass(frozen=True, slots=True)
class Relation:
    """``kind`` is the last word of its type."""

    kind: str
    target: str
    external: bool


@dataclass(frozen=True, slots=True)
class PicturePart:
    """A picture of a document: its part, the part and the page or slide it stands on, and its description."""

    name: str
    place: str
    page: int | None
    alt: str


class Package:
    """The parts of a file. A part that is damaged or missing is noted once in ``omitted`` and read as nothing."""

    def __init__(self, archive: ZipFile, omit: Omit) -> None:
        self._archive = archive
        self._omit = omit
        self.pictures = Pictures()
        self._names = {name.lower().lstrip("/"): name for name in archive.namelist()}
        self._roots: dict[str, _Element | None] = {}
        self._relations: dict[str, dict[str, Relation]] = {}

    @property
    def names(self) -> list[str]:
        return list(self._names.values())

    def has(self, name: str) -> bool:
        return name.lower() in self._names

    def root(self, name: str) -> _Element | None:
        """Root of an XML part, or None. What stands before an error in it is read."""
        if name.lower() not in self._roots:
            self._roots[name.lower()] = self._read(name)
        return self._roots[name.lower()]

    def data(self, name: str) -> bytes | None:
        """Bytes of a part, or None if it is missing or damaged."""
        try:
            return read_member(self._archive, self._names.get(name.lower(), name))
        except InputError as error:
            if error.error_class == "encrypted":
                raise
            self._omit("unreadable", "", f"{name}: {error}")
            return None

    def picture_texts(self, name: str, node: _Element, place: str) -> list[str]:
        """What OCR reads in the pictures below a node of part ``name``, if it is installed."""
        texts: list[str] = []
        for target in _targets(self, name, node) if ocr.installed() else ():
            if data := self.data(target):
                texts += self.pictures.read(data, f"{place}: {target}")
        return texts

    def relations(self, name: str) -> dict[str, Relation]:
        """Relations of a part by their id; those of the package by the empty name."""
        if name not in self._relations:
            folder, _, base = name.rpartition("/")
            part = posixpath.join(folder, "_rels", f"{base}.rels")
            root = self.root(part) if self.has(part) else None
            self._relations[name] = {
                attribute(one, "Id"): Relation(
                    attribute(one, "Type").rpartition("/")[2],
                    _resolved(folder, attribute(one, "Target")),
                    attribute(one, "TargetMode").lower() == "external",
                )
                for one in (root if root is not None else ())
                if isinstance(one.tag, str)
            }
        return self._relations[name]

    def related(self, name: str, kind: str) -> list[str]:
        """Names of the parts of this package that part ``name`` names as ``kind``, in their order."""
        known = (one for one in self.relations(name).values() if one.kind.lower() == kind.lower() and not one.external)
        return list(dict.fromkeys(one.target for one in known))

    def target(self, name: str, identifier: str) -> str:
        """Name of the part that part ``name`` means by a relation's id; empty if it is none of this package."""
        relation = self.relations(name).get(identifier)
        return "" if relation is None or relation.external else relation.target

    def _read(self, name: str) -> _Element | None:
        data = self.data(name)
        if data is None:
            return None
        root, error = lenient_xml(data)
        if error:
            self._omit("unreadable", "", f"{name}: {error}")
        return root


def embedded_files(package: Package) -> Iterator[str]:
    """Parts that are files of their own: documents, films, sounds, captions, objects of other programs."""
    for name in package.names:
        base = name.rpartition("/")[2]
        if "." in base and not base.lower().endswith(_OWN_SUFFIXES) and not _OWN_NAMES.search(name):
            yield name


def pictures_of(package: Package, name: str, root: _Element, page: int | None = None) -> Iterator[PicturePart]:
    """The pictures that part ``name`` shows, in document order."""
    for picture in found(root, "a:blip", "v:imagedata"):
        target = package.target(name, attribute(picture, "embed") or attribute(picture, "id"))
        if target and package.has(target):
            holder = next(
                (one for one in picture.iterancestors(*tags("wp:inline", "wp:anchor", "p:pic", "v:shape"))), picture
            )
            yield PicturePart(target, name, page, "; ".join(alt_texts(holder)))


def _targets(package: Package, name: str, node: _Element) -> Iterator[str]:
    """Parts of the pictures that stand below a node of part ``name``."""
    for picture in node.iter(*tags("a:blip", "v:imagedata")):
        target = package.target(name, attribute(picture, "embed") or attribute(picture, "id"))
        if target and package.has(target):
            yield target


def _resolved(folder: str, target: str) -> str:
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
