"""What all tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import certifi
import pytest

_END = "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="session", autouse=True)
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each HTTP client reads all certificates that it trusts, in 20 ms: no server of the tests has one of them."""
    file = tmp_path_factory.mktemp("certificates") / "one.pem"
    with open(certifi.where()) as known, pytest.MonkeyPatch.context() as patch:
        file.write_text(known.read().partition(_END)[0] + _END)
        patch.setenv("SSL_CERT_FILE", str(file))
        yield
