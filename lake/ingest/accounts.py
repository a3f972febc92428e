"""The account of a document as it is stored: three columns of CONTENTS and DOCUMENTS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lake.parse.account import Account
from lake.parse.canonical import clean, one_line
from lake.parse.document import Omission
from lake.parse.graphemes import shortened

#: Maximum number of stored omissions, besides one for each kind that sums the rest, and characters of a place.
MAX_OMISSIONS, _MAX_PLACE = 50, 200


def account_columns(account: Account) -> dict[str, Any]:
    """Values of the columns ACCOUNT."""
    entries = [
        {"kind": one.kind, "n_words": one.n_words, "place": _short(one.place)} for one in _capped(account.omitted)
    ]
    omitted = json.dumps(entries, ensure_ascii=False) if entries else None
    return {"n_words_source": account.n_words_source, "n_words_kept": account.n_words_kept, "omitted": omitted}


def stored_account(n_words_source: int | None, n_words_kept: int | None, omitted: str | None) -> Account | None:
    """The account of a row with these values; None if an older release wrote it."""
    if n_words_source is None or n_words_kept is None:
        return None
    return Account(n_words_source, n_words_kept, tuple(Omission(**entry) for entry in json.loads(omitted or "[]")))


def _capped(omitted: tuple[Omission, ...]) -> Iterator[Omission]:
    """The first omissions, and for each kind one that sums the others."""
    yield from omitted[:MAX_OMISSIONS]
    rest: dict[Any, list[Omission]] = {}
    for one in omitted[MAX_OMISSIONS:]:
        rest.setdefault(one.kind, []).append(one)
    for kind, others in rest.items():
        yield Omission(kind, sum(one.n_words for one in others), f"{len(others):,} more places")


def _short(place: str) -> str:
    text = one_line(clean(place))
    return text if len(text) <= _MAX_PLACE else shortened(text, _MAX_PLACE - 1, "…")
