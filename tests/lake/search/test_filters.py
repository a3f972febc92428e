"""Filters: what they choose equals a model of them, and no value or predicate reaches beyond itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lake.errors import UsageError
from lake.schemas import DOCUMENTS, chunks
from lake.search.filters import ReleaseFilter, parse_filters
from lake.search.predicate import ANYTHING, NOTHING, Predicate, enclosed
from lake.search.rights import Rights
from lake.tables.reader import TableReader
from lake.tables.writer import Tables

TITLES = [
    "",
    "it's",
    "a''b",
    "back\\",
    "back\\'",
    "nul\0",
    "100%",
    "_",
    "ünï\n-- x",
    "/* x",
    '"q"',
    "`b`",
    "x) OR (1=1",
]
METADATA: list[dict[str, Any]] = [
    {"project": "apollo", "year": 2024, "people": ["anna", "ben"], "deep": {"er": "yes"}, "a.b": 1, "ok": True},
    {"project": "hermes", "year": "2019", "people": "anna"},
    {"project": None, "year": 2021.5},
    {},
]
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def document(number: int) -> dict[str, Any]:
    return {
        "doc_id": f"{number:032x}",
        "source": "ab"[number % 2],
        "uri": ["hr/a.md", "hr/deep/b.txt", "c.md", "it's/d.md"][number % 4],
        "size": number * 100,
        "title": TITLES[number % len(TITLES)],
        "language": ["de", "en", None][number % 3],
        "modified_at": DAY + timedelta(hours=8 * number),
        "tags": [["x"], ["x", "y"], [], None][number % 4],
        "acl": [None, ["hr"], [], ["board", "it's"]][number % 4],
        "metadata": json.dumps(METADATA[number % 4]),
    }


ROWS = [document(number) for number in range(26)]
PAGES = {row["doc_id"]: number % 7 or None for number, row in enumerate(ROWS)}


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> tuple[TableReader, TableReader]:
    """Tables of 26 documents with one chunk each."""
    tables = Tables(str(tmp_path_factory.mktemp("tables")))
    rows = [{"chunk_id": row["doc_id"], "page": PAGES[row["doc_id"]], "vector": [1.0, 0.0], **row} for row in ROWS]
    for name, schema in (("chunks", chunks(2)), ("documents", DOCUMENTS)):
        tables.reset(name, schema, None)
        batch = pa.Table.from_pylist([{k: row.get(k) for k in schema.names} for row in rows], schema=schema)
        tables.apply(name, iter(batch.to_batches()), schema, [])
    return tables.at("chunks", tables.seal("chunks", "r")), tables.at("documents", tables.seal("documents", "r"))


@pytest.fixture(scope="module")
def release(readers: tuple[TableReader, TableReader]) -> ReleaseFilter:
    return ReleaseFilter(*readers)


@pytest.fixture(scope="module")
def chosen(readers: tuple[TableReader, TableReader], release: ReleaseFilter) -> Callable[..., set[int]]:
    """Numbers of the documents that pass, of those that ``principals`` may see."""

    def choose(filters: dict[str, Any] | None = None, where: str | None = None, principals: Any = "*") -> set[int]:
        predicate = Rights({}).predicate(principals) & release.predicate(where, filters)
        return {int(doc_id, 16) for doc_id in readers[0].scan(["doc_id"], predicate.sql).column(0).to_pylist()}

    return choose


def numbers(test: Callable[[dict[str, Any]], bool]) -> set[int]:
    return {number for number, row in enumerate(ROWS) if test({**row, "page": PAGES[row["doc_id"]]})}


def named(value: object) -> str:
    """The same in every process: a function's own words hold its address."""
    return "" if callable(value) else str(value)


@pytest.mark.parametrize(
    ("filters", "model"),
    [
        ({}, lambda r: True),
        ({"language": "de"}, lambda r: r["language"] == "de"),
        ({"language": {"!=": "de"}}, lambda r: r["language"] != "de"),
        ({"language": None}, lambda r: r["language"] is None),
        ({"language": ["de", None]}, lambda r: r["language"] in ("de", None)),
        ({"language": {"not in": ["de", None]}}, lambda r: r["language"] not in ("de", None)),
        ({"language": []}, lambda r: False),
        ({"source": ["a", "z"], "page": {">": 2, "<=": 5}}, lambda r: r["source"] == "a" and 2 < (r["page"] or 0) <= 5),
        ({"size": {">=": 500, "<": 900}}, lambda r: 500 <= r["size"] < 900),
        ({"size": {"!=": 500}}, lambda r: r["size"] != 500),
        ({"size": {">": 10**9}}, lambda r: False),
        ({"tags": "x"}, lambda r: "x" in (r["tags"] or ())),
        ({"tags": {"any": ["y", "z"]}}, lambda r: "y" in (r["tags"] or ())),
        ({"tags": {"all": ["x", "y"]}}, lambda r: {"x", "y"} <= set(r["tags"] or ())),
        ({"tags": {"none": ["y"]}}, lambda r: "y" not in (r["tags"] or ())),
        ({"tags": {"any": []}}, lambda r: False),
        ({"tags": None}, lambda r: r["tags"] is None),
        ({"uri": {"glob": "hr/**"}}, lambda r: r["uri"].startswith("hr/")),
        ({"uri": {"glob": "*.md"}}, lambda r: r["uri"].endswith(".md")),
        ({"uri": {"glob": "it's/**"}}, lambda r: r["uri"] == "it's/d.md"),
        ({"uri": {"glob": "hr/*"}}, lambda r: r["uri"] == "hr/a.md"),
        ({"uri": {"glob": "**/b.*"}, "size": {"<": 1000}}, lambda r: "b." in r["uri"] and r["size"] < 1000),
        ({"modified_at": date(2026, 3, 2)}, lambda r: r["modified_at"].date() == date(2026, 3, 2)),
        ({"modified_at": {"!=": "2026-03-02"}}, lambda r: r["modified_at"].date() != date(2026, 3, 2)),
        ({"modified_at": {"<=": "2026-03-02", ">": "2026-03-01"}},
         lambda r: r["modified_at"].date() == date(2026, 3, 2)),
        ({"modified_at": {">=": "2026-03-03T08:00:00+00:00"}}, lambda r: r["modified_at"] >= DAY + timedelta(hours=56)),
        ({"modified_at": {"<": datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))}},
         lambda r: r["modified_at"] < DAY + timedelta(hours=8)),
        ({"metadata.project": "apollo"}, lambda r: '"apollo"' in r["metadata"]),
        ({"metadata.project": {"!=": "apollo"}}, lambda r: '"apollo"' not in r["metadata"]),
        ({"metadata.project": {"glob": "*er*"}}, lambda r: '"hermes"' in r["metadata"]),
        ({"metadata.year": {">=": 2020}}, lambda r: "2024" in r["metadata"] or "2021.5" in r["metadata"]),
        ({"metadata.year": 2019}, lambda r: '"2019"' in r["metadata"]),
        ({"metadata.year": "2024"}, lambda r: "2024" in r["metadata"]),
        ({"metadata.people": {"all": ["anna", "ben"]}}, lambda r: "ben" in r["metadata"]),
        ({"metadata.people": ["anna"]}, lambda r: "anna" in r["metadata"]),
        ({"metadata.deep.er": "yes", "metadata.a.b": 1, "metadata.ok": True}, lambda r: "deep" in r["metadata"]),
        ({"metadata.ok": 1}, lambda r: False),
        (parse_filters(["tags=x", "tags=y", "page<4", "metadata.year>=2020", "modified_at >= 2026-03-01", "uri~hr/**"]),
         lambda r: r["tags"] and r["page"] and r["page"] < 4 and "2024" in r["metadata"] and r["uri"][:3] == "hr/"),
        (parse_filters(["metadata.ok=true", "metadata.year=2024", "title!=it's"]),
         lambda r: "2024" in r["metadata"] and r["title"] != "it's"),
    ],
    ids=named,
)  # fmt: skip
def test_filters_choose_what_they_say(
    chosen: Callable[..., set[int]], filters: dict[str, Any], model: Callable[[dict[str, Any]], bool]
) -> None:
    assert chosen(filters) == numbers(lambda row: bool(model(row)))


@pytest.mark.parametrize(
    ("where", "model"),
    [
        ("language = 'de' AND page < 4", lambda r: r["language"] == "de" and (r["page"] or 9) < 4),
        ("title = 'it''s' OR title = 'x) OR (1=1'", lambda r: r["title"] in ("it's", "x) OR (1=1")),
        ("size > 1200 AND n_chunks IS NULL", lambda r: r["size"] > 1200),
        ("size > 1200\n", lambda r: r["size"] > 1200),
        ("size > 99999", lambda r: False),
        ("array_has_any(tags, ['y'])", lambda r: "y" in (r["tags"] or ())),
    ],
    ids=named,
)
def test_where_speaks_of_chunks_or_of_documents(
    chosen: Callable[..., set[int]], where: str, model: Callable[[dict[str, Any]], bool]
) -> None:
    assert chosen(where=where) == numbers(model)
    assert chosen({"language": "de"}, where) == numbers(lambda row: model(row) and row["language"] == "de")


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"colour": "x"}, "no column 'colour'.*language.*metadata.KEY"),
        ({"vector": "x"}, "no column 'vector'"),
        ({"language": {"like": "d%"}}, "no operator 'like'; choose .*not in"),
        ({"tags": {"<": "x"}}, "no operator '<'; choose .*any"),
        ({"page": "3"}, "whole number"),
        ({"page": True}, "whole number"),
        ({"page": 2**40}, "32 bits"),
        ({"page": 2.5}, "whole number"),
        ({"language": 3}, "is text, not int"),
        ({"language": {"in": "de"}}, "takes a list"),
        ({"tags": [["x"]]}, "is text, not list"),
        ({"modified_at": "yesterday"}, "ISO text"),
        ({"modified_at": {"<=": date.max}}, "last possible day"),
        ({"title": {"glob": "x*"}}, "glob is for 'uri'"),
        ({"uri": {"glob": ""}}, "glob is for 'uri'"),
        ({"title": "\ud800"}, "no valid text"),
        ({"modified_at": "0001-01-01T00:00:00+14:00"}, "outside the years 1 to 9999"),
        ({"language": {}}, "is empty"),
        ({"metadata.nothing": 1}, "no document has metadata 'nothing'; .*project"),
        ({"metadata.year": {"~": 1}}, "no operator '~'"),
        ({"metadata.year": {">": {}}}, "compared with"),
        ({"metadata.year": {">": None}}, "compared with"),
        ({"metadata.year": float("nan")}, "compared with"),
        (["language"], "must map columns"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_filters_are_refused_with_the_right_ones(release: ReleaseFilter, filters: Any, told: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){told}"):
        release.predicate(filters=filters)


@pytest.mark.parametrize("word", ["language", "=de", "a<1|a<2", ""])
def test_wrong_words_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_filters(word.split("|"))


@pytest.mark.parametrize(
    "where",
    ["", "   ", "colour = 'x'", "page <", "page", "'", "page < 3 true", "true LIMIT 1", "true; SELECT 1",
     "count(*) > 1", "1=1) OR (1=1", "true) --", "true -- x", "true /* x", "true /* x */", "page = 1 AND size > 3",
     "(true", "true]", "title = E'x'", "title = 'a\\' OR title = 'b'", "$$x$$ = 'x'", "true\0", "1=1 OR [1)",
     "x" * 20_000, "page + " * 1400 + "1 < 3"],
    ids=lambda where: where[:30],
)  # fmt: skip
def test_a_predicate_must_stand_on_its_own(release: ReleaseFilter, where: str) -> None:
    with pytest.raises(UsageError):
        release.predicate(where)


OPEN = numbers(lambda row: row["acl"] is None)
TOKENS = ["true", "false", "page", "=", "1", "OR", "AND", "NOT", "(", ")", "'", "''", '"', "`", "--", "/*", "*/", ";",
          "\n", "\\", "acl", "IS", "NULL", "[", "]", ",", "IN", "SELECT", "UNION", "LIMIT", "::", "CASE", "END", "E'",
          "\0", "$", "#", "title", "array_has_any", "1=1", "||", "LIKE", "<", "BETWEEN", "{"]  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12).map(" ".join))
@example("1=1 ) OR ( 1=1")
@example("true OR true ) OR true --")
@example("' ) OR ( ' = '")
def test_no_predicate_reaches_beyond_the_rights(chosen: Callable[..., set[int]], where: str) -> None:
    try:
        found = chosen(where=where, principals=[])
    except UsageError:
        return
    assert found <= OPEN


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20) | st.sampled_from(TITLES) | st.lists(st.sampled_from(TOKENS), max_size=6).map(" ".join))
def test_no_value_changes_what_is_asked(chosen: Callable[..., set[int]], value: str) -> None:
    assert chosen({"title": value}) == numbers(lambda row: row["title"] == value)
    assert chosen({"title": {"!=": value}}) == numbers(lambda row: row["title"] != value)
    assert chosen({"tags": [value, "y"]}) == numbers(lambda row: bool({value, "y"} & set(row["tags"] or ())))
    seen = chosen({"title": {"in": [value, "it's"]}}, principals=[value] if value.strip() not in ("", "*") else [])
    assert seen <= numbers(lambda row: row["title"] in (value, "it's") and (row["acl"] is None or value in row["acl"]))
    if value:
        assert chosen({"uri": {"glob": f"{value}/**"}}) <= set(range(len(ROWS)))


def test_documents_are_named_the_shorter_way(release: ReleaseFilter) -> None:
    few, many = (str(release.predicate(filters={"size": {op: 200}}).sql) for op in ("<", ">="))
    assert few.count("'") == many.count("'") == 4
    assert "NOT IN" in many
    assert "NOT" not in few
    assert release.predicate(filters={"size": {">=": 0}}) == ANYTHING
    assert release.predicate(filters={"size": {"<": 0}}, where="page < 3") == NOTHING
    seen = Predicate("acl IS NULL")
    assert not release.predicate(filters={"size": {"<": 0}}, seen=seen).is_nothing


def test_predicates_are_put_together_in_parentheses() -> None:
    either = Predicate("a OR b")
    assert (either & either).sql == "(a OR b) AND (a OR b)"
    assert either & ANYTHING == ANYTHING & either == either
    assert (either & NOTHING).is_nothing
    assert not either.is_nothing
    assert enclosed("a = '(' OR b = ')'") == "(a = '(' OR b = ')')"


@pytest.mark.parametrize(
    ("sql", "acls"), [("acl IS NULL", [None]), ("array_has_any(acl, ['hr'])", [["hr"]]), ("false", [])]
)
def test_an_id_of_a_hidden_document_is_searched_for_as_one_that_no_document_has(
    release: ReleaseFilter, sql: str, acls: list[Any]
) -> None:
    def searched(*doc_ids: str) -> str:
        return str(release.predicate(filters={"doc_id": list(doc_ids)}, seen=Predicate(sql)).sql)

    visible = [row["doc_id"] for row in ROWS if row["acl"] in acls]
    hidden = [row["doc_id"] for row in ROWS if row["acl"] not in acls]
    assert {searched(doc_id) for doc_id in (*hidden, "f" * 32, "", "ünï")} == {"doc_id = ''"}
    assert searched(*hidden, *visible) == searched(*visible, "0")
    assert all(doc_id in searched(doc_id) for doc_id in visible)


@pytest.mark.parametrize(
    ("key", "hidden", "absent"),
    [
        ("uri", {"glob": "**/d?md"}, {"glob": "**/e?md"}),
        ("size", 100, 150),
        ("metadata.project", "hermes", "ares"),
        ("metadata.year", {"=": 2021.5}, {"=": 2020.5}),
    ],
)
def test_a_condition_that_hidden_documents_meet_is_searched_for_as_one_that_none_meets(
    release: ReleaseFilter, key: str, hidden: Any, absent: Any
) -> None:
    assert release.predicate(filters={key: hidden}).sql != NOTHING.sql
    seen = Predicate("acl IS NULL")
    found = [release.predicate(filters={key: condition}, seen=seen).sql for condition in (hidden, absent)]
    assert found == ["doc_id = ''"] * 2


@pytest.mark.parametrize("key", ["chunk_id", "doc_id"])
@pytest.mark.parametrize("condition", [{"=": "a"}, {"in": ["a"]}, {"!=": "a"}, {">=": "a", "<=": "a"}])
def test_no_index_tells_whoever_does_not_see_everything_which_ids_there_are(
    release: ReleaseFilter, key: str, condition: dict[str, Any]
) -> None:
    sql = release.predicate(filters={key: condition}, seen=Predicate("acl IS NULL")).sql
    assert sql is not None
    assert f"({key} || '')" in sql or sql == "doc_id = ''"
    assert f"({key} || '')" not in str(release.predicate(filters={key: condition}).sql)


def test_documents_are_read_once(readers: tuple[TableReader, TableReader], release: ReleaseFilter) -> None:
    asked = [{"metadata.year": {">": year}, "uri": {"glob": "**/b.*"}} for year in (2020, 2010)]
    once = ReleaseFilter(*readers)
    once.predicate("size > 3", asked[0])
    once._documents = None  # type: ignore[assignment]
    assert once.predicate("size > 3", asked[1]) == release.predicate("size > 3", asked[1])
