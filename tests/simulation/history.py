"""One history from one seed: who takes part, what happens, and what is true when all is quiet again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from lake.directory import Lake
from tests.simulation import auditor
from tests.simulation.actors import Stage, reader_of
from tests.simulation.rest import at_rest
from tests.simulation.scheduler import Endless, World
from tests.simulation.source import URIS, digest_of
from tests.simulation.stand_ins import installed
from tests.simulation.store import URL, Medium
from tests.simulation.themes import ROLES, chosen

#: A planted bug.
Plant = Callable[[], AbstractContextManager[Any]]


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
    theme = chosen(world)
    drawn = tuple(name for name, role in {**ROLES, **theme.roles}.items() if world.rng.random() < role.share)
    cast = drawn if cast is None else cast
    stage = Stage(world, medium, theme)
    world.note(f"a history of {theme.name}")
    with installed(world, medium), plant():
        found = _violations(stage, cast, length)
    return Outcome(seed, world.digest, tuple(dict.fromkeys(found)), world.n_steps, tuple(world.lines), cast)


def _violations(stage: Stage, cast: tuple[str, ...], length: float) -> list[str]:
    try:
        _begin(stage)
        _play(stage, cast, length)
        stage.medium.can_fail, stage.medium.hot = False, ()
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
    stage.sources = stage.sources.edited(stage.world, stage.theme.edits)
    for uri, text in stage.sources.texts.items():
        stage.texts[digest_of(text)] = text
        stage.held.add(Held(uri, digest_of(text)))


def _play(stage: Stage, cast: tuple[str, ...], length: float) -> None:
    world, roles = stage.world, {**ROLES, **stage.theme.roles}
    stage.medium.can_fail = world.rng.random() < 0.9
    stage.medium.make_hot(stage.theme)
    machines = {name: name if stage.medium.is_bucket else "m1" for name in roles}
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
        n = max(1, round(roles[name].n * length))
        stage.act(name, machines[name], scripts[name], n, roles[name].pause)
    world.run()


def _ingest(stage: Stage) -> None:
    """A run, which the guards may refuse."""
    n = 9 if stage.world.rng.random() < 0.85 else 0
    stage.ingest(allow_removals=n, allow_opening=n)


def _read(stage: Stage) -> None:
    """Read live several times with one open index, and sometimes an old release."""
    lake = Lake.existing(URL)
    reader = reader_of(lake)
    for _ in range(3):
        stage.read(reader)
        known = list(lake.log.read().releases)
        if known and stage.world.rng.random() < 0.4:
            stage.read(reader, stage.world.rng.choice(known))
        stage.world.sleep(stage.world.rng.random() * 120)


def _operate(stage: Stage) -> None:
    chance = stage.world.rng.random()
    if chance < stage.theme.rollbacks:
        stage.roll_back()
    elif chance < stage.theme.rollbacks + 0.3 * (1 - stage.theme.rollbacks):
        stage.name()
    else:
        stage.publish(force=stage.world.rng.random() < 0.3)


def _prune(stage: Stage) -> None:
    stage.prune()
    stage.world.now += stage.world.rng.choice((0, 0, stage.theme.leap))


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
