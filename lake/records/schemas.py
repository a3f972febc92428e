"""Arrow schemas of records: questions, scores, replies, feedback and the query log."""

from __future__ import annotations

import pyarrow as pa

from lake.schemas import UTC, key

_EVIDENCE = pa.struct(
    [
        pa.field("source", pa.string()),  # null: any source that has the uri
        pa.field("uri", pa.string()),
        pa.field("quote", pa.string()),  # the text that answers; null: the document as a whole is relevant
        pa.field("before", pa.string()),  # the text just before and after it, which distinguishes its occurrences
        pa.field("after", pa.string()),
        pa.field("start", pa.int64()),  # canonical_text[start:end] was the quote when this was recorded
        pa.field("end", pa.int64()),
        pa.field("grade", pa.int32()),  # how relevant; 0: judged not relevant
    ]
)

#: Ground truth: questions with the places and words of their answers, independent of chunk ids.
QUESTIONS = pa.schema(
    [
        key("question_id"),  # digest of set and text
        pa.field("set", pa.string()),  # the set of questions that it belongs to
        pa.field("text", pa.string()),
        pa.field("key", pa.string()),  # its id in the data that it was imported from
        pa.field("answers", pa.list_(pa.string())),
        pa.field("language", pa.string()),  # ISO 639-1; null if unknown
        pa.field("evidence", pa.list_(_EVIDENCE)),
        pa.field("origin", pa.string()),  # imported, generated or feedback
        pa.field("reviewed", pa.bool_()),  # whether a person has approved it
        pa.field("tags", pa.list_(pa.string())),
    ]
)

#: What an evaluation measured: one row for each question, setting and measure.
SCORES = pa.schema(
    [
        pa.field("release", pa.string()),
        pa.field("recipe", pa.string()),  # digest of the recipe
        pa.field("settings", pa.string()),  # JSON object: the search options
        pa.field("set", pa.string()),
        pa.field("question_id", pa.string()),
        pa.field("status", pa.string()),  # scored, failed (counts as 0), or why it was left out
        # document, parent, chunk, span or answer; search: its cost in seconds, tokens and USD; null if it was left out
        pa.field("level", pa.string()),
        pa.field("measure", pa.string()),  # such as nDCG@10
        pa.field("value", pa.float64()),
        pa.field("source", pa.string()),  # of the evidence, if it has only one source, media type or language
        pa.field("media_type", pa.string()),
        pa.field("language", pa.string()),  # of the question if known, else of its evidence
        pa.field("n_words", pa.int32()),  # of the question
        pa.field("evidence_bytes", pa.string()),  # digest of the bytes of the documents that answer it
        pa.field(
            "question_digest", pa.string()
        ),  # of the question with its evidence and answers, when it was evaluated
        pa.field("basis", pa.string()),  # digest of the release's content and raglake's version
        pa.field("evaluated_at", UTC),
    ]
)

#: A paid reply of a chat model, or a person's decision; one row per file, since each is stored at once.
CALLS = pa.schema(
    [
        key("call_id"),  # digest of the model and of all that was sent to it
        pa.field("kind", pa.string()),  # the name of the prompt; review: a person's decision
        pa.field("model", pa.string()),  # the provider's name of the model that replied
        pa.field("text", pa.string()),  # the reply
        pa.field("finish", pa.string()),  # stop, length or refused
        pa.field("n_input", pa.int64()),  # tokens
        pa.field("n_output", pa.int64()),
        pa.field("cost_usd", pa.float64()),  # null if no price is known
        pa.field("seconds", pa.float64()),
        pa.field("about", pa.list_(pa.string())),  # documents whose words were sent: doc_ids and digests of bytes
        pa.field("made_at", UTC),
    ]
)

#: What answered in a trial of profiles: the profile's name, or control; null outside of one, and in rows of 0.3.
_VARIANT = pa.field("variant", pa.string())

#: People's judgements of passages that a search had found: one row for each judgement, never changed.
FEEDBACK = pa.schema(
    [
        key("feedback_id"),
        pa.field("release", pa.string()),  # that was searched
        pa.field("question", pa.string()),
        pa.field("useful", pa.bool_()),
        pa.field("source", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("doc_id", pa.string()),
        pa.field("digest", pa.string()),  # of the document's bytes
        pa.field("chunk_id", pa.string()),
        pa.field("start", pa.int64()),  # canonical_text[start:end] is the quote
        pa.field("end", pa.int64()),
        pa.field("quote", pa.string()),  # the chunk, so that the judgement outlives the release
        pa.field("voter", pa.string()),  # digest of the caller's name for the judge; null if unnamed
        pa.field("given_at", UTC),
        _VARIANT,
    ]
)

#: People's judgements of whole answers: one row for each judgement, never changed.
ANSWER_FEEDBACK = pa.schema(
    [
        key("feedback_id"),
        pa.field("release", pa.string()),  # that the answer is from
        pa.field("question", pa.string()),
        pa.field("useful", pa.bool_()),
        pa.field("comment", pa.string()),  # in the judge's words, masked as the query log is; null without one
        pa.field("voter", pa.string()),  # digest of the caller's name for the judge; null if unnamed
        pa.field("given_at", UTC),
        _VARIANT,
    ]
)

#: What services answered, if their query log is on: one row for each search or answer, never changed.
QUERIES = pa.schema(
    [
        key("log_id"),
        pa.field("asked_at", UTC),
        pa.field("kind", pa.string()),  # search or answer
        pa.field("release", pa.string()),  # that answered; null if none did
        pa.field("api_key", pa.string()),  # name of the caller's API key; anonymous without one
        pa.field("question", pa.string()),  # masked; null unless the log keeps text
        pa.field("question_digest", pa.string()),  # of the masked question in lower case; null if it is not kept
        pa.field("outcome", pa.string()),  # ok, empty (no passage), declined, degraded or error
        pa.field("error", pa.string()),  # the code of an error, such as timeout
        pa.field("degraded", pa.list_(pa.string())),  # parts that could not be reached
        pa.field("cached", pa.string()),  # process or redis, if a cache had it
        pa.field(
            "hits",  # the passages, best first
            pa.list_(
                pa.struct(
                    [
                        pa.field("chunk_id", pa.string()),
                        pa.field("doc_id", pa.string()),
                        pa.field("score", pa.float64()),
                    ]
                )
            ),
        ),
        pa.field("seconds", pa.float64()),  # from the complete request to the complete answer
        pa.field("chat_model", pa.string()),  # that wrote the answer
        pa.field("n_input", pa.int64()),  # tokens of the chat model
        pa.field("n_output", pa.int64()),
        pa.field("cost_usd", pa.float64()),  # of the chat model; null if no price is known
        pa.field("evidence", pa.float64()),  # of an answer, as in its values
        pa.field("confidence", pa.float64()),
        pa.field("n_claims", pa.int32()),  # sentences of the answer that claim something
        pa.field("n_flagged", pa.int32()),  # those that its sources do not support
        pa.field("request_id", pa.string()),  # as in the access log
        _VARIANT,
    ]
)

#: Logged questions that a judge looked at: one row for each request of a sample.
JUDGED_TRAFFIC = pa.schema(
    [
        key("judged_id"),
        pa.field("judged_at", UTC),
        pa.field("asked_at", UTC),
        pa.field("sample", pa.string()),  # the run that drew it
        pa.field("release", pa.string()),  # that found the passages
        pa.field("kind", pa.string()),  # search or answer, as it was asked
        pa.field("api_key", pa.string()),
        pa.field("question_digest", pa.string()),  # as in the log, which has the question for as long as it is kept
        pa.field("doc_ids", pa.list_(pa.string())),  # documents of the passages
        pa.field("chat_model", pa.string()),  # that answered from the passages; null if there were none
        pa.field("judge", pa.string()),
        pa.field("prompts", pa.string()),  # digest of the prompts
        pa.field("answered", pa.float64()),  # 1 if the passages were enough for an answer, else 0
        pa.field("faithfulness", pa.float64()),  # share of claims that the passages support; null if there are none
        pa.field("relevance", pa.float64()),  # 1, .5 or 0; null without a verdict
        pa.field("confidence", pa.float64()),  # of the answer, without the judge
        pa.field("cost_usd", pa.float64()),  # of both models, 0 for remembered replies; null if no price is known
    ]
)
