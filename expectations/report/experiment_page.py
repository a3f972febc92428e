"""An experiment as one HTML page, and its plots as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from expectations.experiment.grid import OF_RECIPE, said, worded
from expectations.report.charts import Unit
from expectations.report.markup import Markup, element
from expectations.report.page import document
from expectations.report.scatter import Dot, Scatter, drawn
from expectations.report.tables import table
from lake.words import counted

if TYPE_CHECKING:
    from expectations.experiment.values import CellOutcome, Experiment

_SIGNS = (
    "Cell 0 is the lake as it is. Filled points are on the front: no other has a higher score for as little. The ring "
    "is the chosen cell. Colours are recipes; bars are 95 % intervals of these, cut off at the edge."
)
_FRONTS = {"latency": "score and latency", "cost": "score and cost"}


def scatters(found: Experiment) -> list[Scatter]:
    """Score by latency, and score by cost: USD where a model has a price, tokens to embed else."""
    measure = found.measures[0]
    is_priced = any(one.cost for one in found.outcomes)
    words, unit = ("USD to embed the sample", "USD") if is_priced else ("tokens to embed the sample", "tokens")
    plots: tuple[tuple[str, str, str, Unit], ...] = (
        ("latency", f"{measure} by latency", "milliseconds of a search, p50", "ms"),
        ("cost", f"{measure} by cost", words, "USD" if unit == "USD" else "tokens"),
    )
    groups = tuple(dict.fromkeys(_group(one) for one in found.outcomes))
    return [Scatter(title, across, measure, unit, tuple(_dots(found, name, groups, unit)), groups)
            for name, title, across, unit in plots]  # fmt: skip


def _group(one: CellOutcome) -> str:
    """What is told by the colour: the recipe."""
    return worded({name: value for name, value in one.cell.varied.items() if name in OF_RECIPE}) or "the lake's recipe"


def _dots(found: Experiment, name: str, groups: tuple[str, ...], unit: Unit) -> Iterator[Dot]:
    for one in found.outcomes:
        score, number = one.scores[found.measures[0]], one.cell.number
        x = {"ms": one.p50 * 1000, "USD": one.cost}.get(unit, float(one.built.n_tokens))
        signs = (number in found.fronts[name], number == 0, number == found.choice.chosen)
        words = worded(one.cell.varied)
        yield Dot(x, score.mean, score.low, score.high, str(number), words, groups.index(_group(one)), *signs)


def page(found: Experiment, advice: Mapping[str, Any]) -> str:
    """The page, as text; ``advice`` holds the ``search`` settings and the ``ingest`` that the chosen cell wants."""
    return document(f"{found.lake}: experiment", _body(found, advice))


def _body(found: Experiment, advice: Mapping[str, Any]) -> Iterator[Markup]:
    yield element("h1", f"{found.lake}: experiment")
    sample = f"{found.n_documents:,} of {counted(found.n_all, 'document')} of {found.release}, seed {found.seed}"
    asked = f"{counted(found.outcomes[0].n_questions, 'question')} of {', '.join(found.sets)}"
    left = f"; {counted(found.n_left_out, 'question')} left out" if found.n_left_out else ""
    yield element("p", f"{counted(len(found.outcomes), 'cell')} on {sample}, by {asked}{left}.", class_="soft")
    yield element("div", *(drawn(plot) for plot in scatters(found)), class_="plots")
    yield element("p", _SIGNS, class_="soft")
    yield element("h2", "What to take")
    yield from _taken(found, advice)
    yield element("h2", "All cells")
    yield _cells(found)


def _taken(found: Experiment, advice: Mapping[str, Any]) -> Iterator[Markup]:
    chosen = next(one for one in found.outcomes if one.cell.number == found.choice.chosen)
    yield element("p", element("b", f"{chosen.cell.number}: {worded(chosen.cell.varied)}"))
    yield element("p", f"Rule: {found.choice.rule}.", class_="soft")
    for name, words in _FRONTS.items():
        cells = ", ".join(str(number) for number in sorted(found.fronts[name]))
        yield element("p", f"No cell beats these in {words}: {cells}.")
    for name, value in advice["search"].items():
        words = "null" if value is None else said(value)
        yield element("p", element("code", f"raglake config set search.{name} {words} --lake {found.lake}"))
    if advice["ingest"]:
        yield element("p", element("code", advice["ingest"]))


def _cells(found: Experiment) -> Markup:
    varied = list(found.outcomes[0].cell.varied)
    figures = ("change*", "p, corrected*", "p50, ms*", "p95, ms*", "chunks*", "tokens*", "USD*", "MB*", "built in, s*")
    rows = (_row(found, one) for one in found.outcomes)
    return table(("cell", *varied, *(f"{name}*" for name in found.measures), *figures), rows)


def _row(found: Experiment, one: CellOutcome) -> Iterator[str]:
    built, first = one.built, one.scores[found.measures[0]]
    yield str(one.cell.number)
    yield from map(said, one.cell.varied.values())
    yield from (f"{one.scores[name].mean:.4f}" for name in found.measures)
    is_base = one.cell.number == 0
    yield "" if is_base else f"{first.difference:+.4f}"
    yield "" if is_base else f"{first.p_corrected:.4f}"
    yield from (f"{seconds * 1000:,.1f}" for seconds in (one.p50, one.p95))
    yield from (f"{n:,}" for n in (built.n_chunks, built.n_tokens))
    yield "unknown" if built.cost_usd is None else f"{built.cost_usd:.4f}"
    yield "" if built.n_bytes is None else f"{built.n_bytes / 1e6:,.1f}"
    yield "" if built.seconds is None else f"{built.seconds:,.1f}"
