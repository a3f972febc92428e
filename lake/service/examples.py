"""Examples of requests and responses in the service's description; tests/lake/service/test_openapi.py sends them."""

from __future__ import annotations

from typing import Any

_RELEASE, _QUERY_ID = "2026-11-21.2", "q1.MjAyNi0xMS0yMS4yCnB1bXA"
_CHUNK_ID, _DOC_ID = "5e0c4a92d1b7", "9b1f0c77a3e2"


def _named(**examples: tuple[str, Any]) -> dict[str, Any]:
    return {name: {"summary": summary, "value": value} for name, (summary, value) in examples.items()}


QUERY = _named(
    words=("The five best passages", {"text": "how do I reset the pump?", "k": 5}),
    filtered=(
        "Only PDF files changed since May, by vectors and words",
        {"text": "pump alarm", "filters": {"media_type": "application/pdf", "modified_at": {">=": "2026-05-01"}}},
    ),
    exact=("A phrase and no other pump", {"text": '"pump alarm" -P300', "mode": "text", "syntax": "boolean"}),
)
FACETS = _named(
    all=("All documents", {}),
    filtered=("Those that are PDF files", {"filters": {"media_type": "application/pdf"}}),
)
FACET_RESULT = {
    "release": _RELEASE,
    "n_documents": 12,
    "facets": {"media_type": {"values": [{"value": "application/pdf", "n": 12}], "n_values": 1}},
}
#: With an id of your own results; this one names no document, which is a 404.
WHY = _named(document=("A document that should be found", {"text": "how do I reset the pump?", "doc_id": _DOC_ID}))
BATCH = _named(
    several=(
        "Two questions to the live release, one with options of its own",
        {"queries": [{"text": "how do I reset the pump?", "k": 3}, {"text": "pump alarm", "mode": "text"}]},
    ),
    partly=("The second question is wrong; the first is answered", {"queries": [{"text": "pump"}, {"text": "?"}]}),
)
ANSWER = _named(
    whole=("One object", {"question": "How do I reset the pump?"}),
    stream=("Server-sent events", {"question": "How do I reset the pump?", "stream": True}),
    conversation=(
        "The second question of a conversation",
        {
            "question": "And the other one?",
            "history": [
                {"role": "user", "text": "How do I reset pump P200?"},
                {"role": "assistant", "text": "Hold the green key for 5 seconds [1]."},
            ],
        },
    ),
)
#: With ids of your own results; these name no release, which is a 404.
FEEDBACK = _named(
    passage=(
        "A passage was useful; take both ids from a result of /query",
        {"query_id": _QUERY_ID, "chunk_id": _CHUNK_ID, "useful": True, "session": "visitor 7"},
    ),
    answer=(
        "An answer was wrong; take the id from a result of /answer",
        {"query_id": _QUERY_ID, "useful": False, "comment": "That is the old price."},
    ),
)
DOC_ID: dict[str, Any] = {"a document": {"summary": "The doc_id of a hit", "value": _DOC_ID}}

_HIT = {
    "uri": "manuals/pump.pdf",
    "source": "manuals",
    "title": "Pump P200",
    "doc_id": _DOC_ID,
    "chunk_id": _CHUNK_ID,
    "score": 0.83,
    "text": "Hold the green key for 5 seconds to reset the pump.",
    "start": 1024,
    "end": 1075,
    "heading": "Maintenance > Reset",
    "page": 12,
    "modified_at": "2026-11-20T09:30:00+00:00",
    "copies": [],
    "copy_sources": [],
}
_FOUND = {"query_id": _QUERY_ID, "degraded": [], "cached": None, "hits": [_HIT]}
QUERY_RESULT = {"release": _RELEASE, **_FOUND}
BATCH_RESULT = {
    "release": _RELEASE,
    "results": [_FOUND, {"status": 400, "error": "usage", "message": "the question holds no word to search for"}],
}
_PLACE = {name: _HIT[name] for name in ("uri", "heading", "page", "start", "end", "text")}
ANSWER_RESULT = {
    "release": _RELEASE,
    "query_id": _QUERY_ID,
    "question": "How do I reset the pump?",
    "text": "Hold the green key for 5 seconds [1].",
    "enough": True,
    "confidence": 0.91,
    "notice": "",
    "degraded": [],
    "cached": None,
    "sources": [{"number": 1, **_PLACE}],
    "passages": [_HIT],
}
EVENTS = (
    'event: text\ndata: {"text":"Hold the green key for 5 seconds [1]."}\n\n'
    'event: answer\ndata: {"release":"2026-11-21.2","text":"Hold the green key for 5 seconds [1].", ...}\n\n'
)
DOCUMENT = {
    "release": _RELEASE,
    "doc_id": _DOC_ID,
    "uri": "manuals/pump.pdf",
    "source": "manuals",
    "title": "Pump P200",
    "sections": [
        {
            "heading": "Maintenance > Reset",
            "page": 12,
            "kind": "section",
            "start": 1024,
            "end": 1075,
            "text": _HIT["text"],
        }
    ],
    "next_start": 1077,
}
METRICS = (
    '# TYPE raglake_requests_total counter\nraglake_requests_total{route="/query",status="200",key="intranet"} 42.0\n'
)
REFUSALS = {
    400: ("usage", "no column 'colour' to filter on; usual columns are uri, source, media_type and others"),
    401: ("unauthorized", "a valid API key is needed: Authorization: Bearer KEY"),
    403: ("forbidden", "this API key does not allow mode; it allows filters"),
    404: ("no_release", "no release '2020'; the newest is 2026-11-21.2"),
    408: ("slow_client", "the request's body did not come within 10 s"),
    413: ("too_large", "a request may have at most 262,144 bytes"),
    422: ("invalid", "body.k: Input should be greater than or equal to 1"),
    429: ("rate_limited", "more than 50 requests per second; try again in 1 s"),
    503: ("busy", "this service's maximum number of requests is at work or in line; try again"),
    504: ("timeout", "there was no answer within 20 s; request less, or try again later"),
}


def refusal(status: int) -> dict[str, str]:
    error, message = REFUSALS[status]
    return {"error": error, "message": message, "request_id": "5f0c2d7e9a41b863"}
