import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { groupCredentials } from "./login.js";

test("credentials that one ssh can try are one login", () => {
  const password = new Secret("x");
  const logins = groupCredentials([
    { username: "ada", privateKeys: [{ path: "/1" }], agent: "/agent" },
    { username: "ada", privateKeys: [{ path: "/2" }], certificates: ["/c"], password },
    { username: "ada", agent: "/other" },
    { username: "bob" },
    { username: "ada" },
  ]);
  expect(logins).toEqual([
    {
      ...{ username: "ada", agent: "/agent", identitiesOnly: false, certificates: ["/c"], password },
      privateKeys: [{ path: "/1" }, { path: "/2" }],
    },
    { username: "ada", agent: "/other", identitiesOnly: false, privateKeys: [], certificates: [], password: undefined },
    {
      username: "bob",
      agent: undefined,
      identitiesOnly: false,
      privateKeys: [],
      certificates: [],
      password: undefined,
    },
    {
      username: "ada",
      agent: undefined,
      identitiesOnly: false,
      privateKeys: [],
      certificates: [],
      password: undefined,
    },
  ]);
});
