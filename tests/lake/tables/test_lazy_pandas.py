"""Lance is imported without pandas, and pandas is there once somebody asks for it."""

from __future__ import annotations

import subprocess
import sys


def test_pandas_is_loaded_when_it_is_needed_and_not_before() -> None:
    program = (
        "import sys\n"
        "from lake.patches.lazy_pandas import pandas_later\n"
        "with pandas_later():\n"
        "    import lance\n"
        "    import pyarrow.dataset\n"
        "print('pandas' in sys.modules)\n"
        "import pyarrow as pa\n"
        "print(type(pa.table({'a': [1]}).to_pandas()).__name__, len(pa.array(sys.modules['pandas'].Series([1, 2]))))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["False", "DataFrame 2"]


def test_lancedb_is_loaded_without_its_rest_client_which_is_there_once_somebody_asks_for_it() -> None:
    program = (
        "import sys\n"
        "from lake.patches.lazy_namespace import namespace_later\n"
        "namespace_later()\n"
        "import lancedb\n"
        "print([m for m in sys.modules if m.startswith('lance_namespace_urllib3_client.api')])\n"
        "import lance_namespace_urllib3_client as client\n"
        "print(client.TableApi.__module__, client.models.ListTablesResponse is lancedb.db.ListTablesResponse)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["[]", "lance_namespace_urllib3_client.api.table_api True"]
