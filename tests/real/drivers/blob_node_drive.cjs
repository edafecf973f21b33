// Drives @azure/storage-blob, unmodified, against a served emulator: `node blob_node_drive.cjs SERVED RESULT`.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const fs = require("node:fs");
const blob = require("@azure/storage-blob");

const served = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const { account, key } = served.storage;
const credential = new blob.StorageSharedKeyCredential(account, key);
const addresses = [`${served.blob_url}/${account}`, `${served.base_url}/${account}.blob`];
const noRetry = { retryOptions: { maxTries: 1 } };
const service = new blob.BlobServiceClient(addresses[0], credential, noRetry);
const name = "dir/a b \ud55c\uad6d %+&#?.csv";

const drives = [];
function drive(title, run) {
  drives.push([title, run]);
}

async function text(client, ...range) {
  return (await client.downloadToBuffer(...range)).toString();
}

drive("the connection string of the endpoints file", async () => {
  const client = blob.BlobServiceClient.fromConnectionString(served.storage.connection_string, noRetry);
  assert.equal((await client.getAccountInfo()).accountKind, "Storage");
});

drive("a blob there and back, under both addresses", async () => {
  for (const [number, address] of addresses.entries()) {
    const client = new blob.BlobServiceClient(address, credential, noRetry);
    const container = client.getContainerClient(`node-${number}`);
    await container.create();
    const up = container.getBlockBlobClient(name);
    const options = { metadata: { ownerName: "me", under_score: "1" }, blobHTTPHeaders: { blobContentType: "text/csv" } };
    await up.upload("content", 7, options);
    assert.equal(await text(up), "content");
    assert.equal(await text(up, 1, 3), "ont");
    const found = await up.getProperties();
    assert.equal(found.contentType, "text/csv");
    assert.deepEqual({ ...found.metadata }, { ownername: "me", under_score: "1" });
    const names = [];
    for await (const item of container.listBlobsFlat()) names.push(item.name);
    assert.deepEqual(names, [name]);
    await container.delete();
  }
});

drive("large blobs in blocks", async () => {
  const container = service.getContainerClient("node-blocks");
  await container.create();
  const up = container.getBlockBlobClient("big");
  const content = crypto.randomBytes(5_000_000);
  await up.uploadData(content, { blockSize: 1_000_000, maxSingleShotSize: 1000, concurrency: 3 });
  assert.ok(content.equals(await up.downloadToBuffer(0, undefined, { blockSize: 700_000, concurrency: 3 })));
  const lists = await up.getBlockList("all");
  assert.equal(lists.committedBlocks.length, 5);
  await up.stageBlockFromURL("AA==", up.url, 0, 10);
  await up.commitBlockList(["AA=="]);
  assert.ok(content.subarray(0, 10).equals(await up.downloadToBuffer()));
});

drive("listings", async () => {
  const container = service.getContainerClient("node-lists");
  await container.create({ access: "blob", metadata: { a: "1" } });
  for (const path of ["a", "d/1", "d/2"]) await container.getBlockBlobClient(path).upload("", 0, { metadata: { k: "v" } });
  const folded = [];
  for await (const item of container.listBlobsByHierarchy("/")) folded.push([item.kind, item.name]);
  assert.deepEqual(folded.sort(), [["blob", "a"], ["prefix", "d/"]]);
  const pages = [];
  for await (const page of container.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 2 }))
    pages.push(page.segment.blobItems.map((item) => [item.name, item.metadata.k]));
  assert.deepEqual(pages, [[["a", "v"], ["d/1", "v"]], [["d/2", "v"]]]);
  const containers = [];
  for await (const item of service.listContainers({ prefix: "node-l", includeMetadata: true })) containers.push(item);
  assert.equal(containers[0].metadata.a, "1");
  assert.equal(containers[0].properties.publicAccess, "blob");
});

drive("changes and conditions", async () => {
  const container = service.getContainerClient("node-changes");
  await container.create();
  const client = container.getBlockBlobClient("b");
  const first = await client.upload("1", 1);
  await client.setMetadata({ a: "1" });
  await client.setHTTPHeaders({ blobContentType: "text/x" });
  const refusals = [
    [() => client.upload("2", 1, { conditions: { ifMatch: first.etag } }), "ConditionNotMet"],
    [() => client.upload("2", 1, { conditions: { ifNoneMatch: "*" } }), "BlobAlreadyExists"],
    [() => container.getBlobClient("nothing").download(), "BlobNotFound"],
    [() => container.create(), "ContainerAlreadyExists"],
  ];
  for (const [run, code] of refusals) await assert.rejects(run, (error) => error.code === code);
  const copied = await (await container.getBlobClient("copy").beginCopyFromURL(client.url)).pollUntilDone();
  assert.equal(copied.copyStatus, "success");
  await client.delete({ deleteSnapshots: "include" });
  assert.equal(await client.exists(), false);
});

drive("tokens", async () => {
  const container = service.getContainerClient("node-tokens");
  await container.create();
  const client = container.getBlockBlobClient(name);
  await client.upload("content", 7);
  const expiresOn = new Date(Date.now() + 3600_000);
  const identifier = [{ id: "p", accessPolicy: { expiresOn, permissions: "r" } }];
  await container.setAccessPolicy(undefined, identifier);
  assert.equal((await container.getAccessPolicy()).signedIdentifiers[0].id, "p");
  const where = { containerName: "node-tokens" };
  const read = blob.BlobSASPermissions.parse("r");
  const urls = [
    await client.generateSasUrl({ permissions: read, expiresOn }),
    await container.generateSasUrl({ permissions: blob.ContainerSASPermissions.parse("r"), expiresOn }),
  ];
  const tokens = [
    new URL(urls[0]).search.slice(1),
    new URL(urls[1]).search.slice(1),
    blob.generateBlobSASQueryParameters({ ...where, identifier: "p" }, credential).toString(),
    service.generateAccountSasUrl(expiresOn, blob.AccountSASPermissions.parse("r"), "o").split("?")[1],
  ];
  for (const token of tokens) assert.equal(await text(new blob.BlobClient(`${client.url}?${token}`, undefined, noRetry)), "content");
  const late = await client.generateSasUrl({ permissions: read, expiresOn: new Date(Date.now() - 3600_000) });
  await assert.rejects(() => new blob.BlobClient(late, undefined, noRetry).download(), (error) => error.statusCode === 403);
});

drive("what is not emulated", async () => {
  const container = service.getContainerClient("node-refused");
  await container.create();
  const client = container.getBlockBlobClient("b");
  await client.upload("1", 1);
  for (const run of [
    () => client.createSnapshot(),
    () => client.getBlobLeaseClient().acquireLease(15),
    () => client.setAccessTier("Cool"),
    () => container.getAppendBlobClient("a").create(),
    () => container.getPageBlobClient("p").create(512),
  ])
    await assert.rejects(run, (error) => error.statusCode === 501 && /emulated/.test(error.message));
});

drive("settings of the account", async () => {
  await service.setProperties({ cors: [{ allowedOrigins: "*", allowedMethods: "GET", allowedHeaders: "", exposedHeaders: "", maxAgeInSeconds: 1 }] });
  assert.equal((await service.getProperties()).cors[0].allowedOrigins, "*");
});

(async () => {
  const results = [];
  for (const [title, run] of drives) {
    let error = null;
    try {
      await run();
    } catch (caught) {
      error = String(caught.stack || caught);
    }
    results.push({ name: title, error });
  }
  fs.writeFileSync(process.argv[3], JSON.stringify({ drives: results }));
})();
