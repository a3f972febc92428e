"""The page ``/docs``: Swagger UI from this machine's files, without any other host.

Its two files are those that the package fastapi-offline carries; none of its code runs. It has one maintainer, so its
version is exact and the files are checked by their SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Response

from lake.errors import ContractError

PATH = "/docs"
#: The files of Swagger UI, with their types and digests.
_ASSETS: Mapping[str, tuple[str, str]] = {
    "swagger-ui-bundle.js": (
        "text/javascript",
        "4b5a9b35a1adf37f00d39c0bae23cdb37007e2946240ef035137cc85b4d55349",
    ),
    "swagger-ui.css": ("text/css", "ca238f7d7c2cf4480c1e77a9c3b9da915ab216e96ffd354e69076560c650c6de"),
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>raglake: HTTP service</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
#: The page loads and calls this service alone. Swagger UI sets styles of single elements.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
#: What anybody may read of it, without a key.
PATHS = (PATH, *(f"{PATH}/{name}" for name in (*_ASSETS, "start.js")))


def docs_routes() -> APIRouter:
    """``/docs`` and its files; they are no part of the API's description."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def page() -> Response:
        return _sent(_PAGE.encode(), "text/html")

    @router.get(f"{PATH}/start.js")
    async def start() -> Response:
        return _sent(_START.encode(), "text/javascript")

    @router.get(f"{PATH}/swagger-ui-bundle.js")
    async def script() -> Response:
        return _asset("swagger-ui-bundle.js")

    @router.get(f"{PATH}/swagger-ui.css")
    async def style() -> Response:
        return _asset("swagger-ui.css")

    return router


def _asset(name: str) -> Response:
    response = _sent(_content(name), _ASSETS[name][0])
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@lru_cache(maxsize=len(_ASSETS))
def _content(name: str) -> bytes:
    package = find_spec("fastapi_offline")
    folders = package.submodule_search_locations if package else None
    if not folders:
        raise ContractError("the files of /docs are missing; pip install 'raglake[service]'")
    content = (Path(folders[0]) / "static" / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != _ASSETS[name][1]:
        raise ContractError(f"{name} of fastapi-offline is another file than raglake knows; /docs does not send it")
    return content


def _sent(content: bytes, kind: str) -> Response:
    return Response(content, headers=_SAFE, media_type=kind)
