"""The API document as R reads it: parsed by jsonlite, walked by position, its text stripped of what looks like tags."""

import json
import subprocess

import pytest

from amlemulator import Emulator

# What the R package does with the two documents (clients.md section 5), in our own words.
PROGRAM = r"""
library(jsonlite)
arguments <- commandArgs(trailingOnly = TRUE)
content <- function(url) paste(readLines(url, warn = FALSE), collapse = "\n")

# Discovery: the method is the first name of the second path; the operation is looked for in everything there is.
document <- fromJSON(content(arguments[1]))
found <- 0
for (number in seq_along(document$paths)) {
    for (operation in document$paths[[number]]) {
        for (member in operation) {
            for (one in member) if (length(one) > 0 && one[[1]][1] == "execute") found <- number
        }
    }
}
columns <- names(document$definitions$input1Item$properties)
example <- document$definitions$ExecutionRequest$example$Inputs$input1

# Consumption: the API document without its tags, whose n-th output property types the n-th column of a reply.
stripped <- gsub("<.*?>", "", content(arguments[2]), perl = TRUE)
output <- fromJSON(stripped)$definitions$output1Item$properties

cat(toJSON(list(
    method = toupper(names(document$paths[[2]])),
    path = names(document$paths)[[found]],
    columns = columns,
    example = names(example),
    types = unlist(lapply(output, function(property) property$type)),
    labels = output[["Scored Labels"]]$enum
), auto_unbox = TRUE))
"""


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as running:
        yield running


def test_r_discovers_and_reads_the_document(emulator, tmp_path):
    """R finds the execute path by position and by name, the columns in order, and labels with angle brackets whole."""
    workspace = emulator.directory.workspaces()[0]
    service = next(one for one in emulator.directory.services(workspace.id) if "Predictive" in one.name)
    endpoint = emulator.directory.endpoints(service.id)[0]
    scoring = emulator.addresses.api_location(workspace, endpoint) + "/swagger.json"
    api_document = emulator.addresses.help_location(workspace, service, endpoint) + "/apidocument"
    (tmp_path / "discover.r").write_text(PROGRAM)
    command = ["Rscript", "discover.r", scoring, api_document]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    read = json.loads(done.stdout)
    columns = [column.name for column in emulator.directory.interface(endpoint).inputs[0].columns]
    assert "POST" == read["method"]
    assert "/execute?api-version=2.0&format=swagger" == read["path"]
    assert columns == read["columns"] == read["example"]
    assert ["integer", "string"] == read["types"][:2]
    assert ["<=50K", ">50K"] == read["labels"]
