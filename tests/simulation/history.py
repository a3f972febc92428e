"""One history from one seed: who takes part, what happens, and what is true when all is quiet again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from lake.directory import Lake
from lake.search.reader import Reader
from tests.simulation import auditor
from tests.simulation.actors import Stage
from tests.simulation.rest import at_rest
from tests.simulation.scheduler import Endless, World
from tests.simulation.source import URIS, digest_of
from tests.simulation.stand_ins import installed
from tests.simulation.store import URL, Medium

#: A planted bug.
Plant = Callable[[], AbstractContextManager[Any]]

#: Who may take part: name, share of the histories, how often, and the most seconds before each time.
_ROLES = {
    "ingest1": (1.0, 4, 400), "ingest2": (0.5, 3, 500), "reader1": (1.0, 4, 400), "reader2": (0.3, 4, 400),
    "slow": (0.4, 2, 900), "editor": (0.9, 8, 200), "operator": (0.6, 3, 700), "pinner": (0.3, 2, 900),
    "pruner": (0.5, 2, 1500), "eraser": (0.4, 1, 1500), "builder": (0.25, 1, 1500),
}  # fmt: skip
CAST = tuple(_ROLES)


@dataclass(frozen=True)
class Outcome:
    """What a seed came to. ``violations`` are in plain words; ``trace`` is every step."""

    seed: int
    digest: str
    violations: tuple[str, ...]
    n_steps: int
    trace: tuple[str, ...]
    cast: tuple[str, ...]


class Held(NamedTuple):
    uri: str
    digest: str


def simulate(
    seed: int, *, cast: tuple[str, ...] | None = None, length: float = 1.0, plant: Plant = nullcontext
) -> Outcome:
    """Run one history. ``cast`` and ``length`` shorten it; ``plant`` is a bug, in force inside its block."""
    world = World(seed)
    medium = Medium(world, is_bucket=world.rng.random() < 0.4)
    chosen = tuple(name for name, (share, *_) in _ROLES.items() if world.rng.random() < share)
    chosen = chosen if cast is None else cast
    stage = Stage(world, medium)
    with installed(world, medium), plant():
        found = _violations(stage, chosen, length)
    return Outcome(seed, world.digest, tuple(dict.fromkeys(found)), world.n_steps, tuple(world.lines), chosen)


def _violations(stage: Stage, cast: tuple[str, ...], length: float) -> list[str]:
    try:
        _begin(stage)
        _play(stage, cast, length)
        stage.medium.can_fail = False
        stage.world.note("quiet")
        late = list(at_rest(stage))
    except Endless as error:
        return [f"endless: {error}"]
    except Exception as error:  # noqa: BLE001 - a defect of the product shows as any error
        return [f"defect: {type(error).__name__}: {error}"]
    return [*auditor.violations(stage), *late]


def _begin(stage: Stage) -> None:
    for _ in range(6):
        edit(stage)


def edit(stage: Stage) -> None:
    stage.sources = stage.sources.edited(stage.world)
    for uri, text in stage.sources.texts.items():
        stage.texts[digest_of(text)] = text
        stage.held.add(Held(uri, digest_of(text)))


def _play(stage: Stage, cast: tuple[str, ...], length: float) -> None:
    world, n = stage.world, lambda most: max(1, round(most * length))
    stage.medium.can_fail = world.rng.random() < 0.9
    machines = {name: name if stage.medium.is_bucket else "m1" for name in CAST}
    scripts: dict[str, Callable[[], Any]] = {
        "ingest1": lambda: _ingest(stage),
        "ingest2": lambda: _ingest(stage),
        "reader1": lambda: _read(stage),
        "reader2": lambda: _read(stage),
        "slow": stage.read_slowly,
        "editor": lambda: edit(stage),
        "operator": lambda: _operate(stage),
        "pinner": stage.pin,
        "pruner": lambda: _prune(stage),
        "eraser": lambda: stage.forget(world.rng.choice(URIS)),
        "builder": stage.rebuild,
    }
    for name in cast:
        _, most, pause = _ROLES[name]
        stage.act(name, machines[name], scripts[name], n(most), pause)
    world.run()


def _ingest(stage: Stage) -> None:
    """A run, which the guards may refuse."""
    n = 9 if stage.world.rng.random() < 0.85 else 0
    stage.ingest(allow_removals=n, allow_opening=n)


def _read(stage: Stage) -> None:
    """Read live several times with one open index, and sometimes an old release."""
    lake = Lake.existing(URL)
    reader = Reader(lake)
    for _ in range(3):
        stage.read(reader)
        known = list(lake.log.read().releases)
        if known and stage.world.rng.random() < 0.4:
            stage.read(reader, stage.world.rng.choice(known))
        stage.world.sleep(stage.world.rng.random() * 120)


def _operate(stage: Stage) -> None:
    chance = stage.world.rng.random()
    if chance < 0.5:
        stage.roll_back()
    elif chance < 0.65:
        stage.name()
    else:
        stage.publish(force=stage.world.rng.random() < 0.3)


def _prune(stage: Stage) -> None:
    stage.prune()
    stage.world.now += stage.world.rng.choice((0, 0, 20_000))


def shrink(seed: int, plant: Plant = nullcontext, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """The shortest history of the seed that still breaks the same kind of promise."""
    worst = simulate(seed, plant=plant)
    if not worst.violations:
        return worst
    kinds, cast, length = _kinds(worst), worst.cast, 1.0
    for name in worst.cast:
        fewer = tuple(one for one in cast if one != name)
        found = simulate(seed, cast=fewer, plant=plant)
        if kinds & _kinds(found):
            cast, worst = fewer, found
            tell(f"without {name}")
    for shorter in (0.75, 0.5, 0.25):
        found = simulate(seed, cast=cast, length=shorter, plant=plant)
        if kinds & _kinds(found):
            length, worst = shorter, found
    tell(f"{', '.join(cast) or 'nobody'} at {length:.0%} of the work")
    return worst


def _kinds(outcome: Outcome) -> set[str]:
    return {one.split(":")[0] for one in outcome.violations}
