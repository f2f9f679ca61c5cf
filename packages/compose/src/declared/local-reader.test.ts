import { expect, test } from "vitest";
import { localReader } from "./local-reader.js";

test("what is not there is nothing, and what cannot be read is named", async () => {
  expect(await localReader.stat("/nowhere/x")).toBeUndefined();
  expect(await localReader.readText("/nowhere/x")).toBeUndefined();
  const tooLong = `/${"x".repeat(300)}`;
  for (const read of [(path: string) => localReader.stat(path), (path: string) => localReader.readText(path)])
    await expect(read(tooLong)).rejects.toMatchObject({
      code: "COMPOSE_PATH_UNREADABLE",
      message: `reading ${tooLong}: ENAMETOOLONG`,
      hint: expect.stringContaining("readable") as string,
    });
});
