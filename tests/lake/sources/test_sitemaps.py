"""Sitemaps: which of their times tell that a page is unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lake.sources.sitemaps import read_sitemap


@pytest.mark.parametrize(
    ("hours", "is_day", "is_settled"),
    [(11, True, False), (60, True, True), (0, False, False), (1, False, True), (-1, False, False)],
)
def test_a_time_counts_once_the_page_can_not_change_again_within_it(hours: int, is_day: bool, is_settled: bool) -> None:
    """Eleven hours ago it was a day that has not ended somewhere on earth."""
    moment = datetime.now(UTC) - timedelta(hours=hours)
    stated = moment.date().isoformat() if is_day else moment.isoformat()
    found = read_sitemap("u", f"<urlset><url><loc>p</loc><lastmod>{stated}</lastmod></url></urlset>".encode())
    assert found is not None
    assert (found.pages["p"] is not None) == is_settled
