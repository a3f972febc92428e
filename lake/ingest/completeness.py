"""What the account of a document decides: a remark, or quarantine."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from lake.errors import UsageError
from lake.ingest.plan import parser_and_suffix
from lake.options.completeness import LEAST_LOST, Completeness
from lake.parse import parser_versions
from lake.parse.account import Account
from lake.parse.document import REMARKED, Omission
from lake.reporting import counted, listed

if TYPE_CHECKING:
    import pyarrow as pa

INCOMPLETE = "incomplete"
#: Omissions that a sentence names.
_NAMED = 3


def is_incomplete(account: Account, floor: float) -> bool:
    """Whether so much was lost that the document must not be indexed."""
    return account.n_words_lost >= LEAST_LOST and account.share_kept < floor


def shortfall(account: Account, floor: float, uri: str, parser: str) -> str:
    """Why an incomplete document is in quarantine, and what to do next."""
    return (
        f"only {percent(account.share_kept)} of its words were read, less than the floor of {percent(floor)}: "
        f"{figures(account)}{_unread(account)}; `raglake inspect {shlex.quote(uri)}` shows what was read; save the "
        f"file anew or in another format, or accept it: "
        f"`raglake config set completeness.floor_by_format.{parser} {_just_below(account.share_kept)}`"
    )


def remarks(account: Account, least: float) -> list[str]:
    """What an operator should know about a document that is indexed; ``least`` is the share to remark below."""
    found = []
    if account.share_kept < least:
        found.append(f"{percent(account.share_kept)} of its words were read: {figures(account)}")
    unread = [one for one in account.omitted if one.kind in REMARKED]
    if unread:
        found.append(_named(unread))
    return found


def judged(rows: pa.Table | pa.RecordBatch, completeness: Completeness) -> pl.DataFrame:
    """One row for each row of DOCUMENTS (uri, media_type and ACCOUNT), in order.

    ``n_words_omitted`` and ``n_words_lost`` count words; ``share_kept`` is that of the words that were not left out on
    purpose. ``is_short``: it is below the share to remark below. ``has_unread``: a part could not be read. A row
    without an account has nulls and is neither.
    """
    frame = pl.DataFrame(rows)
    n_omitted = _entries("omitted").list.eval(pl.element().struct.field("n_words")).list.sum().fill_null(0)
    n_lost = pl.max_horizontal(pl.lit(0), pl.col("n_words_source") - pl.col("n_words_kept") - pl.col("n_words_omitted"))
    wanted = pl.col("n_words_kept") + pl.col("n_words_lost")
    share = pl.when(wanted > 0).then(pl.col("n_words_kept") / wanted).when(wanted == 0).then(1.0)
    return (
        frame.with_columns(n_words_omitted=n_omitted)
        .with_columns(n_words_lost=pl.when(pl.col("n_words_source").is_not_null()).then(n_lost))
        .with_columns(share_kept=share)
        .with_columns(
            is_short=(pl.col("share_kept") < _least(frame, completeness)).fill_null(False),
            has_unread=pl.col("omitted").str.contains_any([f'"kind": "{kind}"' for kind in REMARKED]).fill_null(False),
        )
    )


def omitted_words(frame: pl.DataFrame) -> dict[str, int]:
    """Words left out by kind, over all rows, most first."""
    entries = frame.select(entry=_entries("omitted")).drop_nulls().explode("entry").unnest("entry")
    counted_words = (
        entries.group_by("kind").agg(pl.col("n_words").sum()).sort(["n_words", "kind"], descending=[True, False])
    )
    return dict(counted_words.iter_rows())


def _entries(column: str) -> pl.Expr:
    entry = pl.Struct({"kind": pl.String, "n_words": pl.Int64, "place": pl.String})
    return pl.col(column).str.json_decode(pl.List(entry))


def _least(frame: pl.DataFrame, completeness: Completeness) -> pl.Expr | pl.Series:
    if not completeness.remark_by_format:
        return pl.lit(float(completeness.remark))
    places = frame.select("uri", "media_type").iter_rows()
    least = [completeness.remark_of(parser_and_suffix(uri)[0], media_type) for uri, media_type in places]
    return pl.Series("least", least, pl.Float64)


def figures(account: Account) -> str:
    """The account in words: ``1,000 words in the source, 600 kept, 20 left out (20 navigation), 380 lost``."""
    left_out: Counter[str] = Counter()
    for one in account.omitted:
        left_out[one.kind] += one.n_words
    why = listed({kind.replace("_", " "): n for kind, n in left_out.items() if n})
    n_left_out = left_out.total()
    return (
        f"{counted(account.n_words_source, 'word')} in the source, {account.n_words_kept:,} kept, "
        f"{n_left_out:,} left out{f' ({why})' if n_left_out else ''}, {account.n_words_lost:,} lost"
    )


def percent(share: float) -> str:
    """A share in percent, never rounded up to 100.

    >>> percent(0.9996), percent(1.0), percent(0.5)
    ('99.9 %', '100 %', '50 %')
    """
    return f"{int(share * 1000) / 10:g} %"


def _just_below(share: float) -> str:
    return f"{int(share * 100) / 100:g}"


def _unread(account: Account) -> str:
    unread = [one for one in account.omitted if one.kind in REMARKED]
    return f"; {_named(unread)}" if unread else ""


def _named(omitted: list[Omission]) -> str:
    names = [one.kind.replace("_", " ") + (f" ({one.place})" if one.place else "") for one in omitted[:_NAMED]]
    return ", ".join(names) + (f" and {len(omitted) - _NAMED:,} more" if len(omitted) > _NAMED else "")


def check_formats(completeness: Completeness) -> None:
    """Raises UsageError for a format that is neither a parser nor a media type."""
    known = parser_versions()
    for key in ("remark_by_format", "floor_by_format"):
        shares: Mapping[str, float] = getattr(completeness, key)
        for name in shares:
            if "/" not in name and name not in known:
                raise UsageError(
                    f"completeness.{key} names {name!r}, which is neither a parser ({', '.join(sorted(known))}) nor a "
                    "media type such as application/pdf; `raglake config show` shows what is set"
                )
