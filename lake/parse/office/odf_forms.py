"""Form controls of OpenDocument files: labels, values and choices, which stand in attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

#: Controls whose values a reader never sees.
_UNSEEN = ("hidden", "password")
_SHOWN = ("label", "current-value", "value", "title")


def control_texts(root: _Element) -> dict[str, str]:
    """What each control of the forms below ``root`` shows, by its id; controls without text are left out."""
    found: dict[str, str] = {}
    for forms in root.iter("{*}forms"):
        for control in forms.iter():
            texts = list(dict.fromkeys(_texts(control)))
            if texts:
                names = {_local(name): str(value) for name, value in control.attrib.items()}
                found[names.get("id") or f"control {len(found)}"] = "; ".join(texts)
    return found


def _texts(control: _Element) -> Iterator[str]:
    name = _local(control.tag)
    if name in ("form", "forms", "option", "item", "property", "properties", *_UNSEEN):
        return
    stated = {_local(key): one_line(str(value)) for key, value in control.attrib.items()}
    # A check box has a value that is sent, and never shown.
    names = [key for key in _SHOWN if not (key in ("value", "current-value") and name in ("checkbox", "radio"))]
    yield from filter(
        None, (stated.get("current-value" if key == "value" else key) or stated.get(key) for key in names)
    )
    for choice in control:
        if _local(choice.tag) in ("option", "item"):
            labels = (one_line(str(value)) for key, value in choice.attrib.items() if _local(key) == "label")
            yield from filter(None, labels)


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
