"""Who may see what: today's rights as a predicate over the chunks of any release."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.search.predicate import ANYTHING, Predicate
from lake.sources.declared import EVERYTHING
from lake.tables.sql import one_of, quoted, quoted_list

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.tables.reader import TableReader

#: Names of those who may see a document; None: everybody.
Acl = frozenset[str] | None

_MAX_PRINCIPALS = 10_000


@dataclass(frozen=True, slots=True)
class Rights:
    """Today's rights over one release. ``changed``: documents whose rights are others than the release's own column
    says, with those of the release and those of today; usually none. ``restricts``: whether that column restricts
    any document; a search of a release that is open to all needs no predicate, which takes it time.
    """

    changed: Mapping[str, tuple[Acl, Acl]]
    restricts: bool = True

    @classmethod
    def over(cls, today: pa.Table, documents: TableReader) -> Rights:
        """``today``: RIGHTS rows, of ``lake.releases.rights.read``; ``documents``: the release's manifest."""
        restricts = documents.count("acl IS NOT NULL") > 0
        if not today.num_rows:
            return cls({}, restricts)
        now = _acls(today)
        then = _acls(documents.scan(["doc_id", "acl"]))
        both = now.keys() & then.keys()
        return cls({doc_id: (then[doc_id], now[doc_id]) for doc_id in both if then[doc_id] != now[doc_id]}, restricts)

    def predicate(self, principals: Iterable[str] | str = ()) -> Predicate:
        """What somebody may see who is all of ``principals`` (user, groups); without any, what is not restricted.

        EVERYTHING, and only as itself, sees all: an operator. UsageError where ``principals`` is anything else.
        """
        if principals == EVERYTHING and isinstance(principals, str):
            return ANYTHING
        names = checked(principals)
        may = {doc_id: (_lets_in(then, names), _lets_in(now, names)) for doc_id, (then, now) in self.changed.items()}
        opened = [doc_id for doc_id, allowed in may.items() if allowed == (False, True)]
        closed = [doc_id for doc_id, allowed in may.items() if allowed == (True, False)]
        own = self._of_column(names)
        if closed:
            own &= Predicate(one_of("doc_id", sorted(closed), negated=True))
        return Predicate(f"({own.sql}) OR {one_of('doc_id', sorted(opened))}") if opened else own

    def _of_column(self, names: Collection[str]) -> Predicate:
        if not self.restricts:
            return ANYTHING
        has_any = f" OR array_has_any(acl, [{quoted_list(sorted(names))}])" if names else ""
        return Predicate(f"acl IS NULL{has_any}")


def _acls(rows: pa.Table) -> dict[str, Acl]:
    columns = (rows.column(name).to_pylist() for name in ("doc_id", "acl"))
    return {doc_id: None if acl is None else frozenset(acl) for doc_id, acl in zip(*columns, strict=True)}


def _lets_in(acl: Acl, names: Collection[str]) -> bool:
    return acl is None or not acl.isdisjoint(names)


def checked(principals: Iterable[str]) -> frozenset[str]:
    """The names of somebody who asks; UsageError unless they are a collection of texts."""
    if isinstance(principals, (str, bytes, Mapping)) or not isinstance(principals, Iterable):
        raise UsageError(
            f"principals={principals!r} must be a list of names, such as ['anna', 'hr']; {EVERYTHING!r} is an operator"
        )
    names = list(principals)
    if len(names) > _MAX_PRINCIPALS:
        raise UsageError(f"{len(names):,} principals are more than the {_MAX_PRINCIPALS:,} that can be looked for")
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"principal {name!r} must be a text that is not blank")
        if name.strip() == EVERYTHING:
            raise UsageError(f"{EVERYTHING!r} is no principal among others; pass it alone, as an operator")
        quoted(name)
    return frozenset(names)
