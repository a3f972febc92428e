"""The part of a page that is about one set of questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from expectations.report.markup import Markup, element
from expectations.report.svg import bar, drawn, key
from expectations.report.tables import table
from expectations.report.values import Compared, FoundPassage, SetReport, Worst
from lake.words import counted

_N_CHANGES, _N_CHARACTERS = 8, 220
_COLOURS = {"worse": "bad", "better": "good", "not enough evidence": "warn"}


def set_section(one: SetReport) -> Iterator[Markup]:
    """Scores over releases, the newest release in slices, its worst questions, and what it won and lost."""
    yield element("h2", f"Questions: {one.name}", id=f"set-{one.name}")
    left_out = ", ".join(f"{n:,} {status}" for status, n in one.counts.items() if status != "scored")
    said = (
        f"{one.counts.get('scored', 0):,} of {counted(sum(one.counts.values()), 'question')} measured at {one.newest}"
    )
    axes = "Upright lines through points are 95 % intervals; the axes of scores need not begin at 0."
    yield element("p", f"{said}{f' ({left_out})' if left_out else ''}. {axes}")
    charts = [*one.scores, *one.latency]
    yield key(list(dict.fromkeys(mark for chart in charts for mark in chart.marks)))
    yield element("div", *(drawn(chart) for chart in charts), class_="plots")
    if one.compared:
        yield from _compared(one.compared, one.way)
    if one.slices:
        yield element("h3", f"{one.newest} in slices: {one.measure}, {one.way}")
        yield table(("by", "slice", "questions*", "mean*", "95 % interval*", "0 to 1"), _slices(one.slices))
    if one.worst:
        yield element("h3", f"Worst questions of {one.newest} by {one.measure}, {one.way}")
        yield element("p", "A green edge marks a passage of a document that answers.", class_="soft")
        yield element("ol", *(_worst(row) for row in one.worst), class_="questions")


def verdict_class(word: str) -> str | None:
    return _COLOURS.get(word)


def _slices(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    named = ""
    for row in rows:
        by, interval = row["by"].replace("_", " "), f"{row['low']:.3f} to {row['high']:.3f}"
        shown = bar(row["mean"], row["low"], row["high"])
        yield by if by != named else "", row["slice"], f"{row['n']:,}", f"{row['mean']:.3f}", interval, shown
        named = by


def _compared(found: Compared, way: str) -> Iterator[Markup]:
    yield element("h3", f"{found.b} against {found.a}, {way}")
    names = (
        "of",
        "measure",
        "before*",
        "now*",
        "difference*",
        "95 % interval*",
        "p*",
        "verdict",
        "won*",
        "lost*",
        "questions*",
    )
    yield table(names, (_difference(row) for row in found.measures))
    first = found.measures[0]
    if first["n_left_out"]:
        yield element("p", f"{first['n_left_out']:,} left out, whose evidence the source changed or took away.")
    changes = first["changes"]
    lost = [row for row in changes if row["difference"] < 0]
    won = [row for row in reversed(changes) if row["difference"] > 0]
    sides = ((f"Lost most, by {first['measure']}", lost), (f"Won most, by {first['measure']}", won))
    yield element("div", *(_side(title, rows) for title, rows in sides if rows), class_="columns")


def _difference(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (row["level"], row["measure"], f"{row['a']:.3f}", f"{row['b']:.3f}", f"{row['difference']:+.3f}")
    yield f"{row['low']:+.3f} to {row['high']:+.3f}"
    yield f"{row['p']:.4f}"
    yield element("span", row["word"], class_=verdict_class(row["word"]))
    yield from (f"{row[name]:,}" for name in ("wins", "losses", "n"))


def _side(title: str, rows: Sequence[Mapping[str, Any]]) -> Markup:
    shown = [_change(row) for row in rows[:_N_CHANGES]]
    more = len(rows) - len(shown)
    rest = element("p", f"and {more:,} more (raglake compare)", class_="soft") if more else None
    return element("div", element("h3", title), element("ul", *shown, class_="changes"), rest)


def _change(row: Mapping[str, Any]) -> Markup:
    figures = element("span", f"{row['a']:.2f} to {row['b']:.2f}", class_="n soft")
    lost = element("span", " (evidence lost)", class_="bad") if row["lost"] else None
    return element("li", figures, element("span", row["question"], lost))


def _worst(row: Worst) -> Markup:
    title = element("div", element("b", row.question), element("span", f"  {row.value:.3f}", class_="soft"))
    wanted = [
        element("div", "wanted: ", element("b", uri), _quoted(quote), class_="passage") for uri, quote in row.wanted
    ]
    failure = element("p", f"could not be asked again: {row.failure}", class_="bad") if row.failure else None
    nothing = None if row.found or row.failure else element("p", "nothing was found", class_="bad")
    return element("li", title, wanted, failure, nothing, [_found(n, one) for n, one in enumerate(row.found, 1)])


def _found(number: int, one: FoundPassage) -> Markup:
    heading = f" {one.heading}" if one.heading else ""
    words = (f"{number}. ", element("b", one.uri), heading, _quoted(one.text))
    return element("div", *words, class_="passage hit" if one.answers else "passage")


def _quoted(text: str) -> Markup:
    flat = " ".join(text.split())
    cut = flat if len(flat) <= _N_CHARACTERS else f"{flat[:_N_CHARACTERS].rstrip()} ..."
    return element("div", cut, class_="soft")
