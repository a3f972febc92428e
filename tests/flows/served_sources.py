"""Servers on 127.0.0.1 that speak what Confluence, Zendesk and Elasticsearch document, as far as a connector asks."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.lake.destinations.served import Refusal, Served

PAGE = 10
TOKEN = "s3cr3t"
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


class Papers(Served):
    """Papers by number. ``breaks``: the second page of a listing is refused by this status."""

    def __init__(self) -> None:
        super().__init__()
        self.papers: dict[int, dict[str, Any]] = {}
        self.breaks: int | None = None
        self._n_edits = 0

    def put(self, number: int, **values: Any) -> None:
        """A changed text is a new version; changed rights are not."""
        held = self.papers.get(number, {})
        if values["text"] != held.get("text"):
            self._n_edits += 1
            values["version"] = self._n_edits
        self.papers[number] = {**held, **values}

    def page(self, start: int) -> tuple[list[dict[str, Any]], int | None]:
        """Papers from a place on, and the place of the next page."""
        if start and self.breaks:
            raise Refusal(self.breaks, {"error": "slow down"}, {"Retry-After": "1"})
        listed = [{"number": number, **paper} for number, paper in sorted(self.papers.items())]
        return listed[start : start + PAGE], start + PAGE if start + PAGE < len(listed) else None


def moment(version: int) -> str:
    return (_BEGUN + timedelta(seconds=version)).isoformat().replace("+00:00", "Z")


class Confluence(Papers):
    """One space of a Confluence of version 2 of its API; pages are restricted to users and groups."""

    permissions: Any = None

    def login(self, headers: Any) -> bool:
        return bool(headers.get("Authorization") == f"Bearer {TOKEN}")

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        match [part for part in path if part not in ("wiki", "")]:
            case ["api", "v2", "spaces"]:
                return {"results": [{"id": "7", "key": "LAMPS", "type": "global"}], "_links": {}}
            case ["api", "v2", "spaces", "7", "permissions"]:
                if self.permissions is not None:
                    raise Refusal(self.permissions, {"message": "no"})
                operation = {"key": "read", "targetType": "space"}
                everybody = {"type": "access-class", "id": "ALL_LICENSED_USERS"}
                return {"results": [{"operation": operation, "principal": everybody}], "_links": {}}
            case ["api", "v2", "pages"]:
                found, following = self.page(int(query.get("cursor", ["0"])[0]))
                words = urlencode({**{name: values[0] for name, values in query.items()}, "cursor": following})
                links = {"next": f"/wiki/api/v2/pages?{words}"} if following else {}
                return {"results": [_page(one) for one in found], "_links": links}
            case ["api", "v2", "pages", number] if int(number) in self.papers:
                paper = {"number": int(number), **self.papers[int(number)]}
                return {**_page(paper), "body": {"view": {"value": f"<p>{paper['text']}</p>"}}}
            case ["rest", "api", "content", number, "restriction", "byOperation"]:
                return {"read": _restricted(self.papers[int(number)].get("acl") or []), "update": _restricted([])}
        raise Refusal(404, {"message": "/".join(path)})


def _page(paper: dict[str, Any]) -> dict[str, Any]:
    version = {"number": paper["version"], "createdAt": moment(paper["version"])}
    return {"id": str(paper["number"]), "title": "Paper", "createdAt": moment(0), "version": version}


def _restricted(names: list[str]) -> dict[str, Any]:
    users = [{"accountId": name} for name in names if name != "board"]
    groups = [{"id": name} for name in names if name == "board"]
    return {"restrictions": {"user": {"results": users}, "group": {"results": groups}}}


class Zendesk(Papers):
    """The articles of a help centre."""

    def login(self, headers: Any) -> bool:
        wanted = base64.b64encode(f"anna@harbour/token:{TOKEN}".encode()).decode()
        return bool(headers.get("Authorization") == f"Basic {wanted}")

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        match path:
            case ["api", "v2", "groups.json"]:
                return {"groups": []}
            case ["api", "v2", "help_center", "articles.json"]:
                found, following = self.page(int(query.get("page[after]", ["0"])[0]))
                next_page = f"https://harbour.zendesk.com/api/v2/help_center/articles.json?page[after]={following}"
                meta = {"has_more": following is not None}
                return {"articles": [_article(one) for one in found], "meta": meta, "links": {"next": next_page}}
        raise Refusal(404, {"error": "/".join(path)})


def _article(paper: dict[str, Any]) -> dict[str, Any]:
    words = {"locale": "en-us", "permission_group_id": 1, "title": "Paper"}
    body = {"body": f"<p>{paper['text']}</p>", "updated_at": moment(paper["version"]), "created_at": moment(0)}
    return {"id": paper["number"], **words, **body}


class Elasticsearch(Papers):
    """The index ``papers``."""

    def login(self, headers: Any) -> bool:
        return bool(headers.get("Authorization") == f"ApiKey {TOKEN}")

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        if path != ["papers", "_search"]:
            raise Refusal(404, {"error": {"reason": "no such index"}})
        if self.breaks:
            raise Refusal(self.breaks, {"error": {"reason": "too many requests"}})
        size = (body or {}).get("size", 10)
        hits = [
            {"_id": f"d{number}", "_source": {"text": paper["text"], "who": paper.get("acl") or ["all"]}}
            for number, paper in sorted(self.papers.items())
        ]
        return {"timed_out": False, "hits": {"hits": hits[:size]}}
