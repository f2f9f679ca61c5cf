import { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { expect, test } from "vitest";
import { composePsAll } from "./compose-ps-all.js";

test("a listener that throws keeps no parent's answer back; its error comes when all have answered", async () => {
  const hosts = ["pepper", "basil"].map((id) => ({ id, dockerCapable: true }));
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const parent = (id: string) => ({
    id,
    engine: {
      listContainers: async () => {
        if (id === "basil") await answered;
        throw new OttoError("SSH_CONNECT_FAILED", `connecting to ${id}: refused`);
      },
    },
  });
  const lab = { data: { hosts }, repos: [], parent } as unknown as Lab;
  const seen: string[] = [];
  const onAnswer = ({ parent }: { readonly parent: string }) => {
    seen.push(parent);
    setImmediate(answer);
    throw new Error(`listener ${seen.length}`);
  };
  await expect(composePsAll(lab, { onAnswer })).rejects.toThrow("listener 1");
  expect(seen).toEqual(["pepper", "basil"]);
});
