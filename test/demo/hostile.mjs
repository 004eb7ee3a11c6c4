/** The service under everything that a stranger may send it. Afterwards it has to be as it was. */
import { request } from "node:http";
import { connect } from "node:net";
import { expect, until } from "./expect.mjs";
import { startService, stateOf, withFolder } from "./service.mjs";

const json = { "content-type": "application/json" };

export async function checkService(tally) {
  await withFolder(async (folder) => {
    const service = await startService(`${folder}/data`);
    try {
      await checkRefusals(service, tally);
      await tally.check("what was sent has left nothing behind", async () => {
        const { next, proof, isOn } = await stateOf(service.url);
        expect(isOn && next === 0 && proof.strangers === 0, `${next} records, ${proof.strangers} strangers`);
      });
      await checkDeliveries(service, tally);
      await tally.check("switched off, it shows every record that it has promised", () => checkOff(service));
      await tally.check("takes another port, and says so, when its own is taken", async () => {
        const { port } = new URL(service.url);
        const other = await startService(`${folder}/other`, port);
        await other.stop();
        expect(other.output.includes(`port ${port} is taken`), other.output);
        expect(other.url !== undefined && other.url !== service.url, other.output);
      });
      await tally.check("says who has the log when another process has it", async () => {
        const other = await startService(`${folder}/data`);
        expect((await other.stop()) === 1 && /Another process has it open/.test(other.output), other.output);
      });
      await tally.check("SIGTERM: deliveries end, the log is closed, and nothing is lost", () =>
        restart(service, folder),
      );
    } finally {
      await service.stop("SIGKILL");
    }
  });
}

async function checkRefusals({ url }, tally) {
  const { host, port } = new URL(url);
  const batch = JSON.stringify(batchOf([{ value: "x", timestamp: 1 }]));
  const cases = [
    ["an unknown path", 404, "/nowhere"],
    ["a path out of the folder", 404, "/../server/main.js"],
    ["a path out of the folder, escaped", 404, "/assets/..%2f..%2fserver/main.js"],
    ["a method that is not taken", 405, "/", { method: "DELETE" }],
    ["a GET where there is POST", 405, "/ingest"],
    ["another host", 403, "/", { headers: { host: "evil.example" } }],
    [
      "another origin at the switches",
      403,
      "/control",
      { ...post('{"server":"off"}'), headers: { ...json, host, origin: "http://evil.example" } },
    ],
    [
      "another origin at the deliveries",
      403,
      "/ingest",
      { ...post(batch), headers: { ...json, host, origin: "null" } },
    ],
    [
      "a type that any page may send",
      415,
      "/control",
      { ...post('{"server":"off"}'), headers: { host, "content-type": "text/plain" } },
    ],
    ["a switch that is none", 400, "/control", post('{"server":"perhaps"}')],
    [
      "one that is named as a prototype",
      400,
      "/control",
      post('{"__proto__":{"server":"off"},"constructor":1}'),
    ],
    ["an array in place of switches", 400, "/control", post("[]")],
    ["switches without an end", 400, "/control", post("x".repeat(100_000))],
    ["a delivery that is no JSON", 400, "/ingest", post("{")],
    ["a delivery of null", 400, "/ingest", post("null")],
    ["records that are null", 400, "/ingest", post(JSON.stringify(batchOf([null])))],
    ["records in each other, 100,000 deep", 400, "/ingest", post(`{"records":${"[".repeat(100_000)}`)],
    ["a value that is a number", 400, "/ingest", post(JSON.stringify(batchOf([{ value: 1, timestamp: 1 }])))],
    ["a time before 1970", 400, "/ingest", post(JSON.stringify(batchOf([{ value: "x", timestamp: -1 }])))],
    [
      "a name that is a path",
      400,
      "/ingest",
      post(JSON.stringify({ ...batchOf([{ value: "x", timestamp: 1 }]), outbox: "../../x" })),
    ],
    [
      "more records than are taken",
      400,
      "/ingest",
      post(JSON.stringify(batchOf(Array.from({ length: 1001 }, () => ({ value: "", timestamp: 1 }))))),
    ],
    ["a body that is too large", 413, "/ingest", post("x".repeat(600 * 1024))],
    [
      "one that does not say how large it is",
      413,
      "/ingest",
      { ...post("x".repeat(600 * 1024)), chunked: true },
    ],
    ["headers that are too large", 431, "/", { headers: { host, cookie: "x".repeat(20_000) } }],
  ];
  for (const [name, status, path, options = {}] of cases) {
    await tally.check(`refuses ${name}`, async () => {
      const answer = await ask({ port, path, ...options });
      expect(
        answer.status === status,
        `${answer.status} in place of ${status}: ${answer.body.slice(0, 100)}`,
      );
    });
  }
  await tally.check("refuses what is no HTTP, and lives on", async () => {
    await new Promise((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.end("\0\x01 not HTTP at all\r\n\r\n"));
      socket.on("error", resolve).on("close", resolve).resume();
    });
    expect((await ask({ port, path: "/" })).status === 200, "it serves no page");
  });
  await tally.check("every answer has the policy, and the page names no other origin", async () => {
    const { headers, body } = await ask({ port, path: "/" });
    const policy = headers["content-security-policy"] ?? "";
    expect(policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
    expect(
      !/<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|https?:\/\//.test(body),
      "something is inline, or from elsewhere",
    );
  });
  await tally.check("the 65th who watches is told to come later", async () => {
    const watchers = [];
    try {
      for (let count = 0; count < 64; count++) {
        const aborter = new AbortController();
        watchers.push(aborter);
        const { status } = await fetch(`${url}/events`, { signal: aborter.signal });
        expect(status === 200, `watcher ${count} got ${status}`);
      }
      const { status } = await ask({ port, path: "/events" });
      expect(status === 503, `it got ${status}`);
    } finally {
      for (const aborter of watchers) aborter.abort();
    }
    await until(
      async () => (await ask({ port, path: "/events", headOnly: true })).status === 200,
      "watching is possible again",
    );
  });
}

async function checkDeliveries({ url }, tally) {
  const send = async (body) =>
    (await fetch(`${url}/ingest`, { method: "POST", headers: json, body: JSON.stringify(body) })).json();
  await tally.check("a delivery is stored once, however often it is sent", async () => {
    const order = { key: "ada", value: orderOf(1, 0), timestamp: 1 };
    const first = await send(batchOf([order]));
    const again = await send(batchOf([order]));
    expect(
      first.stored === 1 && again.stored === 0 && again.duplicates === 1,
      JSON.stringify([first, again]),
    );
    const { proof, duplicates } = await until(async () => {
      const state = await stateOf(url);
      return state.next === 1 && state;
    }, "the record is in the log");
    expect(proof.exact === 1 && duplicates === 1, JSON.stringify(proof));
  });
  await tally.check("the proof counts what is there twice, late, or missing", async () => {
    // Numbers of their own, so that the receiver has no reason to refuse them.
    const orders = [
      orderOf(2, 1),
      orderOf(2, 1),
      orderOf(5, 2),
      orderOf(4, 2),
      orderOf(9, 8),
      "no order",
      "<b>",
    ];
    await send(
      batchOf(
        orders.map((value) => ({ key: "ada", value, timestamp: 1 })),
        "forger",
      ),
    );
    const { proof } = await until(async () => {
      const state = await stateOf(url);
      return state.next === 8 && state;
    }, "the records are in the log");
    const { exact, twice, disordered, missing, strangers } = proof;
    const found = JSON.stringify({ exact, twice, disordered, missing, strangers });
    expect(found === '{"exact":3,"twice":1,"disordered":1,"missing":1,"strangers":2}', found);
  });
}

/** Deliveries are under way in six lines while the switch is turned: those that were answered have to be in the state. */
async function checkOff({ url }) {
  const turn = (server) =>
    fetch(`${url}/control`, { method: "POST", headers: json, body: JSON.stringify({ server }) });
  const before = (await stateOf(url)).next;
  let acknowledged = 0;
  const line = async (outbox) => {
    for (let sequence = 1; ; sequence += 200) {
      const records = Array.from({ length: 200 }, () => ({ value: "no order", timestamp: 1 }));
      const body = JSON.stringify(batchOf(records, outbox, sequence));
      const { status } = await fetch(`${url}/ingest`, { method: "POST", headers: json, body });
      if (status === 200) acknowledged += records.length;
    }
  };
  const lines = ["a", "b", "c", "d", "e", "f"].map((name) => line(`off-${name}`).catch(() => undefined));
  await until(() => acknowledged >= 4000, "some deliveries were taken");
  await turn("off");
  const { next, isOn } = await stateOf(url);
  await Promise.all(lines);
  await turn("on");
  expect(!isOn, "it is on");
  expect(next === before + acknowledged, `${next - before} are shown, and ${acknowledged} were promised`);
  return `${acknowledged} records`;
}

async function restart(service, folder) {
  const before = await stateOf(service.url);
  const bodies = Array.from({ length: 40 }, (_, index) =>
    batchOf([{ value: orderOf(index + 1, index), key: "busy", timestamp: 1 }], "busy", index + 1),
  );
  let acknowledged = 0;
  const deliveries = (async () => {
    for (const body of bodies) {
      const { status } = await fetch(`${service.url}/ingest`, {
        method: "POST",
        headers: json,
        body: JSON.stringify(body),
      });
      if (status === 200) acknowledged++;
    }
  })().catch(() => undefined);
  await until(() => acknowledged > 3, "some deliveries were taken");
  const code = await service.stop("SIGTERM");
  await deliveries;
  expect(code === 0, `it ended with ${code}: ${service.output}`);
  const again = await startService(`${folder}/data`);
  try {
    const state = await until(async () => {
      const found = await stateOf(again.url);
      return found.isCaughtUp && found;
    }, "the log is read");
    expect(
      state.next >= before.next + acknowledged,
      `${state.next} records, and ${before.next} + ${acknowledged} were promised`,
    );
    return `${acknowledged} acknowledged while it was ended, ${state.next - before.next} there`;
  } finally {
    await again.stop();
  }
}

function orderOf(number, after) {
  return JSON.stringify({ item: "tea", quantity: 1, tab: "test", number, after });
}

function batchOf(records, outbox = "stranger", sequence = 1) {
  return { outbox, incarnation: 1, lane: 0, sequence, records };
}

function post(body) {
  return { method: "POST", body };
}

/** A request as it is written, also where `fetch` would not send it. */
function ask({ port, path, method = "GET", headers = json, body, chunked = false, headOnly = false }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined || chunked ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = request({
      host: "127.0.0.1",
      port,
      path,
      method,
      headers: { ...headers, ...length },
      agent: false,
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const { statusCode: status, headers: answered } = response;
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      const done = () => resolve({ status, headers: answered, body: text });
      response.on("end", done).on("error", done);
      if (headOnly) {
        done();
        outgoing.destroy();
      }
    });
    if (chunked) outgoing.write(body.slice(0, 10));
    outgoing.end(chunked ? body.slice(10) : body);
  });
}
