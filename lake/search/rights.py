"""Today's rights as a predicate over the chunks of any release."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.schemas import tuples
from lake.search.predicate import ANYTHING, Predicate
from lake.sources.declared import EVERYTHING
from lake.tables.sql import one_of, quoted, quoted_list

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.search.memberships import Memberships

#: Names that may see a document; None: everybody.
Acl = frozenset[str] | None
#: Whether somebody may see a document, given its id and the release's acl of it.
MaySee = Callable[[str, Collection[str] | None], bool]

_MAX_PRINCIPALS = 10_000


@dataclass(frozen=True, slots=True)
class Rights:
    """Today's rights over one release. ``changed``: documents whose rights differ from the release's acl column, with
    both, usually none. ``restricts``: whether that column restricts any document. A release that is open to all is
    searched without a predicate, which is faster. ``memberships`` adds the groups of whoever searches.
    """

    changed: Mapping[str, tuple[Acl, Acl]]
    restricts: bool = True
    memberships: Memberships | None = None

    @classmethod
    def over(cls, today: pa.Table, restricts: bool, manifest: pa.Table | None) -> Rights:
        """``today``: rows of ``lake.releases.rights.read``. ``manifest``: ``doc_id`` and ``acl`` of the documents
        of the release; not needed if there are no rows."""
        if manifest is None or not today.num_rows:
            return cls({}, restricts)
        now, then = _acls(today), _acls(manifest)
        both = now.keys() & then.keys()
        return cls({doc_id: (then[doc_id], now[doc_id]) for doc_id in both if then[doc_id] != now[doc_id]}, restricts)

    def predicate(self, principals: Iterable[str] | str = ()) -> Predicate:
        """What someone with all of ``principals`` (user, groups) may see; without any, what is not restricted.

        An operator passes EVERYTHING alone and sees all. Raises UsageError for any other type of ``principals``.
        """
        if principals == EVERYTHING and isinstance(principals, str):
            return ANYTHING
        names = self._names(principals)
        may = {doc_id: (_lets_in(then, names), _lets_in(now, names)) for doc_id, (then, now) in self.changed.items()}
        opened = [doc_id for doc_id, allowed in may.items() if allowed == (False, True)]
        closed = [doc_id for doc_id, allowed in may.items() if allowed == (True, False)]
        own = self._of_column(names)
        if closed:
            own &= Predicate(one_of("doc_id", sorted(closed), negated=True))
        return Predicate(f"({own.sql}) OR {one_of('doc_id', sorted(opened))}") if opened else own

    def may_see(self, principals: Iterable[str] | str = ()) -> MaySee:
        """What ``predicate`` tells of all documents, for a single one."""
        if principals == EVERYTHING and isinstance(principals, str):
            return lambda doc_id, acl: True
        names = self._names(principals)

        def may(doc_id: str, acl: Collection[str] | None) -> bool:
            then = None if acl is None else frozenset(acl)
            return _lets_in(self.changed[doc_id][1] if doc_id in self.changed else then, names)

        return may

    def _names(self, principals: Iterable[str]) -> frozenset[str]:
        names = checked(principals)
        return self.memberships.expanded(names) if self.memberships else names

    def _of_column(self, names: Collection[str]) -> Predicate:
        if not self.restricts:
            return ANYTHING
        has_any = f" OR array_has_any(acl, [{quoted_list(sorted(names))}])" if names else ""
        return Predicate(f"acl IS NULL{has_any}")


def _acls(rows: pa.Table) -> dict[str, Acl]:
    return {doc_id: None if acl is None else frozenset(acl) for doc_id, acl in tuples(rows, "doc_id", "acl")}


def _lets_in(acl: Acl, names: Collection[str]) -> bool:
    return acl is None or not acl.isdisjoint(names)


def checked(principals: Iterable[str]) -> frozenset[str]:
    """The names to search as; raises UsageError unless they are a collection of texts."""
    if isinstance(principals, (str, bytes, Mapping)) or not isinstance(principals, Iterable):
        raise UsageError(
            f"principals={principals!r} must be a list of names, such as ['anna', 'hr']; {EVERYTHING!r} is an operator"
        )
    names = list(principals)
    if len(names) > _MAX_PRINCIPALS:
        raise UsageError(f"{len(names):,} principals exceed the maximum of {_MAX_PRINCIPALS:,}")
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"principal {name!r} must be a text that is not blank")
        if name.strip() == EVERYTHING:
            raise UsageError(f"{EVERYTHING!r} can't be combined with other principals; pass it alone, as an operator")
        quoted(name)
    return principals if isinstance(principals, frozenset) else frozenset(names)
