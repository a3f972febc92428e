"""Sidecars declare metadata: NAME.EXT.meta.json for the document beside it, _metadata.csv for those in its folder."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.ids import bytes_digest
from lake.ids.uris import folded, places
from lake.sources.declared import Statement, broken, joined, key_as_meant, merged, statement, statement_json
from lake.sources.likely_documents import LikelyDocuments, folders_of
from lake.sources.loose_sidecars import about, is_of_exact_name
from lake.sources.protocol import SIDECAR_SUFFIX, SIDECAR_TABLE, as_meant, is_misnamed, is_sheet, is_sidecar
from lake.sources.source import Source

if TYPE_CHECKING:
    from lake.storage.denylist import Denylist

#: Larger ones are not read.
_MAX_BYTES = 64 << 20
_FIRST = 3
#: Separator of list items in a table, since commas separate its cells.
_BETWEEN = "|"


def document_of(uri: str) -> str | None:
    """The document that a ``.meta.json`` describes; None for a table, which describes several."""
    return uri.removesuffix(SIDECAR_SUFFIX) if uri.endswith(SIDECAR_SUFFIX) else None


def read(source: Source, uri: str, size: int | None) -> tuple[str | None, str]:
    """Digest of a sidecar's bytes (None: they can't be read) and what it states, as JSON.

    ``of`` maps uris of documents to their Statements; ``below`` applies to each document at or below the folder. A
    sidecar that is not understood hides its documents from everybody. Raises TransientError if a retry may help.
    """
    if (size or 0) > _MAX_BYTES:
        return None, _states(uri, problem=f"{size:,} bytes are more than the {_MAX_BYTES:,} that are read")
    try:
        data = source.read(uri)
    except InputError as error:
        return None, _states(uri, problem=str(error))
    try:
        stated = _of_table(data, uri) if document_of(uri) is None else _of_object(data, uri)
        return bytes_digest(data), statement_json({"of": stated})
    except json.JSONDecodeError as error:
        return bytes_digest(data), _states(uri, problem=f"it is not JSON ({error})")
    except (ValueError, RecursionError, csv.Error) as error:
        return bytes_digest(data), _states(uri, problem=str(error) or "it is nested too deeply")


def _states(uri: str, problem: str) -> str:
    return _closing(uri, f"{uri} can't be read: {problem}; until it can")


def _states_under_another_name(uri: str, meant: str) -> str:
    return _closing(meant, f"{uri} looks like a sidecar, which must be called {posixpath.basename(meant)}; until it is")


def _closing(uri: str, why: str) -> str:
    """What a sidecar that is not understood states: nobody may see its documents."""
    document = document_of(uri)
    if document is not None:
        return statement_json({"of": {document: broken(f"{why}, nobody may see {document}")}})
    folder = posixpath.dirname(uri) or "this source"
    closed = f"nobody may see the documents in {folder} whose own .meta.json states no acl"
    return statement_json({"of": {}, "below": broken(f"{why}, {closed}")})


def _of_object(data: bytes, uri: str) -> dict[str, Statement]:
    fields = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_distinct, parse_constant=_no_number)
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    _check_storable(fields)
    return {uri.removesuffix(SIDECAR_SUFFIX): _with_place(uri, statement(fields))}


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key comes twice: {sorted(key for key, _ in pairs)}")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _check_storable(fields: Mapping[str, Any]) -> None:
    if "\\u0000" in statement_json(fields).encode().decode():  # a lone surrogate is a ValueError by itself
        raise ValueError("it holds a NUL character")


def _of_table(data: bytes, uri: str) -> dict[str, Statement]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    names, rows = [key_as_meant(name) for name in rows[0]] if rows else [], [row for row in rows[1:] if any(row)]
    if "path" not in names:
        raise ValueError(f"it has no column 'path', but {names}")
    if len({name.lower() for name in names}) < len(names):
        raise ValueError(f"a column comes twice: {names}")
    stated: dict[str, Statement] = {}
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells under {len(names)} columns")
        fields = {name: _cell(name, cell) for name, cell in zip(names, row, strict=True) if cell.strip()}
        document = posixpath.normpath(posixpath.join(posixpath.dirname(uri), str(fields.pop("path", ""))))
        _check_storable(fields)
        if document in stated:
            stated[document] = broken(f"{uri} has several rows for {document}; until it has one, nobody may see it")
        else:
            stated[document] = _with_place(uri, statement(fields))
    return stated


def _cell(name: str, cell: str) -> str | list[str]:
    if name.lower() not in ("tags", "acl"):
        return cell.strip()
    return [item.strip() for item in cell.split(_BETWEEN) if item.strip()]


def _with_place(uri: str, stated: Statement) -> Statement:
    """Prefix problems with the name of their file."""
    if "problems" not in stated:
        return stated
    return stated | {"problems": [f"{uri}: {problem}" for problem in stated["problems"]]}


def without(states: str, is_denied: Callable[[str], bool]) -> str:
    """A sidecar's statements without those about documents whose uri ``is_denied``."""
    value = json.loads(states)
    kept = {document: stated for document, stated in value["of"].items() if not is_denied(document)}
    return states if len(kept) == len(value["of"]) else statement_json({**value, "of": kept})


def is_denied_file(row: Mapping[str, Any], denylist: Denylist, erased: Collection[str] = ()) -> bool:
    """Whether a DIGESTS row belongs to an erased document, or to a sidecar that names it or lies beside it.

    ``erased``: doc_ids of documents whose bytes were erased, though their places are not denied.
    """

    def is_denied(document: str) -> bool:
        return any(place in erased or denylist.has_place(place) for place in places(row["source"], document))

    stands_beside = is_sidecar(row["uri"])
    beside = document_of(row["uri"]) if stands_beside else None
    if (
        denylist.has_document(row["source"], row["uri"])
        or denylist.has_content(row["digest"])
        or (beside and is_denied(beside))
    ):
        return True
    # Of a document it is what the source declares of the document itself.
    return stands_beside and row["states"] is not None and without(row["states"], is_denied) != row["states"]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table's statements by the name of a document, then by its spellings; ``below`` is about all of them."""

    folder: str
    of: Mapping[str, dict[str, Statement]]
    below: Statement


def _misnamed(
    uris: Iterable[str], loose: Iterable[str], sidecars: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Files that are sidecars but for their names, each as one that can't be read.

    A table that a program for sheets keeps is none if it was saved as one of ``sidecars``, too, nor is a loose one if
    such a table states rights.
    """
    tables = {uri for uri, _ in sidecars}
    for uri in uris:
        if is_misnamed(uri) and not (is_sheet(uri) and as_meant(uri) in tables):
            meant = as_meant(uri)
            yield meant, _states_under_another_name(uri, meant)
    of_rights = {uri for uri, states in sidecars if '"acl":' in states and _state_rights(states)} if loose else ()
    for uri in loose:
        meant = posixpath.join(posixpath.dirname(uri), SIDECAR_TABLE)
        if about(uri) is None and meant not in of_rights:
            yield meant, _states_under_another_name(uri, meant)


def _state_rights(states: str) -> bool:
    value = json.loads(states)
    return any("acl" in stated for stated in (value.get("below", {}), *value.get("of", {}).values()))


def _astray(table: _Table, named: Collection[str]) -> Iterator[tuple[str, Statement]]:
    """The statements about no document at or below the table's folder."""
    inside = f"{folded(table.folder)}/" if table.folder else ""
    for name, spelled in table.of.items():
        if name not in named or not name.startswith(inside):
            yield from spelled.items()


def _by_name(stated: Mapping[str, Statement]) -> dict[str, dict[str, Statement]]:
    found: dict[str, dict[str, Statement]] = {}
    for document, one in stated.items():
        found.setdefault(folded(document), {})[document] = one
    return found


def _spelled(stated: Mapping[str, Statement], uri: str) -> Statement:
    """Statements about all spellings of a uri as one; its own spelling's override the others, except rights."""
    return joined([stated[spelling] for spelling in sorted(stated, key=lambda spelling: spelling == uri)])


class Stated:
    """Statements of all sidecars of one source; those nearer to a document override others.

    Names are compared in NFC. What is stated about one spelling of a name holds for all of them.

    A row of a table that states rights but names no document restricts the documents that it may be meant for
    (``meant_for``), unless another statement is about their rights. So does a loose sidecar that states rights.
    """

    def __init__(self, sidecars: Iterable[tuple[str, str]], uris: Collection[str], loose: Collection[str] = ()) -> None:
        """``sidecars``: uri and states (JSON) of each. ``uris``: all documents. ``loose``: some of these."""
        self._objects: dict[str, dict[str, Statement]] = {}
        self._tables: dict[str, list[_Table]] = {}
        sidecars = list(sidecars)
        for uri, states in (*sidecars, *_misnamed(uris, sorted(loose), sidecars)):
            stated = json.loads(states)
            of = _by_name(stated.get("of", {}))
            if document_of(uri) is None:
                table = _Table(posixpath.dirname(uri), of, stated.get("below", {}))
                self._tables.setdefault(folded(table.folder), []).append(table)
            else:
                for name, spelled in of.items():
                    self._objects.setdefault(name, {}).update(spelled)
        named = set(map(folded, uris))
        tables = (table for each in self._tables.values() for table in each)
        self._astray = {posixpath.join(table.folder, SIDECAR_TABLE): dict(_astray(table, named)) for table in tables}
        self._astray |= {
            document + SIDECAR_SUFFIX: {document: stated}
            for name, spelled in self._objects.items()
            if name not in named
            for document, stated in spelled.items()
            if "acl" in stated
        }
        self._meant: dict[str, list[Statement]] = {}
        self._remarks = list(self._resolved(uris, loose)) if loose or any(self._astray.values()) else []

    def of(self, uri: str) -> Statement:
        """The Statement about a document; empty if there is none."""
        stated: Statement = {}
        name = folded(uri)
        for folder in folders_of(name) if self._tables else ():
            tables = sorted(self._tables.get(folder, ()), key=lambda table: uri.startswith(f"{table.folder}/"))
            stated = merged(stated, joined([table.below for table in tables]))
            stated = merged(stated, joined([_spelled(table.of.get(name, {}), uri) for table in tables]))
        stated = merged(stated, _spelled(self._objects[name], uri)) if name in self._objects else stated
        if uri not in self._meant or "acl" in stated:
            return stated
        common = set.intersection(*(set(one["acl"]) for one in self._meant[uri]))
        return merged(stated, {"acl": sorted(common)})

    def astray(self) -> list[str]:
        """Remarks on rows of tables that match no document; first those that state rights."""
        return self._remarks

    def _resolved(self, uris: Collection[str], loose: Collection[str]) -> Iterator[str]:
        likely = LikelyDocuments(uris)
        for uri in sorted(loose):
            document = about(uri)
            # It is the name of a file, in which brackets are letters.
            meant = likely.meant_by(document, posixpath.dirname(uri), has_globs="*" in document) if document else []
            if is_of_exact_name(uri):
                meant = [one for one in meant if folded(one) == folded(document or "")]
            hidden = [one for one in meant if one != uri and "acl" not in self.of(one)]
            for one in (*hidden, *([uri] if hidden else ())):
                self._meant.setdefault(one, []).append({"acl": []})
            if hidden:
                yield f"{uri} states rights, but {_named_otherwise(hidden)}"
        for path, lost in sorted(self._astray.items()):
            is_table = document_of(path) is None
            for row in (row for row in sorted(lost) if "acl" in lost[row]):
                meant = likely.meant_by(row, posixpath.dirname(path))
                for uri in meant:
                    self._meant.setdefault(uri, []).append(lost[row])
                subject = f"{path}: the row for {row}" if is_table else path
                yield f"{subject} states rights but names no document here; {_effect(meant)}"
            if others := [row for row in sorted(lost) if "acl" not in lost[row]]:
                named = ", ".join(others[:_FIRST]) + (" ..." if len(others) > _FIRST else "")
                yield f"{path}: {len(others)} of its paths are no documents here: {named}"


def _named_otherwise(hidden: list[str]) -> str:
    sidecar = f"{posixpath.basename(hidden[0])}{SIDECAR_SUFFIX}"
    named = ", ".join(hidden[:_FIRST]) + (" ..." if len(hidden) > _FIRST else "")
    return f"only {sidecar}, in JSON, or {SIDECAR_TABLE} is read; until one states an acl nobody may see {named}"


def _effect(meant: list[str]) -> str:
    if not meant:
        return "it restricts nothing: correct its path or delete it"
    named = ", ".join(meant[:_FIRST]) + (" ..." if len(meant) > _FIRST else "")
    return f"until its path is corrected it restricts what it may mean: {named}"
