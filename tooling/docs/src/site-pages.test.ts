import { expect, test } from "vitest";
import { headingId, readMenu, siteLink, sitePathOf } from "./site-pages.js";

const pages = new Set([
  "README.md",
  "docs/README.md",
  "docs/errors.md",
  "docs/how-to/swarm.md",
  "packages/hosts/README.md",
]);
const repository = { isPage: (path: string) => pages.has(path), url: "https://git.example/otto" };

test.each([
  ["docs/errors.md", "how-to/swarm.md", "./how-to/swarm.md"],
  ["docs/how-to/swarm.md", "../errors.md#disk_full", "./../errors.md#disk_full"],
  ["docs/errors.md", "../packages/hosts", "./../packages/hosts/index.md"],
  ["docs/errors.md", "../packages/hosts/README.md#limits", "./../packages/hosts/index.md#limits"],
  ["docs/README.md", "../README.md", "./../index.md"],
  ["docs/errors.md", "#top", "#top"],
  ["docs/errors.md", "https://example.org/a.md", "https://example.org/a.md"],
  ["docs/errors.md", "../tooling/docs/cures.yaml", "https://git.example/otto/blob/main/tooling/docs/cures.yaml"],
  ["README.md", "../../security/advisories/new", "https://git.example/otto/security/advisories/new"],
])("from %s, %s is %s", (page, link, wanted) => {
  expect(siteLink(page, link, repository)).toBe(wanted);
});

test("a README is the index of its directory", () => {
  expect(["README.md", "docs/README.md", "docs/errors.md"].map(sitePathOf)).toEqual([
    "index.md",
    "docs/index.md",
    "docs/errors.md",
  ]);
});

test("headings have the ids that GitHub gives them", () => {
  expect(["COMPOSE_NOT_READY", "What is whose, in a tree?", "`otto up` — first"].map(headingId)).toEqual([
    "compose_not_ready",
    "what-is-whose-in-a-tree",
    "otto-up--first",
  ]);
});

test("the menu has the links of the list, below their headings", () => {
  const list =
    "# Documentation\n\n- **[Install](install.md)**: on\n  Linux.\n- **How to**\n  - [reach](a.md)\n- **Why**: [elsewhere](adr/)\n";
  expect(readMenu(list, (link) => (link === "adr/" ? undefined : `/docs/${link}`))).toEqual([
    { text: "Install", link: "/docs/install.md" },
    { text: "How to", items: [{ text: "Reach", link: "/docs/a.md" }] },
  ]);
});
