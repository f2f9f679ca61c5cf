import type { AuthHandlerMiddleware } from "ssh2";
import { expect, test } from "vitest";
import type { AuthAttempt } from "./auth-attempt.js";
import { createLogin } from "./login.js";

test("an attempt that ssh2 passes over without asking the server is not made again", async () => {
  const attempts = ["one", "other"].map((label): AuthAttempt => {
    const prepare = async () => ({ type: "password", username: label, password: "" }) as const;
    return { label, method: "publickey", tries: 1, prepare };
  });
  const fail = (error: unknown) => {
    throw error;
  };
  const login = createLogin(attempts, { username: "ada", fail, unanswered: () => [] });
  const next = () =>
    new Promise<Parameters<Parameters<AuthHandlerMiddleware>[2]>[0]>((resolve) => {
      login.handler([], false, resolve);
    });
  expect([await next(), await next()]).toMatchObject([{ username: "one" }, { username: "other" }]);
  expect(await next()).toMatchObject({ type: "none" });
  expect(login.tried).toEqual(["one", "other"].map((label) => `${label} (no kind of signature is in common)`));
});
