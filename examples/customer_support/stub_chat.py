"""A stand-in for a chat model, with OpenAI's protocol on 127.0.0.1: stub_chat.py PORT [MEDIAN SECONDS].

It answers with the sentence of the sources that shares most words with the question, and takes as long as a small
hosted model does: log-normal times, of which a tenth exceed 1.5 times the median. It shows how the service behaves, and
nothing about how good the answers of a real model are.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lake.chunk.tokenizers import load_tokenizer

_SPREAD = 0.316
_SOURCE = re.compile(r"<source (\d+) [^>]*>\n(.*?)\n</source \1", re.DOTALL)
_QUESTION = re.compile(r"<question [^>]*>\n(.*?)\n</question", re.DOTALL)
_COUNT = load_tokenizer("tiktoken:cl100k_base").count


def reply(prompt: str) -> str:
    """The best sentence and the number of its source; the last question counts.

    >>> source = "<source 1 x>\\nRoses are red. The sea is blue.\\n</source 1 x>\\n"
    >>> reply(source + "<question x>\\nIs the sea blue?\\n</question x>")
    'The sea is blue. [1]'
    """
    wanted = {*re.findall(r"\w+", _QUESTION.findall(prompt)[-1].lower())}
    best = max(
        (len(wanted & {*re.findall(r"\w+", sentence.lower())}) / (8 + len(sentence.split())), sentence.strip(), number)
        for number, text in _SOURCE.findall(prompt)
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", text)
        if sentence.strip()
    )
    return f"{best[1]} [{best[2]}]"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    median = 0.8

    def do_POST(self) -> None:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = "\n".join(message["content"] for message in body["messages"])
        time.sleep(self.median * random.lognormvariate(0, _SPREAD))
        text = reply(prompt)
        usage = {"prompt_tokens": _COUNT(prompt), "completion_tokens": _COUNT(text)}
        usage["total_tokens"] = sum(usage.values())
        if body.get("stream"):
            self._stream(body["model"], text, usage)
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self._send("application/json", json.dumps(_object("chat.completion", body["model"], [choice], usage)))

    def _stream(self, model: str, text: str, usage: dict[str, int]) -> None:
        deltas = [({"role": "assistant", "content": text}, None), ({}, "stop")]
        chunks = [
            _object("chat.completion.chunk", model, [{"index": 0, "delta": delta, "finish_reason": reason}], None)
            for delta, reason in deltas
        ]
        chunks.append(_object("chat.completion.chunk", model, [], usage))
        lines = [*map(json.dumps, chunks), "[DONE]"]
        self._send("text/event-stream", "".join(f"data: {line}\n\n" for line in lines))

    def _send(self, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


def _object(kind: str, model: str, choices: list[Any], usage: dict[str, int] | None) -> dict[str, Any]:
    return {"id": "stub", "object": kind, "created": 0, "model": model, "choices": choices, "usage": usage}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main(port: int, median: float = 0.8) -> None:
    Handler.median = median
    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(int(sys.argv[1]), *map(float, sys.argv[2:]))
