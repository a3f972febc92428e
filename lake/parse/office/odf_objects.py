"""OpenDocument: charts, formulas and other documents inside a document."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lake.parse.canonical import one_line
from lake.parse.office.odf_text import odf_reading, plain
from lake.parse.office.ooxml import attribute
from lake.parse.office.ooxml_package import Omit, Package

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


def embedded_root(node: _Element, package: Package | None, omit: Omit) -> _Element | None:
    """The root of the part that an object is; None if there is none to read, which is named."""
    if package is None or not attribute(node, "href"):
        return None
    target = posixpath.normpath(unquote(attribute(node, "href")))
    name = f"{target}/content.xml"
    if not package.has(name):
        omit("attachment", "", target)
        return None
    return package.root(name)


def formula_text(root: _Element, omit: Omit) -> str:
    """A formula as it was written, if that is kept beside its parts, which then repeat it."""
    notes = list(root.iter("{*}annotation"))
    written = " ".join(plain(one) for one in notes)
    for one in root.iter("{*}semantics") if written else ():
        omit("repeated", " ".join(plain(part) for part in one if part not in notes), "formulas")
    return written or one_line(odf_reading(root))
