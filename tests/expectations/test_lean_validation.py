"""Great Expectations without most of its modules, in a process of its own, finds what the whole of it finds."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from expectations.validation import Request, Result, validate
from expectations.verdict import Check
from lake.ingest.isolation import IsolatedFunction


def check(expectation: str, column: str = "", ids: str = "id", **kwargs: object) -> Check:
    return Check(expectation, column, "critical", "", ids=ids, kwargs=kwargs)


TABLE = pa.table(
    {
        "id": [f"d{i}" for i in range(40)],
        "size": pa.array([None if i == 3 else i for i in range(40)], pa.int64()),
        "share": pa.array([i / 10 for i in range(40)], pa.float64()),
        "kind": pa.array(["a" if i % 7 else "odd" for i in range(40)], pa.string()),
    }
)
CHECKS = (
    check("expect_column_values_to_be_between", "size", max_value=20),
    check("expect_column_values_to_be_between", "share", min_value=0, max_value=100),
    check("expect_column_values_to_be_in_set", "kind", value_set=["a"]),
    check("expect_column_values_to_not_be_null", "size"),
    check("expect_table_row_count_to_be_between", ids="", min_value=1, max_value=10),
    check("expect_table_row_count_to_be_between", ids="", min_value=1),
    check("expect_column_values_to_be_between", "gone", max_value=20),
)


def test_lean_and_whole_find_the_same() -> None:
    requests = [Request("some", CHECKS, TABLE), Request("all", CHECKS[:4], TABLE, "COMPLETE")]
    with IsolatedFunction("expectations.validating_process:validate", memory_bytes=None) as lean:
        (found,) = lean.run([requests])
    assert found == validate(requests)
    successes = [result.success for result in found[0]]  # type: ignore[index]
    assert successes == [False, True, False, False, False, True, False]
    assert found[0][-1].crash  # type: ignore[index]


def table(ids: str, *sizes: int | None) -> pa.Table:
    return pa.table({"id": [f"{ids}{n}" for n in range(len(sizes))], "size": pa.array(sizes, pa.int64())})


class Interrupted:
    """A table, while whose rows are handed over somebody else validates."""

    def __init__(self, rows: pa.Table, other: Request) -> None:
        self._rows, self._other = rows, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def to_pandas(self, **how: Any) -> Any:
        validate([self._other])
        return self._rows.to_pandas(**how)


def test_answers_keep_to_their_requests_if_others_validate_meanwhile() -> None:
    checks = (check("expect_column_values_to_be_between", "size", max_value=7),)
    good, bad = (Request("meanwhile", checks, table("a", *sizes)) for sizes in ((5, 6), (5, 8)))
    first: Any = Interrupted(table("a", 5, 7), good)
    found = validate([Request("meanwhile", checks, first), good, bad])
    assert [answer[0].success for answer in found] == [True, True, False]


def test_what_was_found_in_rows_without_a_fault_holds_for_equal_rows_alone() -> None:
    checks = (
        check("expect_column_values_to_be_between", "size", max_value=20),
        check("expect_table_row_count_to_be_between", ids="", min_value=2),
    )

    def found(rows: pa.Table, suite: str = "some", checks: tuple[Check, ...] = checks) -> list[Result]:
        return validate([Request(suite, checks, rows)])[0]

    first = found(table("a", 1, 20))
    assert [result.success for result in first] == [True, True]
    assert found(table("b", 1, 20)) is first
    for others in (table("b", 1, 19), table("b", 1, None), table("b", 1, 20, 3)):
        assert found(others) is not first
        assert all(result.success for result in found(others))
    assert [result.success for result in found(table("b", 1))] == [True, False]
    lower = (check("expect_column_values_to_be_between", "size", max_value=19), *checks[1:])
    for ids in "bc":
        (bad, _) = found(table(ids, 1, 20), checks=lower)
        assert [row["id"] for row in bad.values["partial_unexpected_index_list"]] == [f"{ids}1"]
