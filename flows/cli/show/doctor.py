"""What a person at a terminal sees of an examination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lake.words import counted


def diagnosis(shown: dict[str, Any]) -> None:
    """A line for each check, then what is wrong."""
    print("\n".join(_lines(shown)))


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    ailing = {ailment["check"] for ailment in shown["ailments"]}
    for check in shown["checks"]:
        yield _check(check, check["name"] in ailing)
    yield from _ailments("mended", shown["mended"])
    yield from _ailments("wrong", shown["ailments"])
    yield from _remarks(shown["remarks"])
    yield f"\n{shown['lake']} {_verdict(shown)}"


def _check(check: dict[str, Any], ails: bool) -> str:
    if check["skipped"]:
        return f"- {check['name']:<12} not checked: {check['skipped']}"
    return f"{'✗' if ails else '✓'} {check['name']:<12} {check['n']:>9,} {_unit(check)}"


def _unit(check: dict[str, Any]) -> str:
    unit = str(check["unit"])
    if check["n"] == 1:
        return {"entries": "entry"}.get(unit, unit.removesuffix("s"))
    return {"file": "files"}.get(unit, unit)


def _ailments(heading: str, ailments: list[dict[str, Any]]) -> Iterator[str]:
    if ailments:
        yield f"\n{heading} ({len(ailments)})"
    for ailment in ailments:
        yield f"  {ailment['where']}: {ailment['what']}"
        if heading == "wrong":
            yield f"    remedy: {ailment['remedy']}{' (raglake doctor --repair)' if ailment['mendable'] else ''}"


def _remarks(remarks: list[str]) -> Iterator[str]:
    if remarks:
        yield ""
    yield from (f"note: {remark}" for remark in remarks)


def _verdict(shown: dict[str, Any]) -> str:
    if shown["healthy"]:
        return "is healthy"
    n_mendable = sum(ailment["mendable"] for ailment in shown["ailments"])
    mend = f"; raglake doctor --repair mends {n_mendable} of them" if n_mendable else ""
    return f"has {counted(len(shown['ailments']), 'ailment')}{mend}"
