/** `serve`, as built: what it takes, whom it lets in, what it shows, and how it ends. */
import { existsSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { batch, post, serve, valuesIn } from "./service.ts";
import { corrupt, ended, hasTerminal, said, Workshop } from "./tool.ts";

/** A bare connection to a service. */
function socketTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** All that comes back until the other side closes. */
async function heardFrom(socket: Socket): Promise<string> {
  let all = "";
  socket.on("data", (part) => (all += String(part)));
  await new Promise((resolve) => socket.on("close", resolve));
  return all;
}

describe("serve", () => {
  test("says where it is in one line, takes batches, and can be looked at", async () => {
    const shop = new Workshop();
    const child = shop.start("serve", "-p", "0");
    const end = ended(child);
    await said(child.stdout, "\n");
    child.kill("SIGTERM");
    const { code, out, err } = await end;
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^walkabout serves data\/events\/0 at http:\/\/127\.0\.0\.1:\d+\/\n$/);

    const { url, stop } = await serve(shop, ["data"]);
    expect(await post(url, batch(0, ["one", "two"]))).toEqual({
      status: 200,
      body: { stored: 2, duplicates: 0 },
    });
    expect(await post(`${url}events`, batch(1, ["two", "three"]))).toMatchObject({
      body: { stored: 1, duplicates: 1 },
    });
    await post(url, "nonsense");
    const status = await (await fetch(`${url}status.json`)).json();
    expect(status).toMatchObject({ folder: "data", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(status.logs).toMatchObject([
      { log: "data/events/0", topic: "events", post: "/events", first: 0, next: 3, durable: 3 },
    ]);
    expect(status.logs[0]).toMatchObject({ answers: { 200: 2, 400: 1 }, flushFailures: 0, lastError: null });
    expect((await stop("SIGTERM")).code).toBe(0);
    expect(await valuesIn(shop)).toEqual(["one", "two", "three"]);
  });

  test("takes several topics, each at its own path", async () => {
    const shop = new Workshop();
    const { url, stop } = await serve(shop, ["--topic", "orders", "--topic", "größe 1/2"]);
    expect((await post(`${url}orders`, batch(0, ["o"]))).status).toBe(200);
    const { logs } = await (await fetch(`${url}status.json`)).json();
    expect((await post(new URL(logs[1].post, url).href, batch(0, ["g"]))).status).toBe(200);
    const lost = await post(url, batch(0, ["x"]));
    expect(lost).toMatchObject({ status: 404, body: { error: expect.stringContaining("/orders, /gr") } });
    await stop("SIGTERM");
    expect([await valuesIn(shop, "orders"), await valuesIn(shop, "größe 1/2")]).toEqual([["o"], ["g"]]);
  });

  test("drops old segments when it is told to", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    const { url, stop } = await serve(shop, ["--topic", "orders", "--max-bytes", "1k"]);
    const { logs } = await (await fetch(`${url}status.json`)).json();
    expect([logs[0].first > 0, logs[0].next]).toEqual([true, 30]);
    await stop("SIGTERM");
  });
});

describe("the status page", () => {
  test("shows values as text, and has nothing to run or to load", async () => {
    const shop = new Workshop();
    const { url } = await serve(shop, ["--topic", "<i>topic</i>"]);
    const value = `<img src=x onerror="alert(1)">\u001b[2J\u202e`;
    const records = [
      { key: "<b>&amp;", value, timestamp: 7 },
      { value: { base64: "/w==" }, timestamp: 8 },
    ];
    expect((await post(url, batch(0, [], { records }))).status).toBe(200);
    const response = await fetch(url);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const page = await response.text();
    expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;\\u001b[2J\\u202e");
    expect(page).toContain("&lt;b&gt;&amp;amp;");
    expect(page).toContain("&lt;i&gt;topic&lt;/i&gt;");
    expect(page).toContain("0xff");
    const tags = new Set(Array.from(page.matchAll(/<([a-z0-9]+)/gi), ([, name]) => name));
    for (const name of ["script", "img", "link", "iframe", "form", "i", "b", "object"]) {
      expect(tags).not.toContain(name);
    }
    expect(page).not.toMatch(/https?:|url\(|@import|<[^>]*\son\w+=/);
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; /);
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    const style = /<style>([^]*)<\/style>/.exec(page)![1]!;
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
    expect(policy).toContain(hash.toString("base64"));
  });

  test("is all there is to see", async () => {
    const { url } = await serve(new Workshop());
    expect((await fetch(`${url}../../etc/passwd`)).status).toBe(404);
    expect((await fetch(`${url}events`)).status).toBe(404);
    expect((await fetch(url, { method: "PUT", body: "x" })).status).toBe(405);
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

describe("who is let in", () => {
  const token = "s3cret-Token";
  const basic = `Basic ${btoa(`anybody:${token}`)}`;

  test.each(["environment", "file"])("whoever knows the token, which comes from the %s", async (source) => {
    const shop = new Workshop();
    writeFileSync(shop.path("token"), `${token}\n`);
    const { url, stop } =
      source === "file"
        ? await serve(shop, ["--token-file", "token", "--host", "0.0.0.0"])
        : await serve(shop, [], { env: { WALKABOUT_TOKEN: token } });
    const answers: number[] = [];
    for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${token}`, token, `Bearer ${token}x`]) {
      answers.push((await post(url, batch(0, ["no"]), { authorization })).status);
      answers.push((await fetch(url, { headers: { authorization } })).status);
      answers.push((await fetch(`${url}status.json`, { headers: { authorization } })).status);
    }
    expect(new Set(answers)).toEqual(new Set([401]));
    expect((await fetch(url)).headers.get("www-authenticate")).toContain("Basic");
    expect((await post(url, batch(0, ["yes"]), { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await post(url, batch(1, ["yes"]), { authorization: basic })).status).toBe(200);
    const page = await (await fetch(url, { headers: { authorization: basic } })).text();
    expect(page).toContain("yes");
    expect(page).not.toContain(token);
    const { out, err } = await stop("SIGTERM");
    expect(out + err).not.toContain(token);
    expect(await valuesIn(shop)).toEqual(["yes", "yes"]);
  });

  test("no page of a stranger, by its origin or by a name that it has made point here", async () => {
    const shop = new Workshop();
    const { url, stop } = await serve(shop);
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1"]) {
      const { status, body } = await post(url, batch(0, ["no"]), { origin });
      expect([status, body.error]).toEqual([403, expect.stringContaining("may not send")]);
    }
    const socket = socketTo(url);
    const answer = heardFrom(socket);
    socket.write("GET / HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\n\r\n");
    expect(await answer).toMatch(/^HTTP\/1.1 403 /);
    expect((await post(url, batch(0, ["yes"]), { origin: new URL(url).origin })).status).toBe(200);
    await stop("SIGTERM");
    expect(await valuesIn(shop)).toEqual(["yes"]);
  });

  test("pages of the sites that it is told of, which browsers ask for first", async () => {
    const origin = "https://app.example";
    const { url } = await serve(new Workshop(), ["--origin", `${origin}/`], {
      env: { WALKABOUT_TOKEN: token },
    });
    const asked = await fetch(url, { method: "OPTIONS", headers: { origin } });
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
    for (const name of ["authorization", "content-type", "idempotency-key"]) {
      expect(asked.headers.get("access-control-allow-headers")).toContain(name);
    }
    const headers = { origin, authorization: `Bearer ${token}` };
    const sent = await fetch(url, { method: "POST", body: batch(0, ["a"]), headers });
    expect([sent.status, sent.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    const other = await fetch(url, { method: "OPTIONS", headers: { origin: "https://evil.example" } });
    expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  });
});

describe("hostile input", () => {
  test("is refused with a reason, stores nothing and ends nothing", async () => {
    const shop = new Workshop();
    const { url, child, stop } = await serve(shop, ["--max-body", "2k"]);
    const bodies: [string | Uint8Array<ArrayBuffer>, number][] = [
      ["", 400],
      ["{", 400],
      ["[]", 400],
      ["null", 400],
      ["[".repeat(2000), 400],
      ['{"__proto__":{"outbox":"a"}}', 400],
      [batch(-1, ["a"]), 400],
      [batch(0, ["a"], { outbox: "../../etc" }), 400],
      [batch(0, ["a"], { records: [{ value: 1 }] }), 400],
      [batch(0, ["\ud800"]), 400],
      [Uint8Array.of(0xff, 0xfe, 0), 400],
      ["x".repeat(3000), 413],
      [batch(0, ["x".repeat(3000)]), 413],
    ];
    for (const [body, status] of bodies) {
      const answer = await fetch(url, { method: "POST", body });
      expect([answer.status, (await answer.json()).error]).toEqual([status, expect.stringMatching(/./)]);
    }
    const bare = [
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf",
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST / HTTP/1.1\r\nHo",
      "\x16\x03\x01\x02\0\x01\0",
      `GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}\r\n\r\n`,
    ];
    for (const text of bare) {
      const socket = socketTo(url);
      socket.end(text, "latin1");
      await heardFrom(socket);
    }
    expect(child.exitCode).toBeNull();
    expect((await post(url, batch(0, ["fine"]))).status).toBe(200);
    const { code, err } = await stop("SIGTERM");
    expect([code, err]).toEqual([0, ""]);
    expect(await valuesIn(shop)).toEqual(["fine"]);
  });
});

describe("how it ends", () => {
  test("a request that is under way is answered, and whoever says nothing holds up nobody", async () => {
    const shop = new Workshop();
    const { url, child, end } = await serve(shop);
    const silent = socketTo(url);
    const socket = socketTo(url);
    const heard = heardFrom(socket);
    const body = batch(0, ["under way"]);
    socket.write(
      `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
    );
    // The service has begun to read it when it answers somebody who came later.
    expect((await fetch(url)).status).toBe(200);
    child.kill("SIGTERM");
    for (let isOpen = true; isOpen;)
      isOpen = await fetch(url).then(
        () => true,
        () => false,
      );
    socket.write(body.slice(9));
    expect(await heard).toMatch(/^HTTP\/1.1 200 [^]*connection: close[^]*"stored":1/i);
    expect(await end).toMatchObject({ code: 0, err: "" });
    silent.destroy();
    expect(await valuesIn(shop)).toEqual(["under way"]);
    expect((await shop.json("verify", "data/events/0")).closed).toBe(true);
  });

  test("a request that never ends is given up, and is not there", async () => {
    const shop = new Workshop();
    const { url, child, end } = await serve(shop);
    await post(url, batch(0, ["one"]));
    const socket = socketTo(url);
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf");
    expect((await fetch(url)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await end).toMatchObject({ code: 0, err: "" });
    expect((await shop.run(["append", "data/events/0", "the lock is free"])).code).toBe(0);
    expect(await valuesIn(shop)).toEqual(["one", "the lock is free"]);
  });

  test("Ctrl-C ends it with 0, and the log is closed", async () => {
    const shop = new Workshop();
    const { url, stop } = await serve(shop);
    await post(url, batch(0, ["one"]));
    expect(await stop("SIGINT")).toMatchObject({ code: 0, err: "" });
    expect((await shop.json("verify", "data/events/0")).closed).toBe(true);
  });

  test.skipIf(!hasTerminal)("Ctrl-C in a terminal leaves it alone", async () => {
    const shop = new Workshop();
    const { code, out } = await shop.terminal("walkabout serve --port 0", { input: "\x03" });
    expect([code, out]).toEqual([0, expect.stringMatching(/walkabout serves data\/events\/0 at .*http:/)]);
  });
});

describe("what is wrong is said in one line", () => {
  test("who serves the folder already", async () => {
    const shop = new Workshop();
    const { child, url } = await serve(shop);
    const { code, out, err } = await shop.run(["serve", "--port", "0"]);
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(new RegExp(`^walkabout: .* locked by process ${child.pid} .*\\(LOCKED\\)\n$`));
    expect(await shop.json("serve", "--port", "0")).toMatchObject({ error: { code: "LOCKED" } });
    const other = await shop.run(["serve", "other", "--port", new URL(url).port]);
    expect(other).toMatchObject({ code: 3, out: "" });
    expect(other.err).toMatch(
      /^walkabout: cannot listen on 127\.0\.0\.1, port \d+ \(EADDRINUSE\): .*--port 0.*\n$/,
    );
    // Nothing was made for a service that never was.
    expect(existsSync(shop.path("other"))).toBe(false);
    expect((await fetch(url)).status).toBe(200);
  });

  test.each([
    [["--token", "x"], "serve knows no flag --token; did you mean --token-file?"],
    [["--prot", "1"], "serve knows no flag --prot; did you mean --port?"],
    [["--port", "http"], "--port must be a whole number from 0, not http"],
    [["--port", "70000"], "--port must be at most 65535, not 70000"],
    [["--port"], "--port needs a value: --port <port>"],
    [
      ["--host", "0.0.0.0"],
      "--host 0.0.0.0 lets other machines in: say which token they need with --token-file",
    ],
    [["--token-file", "nowhere"], "there is no nowhere"],
    [["--token-file", "empty"], "the token in empty must be visible ASCII without spaces"],
    [["--origin", "app.example"], "--origin must be a site such as https://app.example, not app.example"],
    [["--topic", "x".repeat(300)], "--topic xxx"],
    [["--topic", ""], "--topic needs a value: --topic <topic>"],
    [["--max-age", "old"], "--max-age must be a time such as 30s, 10m, 2h or 7d, not old"],
    [["--max-body", "0"], "--max-body must be at least one byte"],
    [["data", "more"], '"more" is one too many: walkabout serve [dir]'],
    [
      ["data/orders/0"],
      "data/orders/0 is not a folder of topics; did you mean walkabout serve data --topic orders?",
    ],
    [
      ["data/orders"],
      "data/orders is not a folder of topics; did you mean walkabout serve data --topic orders?",
    ],
    [["empty"], "empty is a file; a log is a folder, <dir>/<topic>/<partition>"],
    [
      ["--host", "nowhere.invalid", "--token-file", "token"],
      "cannot listen on nowhere.invalid, port 8080 (E",
    ],
  ])("%j", async (args, message) => {
    const shop = new Workshop();
    await (await shop.log("orders", 1)).close();
    writeFileSync(shop.path("empty"), "");
    writeFileSync(shop.path("token"), "abc");
    const { code, out, err } = await shop.run(["serve", ...args]);
    expect([code, out]).toEqual([3, ""]);
    expect(err).toContain(`walkabout: ${message}`);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("a log that is damaged is not served, and not touched", async () => {
    const shop = new Workshop();
    const [first] = await shop.closedLog("events", 30);
    corrupt(first!, 10);
    const before = shop.snapshot("events");
    const { code, err } = await shop.run(["serve", "--port", "0"]);
    expect([code, err]).toEqual([2, expect.stringMatching(/^walkabout: .*\(CORRUPT\)\n$/)]);
    expect(shop.snapshot("events")).toEqual(before);
  });
});
