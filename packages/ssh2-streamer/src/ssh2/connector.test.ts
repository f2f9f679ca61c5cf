import { Duplex } from "node:stream";
import { Secret } from "@otto/errors";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { formatFingerprint } from "../host-keys/known-hosts.js";
import { connectBySsh2 } from "./connector.js";

// One in 230 ed25519 keys of ssh2 1.17 is one that it cannot read.
const { private: key, public: publicKey } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");

/** A server that lets everybody in; `isCut`: the connection is closed in the same turn. */
function startServer(isCut: () => boolean) {
  const server = new ssh2.Server({ hostKeys: [key] });
  let isAccepted = false;
  server.on("connection", (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      isAccepted = context.method === "password";
      if (isAccepted) context.accept();
      else context.reject(["password"]);
    });
  });
  return async () => {
    isAccepted = false;
    return connectTo(server, () => isAccepted && isCut());
  };
}

/** @param isLast tells of each chunk of the server whether the connection is closed with it */
function connectTo(server: InstanceType<typeof ssh2.Server>, isLast: () => boolean): Duplex {
  const ours = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => {
      theirs.push(chunk);
      done();
    },
  });
  const theirs = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => {
      const isCut = isLast();
      // In a turn of its own, as bytes come from a network.
      setImmediate(() => {
        ours.push(chunk);
        if (isCut) ours.destroy();
        done();
      });
    },
  });
  ours.once("close", () => theirs.destroy());
  server.injectSocket(theirs as unknown as Parameters<typeof server.injectSocket>[0]);
  return ours;
}

test("a connection that is lost in the turn of its login is made again, not handed over dead", async () => {
  let cuts = 1;
  const connection = await connectBySsh2({
    endpoint: {
      name: "parent",
      host: "parent",
      credentials: [{ username: "ada", password: new Secret("any") }],
      hostKey: { pin: formatFingerprint(blob) },
    },
    dial: startServer(() => cuts-- > 0),
    signal: new AbortController().signal,
    depth: 0,
    env: {},
    onEvent: () => {},
  });
  expect(cuts).toBeLessThan(1);
  expect(connection.isOpen).toBe(true);
  await connection.close("done");
});

test("who has no key asks what the server takes before a password is read or a person asked", async () => {
  const taken: string[] = [];
  const server = new ssh2.Server({ hostKeys: [key] });
  server.on("connection", (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      taken.push(context.method);
      context.reject(["publickey"]);
    });
  });
  const neverRead = () => Promise.reject(new Error("it was read"));
  const connecting = connectBySsh2({
    endpoint: {
      name: "parent",
      host: "parent",
      credentials: [{ username: "ada", password: neverRead }],
      hostKey: { pin: formatFingerprint(blob) },
    },
    dial: async () => connectTo(server, () => false),
    signal: new AbortController().signal,
    depth: 0,
    env: {},
    onEvent: () => {},
    onPrompt: neverRead,
  });
  await expect(connecting).rejects.toMatchObject({ code: "SSH_AUTH_FAILED", details: { offered: ["publickey"] } });
  expect(taken).toEqual(["none"]);
});

test("an endpoint that is not authorized is not even dialled", async () => {
  let dials = 0;
  const refusal = new Error("not trusted");
  const opening = connectBySsh2({
    endpoint: {
      name: "parent",
      host: "parent",
      credentials: [{ username: "ada" }],
      hostKey: { pin: formatFingerprint(blob) },
      authorize: () => {
        throw refusal;
      },
    },
    dial: async () => {
      dials += 1;
      throw new Error("dialled");
    },
    signal: new AbortController().signal,
    depth: 0,
    env: {},
    onEvent: () => {},
  });
  await expect(opening).rejects.toBe(refusal);
  expect(dials).toBe(0);
});
