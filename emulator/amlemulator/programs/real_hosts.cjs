// Loaded by Node before a program that `amlclassic run` starts. Node takes no notice of HTTPS_PROXY (before version 24,
// and then only when told), so a connection to one of the service's hosts is made to the emulator's proxy instead, which
// speaks TLS by itself. The program sees the host that it named: in the certificate, in the Host header, in its logs.
"use strict";

const net = require("node:net");

const proxy = new URL(process.env.AMLCLASSIC_RUN_PROXY);
const real = /\.(azureml\.net|blob\.core\.windows\.net)\.?$/i;
const ports = ["443", "80"];
const connect = net.Socket.prototype.connect;

function redirected(options) {
  const host = options && (options.host || options.hostname);
  if (typeof host !== "string" || !real.test(host) || !ports.includes(String(options.port))) return options;
  // A copy: by the first one TLS checks the name in the certificate.
  return { ...options, host: proxy.hostname, port: Number(proxy.port), lookup: undefined, family: 4 };
}

net.Socket.prototype.connect = function (...given) {
  if (Array.isArray(given[0])) {
    given[0][0] = redirected(given[0][0]); // as net.connect hands its arguments on, marked by a symbol
  } else if (typeof given[0] === "object") {
    given[0] = redirected(given[0]);
  } else if (typeof given[1] === "string") {
    given.splice(0, 2, redirected({ port: given[0], host: given[1] }));
  }
  return connect.apply(this, given);
};
