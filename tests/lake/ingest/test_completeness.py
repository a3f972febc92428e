"""The account as it is stored, and what it decides."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from lake.errors import UsageError
from lake.ingest.accounts import MAX_OMISSIONS, account_columns, stored_account
from lake.ingest.completeness import check_formats, figures, is_incomplete, judged, omitted_words, remarks, shortfall
from lake.ingest.plan import diff
from lake.options.completeness import USUAL, Completeness
from lake.parse.account import Account
from lake.parse.document import Omission

SHORT = Account(1000, 600, (Omission("navigation", 20), Omission("unreadable", 0, "part 3: no XML")))


def test_an_account_reads_back_as_it_was_stored() -> None:
    for account in (SHORT, Account(5, 5), Account(0, 0, (Omission("page_without_text", 0, "page 1"),))):
        assert stored_account(**account_columns(account)) == account
    assert account_columns(Account(5, 5))["omitted"] is None
    assert stored_account(None, None, None) is None


def test_many_omissions_are_summed_by_kind_and_none_is_dropped() -> None:
    pages = [Omission("running_line", 2, f"page {n}") for n in range(MAX_OMISSIONS + 20)]
    scans = [Omission("page_without_text", 0, f"page {n}") for n in range(1000, 1030)]
    stored = stored_account(**account_columns(Account(500, 300, (*pages, *scans))))
    assert stored is not None
    assert len(stored.omitted) == MAX_OMISSIONS + 2
    assert stored.omitted[-2:] == (
        Omission("running_line", 40, "20 more places"),
        Omission("page_without_text", 0, "30 more places"),
    )
    assert sum(one.n_words for one in stored.omitted) == 2 * (MAX_OMISSIONS + 20)


def test_a_place_is_one_storable_line_of_bounded_length() -> None:
    entry = json.loads(
        account_columns(Account(1, 1, (Omission("attachment", 0, "a\nb\0\ud800" + "x" * 999),)))["omitted"]
    )
    assert entry[0]["place"].startswith("a bxxx")
    assert len(entry[0]["place"]) == 200
    entry[0]["place"].encode()


@pytest.mark.parametrize(
    ("account", "incomplete"),
    [
        (Account(1000, 799), True),
        (Account(1000, 800), False),
        (Account(10, 9), False),
        (Account(12, 3), False),  # a share of few words says little
        (Account(13, 3), True),
        (Account(1000, 300, (Omission("navigation", 700),)), False),
        (Account(0, 0), False),
    ],
)
def test_a_document_is_incomplete_by_its_share_and_by_its_lost_words(account: Account, incomplete: bool) -> None:
    assert is_incomplete(account, 0.8) is incomplete
    assert not is_incomplete(account, 0)


def test_reasons_have_figures_causes_and_the_next_step() -> None:
    told = shortfall(SHORT, 0.8, "a folder/b.docx", "office")
    assert told == (
        "only 61.2 % of its words were read, less than the floor of 80 %: 1,000 words in the source, 600 kept, 20 left "
        "out (20 navigation), 380 lost; unreadable (part 3: no XML); `raglake inspect 'a folder/b.docx'` "
        "shows what was read; save the file anew or in another format, or accept it: "
        "`raglake config set completeness.floor_by_format.office 0.61`"
    )
    accepted = Completeness(floor_by_format={"office": 0.61})
    assert not is_incomplete(SHORT, accepted.floor_of("office", "any/thing"))
    assert figures(Account(1, 1)) == "1 word in the source, 1 kept, 0 left out, 0 lost"


def test_remarks_are_about_the_share_and_about_what_could_not_be_read() -> None:
    assert remarks(Account(100, 98), 0.98) == []
    assert remarks(Account(100, 97), 0.98) == [
        "97 % of its words were read: 100 words in the source, 97 kept, 0 left out, 3 lost"
    ]
    scans = tuple(Omission("page_without_text", 0, f"page {n}") for n in range(1, 6))
    assert remarks(Account(5, 5, scans), 0.98) == [
        "page without text (page 1), page without text (page 2), page without text (page 3) and 2 more"
    ]


def test_rows_are_judged_as_their_accounts_are() -> None:
    accounts = [
        SHORT,
        Account(100, 99),
        Account(100, 90),
        None,
        Account(0, 0),
        Account(9, 9, (Omission("guessed_encoding", 0),)),
    ]
    places = [{"uri": f"{n}.html", "media_type": "text/html"} for n in range(len(accounts))]
    empty = {"n_words_source": None, "n_words_kept": None, "omitted": None}
    rows = pa.Table.from_pylist(
        [place | (account_columns(one) if one else empty) for place, one in zip(places, accounts, strict=True)]
    )
    for rules in (
        USUAL,
        Completeness(remark_by_format={"html": 0.85}),
        Completeness(remark_by_format={"text/html": 0.0}),
    ):
        found = judged(rows, rules)
        least = rules.remark_of("html", "text/html")
        assert found["n_words_lost"].to_list() == [one.n_words_lost if one else None for one in accounts]
        assert found["share_kept"].to_list() == [one.share_kept if one else None for one in accounts]
        assert found["is_short"].to_list() == [one is not None and one.share_kept < least for one in accounts]
        assert found["has_unread"].to_list() == [True, False, False, False, False, True]
    assert omitted_words(judged(rows, USUAL)) == {"navigation": 20, "guessed_encoding": 0, "unreadable": 0}
    assert judged(rows.slice(0, 0), USUAL).height == 0


def test_thresholds_go_by_media_type_then_by_parser_then_for_all() -> None:
    rules = Completeness(floor=0.7, floor_by_format={"pdf": 0.5, "application/pdf": 0.4}, remark_by_format={"pdf": 0.9})
    assert [rules.floor_of("pdf", "application/pdf"), rules.floor_of("pdf", "x/y"), rules.floor_of("a", "b")] == [
        0.4,
        0.5,
        0.7,
    ]
    assert [rules.remark_of("pdf", "application/pdf"), rules.remark_of("html", "text/html")] == [0.9, 0.98]
    for wrong in ({"floor": 1.1}, {"remark": "high"}, {"floor_by_format": {"pdf": 2}}, {"remark_by_format": [1]}):
        with pytest.raises(UsageError):
            Completeness(**wrong)  # type: ignore[arg-type]
    check_formats(rules)
    with pytest.raises(UsageError, match=r"floor_by_format names 'htlm', which is neither a parser \(asciidoc, code, "):
        check_formats(Completeness(floor_by_format={"htlm": 0.5}))


def test_only_another_floor_than_the_default_is_part_of_a_fingerprint() -> None:
    rules = Completeness(floor_by_format={"html": 0.5})
    assert (USUAL.mark_of("html", "text/html"), rules.mark_of("html", "text/html")) == ("", "floor 0.5")
    assert rules.mark_of("pdf", "application/pdf") == ""
    assert USUAL.has_usual_floors
    assert Completeness(remark=0.5).has_usual_floors
    assert not rules.has_usual_floors
    assert diff.__kwdefaults__["completeness"] is USUAL
