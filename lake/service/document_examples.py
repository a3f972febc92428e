"""Examples of responses about one document."""

from __future__ import annotations

from lake.service.examples import DOCUMENT

RELEASE = DOCUMENT["release"]
_PLACE = {name: DOCUMENT[name] for name in ("doc_id", "source", "uri")}

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
