"""Blocks of Prefect: a lake by name, and the credentials of sources; see ``raglake.blocks``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, SecretStr

import lake as package
from lake.errors import UsageError
from lake.storage.urls import without_credentials

if TYPE_CHECKING:
    from lake.schemas.result import SearchResult


class RaglakeLake(Block):
    """A lake, and whose documents its readers see. Deployments name it as ``block:NAME``, instead of its place."""

    _block_type_name = "Raglake Lake"
    _block_type_slug = "raglake-lake"
    _description = "A search index of raglake: where it is, and whose documents are seen through this block."

    lake: str = Field(description="A local folder or an s3:// URL, without credentials.")
    at: str = Field(default="live", description="The release to read: live, a release, its name, a date or time.")
    principals: list[str] = Field(
        default=[], description="Users and groups to search as; without any, only what is not restricted."
    )

    def search(self, text: str, k: int = 10, **options: Any) -> SearchResult:
        """The ``k`` best passages that these principals may see; ``options`` as in ``Index.search``."""
        index = package.open_lake(without_credentials(self.lake))
        return index.search(text, k, **{**options, "at": self.at, "principals": self.principals})


class DatabaseCredentials(Block):
    """The password of a database as a source: ``password=block:raglake-database-credentials/NAME``."""

    _block_type_name = "Raglake Database Credentials"
    _block_type_slug = "raglake-database-credentials"
    usual: ClassVar[str] = "password"

    password: SecretStr = Field(description="The password of the user whom the address names.")


class MailCredentials(Block):
    """The password of an IMAP server as a source: ``password=block:raglake-mail-credentials/NAME``."""

    _block_type_name = "Raglake Mail Credentials"
    _block_type_slug = "raglake-mail-credentials"
    usual: ClassVar[str] = "password"

    password: SecretStr = Field(description="The password of the user whom the address names.")


class WebCredentials(Block):
    """The header of a web site as a source: ``authorization=block:raglake-web-credentials/NAME``."""

    _block_type_name = "Raglake Web Credentials"
    _block_type_slug = "raglake-web-credentials"
    usual: ClassVar[str] = "authorization"

    authorization: SecretStr = Field(description="The value of the header Authorization, such as Bearer ...")


class GitCredentials(Block):
    """The token of a Git server as a source: ``token=block:raglake-git-credentials/NAME``."""

    _block_type_name = "Raglake Git Credentials"
    _block_type_slug = "raglake-git-credentials"
    usual: ClassVar[str] = "token"

    token: SecretStr = Field(description="A token, or a password, for that server.")


class ConnectorCredentials(Block):
    """Secrets of a connector by name: ``token=block:raglake-connector-credentials/NAME.FIELD``."""

    _block_type_name = "Raglake Connector Credentials"
    _block_type_slug = "raglake-connector-credentials"
    usual: ClassVar[str] = ""

    secrets: SecretDict = Field(description='Each secret by its name, such as {"client_cred": "..."}.')


CREDENTIALS: tuple[type[Block], ...] = (
    *(DatabaseCredentials, MailCredentials, WebCredentials, GitCredentials, ConnectorCredentials),
)


def lake_of_block(reference: str) -> str:
    """The place that ``block:NAME`` of a RaglakeLake names; any other place as it is."""
    kind, _, name = reference.partition(":")
    return without_credentials(_loaded(RaglakeLake, name).lake) if kind == "block" else reference


def secret_of_block(slug: str, name: str, field: str) -> str:
    """A secret of a block of credentials; the only one, if ``field`` is empty. Raises UsageError if there is none."""
    kind = next((one for one in CREDENTIALS if one.get_block_type_slug() == slug), None)
    if kind is None:
        known = ", ".join(one.get_block_type_slug() for one in CREDENTIALS)
        raise UsageError(f"raglake takes secrets from no block of the type {slug!r}; it does from: {known}")
    block: Any = _loaded(kind, name)
    own: Mapping[str, Any] = (
        block.secrets.get_secret_value()
        if isinstance(block, ConnectorCredentials)
        else {block.usual: getattr(block, block.usual).get_secret_value()}
    )
    wanted = field or block.usual
    if wanted not in own:
        raise UsageError(f"block:{slug}/{name} has no {wanted or 'secret without a name'}; it has {', '.join(own)}")
    return str(own[wanted])


def _loaded(kind: type[Block], name: str) -> Any:
    load: Any = kind.load
    try:
        return load(name, _sync=True)
    except ValueError as error:
        slug = kind.get_block_type_slug()
        raise UsageError(f"Prefect has no block {slug}/{name}; create it, or name another") from error
