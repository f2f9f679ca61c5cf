import { connect } from "node:net";
import { encodeFields, FieldReader, MessageReader } from "../openssh/wire.js";

// draft-miller-ssh-agent, 5.1.
const requestIdentities = 11;
const identitiesAnswer = 12;

/** An agent that is asked has this long to answer. */
const answerMs = 1000;

/** The types of the keys of an agent, as SSH names them; none of one that does not answer. */
export function readAgentKeyTypes(socketPath: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const messages = new MessageReader();
    const done = (types: readonly string[]) => {
      socket.destroy();
      resolve(types);
    };
    const fail = () => done([]);
    socket.setTimeout(answerMs, fail).on("error", fail).once("close", fail);
    socket.on("data", (chunk: Buffer) => {
      try {
        messages.push(chunk, (message) => done(readTypes(message)));
      } catch {
        fail();
      }
    });
    socket.write(encodeFields([{ string: Buffer.of(requestIdentities) }]));
  });
}

function readTypes(message: Buffer): readonly string[] {
  const fields = new FieldReader(message);
  if (fields.byte() !== identitiesAnswer) return [];
  const types: string[] = [];
  for (let left = fields.uint32(); left > 0; left -= 1) {
    types.push(new FieldReader(fields.string()).string().toString("latin1"));
    fields.string();
  }
  return types;
}
