"""Explains searches to the callers who made them, from nothing but what they may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.questions import Evidence
from lake.releases.history import NoReleaseError
from lake.service.problems import Problem
from lake.service.profiles import described
from lake.service.responses import Sent, encode

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.service.request_bodies import FacetQuery, WhyQuery
    from lake.service.service import Service


async def facets(service: Service, key: Key, body: FacetQuery) -> Sent:
    """A FacetResult."""
    _check_release(key, body.at)
    if body.filters:
        key.check(["filters"])

    def work() -> Sent:
        access = service.access(key)
        found = access.index.facets(body.filters, at=service.arm(body).at, principals=access.principals)
        return Sent(found["release"], encode(found))

    return await service.workers.run(work, service.bounds.seconds)


async def documents(service: Service, key: Key, name: str, at: str, limit: int) -> Sent:
    """FoundDocuments."""
    _check_release(key, at)

    def work() -> Sent:
        access = service.access(key)
        found = access.index.find_documents(name, at=at, principals=access.principals, limit=limit)
        return Sent(found["release"], encode(found))

    return await service.workers.run(work, service.bounds.seconds)


async def profiles(service: Service, key: Key) -> bytes:
    """A ProfilesResult; of a key that may choose none, without profiles."""
    offered = service.profiles if key.options is None or "profile" in key.options else {}

    def work() -> bytes:
        return encode(described(offered, service.index.defaults(), service.options))

    return await service.workers.run(work, service.bounds.seconds)


async def why(service: Service, key: Key, body: WhyQuery) -> Sent:
    """A WhyResult. A document that the caller may not see gives the same error as one that does not exist.

    So no stage can tell him of hidden, erased or former documents; the passages above are those that he may see.
    """
    how = service.allowed(key, body) | ({} if body.n is None else {"k": body.n})
    _check_release(key, body.at)

    def work() -> Sent:
        access = service.access(key)
        try:
            document = access.document(body.doc_id, service.arm(body).at, 0, 1)
        except NoReleaseError:
            raise
        except UsageError as error:
            raise Problem(404, "no_document", str(error)) from error
        evidence = Evidence(document["uri"], document["source"], start=body.start, end=body.end)
        words = {**service.options, **how, "principals": access.principals}
        found = access.index.why(body.text, [evidence], at=document["release"], **words)
        return Sent(found.release, encode(found.to_json()))

    return await service.workers.run(work, service.bounds.seconds)


def _check_release(key: Key, at: str) -> None:
    key.check(["at"] if at != "live" else [])
