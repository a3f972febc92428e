"""What commands write to stderr besides progress: text, or one JSON object a line if RAGLAKE_LOG_FORMAT is json."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from lake.reporting import visible

FORMAT = "RAGLAKE_LOG_FORMAT"


def handler() -> logging.Handler:
    """Writes what is logged; read once, when a command starts."""
    found = logging.StreamHandler(sys.stderr)
    found.setFormatter(JsonFormatter() if is_json() else LineFormatter("%(message)s"))
    return found


def is_json() -> bool:
    return os.environ.get(FORMAT, "").lower() == "json"


def written(text: str, level: str = "INFO") -> None:
    """Writes a message of the command itself, which no level leaves out."""
    text = visible(text, is_line=False)
    print(_json(level, "raglake", text) if is_json() else f"raglake: {text}", file=sys.stderr, flush=True)


class LineFormatter(logging.Formatter):
    """Makes each message one line, whatever names stand in it; a traceback may follow."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return visible(super().formatException(ei), is_line=False)


class JsonFormatter(logging.Formatter):
    """Makes each message, with its traceback, one line of JSON. Requests and outages are that already."""

    def format(self, record: logging.LogRecord) -> str:
        message = visible(record.getMessage())
        if record.name.startswith("raglake.") and message.startswith("{"):
            return message
        raised = {"traceback": self.formatException(record.exc_info)} if record.exc_info else {}
        return _json(record.levelname, record.name, message, **raised)


def _json(level: str, logger: str, message: str, **more: str) -> str:
    # ASCII: whatever stands in a name can neither end the line nor command a terminal.
    return json.dumps({"level": level, "logger": logger, "message": message, **more})
