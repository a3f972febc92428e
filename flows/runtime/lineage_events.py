"""OpenLineage's events of an ingest: its sources as inputs, the tables of the release as outputs, its checks as tests.

Needs the extra ``lineage``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import openlineage.client as library
from openlineage.client import event_v2 as events
from openlineage.client import facet_v2 as facets
from openlineage.client.uuid import generate_new_uuid

from lake.directory import Lake
from lake.ingest.commit import table_schemas
from lake.sources.places import namespaced, place_of
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.reindex import Job, Outcome
    from lake.releases.values import Release

_PRODUCER = "https://pypi.org/project/raglake"
facets.set_producer(_PRODUCER)
_COUNTED = {"documents": "n_documents", "quarantine": "n_quarantined", "parents": "n_parents", "chunks": "n_chunks"}


def client() -> library.OpenLineageClient:
    """As OpenLineage's own variables and files configure it."""
    before = set(os.environ)
    made = library.OpenLineageClient()
    # It copies OPENLINEAGE_URL into further variables, which later runs and processes would take for their own.
    for name in set(os.environ) - before:
        if name.startswith("OPENLINEAGE__"):
            del os.environ[name]
    return made


class Run:
    """One ingest, and its events."""

    def __init__(self, job: Job) -> None:
        self._job, self._id = job, str(generate_new_uuid())
        self._lake = Lake(job.lake)
        self._sources = list(job.open_sources().values())

    def started(self) -> events.RunEvent:
        return self._event(events.RunState.START, {}, self._inputs(None), [])

    def failed(self, error: BaseException) -> events.RunEvent:
        """A run that was interrupted is aborted, any other failed."""
        state = events.RunState.ABORT if isinstance(error, KeyboardInterrupt) else events.RunState.FAIL
        return self._event(state, {"errorMessage": _error(str(error) or type(error).__name__)}, self._inputs(None), [])

    def ended(self, outcome: Outcome) -> events.RunEvent:
        """Outputs are the tables of the release that was built; if a candidate was refused, the run failed."""
        release = self._built(outcome)
        told: dict[str, Any] = {"raglake_ingest": _outcome(outcome)}
        if release is not None:
            told["test"] = facets.test_run.TestRunFacet(list(self._tests(release)))
        state = events.RunState.COMPLETE
        if outcome.refused:
            state, told["errorMessage"] = events.RunState.FAIL, _error(outcome.reason)
        return self._event(state, told, self._inputs(release), list(self._outputs(release)) if release else [])

    def _built(self, outcome: Outcome) -> Release | None:
        """None if there was nothing to do."""
        wrote = outcome.published or outcome.refused or outcome.added or outcome.changed or outcome.removed
        releases = self._lake.log.read().releases
        return releases.get(outcome.release) if outcome.release and (wrote or outcome.moved) else None

    def _event(
        self,
        state: events.RunState,
        told: dict[str, Any],
        inputs: list[events.InputDataset],
        outputs: list[events.OutputDataset],
    ) -> events.RunEvent:
        engine = facets.processing_engine_run.ProcessingEngineRunFacet(_version(), "raglake")
        kind = facets.job_type_job.JobTypeJobFacet("BATCH", "RAGLAKE", "JOB")
        namespace = os.environ.get("OPENLINEAGE_NAMESPACE", "raglake")
        return events.RunEvent(
            eventTime=clock.now().isoformat(),
            eventType=state,
            run=events.Run(self._id, {"processing_engine": engine, **told}),
            job=events.Job(namespace, f"ingest.{self._lake.url}", {"jobType": kind}),
            inputs=inputs,
            outputs=outputs,
            producer=_PRODUCER,
        )

    def _inputs(self, release: Release | None) -> list[events.InputDataset]:
        """The sources; of a release also how many documents of each it was made from."""
        counts = self._counts(release) if release else {}
        versions = self._lake.log.read().source_versions(release.id) if release else {}
        found = []
        for source in self._sources:
            n = counts.get(source.name, 0) if release else None
            read: dict[str, facets.InputDatasetFacet] = {} if n is None else {"inputStatistics": _read(n)}
            namespace, name = place_of(source)
            place = facets.datasource_dataset.DatasourceDatasetFacet(source.name, f"{namespace}://{name}")
            known: dict[str, facets.DatasetFacet] = {"dataSource": place}
            if source.name in versions:
                version = versions[source.name]
                known["version"] = facets.dataset_version_dataset.DatasetVersionDatasetFacet(version)
            found.append(events.InputDataset(namespace, name, facets=known, inputFacets=read))
        return found

    def _counts(self, release: Release) -> dict[str, int]:
        """Documents of each source, those in quarantine included."""
        counts: dict[str, int] = {}
        for name in ("documents", "quarantine"):
            rows = self._lake.tables(release.generation).at(name, release.versions[name]).scan(["source"])
            for row in rows.column("source").value_counts().to_pylist():
                counts[row["values"]] = counts.get(row["values"], 0) + row["counts"]
        return counts

    def _outputs(self, release: Release) -> Iterator[events.OutputDataset]:
        namespace, name = namespaced(self._lake.url)
        for stored, schema in table_schemas(release.recipe).items():
            table = stored.split("__")[0]
            told: dict[str, facets.DatasetFacet] = {
                "version": facets.dataset_version_dataset.DatasetVersionDatasetFacet(release.id),
                "schema": _schema(schema),
                "storage": facets.storage_dataset.StorageDatasetFacet("lancedb", "lance"),
            }
            written = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=release.counts[_COUNTED[table]]
            )
            place = {"namespace": namespace, "name": f"{name}/{table}"}
            yield events.OutputDataset(**place, facets=told, outputFacets={"outputStatistics": written})

    def _tests(self, release: Release) -> Iterator[facets.test_run.TestExecution]:
        """What the audit and the gate checked; no ids of documents."""
        for row in self._lake.findings(release.id).to_pylist():
            yield facets.test_run.TestExecution(
                name=".".join(filter(None, (row["suite"], row["column"], row["expectation"]))),
                status="pass" if row["success"] else "fail",
                severity="error" if row["severity"] == "critical" else "warn",
                type=row["expectation"],
                description=row["message"] or None,
                actual=row["observed"] or None,
            )


def _outcome(outcome: Outcome) -> facets.BaseFacet:
    """A run's outcome as a facet of our own."""
    told = {name: value for name, value in asdict(outcome).items() if name != "remarks"}
    return facets.RunFacet().with_additional_properties(**told)


def _error(message: str) -> facets.error_message_run.ErrorMessageRunFacet:
    return facets.error_message_run.ErrorMessageRunFacet(message, "python")


def _read(n_documents: int) -> facets.input_statistics_input_dataset.InputStatisticsInputDatasetFacet:
    return facets.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(fileCount=n_documents)


def _schema(schema: pa.Schema) -> facets.schema_dataset.SchemaDatasetFacet:
    fields = [facets.schema_dataset.SchemaDatasetFacetFields(field.name, str(field.type)) for field in schema]
    return facets.schema_dataset.SchemaDatasetFacet(fields)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("raglake")
    except PackageNotFoundError:  # run from its sources
        return "unknown"
