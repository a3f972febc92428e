"""The bodies of responses about documents that the service is given, as OpenAPI describes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

_STATE = (
    "`waiting`: no run has looked at it yet. `published`, or `removed`: live has this version, or no longer the "
    "document. `quarantined`: it could not be read, see `reason`. `held_back`: a run looked at it, and live does not "
    "have it: a rollback, a pattern or an erasure keeps it out."
)


class DocumentPublication(BaseModel):
    """What became of the newest version of a document that the service was given."""

    source: str
    uri: str
    doc_id: str
    etag: str | None = Field(description="The version, for `If-Match`; null if the document was deleted.")
    state: Literal["waiting", "published", "removed", "quarantined", "held_back"] = Field(description=_STATE)
    release: str | None = Field(description="The release that is live.")
    reason: str | None = Field(None, description="Why the document is in quarantine.")
    waiting_seconds: float | None = Field(None, description="For how long it has been waiting.")


class Accepted(BaseModel):
    """How many documents and folders a notification named."""

    accepted: int
