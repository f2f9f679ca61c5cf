import { PassThrough } from "node:stream";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { findForeignList, planAlgorithms } from "./algorithms.js";
import { readSsh2Algorithms } from "./internals.js";

const known = await readSsh2Algorithms();

test("the lists of this ssh2 are there, and it takes what is planned of all it has", () => {
  for (const { defaults, supported } of Object.values(known)) {
    expect(defaults.length).toBeGreaterThan(2);
    expect(supported).toEqual(expect.arrayContaining([...defaults]));
  }
  const algorithms = planAlgorithms({ kex: "*", ciphers: "+*", macs: "^*" }, known);
  const serverHostKey = [...known.hostKeys.supported] as ssh2.ServerHostKeyAlgorithm[];
  const client = new ssh2.Client();
  client.on("error", () => {});
  const config = { username: "ada", sock: new PassThrough(), algorithms: { ...algorithms, serverHostKey } };
  expect(() => client.connect(config)).not.toThrow();
  client.destroy();
});

test("only the lists that there are change what ssh2 asks for", () => {
  expect(planAlgorithms({}, known)).toEqual({});
  const lists = {
    kex: "curve25519-sha256,sntrup761x25519-sha512@openssh.com",
    ciphers: "-aes128*,*cbc",
    macs: "umac*",
  };
  expect(planAlgorithms(lists, known)).toEqual({
    kex: ["curve25519-sha256"],
    cipher: known.ciphers.defaults.filter((name) => !name.startsWith("aes128")),
    hmac: [],
  });
  expect(findForeignList(lists, known)).toEqual({ kind: "macs", text: "MACs umac*" });
});
