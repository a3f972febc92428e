"""What a history is mostly about. A history of everything seldom does one thing often enough to break it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.scheduler import World

#: What an editor may do, as often as it is named here.
EDITS = ("write", "write", "write", "copy", "delete", "restrict", "restrict", "restrict", "break", "open", "open")
_OF_RIGHTS = ("write", "restrict", "restrict", "break", "open", "open")
_BACK_AND_FORTH = ("write", "write", "revert", "revert", "delete", "restrict", "open")


@dataclass(frozen=True)
class Role:
    """Who may take part: in which share of the histories, how often, and the most seconds before each time."""

    share: float
    n: int
    pause: float


ROLES: Mapping[str, Role] = {
    "ingest1": Role(1.0, 4, 400), "ingest2": Role(0.5, 3, 500), "reader1": Role(1.0, 4, 400),
    "reader2": Role(0.3, 4, 400), "slow": Role(0.4, 2, 900), "editor": Role(0.9, 8, 200),
    "operator": Role(0.6, 3, 700), "pinner": Role(0.3, 2, 900), "pruner": Role(0.5, 2, 1500),
    "eraser": Role(0.4, 1, 1500), "builder": Role(0.25, 1, 1500),
}  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """Departures from the usual history.

    ``hot``: operations before which a process often stands still for one of ``pauses`` seconds, or dies (``deadly``);
    one of ``also_hot`` is drawn in addition.
    ``pins``: how likely a pin is, each time. ``rollbacks``: the same of a rollback. ``leap``: seconds that pass after a
    prune, in one of three.
    """

    name: str = "anything"
    roles: Mapping[str, Role] = field(default_factory=dict)
    edits: tuple[str, ...] = EDITS
    hot: tuple[str, ...] = ()
    also_hot: tuple[str, ...] = ("nothing",)
    pauses: tuple[float, ...] = (0.5, 5, 30)
    deadly: bool = False
    pins: float = 0.3
    rollbacks: float = 0.5
    leap: float = 20_000


_BUSY = {
    "ingest1": Role(1, 5, 200), "ingest2": Role(1, 5, 200), "operator": Role(1, 14, 60), "editor": Role(1, 14, 90),
    "reader1": Role(1, 10, 60),
}  # fmt: skip
_LOG = ("put log/", "write log/")
_OTHERS = ("read log/", "names log", "put lease/", "names lease", "read lease/", "write rights/")

THEMES = (
    Theme(),
    Theme(),
    Theme("races", {**_BUSY, "pinner": Role(0.6, 5, 200), "eraser": Role(0, 1, 1)}, hot=_LOG, also_hot=_OTHERS),
    Theme(
        "deaths",
        {"ingest1": Role(1, 9, 150), "editor": Role(1, 20, 80), "operator": Role(0.3, 2, 500)},
        edits=_BACK_AND_FORTH,
        hot=("put log/", "flush"),
        deadly=True,
    ),
    Theme(
        "rights",
        {
            "ingest1": Role(1, 7, 200), "editor": Role(1, 16, 90), "reader1": Role(1, 12, 60),
            "reader2": Role(1, 12, 60), "operator": Role(1, 7, 150), "eraser": Role(0.2, 1, 1500),
        },
        edits=_OF_RIGHTS,
        rollbacks=0.9,
    ),
    Theme(
        "erasure",
        {"ingest1": Role(1, 6, 200), "eraser": Role(1, 3, 600), "editor": Role(1, 14, 90), "slow": Role(0, 1, 1)},
    ),
    Theme(
        "retention",
        {
            "ingest1": Role(1, 14, 250), "ingest2": Role(0, 1, 1), "editor": Role(1, 40, 80), "slow": Role(1, 4, 900),
            "operator": Role(0.5, 5, 400), "pruner": Role(1, 8, 450), "eraser": Role(0, 1, 1),
        },
        rollbacks=0.1,
    ),
    Theme("pins", {**_BUSY, "pinner": Role(1, 8, 150), "pruner": Role(0.2, 1, 1500)}, pins=0.9, rollbacks=0.3),
)  # fmt: skip


def chosen(world: World) -> Theme:
    """The theme of a history."""
    return world.rng.choice(THEMES)
