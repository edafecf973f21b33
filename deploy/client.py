"""What a team's own program may look like: rows from its own storage, retrained, accepted, put behind an endpoint.

Reads AMLCLASSIC_ENDPOINTS_FILE (what the emulator wrote) and OWN_STORAGE (a connection string).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from amlclient import Condition, EndpointsFile, Journal, LocalFile, Retraining, RetrainingPlan
from amlemulator.samples import dataset_content


def rows_of_ours(folder: Path) -> Path:
    """Put sample rows into our own storage, as another program of the team would, and fetch them from there."""
    with BlobServiceClient.from_connection_string(os.environ["OWN_STORAGE"]) as storage:
        container = storage.get_container_client("collected")
        try:
            container.create_container()
        except ResourceExistsError:
            print("the rows were collected before", file=sys.stderr)
        container.upload_blob("census.csv", dataset_content("census-train"), overwrite=True)
        path = folder / "census.csv"
        path.write_bytes(container.download_blob("census.csv").readall())
    return path


def main() -> None:
    """Retrain the sample's census model and say what came of it."""
    file = EndpointsFile.read(Path(os.environ["AMLCLASSIC_ENDPOINTS_FILE"]))
    workspace = file.workspace()
    training = workspace.service("Census Model").default
    assert file.connection_string is not None
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder, "journal.json")) as journal:
        plan = RetrainingPlan(
            training_url=training.api_location,
            training_key=training.primary_key,
            management_url=workspace.management_url,
            token=workspace.token,
            scoring_service_id=workspace.service("Census Model [Predictive Exp.]").id,
            endpoint_name="retrained",
            input=LocalFile(rows_of_ours(Path(folder)), file.connection_string),
            accept=Condition.parse("AUC >= 0.9"),
        )
        result = Retraining(plan, journal).run()
    print(f"{result.endpoint_name} at {result.api_location} serves {result.model}; AUC {result.evaluation[0]['AUC']}")


if __name__ == "__main__":
    main()
