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


@pytest.mark.parametrize("form", ["%Y-%m-%dT00:00:00Z", "%Y%m%d", "%Y-%m"])
def test_midnight_may_be_all_that_a_site_knows_of_a_day(form: str) -> None:
    stated = datetime.now(UTC).strftime(form)
    found = read_sitemap("u", f"<urlset><url><loc>p</loc><lastmod>{stated}</lastmod></url></urlset>".encode())
    assert found is not None
    assert found.pages == {"p": None}


def test_addresses_may_be_relative_to_the_sitemap() -> None:
    body = b"<urlset><url><loc>a</loc></url></urlset>", b"<sitemapindex><sitemap><loc>/b</loc></sitemap></sitemapindex>"
    pages, index = (read_sitemap("http://host/docs/sitemap.xml", one) for one in body)
    assert pages is not None
    assert index is not None
    assert ([*pages.pages], index.others) == (["http://host/docs/a"], ["http://host/b"])
