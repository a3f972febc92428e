"""Tests that ``-m "not slow"`` leaves out, so that the others together take less than a minute on two cores.

Listed are files and folders that take more than two seconds of CPU time, and tests that take more than one. Names of
single tests follow ``::``. ``pytest --durations=30`` shows what belongs here.
"""

from __future__ import annotations

SLOW = (
    # Whole commands, a server, a wheel.
    "tests/compatibility",
    "tests/examples",
    "tests/raglake",
    "tests/test_deploy.py",
    "tests/test_plugins.py",
    # Modules with doctests that import Prefect, FastAPI and MCP.
    "flows",
    "lake/service",
    "raglake/deployed.py",
    "tasks",
    # Real runs, most of them several in a test.
    "tests/flows",
    # Resampling, a judge, Great Expectations.
    "tests/expectations/test_answers.py",
    "tests/expectations/test_column_metrics.py",
    "tests/expectations/test_audit.py",
    "tests/expectations/test_copies.py",
    "tests/expectations/test_comparison.py::test_a_harmless_change_is_not_called_worse_in_200_trials",
    "tests/expectations/test_comparison.py::test_a_planted_loss_is_called_worse_every_time",
    "tests/expectations/test_feedback.py",
    "tests/expectations/test_gate.py",
    "tests/expectations/test_lean_validation.py",
    "tests/expectations/test_retrieval.py",
    # Models, whole frameworks.
    "tests/lake/adapters",
    "tests/lake/embed/test_local_models.py",
    "tests/lake/embed/test_multilingual.py",
    "tests/lake/destinations",
    "tests/lake/embed/test_numpy_bert.py",
    "tests/lake/embed/test_steady_torch.py",
    "tests/lake/chunk/test_chunker.py::test_promises_hold_for_wild_documents",
    "tests/lake/chunk/test_chunker.py::test_hostile_text_is_quick",
    "tests/lake/chunk/test_tokenizers.py::test_import_is_light_and_loading_needs_no_home",
    "tests/lake/chunk/test_tokenizers.py::test_endless_runs_neither_fail_nor_hang",
    # A browser, a service, caches with a server.
    "tests/lake/cache/test_erasure.py",
    "tests/lake/cache/test_keys.py::test_two_requests_have_one_key_exactly_if_they_ask_for_the_same",
    "tests/lake/cache/test_rights.py",
    "tests/lake/console",
    # Servers over HTTP, object stores, chat models of ours.
    "tests/lake/answer/test_chat.py",
    "tests/lake/answer/test_fallbacks.py::test_the_next_model_of_a_chain_answers",
    "tests/lake/embed/test_openai_api.py::test_many_requests_give_every_vector_once_and_add_up_the_bill",
    "tests/lake/erasure",
    "tests/lake/questions/test_generation.py",
    "tests/lake/questions/test_store.py",
    "tests/lake/records",
    "tests/lake/releases/test_log.py::test_checkpoints_under_racing_writers_lose_no_entry",
    "tests/lake/releases/test_log.py::test_racing_processes_win_each_number_once",
    # Libraries of providers, the source of everything, texts that are large on purpose.
    "tests/lake/endpoints/test_chat_protocols.py",
    "tests/lake/parse/test_encodings.py::test_a_text_in_a_legacy_encoding_is_right_or_remarked_on",
    "tests/lake/ingest/test_isolation.py",
    "tests/lake/search/test_chance.py::test_the_same_texts_elsewhere_have_the_same_scores",
    "tests/lake/search/test_passages.py::test_each_question_of_a_batch_finds_the_very_passages_that_it_finds_alone",
    # Outages, copies and token vectors of lakes that are made for a test.
    "tests/lake/cache/test_process_store.py",
    "tests/lake/cache/test_redis.py",
    "tests/lake/ingest/test_plan.py",
    "tests/lake/options/test_declaration.py::test_no_option_is_declared_twice",
    "tests/lake/releases/test_fold.py",
    "tests/lake/inspect/diagnosis",
    "tests/lake/search/test_copies.py",
    "tests/lake/search/test_degraded.py",
    "tests/lake/search/test_lake_outages.py",
    "tests/lake/search/test_late_interaction.py",
    "tests/lake/search/test_filters.py::test_no_value_changes_what_is_asked",
    "tests/lake/search/test_rerank.py",
    "tests/lake/search/test_row_cache.py",
    "tests/lake/search/test_words.py::test_another_tokenizer_can_be_chosen_and_left_again",
    "tests/lake/tables/test_lazy_pandas.py",
    "tests/lake/tables/test_writer.py",
    "tests/lake/test_index.py::test_a_large_table_is_searched_through_an_index_that_covers_every_row",
    "tests/lake/test_index.py::test_what_is_held_of_past_releases_is_bounded",
    "tests/lake/test_doctor_parts.py::test_some_day_finds_the_damage",
    "tests/lake/service",
    "tests/simulation",
    # Recognised characters: the engine is a process for each page.
    "tests/lake/parse/test_ocr.py",
)
#: Fixtures that start a server.
SLOW_FIXTURES = {"bucket", "client", "s3_server"}


def is_slow(nodeid: str) -> bool:
    """Whether a file, a test or a folder around it is listed.

    >>> is_slow("tests/test_docs.py::test_every_link_leads_somewhere[README.md]")
    False
    """
    return any(nodeid == slow or nodeid.startswith((f"{slow}/", f"{slow}::", f"{slow}[")) for slow in SLOW)
