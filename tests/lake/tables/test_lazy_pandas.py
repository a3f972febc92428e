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


def test_pyarrow_knows_series_of_pandas_that_is_imported_after_a_lake_was_opened() -> None:
    program = (
        "import sys\n"
        "import pyarrow as pa\n"
        "from lake.patches.lazy_pandas import find_no_pandas\n"
        "find_no_pandas()\n"
        "find_no_pandas()\n"
        "print(len(pa.array(['a'])), 'pandas' in sys.modules)\n"
        "from importlib.util import find_spec\n"
        "assert find_spec('pandas') and find_spec('pandas')\n"  # as many libraries ask first
        "import pandas\n"
        "print(pa.array(pandas.Series([1.0, float('nan')])).null_count, pandas.__spec__.name)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["1 False", "1 pandas"]


def test_lancedb_is_loaded_without_its_rest_client_which_is_there_once_somebody_asks_for_it() -> None:
    program = (
        "import sys\n"
        "from lake.tables import writer\n"
        "lancedb = writer.lancedb()\n"
        "print([m for m in sys.modules if m.startswith('lance_namespace_urllib3_client.api')])\n"
        "import lance_namespace_urllib3_client as client\n"
        "print(client.TableApi.__module__, client.models.ListTablesResponse is lancedb.db.ListTablesResponse)\n"
        "from pydantic import BaseModel\n"
        "built = lambda model: '__pydantic_validator__' in vars(model) and model.__pydantic_complete__\n"
        "print(built(client.models.QueryTableRequest), built(type('Own', (BaseModel,), {})))\n"
        "print(client.models.ListTablesResponse(tables=['a']).tables)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = ["[]", "lance_namespace_urllib3_client.api.table_api True", "False True", "['a']"]
    assert run.stdout.split("\n")[:4] == found
