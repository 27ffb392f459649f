// Makes calls by gRPC-web, as a page does: one line of JSON for each call comes in, one for each ending goes out.
//
//   node client.mjs URL DESCRIPTORS
//
// In:  {id, path, request (Base64), headers, timeoutMs, cancelAfterMs}
// Out: {id, code, message, details: [{type, value}], replies: [Base64], headers, trailers}
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

const [url, descriptors] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const transport = createGrpcWebTransport({ baseUrl: url });

/** The method of a path. One that no contract describes is called as one that takes and gives the same as another. */
function methodOf(path) {
  const [typeName, name] = path.replace(/^\//, "").split("/");
  const service = registry.getService(typeName);
  const known = service?.methods.find((method) => method.name === name);
  if (known) return known;
  const [other] = [...registry].filter((type) => type.kind === "service");
  const unary = other.methods.find((method) => method.methodKind === "unary");
  return { ...unary, name, parent: { ...other, typeName } };
}

async function ended(call) {
  const method = methodOf(call.path);
  const request = fromBinary(method.input, Buffer.from(call.request, "base64"));
  const stop = new AbortController();
  const timer = call.cancelAfterMs ? setTimeout(() => stop.abort(), call.cancelAfterMs) : undefined;
  const replies = [];
  const keep = (reply) => replies.push(Buffer.from(toBinary(method.output, reply)).toString("base64"));
  try {
    const answer = await started(method, request, call, stop.signal);
    if (method.methodKind === "unary") keep(answer.message);
    else for await (const reply of answer.message) keep(reply);
    return { code: "OK", message: "", details: [], replies, ...heard(answer.header, answer.trailer) };
  } catch (reason) {
    const error = ConnectError.from(reason);
    const details = error.details.map(({ type, value }) => ({ type, value: Buffer.from(value).toString("base64") }));
    return { code: nameOf(error.code), message: error.rawMessage, details, replies, ...heard(error.metadata) };
  } finally {
    clearTimeout(timer);
  }
}

function started(method, request, call, signal) {
  if (method.methodKind === "unary") {
    return transport.unary(method, signal, call.timeoutMs, call.headers, request);
  }
  const requests = (async function* () {
    yield request;
  })();
  return transport.stream(method, signal, call.timeoutMs, call.headers, requests);
}

function heard(header, trailer) {
  return { headers: Object.fromEntries(header ?? []), trailers: Object.fromEntries(trailer ?? []) };
}

/** As gRPC spells it: NOT_FOUND for NotFound, CANCELLED with two of L. */
function nameOf(code) {
  const name = Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return name === "CANCELED" ? "CANCELLED" : name;
}

for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line);
  ended(call).then((ending) => process.stdout.write(`${JSON.stringify({ id: call.id, ...ending })}\n`));
}
