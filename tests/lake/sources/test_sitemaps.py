"""Sitemaps: which of their times tell that a page is unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lake.sources.sitemaps import read_sitemap

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("stated", "is_settled"),
    [
        ((NOW - timedelta(hours=11)).date().isoformat(), False),  # somewhere on earth it is still that day
        ((NOW - timedelta(hours=60)).date().isoformat(), True),
        (NOW.isoformat(timespec="minutes"), False),
        ((NOW - timedelta(hours=1)).isoformat(timespec="minutes"), True),
        ((NOW + timedelta(hours=1)).isoformat(), False),
        ("yesterday", False),
    ],
)
def test_a_time_counts_once_the_page_can_not_change_again_within_it(stated: str, is_settled: bool) -> None:
    found = read_sitemap("u", f"<urlset><url><loc>p</loc><lastmod>{stated}</lastmod></url></urlset>".encode())
    assert found is not None
    assert (found.pages["p"] is not None) == is_settled
