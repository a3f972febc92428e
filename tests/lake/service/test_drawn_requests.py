"""Requests drawn from the OpenAPI text, and odd visits of the console: no 5xx, no status or body without a description.

``benchmarks/service_fuzz.py`` sends as many as one likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.lake.service.fuzzed_console import fuzz_console, reflected, signed_in
from tests.lake.service.fuzzed_service import (
    HOOK_SECRET,
    HOOK_VARIABLE,
    OPERATOR,
    WRITER,
    FuzzedService,
    made_lake,
)
from tests.lake.service.in_process import Reply, call, started

#: Enough for each route to come up a few times.
REQUESTS, VISITS = 400, 150


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedService]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOOK_VARIABLE, HOOK_SECRET)
        yield FuzzedService(made_lake(tmp_path_factory.mktemp("fuzzed")))


async def _fuzz(service: FuzzedService) -> None:
    async with started(service.app):
        await service.fuzz(7, REQUESTS)
        await fuzz_console(service, 7, VISITS)
        await _ask_for_odd_pages(service)


async def _ask_for_odd_pages(service: FuzzedService) -> None:
    cookie, _ = await signed_in(service, OPERATOR)
    headers = [("cookie", cookie)]
    known = (await service.known())["doc_id"][0]
    part = [*headers, ("hx-request", "true")]
    assert (await call(service.app, "GET", f"/console/documents/{known}/erasure", headers=part)).status == 200
    for number in ("9" * 5000, "-1", "1.5", "%C2%B2", "x"):
        for path in (f"documents/x/pages/{number}", f"documents/x/pages/{number}/png"):
            assert (await call(service.app, "GET", f"/console/{path}", headers=headers)).status == 404
        for path, words in (("health/quarantine", f"start={number}"), ("why", f"doc_id=x&q=a&start={number}")):
            assert (await call(service.app, "GET", f"/console/{path}", words, headers)).status < 500


def test_what_openapi_allows_is_answered_as_it_says(service: FuzzedService) -> None:
    asyncio.run(_fuzz(service))
    assert not service.findings, "\n".join(
        f"{n} x {what}\n  {example}" for what, (n, example) in service.findings.items()
    )
    statuses = {status for _, status in service.statuses}
    assert {200, 303, 400, 401, 403, 404, 405, 422} <= statuses


def _sent(service: FuzzedService, method: str, path: str, key: str, body: object = None) -> Reply:
    return asyncio.run(service.ask(method, path, key, body))


@pytest.mark.parametrize("part", ["description", "sections", "history", "diff", "erasure", "publication", "pages/1"])
def test_an_id_with_a_slash_is_of_no_document(service: FuzzedService, part: str) -> None:
    got = _sent(service, "GET", f"/documents/uploads%2Fa.md/{part}", OPERATOR)
    assert (got.status, b"no_document" in got.body) == (404, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_line_break_in_a_name_is_refused_as_a_name(service: FuzzedService, method: str) -> None:
    got = _sent(service, method, "/documents/a%0Ab.md?open=true", WRITER)
    assert (got.status, b"no_uri" in got.body) == (422, True)


@pytest.mark.parametrize("typed", ["é" * 30, "\x00", "a\r\nX-Odd: 1", "日本語", "x" * 5000])
def test_whatever_is_typed_as_a_key_of_the_console_is_answered(service: FuzzedService, typed: str) -> None:
    with pytest.raises(AssertionError, match="status=401"):
        asyncio.run(signed_in(service, typed))


def test_markup_that_a_request_puts_into_a_page_is_noticed() -> None:
    page = '<p title="a&quot;><zq7x>">x</p><a href="{}">{}</a>'
    assert not reflected(page.format("/console/", "&lt;zq7x zq7on=1"))
    assert reflected(page.format("/console/", "<zq7x zq7on=1>"))
    assert reflected(page.format("javascript:alert(1)", "x"))
    assert reflected(page.format('" zq7on="1', "x"))
