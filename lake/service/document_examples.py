"""Examples of requests and responses about one document."""

from __future__ import annotations

import json

from lake.service.examples import DOCUMENT

RELEASE = DOCUMENT["release"]
_PLACE = {name: DOCUMENT[name] for name in ("doc_id", "source", "uri")}

_SPAN = {"doc_id": DOCUMENT["doc_id"], "start": 1024, "end": 1310}
LINES = {"hit": {"summary": "The span of a hit", "value": {"spans": [_SPAN]}}}
LINES_RESULT = {"release": RELEASE, "spans": [{**_SPAN, "first_line": 31, "last_line": 38}]}

DOCUMENT_DIFF = {
    "from": "2026-11-20.1",
    "to": RELEASE,
    **_PLACE,
    "in_from": True,
    "in_to": True,
    "equal": False,
    "n_words_removed": 1,
    "n_words_added": 1,
    "is_coarse": False,
    "n_hunks": 1,
    "hunks": [
        {
            "a_start": 1024,
            "a_end": 1060,
            "b_start": 1024,
            "b_end": 1060,
            "parts": [
                {"kind": "same", "text": "Hold the green key for "},
                {"kind": "removed", "text": "3 "},
                {"kind": "added", "text": "5 "},
                {"kind": "same", "text": "seconds to"},
            ],
        }
    ],
    "next_hunk": None,
}

ERASURE = {
    "planned": {
        "summary": "As the dry run showed it",
        "value": {
            "uri": "manuals/door.md",
            "plan": "9f2c41d07ab3",
            "why": "request 4711 of the data protection officer",
        },
    }
}
ERASED = {
    "release": RELEASE,
    "documents": [{"source": _PLACE["source"], "uri": _PLACE["uri"], "because": "named"}],
    "releases": ["2026-11-20.1", RELEASE],
    "n_questions": 1,
    "n_cached": None,
    "destinations": ["qdrant:http://127.0.0.1:6333/manuals"],
    "proof": {"n_files": 214, "n_bytes": 48_211_093, "n_rows": 90_311, "n_strings": 511_208, "n_vectors": 80_400},
}
ERASURE_EVENTS = "".join(
    f"event: {name}\ndata: {json.dumps(value)}\n\n"
    for name, value in (
        ("progress", {"step": "files", "done": 120, "total": 214}),
        ("erased", ERASED),
        ("error", {"error": "not_erased", "message": "the erasure is not finished: ..."}),
    )
)
