import { expect, test } from "vitest";
import { channelMessages as messages } from "../openssh/channels.js";
import { encodeFields } from "../openssh/wire.js";
import { ChannelRelay } from "./channel-relay.js";

function createRelay(sessionLimit = Number.POSITIVE_INFINITY) {
  const sent: string[] = [];
  const relay = new ChannelRelay({ send: (message) => sent.push(describe(message)), sessionLimit });
  const addClient = () => {
    const got: string[] = [];
    return { got, send: (message: Buffer) => void got.push(describe(message)) };
  };
  return { relay, sent, addClient };
}

const names = Object.fromEntries(Object.entries(messages).map(([name, number]) => [number, name]));

/** `data 3`: the message and the number of the channel that it is for; of an opening, that which the sender gives it. */
function describe(message: Buffer): string {
  const type = message[0] ?? 0;
  const at = type === messages.channelOpen ? 5 + message.readUInt32BE(1) : 1;
  return `${names[type]} ${message.readUInt32BE(at)}`;
}

const open = (id: number, type = "session") =>
  encodeFields([{ byte: messages.channelOpen }, { string: type }, { uint32: id }, { uint32: 9 }, { uint32: 9 }]);
const about = (type: keyof typeof messages, id: number) => encodeFields([{ byte: messages[type] }, { uint32: id }]);
const confirm = (id: number, serverId: number) =>
  Buffer.concat([about("openConfirmation", id), encodeFields([{ uint32: serverId }, { uint32: 9 }, { uint32: 9 }])]);
const request = (id: number, wantsReply: boolean) =>
  Buffer.concat([about("request", id), encodeFields([{ string: "keepalive@openssh.com" }, { boolean: wantsReply }])]);

test("two clients number their channels as they like, and each gets what is for it", () => {
  const { relay, sent, addClient } = createRelay();
  const [one, two] = [addClient(), addClient()];
  relay.receive(one, open(1));
  relay.receive(two, open(1));
  relay.receiveFromServer(confirm(1, 70));
  relay.receiveFromServer(confirm(2, 71));
  relay.receive(two, about("data", 71));
  relay.receiveFromServer(about("data", 1));
  expect(sent).toEqual(["channelOpen 1", "channelOpen 2", "data 71"]);
  expect(one.got).toEqual(["openConfirmation 1", "data 1"]);
  expect(two.got).toEqual(["openConfirmation 1"]);
});

test("a client reaches no channel but its own", () => {
  const { relay, sent, addClient } = createRelay();
  const [one, two] = [addClient(), addClient()];
  relay.receive(one, open(1));
  relay.receiveFromServer(confirm(1, 70));
  relay.receive(two, about("close", 70));
  relay.receive(two, about("data", 5));
  expect(sent).toEqual(["channelOpen 1"]);
});

test("the channels of a client that is gone are closed: those that are open, and those that open later", () => {
  const { relay, sent, addClient } = createRelay();
  const one = addClient();
  relay.receive(one, open(1));
  relay.receiveFromServer(confirm(1, 70));
  relay.receive(one, open(2));
  relay.leave(one);
  relay.receiveFromServer(about("data", 1));
  relay.receiveFromServer(confirm(2, 71));
  expect(sent).toEqual(["channelOpen 1", "channelOpen 2", "close 70", "close 71"]);
  expect(one.got).toEqual(["openConfirmation 1"]);
  relay.receiveFromServer(about("close", 1));
  relay.receiveFromServer(about("close", 2));
  expect(relay.size).toBe(0);
});

test("a channel that the server closed while its client was gone is closed from this side too", () => {
  const { relay, sent, addClient } = createRelay();
  const one = addClient();
  relay.receive(one, open(1));
  relay.receiveFromServer(confirm(1, 70));
  relay.receiveFromServer(about("close", 1));
  expect(relay.size).toBe(1);
  relay.leave(one);
  expect(sent.at(-1)).toBe("close 70");
  expect(relay.size).toBe(0);
});

test("after both sides have closed a channel, its number is of no channel", () => {
  const { relay, sent, addClient } = createRelay();
  const one = addClient();
  relay.receive(one, open(1));
  relay.receiveFromServer(confirm(1, 70));
  relay.receive(one, about("close", 70));
  relay.receive(one, about("data", 70));
  relay.receiveFromServer(about("close", 1));
  relay.receive(one, about("close", 70));
  expect(sent).toEqual(["channelOpen 1", "close 70"]);
  expect(relay.size).toBe(0);
});

test("a probe of the server is answered for the client, which may stand still", () => {
  const { relay, sent, addClient } = createRelay();
  const one = addClient();
  relay.receive(one, open(1));
  relay.receiveFromServer(confirm(1, 70));
  relay.receiveFromServer(request(1, true));
  relay.receiveFromServer(request(1, false));
  expect(sent.at(-1)).toBe("failure 70");
  expect(one.got).toEqual(["openConfirmation 1", "request 1"]);
});

test("sessions of all clients count for the server's limit, forwarded streams do not", () => {
  const { relay, sent, addClient } = createRelay(1);
  const [one, two] = [addClient(), addClient()];
  relay.receive(one, open(1));
  relay.receive(two, open(7));
  relay.receive(two, open(8, "direct-tcpip"));
  expect(two.got).toEqual(["openFailure 7"]);
  expect(sent).toEqual(["channelOpen 1", "channelOpen 2"]);
  relay.receiveFromServer(about("openFailure", 1));
  relay.receive(two, open(9));
  expect(sent.at(-1)).toBe("channelOpen 3");
  expect(relay.size).toBe(2);
});

test.each([1, 80, 91, 92, 101])(
  "a client cannot send a message of type %i, which is not one of its channel",
  (type) => {
    const { relay, sent, addClient } = createRelay();
    const one = addClient();
    relay.receive(one, open(1));
    relay.receiveFromServer(confirm(1, 70));
    expect(() => relay.receive(one, encodeFields([{ byte: type }, { uint32: 70 }]))).toThrow(
      `a message of type ${type}`,
    );
    expect(sent).toEqual(["channelOpen 1"]);
  },
);
