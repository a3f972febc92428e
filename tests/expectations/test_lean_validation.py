"""Great Expectations without most of its modules, in a process of its own, finds what the whole of it finds."""

from __future__ import annotations

import pyarrow as pa

from expectations.validation import Request, validate
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
