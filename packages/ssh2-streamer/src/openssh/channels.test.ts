import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { type Channel, Channels, type ChannelUser } from "./channels.js";
import { encodeFields, FieldReader, MessageReader, WireError } from "./wire.js";

type Fields = Parameters<typeof encodeFields>[0];

/** Channels whose peer is the test: `sent` has what they sent, as `type id …`. */
function createPeer() {
  const sent: string[] = [];
  const reader = new MessageReader();
  const stream = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      reader.push(chunk, (message) => sent.push(describe(message)));
      done();
    },
  });
  const channels = new Channels(stream);
  const answer = (type: number, ...fields: Fields) => {
    const body = encodeFields([{ byte: type }, ...fields]);
    channels.receive(body);
  };
  const seen: string[] = [];
  const user: ChannelUser = {
    onData: (chunk, isStderr) => seen.push(`${isStderr ? "err" : "out"} ${chunk.toString()}`),
    onEof: () => seen.push("eof"),
    onRequest: (type) => seen.push(type),
    onClose: () => seen.push("close"),
  };
  const open = async (window = 100): Promise<Channel> => {
    const opening = channels.open("session", Buffer.alloc(0), () => user);
    answer(91, { uint32: 1 }, { uint32: 9 }, { uint32: window }, { uint32: 4 });
    const opened = await opening;
    if ("why" in opened) throw opened.error;
    return opened.channel;
  };
  return { channels, answer, open, sent, seen, user };
}

function describe(message: Buffer): string {
  const fields = new FieldReader(message);
  fields.byte();
  const type = fields.byte();
  if (type === 90) return `90 ${fields.string().toString()} ${fields.uint32()}`;
  const id = fields.uint32();
  if (type === 94) return `94 ${id} ${fields.string().toString()}`;
  if (type === 93) return `93 ${id} ${fields.uint32()}`;
  if (type === 98) return `98 ${id} ${fields.string().toString()}`;
  return `${type} ${id}`;
}

test("a refused channel has the reason of the server", async () => {
  const { channels, answer, user } = createPeer();
  const opening = channels.open("session", Buffer.alloc(0), () => user);
  answer(92, { uint32: 1 }, { uint32: 1 }, { string: "no" }, { string: "" });
  expect(await opening).toMatchObject({ why: "refused", reason: 1 });
});

test("data is cut to the packets and the window of the peer, and goes on with the window", async () => {
  const { answer, open, sent } = createPeer();
  const channel = await open(6);
  let isDone = false;
  channel.write(Buffer.from("abcdefghij"), () => {
    isDone = true;
  });
  expect(sent.slice(1)).toEqual(["94 9 abcd", "94 9 ef"]);
  expect(isDone).toBe(false);
  answer(93, { uint32: 1 }, { uint32: 100 });
  expect(sent.slice(3)).toEqual(["94 9 ghij"]);
  await expect.poll(() => isDone).toBe(true);
});

test("what is taken is told to the peer in large steps, and not after its end", async () => {
  const { answer, open, sent } = createPeer();
  const channel = await open();
  channel.consume(1000);
  expect(sent).toHaveLength(1);
  channel.consume(1 << 18);
  expect(sent.slice(1)).toEqual([`93 9 ${1000 + (1 << 18)}`]);
  answer(96, { uint32: 1 });
  channel.consume(1 << 18);
  expect(sent).toHaveLength(2);
});

test("both outputs, the end, the exit and the close come in their order; the close is answered", async () => {
  const { answer, open, sent, seen } = createPeer();
  const channel = await open();
  answer(94, { uint32: 1 }, { string: "a" });
  answer(95, { uint32: 1 }, { uint32: 1 }, { string: "b" });
  answer(95, { uint32: 1 }, { uint32: 7 }, { string: "of no known type" });
  answer(96, { uint32: 1 });
  answer(98, { uint32: 1 }, { string: "exit-status" }, { boolean: false }, { uint32: 3 });
  const reply = channel.request("exec", Buffer.alloc(0));
  answer(97, { uint32: 1 });
  answer(94, { uint32: 1 }, { string: "after the close" });
  expect(seen).toEqual(["out a", "err b", "eof", "exit-status", "close"]);
  expect(await reply).toBeUndefined();
  expect(sent.slice(1)).toEqual(["98 9 exec", "97 9"]);
});

test("replies go to requests in their order", async () => {
  const { answer, open } = createPeer();
  const channel = await open();
  const replies = [channel.request("pty-req", Buffer.alloc(0)), channel.request("exec", Buffer.alloc(0))];
  answer(99, { uint32: 1 });
  answer(100, { uint32: 1 });
  expect(await Promise.all(replies)).toEqual([true, false]);
});

test("a request that wants an answer, as sshd's probe does, is answered with failure", async () => {
  const { answer, open, sent, seen } = createPeer();
  await open();
  answer(98, { uint32: 1 }, { string: "keepalive@openssh.com" }, { boolean: true });
  expect([sent.at(-1), seen]).toEqual(["100 9", []]);
});

test("a peer that sends more than the window allows is refused", async () => {
  const { answer, open } = createPeer();
  await open();
  const chunk = "x".repeat(1 << 18);
  for (let sent = 0; sent < 8; sent += 1) answer(94, { uint32: 1 }, { string: chunk });
  expect(() => answer(94, { uint32: 1 }, { string: "x" })).toThrow(WireError);
});

test("a message for a channel that is not there is passed over; one that is cut short is refused", async () => {
  const { answer } = createPeer();
  answer(94, { uint32: 77 }, { string: "x" });
  answer(91, { uint32: 77 }, { uint32: 0 }, { uint32: 0 }, { uint32: 0 });
  expect(() => answer(91, { uint32: 77 })).toThrow(WireError);
});

test("after a loss nothing waits: openings were not sent, replies are none, writes fail", async () => {
  const { channels, open, user } = createPeer();
  const channel = await open(0);
  const written = new Promise((resolve) => {
    channel.write(Buffer.from("x"), resolve);
  });
  const [reply, opening] = [channel.request("exec", Buffer.alloc(0)), channels.open("x", Buffer.alloc(0), () => user)];
  channels.lose();
  expect(await written).toMatchObject({ code: "EPIPE" });
  expect([await reply, await opening, await channels.open("x", Buffer.alloc(0), () => user)]).toMatchObject([
    undefined,
    { why: "unsent" },
    { why: "unsent" },
  ]);
});
