"""The modules that bring data in, prepare them and take them out (modules.md sections 2, 3 and 10)."""

from __future__ import annotations

from amlemulator.experiments.columns import ALL
from amlemulator.experiments.modules import Module, Parameter, Port

WEB_SERVICE_INPUT = "Web Service Input"
WEB_SERVICE_OUTPUT = "Web Service Output"
IMPORT_DATA = "Import Data"
EXPORT_DATA = "Export Data"
DATASET = "Dataset"

SOURCES = ("Web URL via HTTP", "Azure Blob Storage")
ABSENT_SOURCES = (
    "Hive Query",
    "Azure SQL Database",
    "Azure Table",
    "Data Feed Providers: OData",
    "On-premises SQL Database",
    "Azure Cosmos DB",
)

DESTINATIONS = ("Azure Blob Storage",)
ABSENT_DESTINATIONS = ("Web (Hive) query", "Azure SQL Database", "Azure Table")
FORMATS = ("CSV", "TSV", "ARFF")
SVMLIGHT = "SvmLight"

_IN_STUDIO = (("Blob service in Azure Storage", "Azure Blob Storage"),)
# Of sources, destinations and modes that are not emulated. Studio's graphs have them all the same, with their defaults.
_OF_DATABASES = tuple(
    Parameter(name)
    for name in ("Database server name", "Database name", "Server user account name", "Server user account password")
)
_OF_TABLES = (
    Parameter("Comma separated list of columns to be saved"),
    Parameter("Data table name"),
    Parameter("Comma separated list of datatable columns"),
    Parameter("Number of rows written per SQL Azure operation", "integer", 50),
)
_OF_RECOMMENDERS = (
    Parameter("Fraction of training-only users", "real", 0.5, minimum=0, maximum=1),
    Parameter("Fraction of test user ratings for training", "real", 0.25, minimum=0, maximum=1),
    *(
        Parameter(f"Fraction of {name}", "real", 0.0, minimum=0, maximum=1)
        for name in ("cold users", "cold items", "ignored users", "ignored items")
    ),
    Parameter("Remove occasionally produced cold items", "boolean", False),
    Parameter("Random seed for Recommender", "integer", 0),
)
_OF_IMPUTATION = (
    Parameter("Number of iterations", "integer", 5, minimum=1, maximum=10),
    Parameter("Number of iterations for PCA prediction", "integer", 10, minimum=1, maximum=50),
)

DATA: tuple[Module, ...] = (
    Module(
        WEB_SERVICE_INPUT,
        outputs=(Port("Data"),),
        parameters=(Parameter("Name", required=True),),
        run="sources:web_service_input",
        in_server=True,
    ),
    Module(
        WEB_SERVICE_OUTPUT,
        # Its one port takes a data set or a trained model; which of them decides what the service gives.
        inputs=(Port("Data"),),
        parameters=(Parameter("Name", required=True),),
        in_server=True,
    ),
    Module(
        DATASET,  # a saved data set: not a module with parameters in Studio, but a node that points at it by id
        outputs=(Port("dataset"),),
        parameters=(Parameter("Dataset", required=True),),
        run="sources:dataset",
    ),
    Module(
        "Enter Data Manually",
        outputs=(Port("dataset"),),
        parameters=(
            Parameter("DataFormat", "choice", "CSV", ("ARFF", "CSV", SVMLIGHT, "TSV")),
            Parameter("HasHeader", "boolean", True),
            Parameter("Data", default=""),
        ),
        run="sources:enter_data",
        in_server=True,
    ),
    Module(
        IMPORT_DATA,
        outputs=(Port("Results dataset"),),
        parameters=(
            Parameter(
                "Data source",
                "choice",
                "Azure Blob Storage",
                SOURCES,
                ABSENT_SOURCES,
                _IN_STUDIO,
                wire="Please Specify Data Source",
            ),
            Parameter("Use cached results", "boolean", False),
            Parameter("URL"),
            Parameter("Data format", "choice", "CSV", (*FORMATS, SVMLIGHT)),
            Parameter("CSV or TSV has header row", "boolean", False),
            Parameter("Authentication type", "choice", "Account", ("PublicOrSas", "Account")),
            Parameter("URI"),
            Parameter("File format", "choice", "CSV", FORMATS),
            Parameter("URI has header row", "boolean", True),
            Parameter("Account name"),
            Parameter("Account key"),
            Parameter("Path to container, directory, or blob"),
            Parameter("Blob file format", "choice", "CSV", FORMATS),
            Parameter("File has header row", "boolean", True),
            *_OF_DATABASES,
            Parameter("Database query"),
        ),
        run="sources:import_data",
        older_names=("Reader",),
    ),
    Module(
        EXPORT_DATA,
        inputs=(Port("Dataset"),),
        parameters=(
            Parameter(
                "Please specify data destination",
                "choice",
                "Azure Blob Storage",
                DESTINATIONS,
                ABSENT_DESTINATIONS,
                _IN_STUDIO,
            ),
            Parameter("Use cached results", "boolean", False),
            Parameter("Please specify authentication type", "choice", "Account", ("SAS", "Account")),
            Parameter("SAS URI for blob"),
            Parameter("File format for SAS file", "choice", "CSV", FORMATS),
            Parameter("Write SAS header row", "boolean", False),
            Parameter("Azure account name"),
            Parameter("Azure account key"),
            Parameter("Path to blob beginning with container"),
            Parameter("Azure Blob Storage write mode", "choice", "Error", ("Error", "Overwrite")),
            Parameter("File format for blob file", "choice", "CSV", FORMATS),
            Parameter("Write blob header row", "boolean", False),
            *_OF_DATABASES,
            *_OF_TABLES,
        ),
        run="sources:export_data",
        older_names=("Writer",),
    ),
    Module(
        "Select Columns in Dataset",
        inputs=(Port("Dataset"),),
        outputs=(Port("Results dataset"),),
        parameters=(Parameter("Select columns", "columns", required=True),),
        run="preparation:select_columns",
        in_server=True,
        older_names=("Project Columns",),
    ),
    Module(
        "Split Data",
        inputs=(Port("Dataset"),),
        outputs=(Port("Results dataset1"), Port("Results dataset2")),
        parameters=(
            Parameter(
                "Splitting mode",
                "choice",
                "Split Rows",
                ("Split Rows", "Regular Expression", "Relative Expression"),
                ("Recommender Split",),
            ),
            Parameter("Fraction of rows in the first output dataset", default="0.5"),
            Parameter("Randomized split", "boolean", True),
            Parameter("Random seed", "integer", 0, minimum=0),
            Parameter("Stratified split", "boolean", False),
            Parameter("Stratification key column", "columns"),
            Parameter("Regular expression", default='\\"column name" ^start'),
            Parameter("Relational expression", default='\\"column name" > 3'),
            *_OF_RECOMMENDERS,
        ),
        run="splitting:split_data",
        older_names=("Split",),
    ),
    Module(
        "Clean Missing Data",
        inputs=(Port("Dataset"),),
        outputs=(Port("Cleaned dataset"), Port("Cleaning transformation", "transform")),
        parameters=(
            Parameter("Columns to be cleaned", "columns", ALL),
            Parameter("Minimum missing value ratio", "real", 0.0, minimum=0, maximum=1),
            Parameter("Maximum missing value ratio", "real", 1.0, minimum=0, maximum=1),
            Parameter(
                "Cleaning mode",
                "choice",
                "Custom substitution value",
                (
                    "Custom substitution value",
                    "Replace with mean",
                    "Replace with median",
                    "Replace with mode",
                    "Remove entire row",
                    "Remove entire column",
                ),
                ("Replace using MICE", "Replace using Probabilistic PCA"),
            ),
            Parameter("Replacement value", default="0"),
            Parameter("Cols with all missing values", "choice", "Remove", ("Remove", "Propagate")),
            Parameter("Generate missing value indicator column", "boolean", False),
            *_OF_IMPUTATION,
        ),
        run="cleaning:clean_missing_data",
    ),
    Module(
        "Apply Transformation",
        inputs=(Port("Transformation", "transform"), Port("Dataset")),
        outputs=(Port("Transformed dataset"),),
        run="preparation:apply_transformation",
        in_server=True,
    ),
    Module(
        "Saved Transform",
        outputs=(Port("Transformation", "transform"),),
        parameters=(Parameter("Name", required=True), Parameter("Transform", "data", required=True)),
        run="preparation:saved_transform",
        in_server=True,
    ),
)
