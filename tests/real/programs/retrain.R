# Retrains a census model with httr. Ids, keys and hosts are the real service's.
library(httr)
library(jsonlite)

workspace <- "c0ffee00c0ffee00c0ffee00c0ffee01"
training_url <- paste0(
  "https://ussouthcentral.services.azureml.net/workspaces/", workspace, "/services/7a117a117a117a117a117a117a117a11"
)
training_key <- "GcH4lVH+Jre1kg7u0xs9rTiV/W3o9TtPJjOuUCJuYmnNjwEjjcL3jlRkeqFAm/UBbfQhVc03A+bpPV5Cdg5Qcw=="
endpoints_url <- paste0(
  "https://management.azureml.net/workspaces/", workspace,
  "/webservices/5c0e5c0e5c0e5c0e5c0e5c0e5c0e5c0e/endpoints/"
)
token <- "ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA=="
store <- paste0(
  "DefaultEndpointsProtocol=https;AccountName=retrainstore;AccountKey=",
  "da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA=="
)
container_url <- "https://retrainstore.blob.core.windows.net/retraining/"
sas <- paste0(
  "?sv=2013-08-15&sr=c&sig=ak5%2Bv0SZsijOD%2BHfSj9nkF0%2FYFMBC1fvRaPLxSe8lMQ%3D",
  "&st=2015-01-01T00%3A00%3A00Z&se=2100-01-01T00%3A00%3A00Z&sp=rcwdl"
)
arguments <- commandArgs(trailingOnly = TRUE)
name <- arguments[2]

call <- function(method, url, key, body = NULL) {
  answer <- VERB(
    method, url, add_headers(Authorization = paste("Bearer", key)), content_type_json(),
    body = if (is.null(body)) "" else toJSON(body, auto_unbox = TRUE)
  )
  stop_for_status(answer)
  text <- content(answer, "text", encoding = "UTF-8")
  if (nzchar(text)) fromJSON(text, simplifyVector = FALSE)
}
place <- function(blob) list(ConnectionString = store, RelativeLocation = paste0("retraining/", blob))
empty <- setNames(list(), character(0))

stop_for_status(PUT(
  paste0(container_url, name, ".csv", sas), add_headers(`x-ms-blob-type` = "BlockBlob"), body = upload_file(arguments[1])
))
job <- call("POST", paste0(training_url, "/jobs?api-version=2.0"), training_key, list(
  Inputs = list(input1 = place(paste0(name, ".csv"))),
  Outputs = list(output1 = place(paste0(name, ".ilearner")), output2 = place(paste0(name, "-evaluation.csv"))),
  GlobalParameters = empty
))
call("POST", paste0(training_url, "/jobs/", job, "/start?api-version=2.0"), training_key)
repeat {
  status <- call("GET", paste0(training_url, "/jobs/", job, "?api-version=2.0"), training_key)
  if (status$StatusCode %in% c("Failed", "Cancelled")) stop(status$Details)
  if (status$StatusCode == "Finished") break
  Sys.sleep(0.2)
}
evaluation <- status$Results$output2
table <- GET(paste0(evaluation$BaseLocation, evaluation$RelativeLocation, evaluation$SasBlobToken))
stop_for_status(table)

call("PUT", paste0(endpoints_url, name), token, list(Description = "retrained", ThrottleLevel = "Low"))
endpoint <- call("GET", paste0(endpoints_url, name), token)
score <- function() {
  columns <- strsplit(paste0(
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,",
    "capital-gain,capital-loss,hours-per-week,native-country,income"
  ), ",")[[1]]
  values <- strsplit(paste0(
    "52,Self-emp-inc,287927,HS-grad,9,Married-civ-spouse,Exec-managerial,Wife,White,Female,",
    "15024,0,40,United-States,>50K"
  ), ",")
  request <- list(Inputs = list(input1 = list(ColumnNames = columns, Values = values)), GlobalParameters = empty)
  answer <- call("POST", paste0(endpoint$ApiLocation, "/execute?api-version=2.0"), endpoint$PrimaryKey, request)
  tail(answer$Results$output1$value$Values[[1]], 1)[[1]]
}
before <- score()
model <- status$Results$output1[c("BaseLocation", "RelativeLocation", "SasBlobToken")]
call("PATCH", paste0(endpoints_url, name), endpoint$PrimaryKey, list(
  Resources = list(list(Name = "Census Model [trained model]", Location = model))
))
cat("before", before, "\n")
cat("after", score(), "\n")
