"""Texts of an Excel workbook that stand in no cell: drawings, charts, form controls, slicers and tables' columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from lake.parse.canonical import one_line

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
#: The cells of another workbook, in a chart's formula.
_ELSEWHERE = "["
_OF_FONTS = re.compile(r'&["\dBEHIKOSUXY]', re.I)
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|[A-Z]|&)', re.I)


def unseen_columns(root: Any) -> Iterator[tuple[str, str]]:
    """Names of the columns of a table that has no header row."""
    if root.get("headerRowCount") == "0":
        yield from ((root.get("ref", ""), decoded(node.get("name", ""))) for node in root.iter("{*}tableColumn"))


def _own_series(root: Any) -> Iterator[str]:
    """Series of a chart as lines, without what repeats cells of this workbook."""
    for series in root.iter("{*}ser"):
        parts = {local_name(part): _own_values(part) for part in series}
        name = " ".join(parts.get("tx", ()))
        labels, values = (
            next((parts[key] for key in keys if parts.get(key)), []) for keys in (("cat", "xVal"), ("val", "yVal"))
        )
        pairs = (f"{label} {value}".strip() for label, value in zip_longest(labels, values, fillvalue=""))
        yield f"{name}: {'; '.join(pairs)}" if labels or values else name


def _own_values(part: Any) -> list[str]:
    """Values that a chart states itself, or takes from another workbook."""
    # By what holds the formula and the values: a chart may have tens of thousands of values.
    formulas = {node.getparent(): node.text or "" for node in reversed(list(part.iter("{*}f")))}
    values = []
    for node in part.iter("{*}v"):
        formula = next((formulas[up] for up in node.iterancestors() if up in formulas), None)
        if formula is None or _ELSEWHERE in formula:
            values.append(one_line(node.text or ""))
    return values


def drawing_texts(root: Any, kind: str) -> Iterator[str]:
    """Texts of boxes, titles, controls and slicers, descriptions, and what a chart does not take from cells here."""
    if kind == "ctrlProp":
        yield from (node.get("val", "") for node in root.iter("{*}item"))
    elif kind in ("slicer", "timeline"):
        yield from (node.get("caption", "") for node in root.iter())
    elif kind == "chart":
        yield from _own_series(root)
    for node in root.iter("{*}p", "{*}cNvPr", "{*}title"):
        name = local_name(node)
        if name == "p":
            yield "".join(_run_text(part) for part in node.iter("{*}t", "{*}br"))
        elif name == "cNvPr":
            yield from (node.get(key, "") for key in ("descr", "title"))
        elif kind == "chart":
            yield " ".join(value.text or "" for cached in node.iter("{*}strCache") for value in cached.iter("{*}v"))


def parted(root: Any, kind: str) -> list[str]:
    """Take the copies that a drawing holds for other programs out of it, and return their texts.

    The first copy that says something, or that is a frame of another part such as a slicer, stays.
    """
    repeated: list[str] = []
    for node in list(root.iter("{*}AlternateContent")):
        ways = [one for one in node if local_name(one) in ("Choice", "Fallback")]
        chosen = next((one for one in ways if _says_something(one, kind)), ways[0] if ways else None)
        for one in ways:
            if one is not chosen:
                repeated += filter(str.strip, drawing_texts(one, kind))
                node.remove(one)
    return repeated


def _says_something(node: Any, kind: str) -> bool:
    return node.find(".//{*}graphicFrame") is not None or any(map(str.strip, drawing_texts(node, kind)))


def _run_text(node: Any) -> str:
    return " " if local_name(node) == "br" else node.text or ""


def vml_texts(root: Any) -> Iterator[str]:
    """Captions of form controls; those of comments repeat the comment."""
    for shape in root.iter("{*}shape"):
        kinds = {node.get("ObjectType", "") for node in shape.iter("{*}ClientData")}
        if "Note" not in kinds:
            for box in shape.iter("{*}textbox"):
                yield one_line(" ".join(box.itertext()))


def decoded(text: str) -> str:
    """Characters that XML can't hold are written as _xHHHH_.

    >>> decoded("a_x000D_b")
    'a\\rb'
    """
    return _ESCAPED.sub(_unescaped, text) if "_x" in text else text


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def local_name(node: Any) -> str:
    return local(node.tag) if isinstance(node.tag, str) else ""


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def without_codes(part: str) -> str:
    """A header without its codes, of which those for fonts part no word.

    >>> without_codes('&L&"Arial,Bold"&12R&&D in&Bvoices&CPage &P')
    ' R&D invoices Page  '
    """
    return _CODES.sub(lambda code: "&" if code[0] == "&&" else "" if _OF_FONTS.match(code[0]) else " ", part)
