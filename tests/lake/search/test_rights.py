"""Who may see what: today's rights over any release, closed where anything is unclear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import ContractError, GoneError, UsageError
from lake.releases import rights as kept
from lake.schemas import DOCUMENTS, RIGHTS
from lake.search.predicate import ANYTHING
from lake.search.rights import Rights
from lake.storage.store import open_store
from lake.tables.reader import TableReader
from lake.tables.writer import Tables

NAMES = ["hr", "board", "it's", "x'] OR true", "\\", "ünï", "nul\0", "HR"]
ACLS: list[list[str] | None] = [None, [], ["hr"], ["board", "hr"], ["it's"], ["x'] OR true", "\\"], ["nul\0", "ünï"]]


def rows(acls: dict[str, list[str] | None]) -> pa.Table:
    return pa.Table.from_pylist([{"doc_id": doc_id, "acl": acl} for doc_id, acl in acls.items()], schema=RIGHTS)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> TableReader:
    """A manifest of seven documents, one with each acl."""
    tables = Tables(str(tmp_path_factory.mktemp("tables")))
    tables.reset("documents", DOCUMENTS, None)
    columns = [{**dict.fromkeys(DOCUMENTS.names), "doc_id": f"{n:032x}", "acl": acl} for n, acl in enumerate(ACLS)]
    batch = pa.Table.from_pylist(columns, schema=DOCUMENTS)
    tables.apply("documents", iter(batch.to_batches()), DOCUMENTS, [])
    return tables.at("documents", tables.seal("documents", "r"))


def over(today: pa.Table, documents: TableReader) -> Rights:
    return Rights.over(today, documents.count("acl IS NOT NULL") > 0, documents.scan(["doc_id", "acl"]))


def seen(documents: TableReader, today: dict[int, list[str] | None], principals: Any) -> set[int]:
    ledger = rows({f"{number:032x}": acl for number, acl in today.items()})
    rights = over(ledger, documents)
    found = set(documents.scan(["doc_id"], rights.predicate(principals).sql).column(0).to_pylist())
    may_see, every = rights.may_see(principals), documents.scan(["doc_id", "acl"]).to_pylist()
    assert found == {row["doc_id"] for row in every if may_see(row["doc_id"], row["acl"])}
    return {int(doc_id, 16) for doc_id in found}


def may(acl: list[str] | None, principals: list[str]) -> bool:
    return acl is None or bool(set(acl) & set(principals))


def test_the_release_alone_says_who_may_see_what(documents: TableReader) -> None:
    assert seen(documents, {}, ()) == {0}
    assert seen(documents, {}, ["hr"]) == {0, 2, 3}
    assert seen(documents, {}, ("HR",)) == {0}
    assert seen(documents, {}, {"board", "it's"}) == {0, 3, 4}
    assert seen(documents, {}, "*") == set(range(7))
    assert Rights({}).predicate("*") == ANYTHING


@settings(max_examples=100)
@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from(ACLS)),
    st.lists(st.sampled_from(NAMES), max_size=3) | st.lists(st.text(min_size=1, max_size=9), max_size=2),
)
def test_today_beats_the_release(
    documents: TableReader, today: dict[int, list[str] | None], principals: list[str]
) -> None:
    if any(name.strip() in ("", "*") for name in principals):
        return
    now = {number: today.get(number, acl) for number, acl in enumerate(ACLS)}
    assert seen(documents, today, principals) == {number for number, acl in now.items() if may(acl, principals)}


def test_rights_as_they_are_in_the_release_need_no_corrections(documents: TableReader) -> None:
    same = over(rows({f"{n:032x}": list(reversed(acl)) if acl else acl for n, acl in enumerate(ACLS)}), documents)
    assert same == Rights({}, restricts=True)
    assert "doc_id" not in str(same.predicate(["hr"]).sql)


@pytest.mark.parametrize(
    "principals",
    [None, "hr", b"hr", 3, {"hr": True}, [None], [""], [" "], [3], ["hr", "*"], ["*"], [" * "], ["\ud800"],
     (str(n) for n in range(10_001))],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_whoever_asks_must_say_who_they_are(principals: Any) -> None:
    with pytest.raises(UsageError, match=r"principal|no valid text"):
        Rights({}).predicate(principals)


def test_the_ledger_learns_and_keeps() -> None:
    held = rows({"a": ["hr"], "b": None, "c": ["x"]})
    told = rows({"a": None, "b": None, "d": None, "e": ["hr"]})
    assert kept.revised(held, told).to_pylist() == rows({"a": None, "b": None, "c": ["x"], "e": ["hr"]}).to_pylist()
    assert kept.revised(held, held).equals(held)
    assert kept.revised(rows({}), rows({"d": None})).num_rows == 0


def test_rights_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    path = kept.write(store, rows({"a": ["hr"]}))
    assert path is not None
    assert kept.read(store, path).to_pylist() == [{"doc_id": "a", "acl": ["hr"]}]
    assert kept.read(store, None).num_rows == 0
    with pytest.raises(GoneError):
        kept.read(store, "rights/0.parquet")
    (tmp_path / path).write_bytes((tmp_path / str(kept.write(store, rows({"a": None})))).read_bytes())
    with pytest.raises(ContractError, match="does not match the digest in its name"):
        kept.read(store, path)
    (tmp_path / path).write_bytes(b"PAR1 nothing")
    with pytest.raises(ContractError, match="not a readable Parquet"):
        kept.read(store, path)


def test_a_release_that_is_open_to_all_needs_no_predicate(tmp_path: Path) -> None:
    tables = Tables(str(tmp_path))
    tables.reset("documents", DOCUMENTS, None)
    batch = pa.Table.from_pylist([{**dict.fromkeys(DOCUMENTS.names), "doc_id": d} for d in "ab"], schema=DOCUMENTS)
    tables.apply("documents", iter(batch.to_batches()), DOCUMENTS, [])
    documents = tables.at("documents", tables.seal("documents", "r"))
    assert over(rows({}), documents).predicate() == ANYTHING
    assert over(rows({"z": ["hr"]}), documents).predicate() == ANYTHING
    assert over(rows({"a": ["hr"]}), documents).predicate().sql == "doc_id NOT IN ('a')"
    assert over(rows({"a": ["hr"]}), documents).predicate(["hr"]) == ANYTHING
