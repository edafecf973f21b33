"""The Studio API's lists as R reads them: jsonlite makes data frames, whose columns are those that were recorded."""

import json
import subprocess

import pytest

from amlemulator import Emulator
from support.studio import TOKEN

# What the R package does with the two lists (clients.md section 9), in our own words.
PROGRAM = r"""
library(jsonlite)
arguments <- commandArgs(trailingOnly = TRUE)
read <- function(path) fromJSON(paste(readLines(path, warn = FALSE), collapse = "\n"))
joined <- function(place, members) do.call(paste0, place[, members])

datasets <- read(arguments[1])
content <- joined(datasets[, "DownloadLocation"], c("BaseUri", "Location", "AccessCredential"))
ignored <- joined(datasets[, "VisualizeEndPoint"], c("BaseUri", "AccessCredential"))
rows <- nrow(read.table(content[datasets$Name == "bikeshare"], sep = ",", header = TRUE, quote = "\""))

experiments <- read(arguments[2])
experiments <- cbind(experiments, experiments[, "Status"])
experiments$Status <- c()
milliseconds <- as.numeric(gsub("[^-0-9]", "", experiments[["CreationTime"]]))

cat(toJSON(list(
    datasets = names(datasets), experiments = names(experiments), rows = rows, age = milliseconds / 1000
), auto_unbox = TRUE))
"""
DATASETS = """
VisualizeEndPoint SchemaEndPoint SchemaStatus Id DataTypeId Name Description FamilyId ResourceUploadId SourceOrigin Size
CreatedDate Owner ExperimentId ClientVersion PromotedFrom UploadedFromFilename ServiceVersion IsLatest Category
DownloadLocation IsDeprecated Culture Batch CreatedDateTicks
"""
EXPERIMENTS = """
ExperimentId Description Etag Creator IsArchived JobId VersionId RunId OriginalExperimentDocumentationLink Summary
Category Tags StatusCode StatusDetail CreationTime StartTime EndTime Metadata
"""


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """Run the program on both lists of a sample workspace; return what it printed."""
    import requests

    folder = tmp_path_factory.mktemp("r")
    with Emulator() as emulator:
        workspace = emulator.directory.workspaces()[0]
        for name in ("datasources", "experiments"):
            url = f"{emulator.addresses.studio_url(workspace)}/workspaces/{workspace.id}/{name}"
            answer = requests.get(url, headers={TOKEN: workspace.primary_token}, timeout=30)
            (folder / name).write_bytes(answer.content)
        (folder / "program.r").write_text(PROGRAM)
        command = ["Rscript", "program.r", "datasources", "experiments"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return json.loads(done.stdout)


def test_r_sees_the_recorded_columns(lists):
    """The columns of both data frames, and their order, are those in the R package's own document."""
    assert [DATASETS.split(), EXPERIMENTS.split()] == [lists["datasets"], lists["experiments"]]


def test_r_reads_content_and_dates(lists):
    """Joined members are an address that R reads a table from; dates are numbers of this century."""
    assert lists["rows"] == 8645
    assert all(moment > 1_600_000_000 for moment in lists["age"])
