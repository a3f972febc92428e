"""Files like those of public reports about comparable tools: no word is lost, joined, or said twice."""

from __future__ import annotations

import pytest

from lake.parse.account import account_of
from lake.parse.registry import parse
from tests.lake.parse.as_seen import AS_SEEN
from tests.lake.parse.odd_files import ODD
from tests.lake.parse.office_inputs import OFFICE
from tests.lake.parse.rare_places import EMBEDDED, RARE
from tests.lake.parse.reported import ALL
from tests.lake.parse.reported_file import Reported


@pytest.mark.parametrize(
    "reported", [*ALL, *RARE, *ODD, *OFFICE, *AS_SEEN], ids=lambda one: f"{one.suffix[1:]}: {one.name}"
)
def test_each_word_is_kept_once_or_named(reported: Reported) -> None:
    parsed = parse(reported.data, f"a{reported.suffix}")
    text = " ".join(parsed.text.split())
    assert {phrase: text.count(phrase) for phrase in reported.kept} == dict.fromkeys(reported.kept, 1), text
    assert not set(reported.left_out) & set(text.split())
    account = account_of(parsed)
    assert account.n_words_lost == 0
    assert account.n_words_kept + sum(one.n_words for one in account.omitted) == account.n_words_source


@pytest.mark.parametrize(
    ("suffix", "data", "name"), EMBEDDED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_file_inside_a_file_is_named(suffix: str, data: bytes, name: str) -> None:
    omitted = parse(data, f"a{suffix}").omitted
    assert [one.place.rpartition("/")[2].rpartition(" ")[2] for one in omitted if one.kind == "attachment"] == [name]
