"""What a person at a terminal sees of an examination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flows.cli.hints import pasteable
from flows.cli.show.terminal import say_lines
from lake.reporting import counted


def diagnosis(shown: dict[str, Any]) -> None:
    """A line for each check, then what is wrong."""
    say_lines(map(pasteable, _lines(shown)))


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    failing = {issue["check"] for issue in shown["issues"]}
    for check in shown["checks"]:
        yield _check(check, check["name"] in failing)
    yield from _issues("fixed", shown["fixed"])
    yield from _issues("wrong", shown["issues"])
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


def _issues(heading: str, issues: list[dict[str, Any]]) -> Iterator[str]:
    if issues:
        yield f"\n{heading} ({len(issues)})"
    for issue in issues:
        yield f"  {issue['where']}: {issue['what']}"
        if heading == "wrong":
            yield f"    remedy: {issue['remedy']}{' (`raglake doctor --repair`)' if issue['fixable'] else ''}"


def _remarks(remarks: list[str]) -> Iterator[str]:
    if remarks:
        yield ""
    yield from (f"note: {remark}" for remark in remarks)


def _verdict(shown: dict[str, Any]) -> str:
    if shown["healthy"]:
        return "is healthy"
    n_fixable = sum(issue["fixable"] for issue in shown["issues"])
    fix = f"; `raglake doctor --repair` fixes {n_fixable} of them" if n_fixable else ""
    return f"has {counted(len(shown['issues']), 'issue')}{fix}"
