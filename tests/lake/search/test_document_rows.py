"""A document is looked up by the same steps whether it exists, is hidden, or comes before or after all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from lake.schemas import DOCUMENTS
from lake.search.document_rows import DocumentRows
from lake.search.rights import Rights
from lake.tables.reader import TableReader
from lake.tables.writer import Tables

PUBLIC, HIDDEN = f"{7:032x}", f"{5:032x}"
ABSENT = ["0" * 32, f"{6:032x}", "f" * 32, "", "no id", "ünï", "' OR true --"]


class Steps:
    """A table that notes what is read of it."""

    def __init__(self, table: TableReader) -> None:
        self._table, self.read = table, list[tuple[int, tuple[str, ...]]]()

    def rows(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        self.read.append((len(row_ids), tuple(columns)))
        return self._table.rows(row_ids, columns)


def table_of(folder: Path, acls: dict[str, list[str] | None]) -> TableReader:
    tables = Tables(str(folder))
    tables.reset("documents", DOCUMENTS, None)
    rows = [
        {**dict.fromkeys(DOCUMENTS.names), "doc_id": doc_id, "uri": f"{doc_id}.md", "acl": acl}
        for doc_id, acl in acls.items()
    ]
    tables.apply("documents", iter(pa.Table.from_pylist(rows, schema=DOCUMENTS).to_batches()), DOCUMENTS, [])
    return tables.at("documents", tables.seal("documents", "r"))


@pytest.mark.parametrize("today", [{}, {HIDDEN: (None, frozenset(["hr"])), PUBLIC: (frozenset(["hr"]), None)}])
def test_a_hidden_document_costs_what_an_absent_one_does(tmp_path: Path, today: dict[str, tuple[None, None]]) -> None:
    then = {doc_id: None if acl is None else sorted(acl) for doc_id, (acl, _) in today.items()}
    documents = table_of(tmp_path, {PUBLIC: None, HIDDEN: ["hr"], f"{1:032x}": None, **then})
    known, rights = DocumentRows.read(documents), Rights(today)

    def look_up(doc_id: str, *principals: str) -> tuple[str | None, list[tuple[int, tuple[str, ...]]]]:
        steps = Steps(documents)
        found = known.find(steps, doc_id, rights.may_see(principals), ["uri"])  # type: ignore[arg-type]
        return found["uri"] if found else None, steps.read

    hidden = look_up(HIDDEN)
    assert hidden == (None, [(1, ("doc_id", "acl"))])
    assert all(look_up(doc_id) == hidden for doc_id in ABSENT)
    assert look_up(HIDDEN, "hr")[0] == f"{HIDDEN}.md"
    assert look_up(PUBLIC)[0] == f"{PUBLIC}.md"


def test_a_release_without_documents_has_none(tmp_path: Path) -> None:
    documents = table_of(tmp_path, {})
    assert DocumentRows.read(documents).find(documents, PUBLIC, Rights({}).may_see(), ["uri"]) is None
