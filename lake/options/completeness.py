"""How much of a document's text must have been read: when it is remarked on, and when it is quarantined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lake.errors import UsageError
from lake.options.checks import check_number
from lake.options.declaration import check, option

#: Minimum number of lost words of an incomplete document: a share of a short text says little.
LEAST_LOST = 10
_REMARK, _FLOOR = 0.98, 0.8


@dataclass(frozen=True, slots=True)
class Completeness:
    """Shares of a document's words, apart from those left out, that its canonical text must hold.

    A format is a media type, such as ``application/pdf``, or the name of a parser, such as ``pdf``.
    """

    remark: float = option(_REMARK, "Remark on a document that kept a smaller share of its words.", least=0, most=1)
    floor: float = option(
        _FLOOR,
        f"Quarantine a document that kept a smaller share of its words, if it lost at least {LEAST_LOST}.",
        least=0,
        most=1,
    )
    remark_by_format: Mapping[str, float] = option(
        dict, 'Other shares to remark below, by parser or media type, such as {"pdf": 0.95}.'
    )
    floor_by_format: Mapping[str, float] = option(
        dict, 'Other floors, by parser or media type, such as {"html": 0.6}; 0 quarantines none.'
    )

    def __post_init__(self) -> None:
        check(self)
        for name in ("remark_by_format", "floor_by_format"):
            _check_shares(name, getattr(self, name))

    def remark_of(self, parser: str, media_type: str) -> float:
        """The share below which documents of this format are remarked on."""
        return _chosen(self.remark_by_format, parser, media_type, self.remark)

    def floor_of(self, parser: str, media_type: str) -> float:
        """The share below which documents of this format are quarantined."""
        return _chosen(self.floor_by_format, parser, media_type, self.floor)

    @property
    def has_usual_floors(self) -> bool:
        """Whether every format has the default floor."""
        return {self.floor, *self.floor_by_format.values()} == {_FLOOR}

    def mark_of(self, parser: str, media_type: str) -> str:
        """What the floor adds to the fingerprint of a document: nothing if it is the default."""
        floor = self.floor_of(parser, media_type)
        return "" if floor == _FLOOR else f"floor {float(floor)!r}"


def _chosen(by_format: Mapping[str, float], parser: str, media_type: str, usual: float) -> float:
    return by_format.get(media_type, by_format.get(parser, usual))


def _check_shares(key: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise UsageError(f'{key}={value!r} must be an object, such as {{"html": 0.6}}')
    for name, share in value.items():
        check_number(f"{key}.{name}", share, 0, 1)


#: The defaults.
USUAL = Completeness()
