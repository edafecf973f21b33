// Retrains a census model with Node's own https, and with Azure's library for the blob. Ids, keys and hosts are the real
// service's.
"use strict";

const https = require("node:https");
const { BlobServiceClient } = require("@azure/storage-blob");

const workspace = "c0ffee00c0ffee00c0ffee00c0ffee01";
const trainingUrl = `https://ussouthcentral.services.azureml.net/workspaces/${workspace}/services/7a117a117a117a117a117a117a117a11`;
const trainingKey = "GcH4lVH+Jre1kg7u0xs9rTiV/W3o9TtPJjOuUCJuYmnNjwEjjcL3jlRkeqFAm/UBbfQhVc03A+bpPV5Cdg5Qcw==";
const endpointsUrl = `https://management.azureml.net/workspaces/${workspace}/webservices/5c0e5c0e5c0e5c0e5c0e5c0e5c0e5c0e/endpoints/`;
const token = "ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA==";
const store =
  "DefaultEndpointsProtocol=https;AccountName=retrainstore;AccountKey=" +
  "da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA==" +
  ";EndpointSuffix=core.windows.net";
const [path, name] = process.argv.slice(2);

function call(method, url, key, body) {
  const data = body === undefined ? "" : JSON.stringify(body);
  const headers = {
    Authorization: `Bearer ${key}`,
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(data),
  };
  return new Promise((done, failed) => {
    const request = https.request(url, { method, headers }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        if (answer.statusCode >= 300) failed(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
        else done(text ? JSON.parse(text) : null);
      });
    });
    request.on("error", failed);
    request.end(data);
  });
}

const place = (blob) => ({ ConnectionString: store, RelativeLocation: `retraining/${blob}` });

async function train() {
  const container = BlobServiceClient.fromConnectionString(store).getContainerClient("retraining");
  await container.getBlockBlobClient(`${name}.csv`).uploadFile(path);
  const job = await call("POST", `${trainingUrl}/jobs?api-version=2.0`, trainingKey, {
    Inputs: { input1: place(`${name}.csv`) },
    Outputs: { output1: place(`${name}.ilearner`), output2: place(`${name}-evaluation.csv`) },
    GlobalParameters: {},
  });
  await call("POST", `${trainingUrl}/jobs/${job}/start?api-version=2.0`, trainingKey);
  for (;;) {
    const status = await call("GET", `${trainingUrl}/jobs/${job}?api-version=2.0`, trainingKey);
    if (status.StatusCode === "Finished") return status.Results;
    if (["Failed", "Cancelled"].includes(status.StatusCode)) throw new Error(status.Details);
    await new Promise((done) => setTimeout(done, 200));
  }
}

async function score(endpoint) {
  const columns =
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex," +
    "capital-gain,capital-loss,hours-per-week,native-country,income";
  const values =
    "52,Self-emp-inc,287927,HS-grad,9,Married-civ-spouse,Exec-managerial,Wife,White,Female,15024,0,40,United-States,>50K";
  const table = { ColumnNames: columns.split(","), Values: [values.split(",")] };
  const url = `${endpoint.ApiLocation}/execute?api-version=2.0`;
  const answer = await call("POST", url, endpoint.PrimaryKey, { Inputs: { input1: table }, GlobalParameters: {} });
  return answer.Results.output1.value.Values[0].at(-1);
}

(async () => {
  const { output1, output2 } = await train();
  const table = await fetch(output2.BaseLocation + output2.RelativeLocation + output2.SasBlobToken);
  if (!table.ok) throw new Error(`the evaluation: ${table.status}`);
  await call("PUT", endpointsUrl + name, token, { ThrottleLevel: "Low" });
  const endpoint = await call("GET", endpointsUrl + name, token);
  const before = await score(endpoint);
  const { BaseLocation, RelativeLocation, SasBlobToken } = output1;
  const Location = { BaseLocation, RelativeLocation, SasBlobToken };
  await call("PATCH", endpointsUrl + name, endpoint.PrimaryKey, {
    Resources: [{ Name: "Census Model [trained model]", Location }],
  });
  console.log("before", before);
  console.log("after", await score(endpoint));
})();
