"""Layers of a document (optional content) that are off when it is opened: its readers don't see what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from lake.parse.pdf.content import ShownContent
from lake.parse.pdf.objects import Ref, Stream, Value, decoded
from lake.parse.pdf.updates import plain_stream, updated

if TYPE_CHECKING:
    from lake.parse.pdf.structure import Dict, Structure

_DEEPEST = 8
_MOST_MEMBERS = 10_000


class Layers:
    """Which layers are off, by the document's default configuration, and what its pages show without them."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        #: Streams by number, without what is hidden; None for those that must stay as they are.
        self._shown: dict[int, bytes | None] = {}
        #: Forms that were looked into, with the resources that they take names from.
        self._seen: set[tuple[int, int]] = set()

    def without_hidden(self) -> bytes | None:
        """The file without what it draws in layers that are off; None if it draws nothing there."""
        if not self._off:
            return None
        for index in range(self._structure.n_pages):
            page = self._structure.page(index)
            contents = self._structure.value(page.get("Contents"))
            self._show(page, contents if isinstance(contents, list) else [page.get("Contents")], 0)
        texts = {
            number: plain_stream(self._structure, number, body)
            for number, body in self._shown.items()
            if body is not None
        }
        return None if not texts else updated(self._structure.data, texts, self._structure.root)

    def hidden_annotations(self, index: int) -> frozenset[int]:
        """The places in the page's list of those annotations that stand in layers that are off."""
        if not self._off:
            return frozenset()
        found = self._structure.value(self._structure.page(index).get("Annots"))
        drawn = found if isinstance(found, list) else []
        return frozenset(i for i, one in enumerate(drawn) if self._is_hidden(self._structure.dictionary(one).get("OC")))

    @cached_property
    def _off(self) -> frozenset[int]:
        """Numbers of the layers that are off; empty for most documents."""
        structure = self._structure
        stated = structure.dictionary(structure.catalog.get("OCProperties"))
        usual = structure.dictionary(stated.get("D"))
        is_off = structure.value(usual.get("BaseState")) == "OFF"
        off = set(self._numbers(stated.get("OCGs"))) if is_off else set()
        off |= set(self._numbers(usual.get("OFF")))
        off -= set(self._numbers(usual.get("ON"))) if is_off else set()
        for rule in self._members(usual.get("AS")):
            event = structure.dictionary(rule)
            if structure.value(event.get("Event")) == "View":
                for number in self._numbers(event.get("OCGs")):
                    self._set_by_view(number, off)
        return frozenset(filter(self._is_for_viewing, off))

    def _is_for_viewing(self, number: int) -> bool:
        """Whether a layer decides on what is seen; those meant for designers alone do not."""
        intent = self._structure.value(self._structure.dictionary(Ref(number)).get("Intent"))
        return intent is None or bool({"View", "All"} & set(intent if isinstance(intent, list) else [intent]))

    def _set_by_view(self, number: int, off: set[int]) -> None:
        """Apply what a layer states of its use on a screen, such as that of a watermark for print alone."""
        usage = self._structure.dictionary(self._structure.dictionary(Ref(number)).get("Usage"))
        state = self._structure.value(self._structure.dictionary(usage.get("View")).get("ViewState"))
        if state == "OFF":
            off.add(number)
        elif state == "ON":
            off.discard(number)

    def _members(self, one: Value) -> Sequence[Value]:
        found = self._structure.value(one)
        return found[:_MOST_MEMBERS] if isinstance(found, list) else [one] if isinstance(one, Ref) else []

    def _numbers(self, one: Value) -> Iterator[int]:
        return (member.number for member in self._members(one) if isinstance(member, Ref))

    def _is_hidden(self, one: Value) -> bool:
        """Whether a layer, or a membership in some, is off."""
        if isinstance(one, Ref) and one.number in self._off:
            return True
        membership = self._structure.dictionary(one)
        if self._structure.value(membership.get("Type")) != "OCMD":
            return False
        if isinstance(rule := self._structure.value(membership.get("VE")), list):
            return not self._holds(rule, 0)
        states = [number not in self._off for number in self._numbers(membership.get("OCGs"))]
        if not states:
            return False
        policy = self._structure.value(membership.get("P"))
        if policy == "AllOn":
            return not all(states)
        if policy == "AnyOff":
            return all(states)
        return any(states) if policy == "AllOff" else not any(states)

    def _holds(self, one: Value, depth: int) -> bool:
        """Whether an expression over layers, such as ``[/Not 12 0 R]``, makes its content visible."""
        rule = self._structure.value(one)
        if not isinstance(rule, list) or not rule or depth > _DEEPEST:
            return not self._is_hidden(one)
        parts = [self._holds(part, depth + 1) for part in rule[1:]]
        if rule[0] == "Not":
            return not any(parts)
        return any(parts) if rule[0] == "Or" else all(parts)

    def _show(self, owner: Dict, streams: Sequence[Value], depth: int) -> None:
        """Leave out of the streams of a page or a form, and of the forms in it, what is hidden."""
        structure = self._structure
        resources = structure.dictionary(structure.resources_of(owner))
        layers, parts = (structure.dictionary(resources.get(kind)) for kind in ("Properties", "XObject"))
        hidden = {name for name, one in layers.items() if self._is_hidden(one)}
        hidden_parts = {name for name, one in parts.items() if self._is_hidden(structure.dictionary(one).get("OC"))}
        shown = ShownContent(hidden.__contains__, hidden_parts.__contains__) if hidden or hidden_parts else None
        for one in streams:
            self._use(one, shown)
        for name, one in parts.items():
            if name in hidden_parts or not isinstance(one, Ref) or depth > _DEEPEST:
                continue
            form = structure.dictionary(one)
            inner = form if "Resources" in form else {**form, "Resources": owner.get("Resources")}
            use = one.number, id(structure.dictionary(structure.resources_of(inner)))
            if use not in self._seen and structure.value(form.get("Subtype")) == "Form":
                self._seen.add(use)
                self._show(inner, [one], depth + 1)

    def _use(self, one: Value, shown: ShownContent | None) -> None:
        """Note what one use of a stream shows. A stream stays as it is if two uses, as by two pages, differ."""
        found = self._structure.value(one)
        if not isinstance(one, Ref) or not isinstance(found, Stream):
            return
        kept = None
        if shown is not None:
            content, cause = decoded(found, self._structure.value)
            without = shown.of(content)
            kept = without if not cause and without != content else None
        self._shown[one.number] = kept if self._shown.get(one.number, kept) == kept else None
