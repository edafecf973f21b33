#!/bin/sh
# Retrains a census model with curl. Ids, keys and hosts are the real service's.
set -eu
workspace=c0ffee00c0ffee00c0ffee00c0ffee01
training=https://ussouthcentral.services.azureml.net/workspaces/$workspace/services/7a117a117a117a117a117a117a117a11
training_key='GcH4lVH+Jre1kg7u0xs9rTiV/W3o9TtPJjOuUCJuYmnNjwEjjcL3jlRkeqFAm/UBbfQhVc03A+bpPV5Cdg5Qcw=='
endpoints=https://management.azureml.net/workspaces/$workspace/webservices/5c0e5c0e5c0e5c0e5c0e5c0e5c0e5c0e/endpoints
token='ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA=='
account_key='da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA=='
store="DefaultEndpointsProtocol=https;AccountName=retrainstore;AccountKey=$account_key"
container=https://retrainstore.blob.core.windows.net/retraining
sas='?sv=2013-08-15&sr=c&sig=ak5%2Bv0SZsijOD%2BHfSj9nkF0%2FYFMBC1fvRaPLxSe8lMQ%3D'
sas="$sas&st=2015-01-01T00%3A00%3A00Z&se=2100-01-01T00%3A00%3A00Z&sp=rcwdl"
name=$2

call() { # call METHOD URL KEY [BODY]
  if [ $# -gt 3 ]; then set -- "$@" -d "$4"; else set -- "$@" "" -d ""; fi
  method=$1 url=$2 key=$3
  shift 4
  curl -sS --fail-with-body -X "$method" -H "Authorization: Bearer $key" -H "Content-Type: application/json" "$@" "$url"
}
member() { # the first text member of that name
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}
place() {
  printf '{"ConnectionString":"%s","RelativeLocation":"retraining/%s"}' "$store" "$1"
}

curl -sS --fail -T "$1" -H "x-ms-blob-type: BlockBlob" "$container/$name.csv$sas"
job=$(call POST "$training/jobs?api-version=2.0" "$training_key" "{
  \"Inputs\":{\"input1\":$(place "$name.csv")},
  \"Outputs\":{\"output1\":$(place "$name.ilearner")},
  \"GlobalParameters\":{}}" | tr -d '"')
call POST "$training/jobs/$job/start?api-version=2.0" "$training_key" >/dev/null
while :; do
  status=$(call GET "$training/jobs/$job?api-version=2.0" "$training_key")
  case $(echo "$status" | member StatusCode) in
    Finished) break ;;
    Failed | Cancelled) echo "$status" && exit 1 ;;
  esac
  sleep 0.2
done
result=$(echo "$status" | sed 's/.*"output1"://; s/}.*//')
relative=$(echo "$result" | member RelativeLocation)
base=$(echo "$result" | member BaseLocation)
result_sas=$(echo "$result" | member SasBlobToken | sed 's/\\u0026/\&/g')

call PUT "$endpoints/$name" "$token" '{"ThrottleLevel":"Low"}' >/dev/null
endpoint=$(call GET "$endpoints/$name" "$token")
location=$(echo "$endpoint" | member ApiLocation)
key=$(echo "$endpoint" | member PrimaryKey)
row='{"age":52,"workclass":"Self-emp-inc","fnlwgt":287927,"education":"HS-grad","education-num":9,
"marital-status":"Married-civ-spouse","occupation":"Exec-managerial","relationship":"Wife","race":"White","sex":"Female",
"capital-gain":15024,"capital-loss":0,"hours-per-week":40,"native-country":"United-States","income":">50K"}'
score() {
  call POST "$location/execute?api-version=2.0&format=swagger" "$key" "{\"Inputs\":{\"input1\":[$row]}}" |
    member "Scored Probabilities"
}
before=$(score)
call PATCH "$endpoints/$name" "$key" "{\"Resources\":[{\"Name\":\"Census Model [trained model]\",\"Location\":{
  \"BaseLocation\":\"$base\",\"RelativeLocation\":\"$relative\",\"SasBlobToken\":\"$result_sas\"}}]}" >/dev/null
echo "before $before"
echo "after $(score)"
