"""Have a model trained on a CSV file.

Called as ``python train.py rows.csv first.ilearner [ENDPOINTS_FILE]``: the file is uploaded, its address with a SAS is
the web service parameter URI of a job, and the job's output is downloaded. Prints the address, for ``amlclassic retrain
--parameter``. Without an endpoints file it looks for the emulator that ``amlclassic start`` has started.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.storage.blob import BlobClient, generate_blob_sas

from amlclient import BlobReader, EndpointsFile, ScoringClient, upload_file
from amlemulator.background import default_file


def address_of(rows: Path, connection_string: str) -> str:
    """Upload a file; return its address, which may be read for a day."""
    upload_file(rows, connection_string=connection_string, container="bikes", blob=rows.name)
    blob = BlobClient.from_connection_string(connection_string, "bikes", rows.name)
    sas = generate_blob_sas(
        blob.account_name,
        "bikes",
        rows.name,
        account_key=blob.credential.account_key,
        permission="r",
        expiry=datetime.now(UTC) + timedelta(days=1),
    )
    return f"{blob.url}?{sas}"


def main(rows: Path, model: Path, endpoints: Path) -> None:
    """Train, and write the model's file."""
    workspace = EndpointsFile.read(endpoints).workspace()
    endpoint = workspace.service("Bike Rental Example").default
    address = address_of(rows, workspace.connection_string)
    service = ScoringClient(endpoint.api_location, endpoint.primary_key)
    job = service.submit_job(parameters={"URI": address})
    service.start_job(job)
    results = service.wait_for_job(job).results
    model.write_bytes(BlobReader().read(results["output1"]))
    print(address)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else default_file())
