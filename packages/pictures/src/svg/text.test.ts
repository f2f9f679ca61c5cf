import { expect, test } from "vitest";
import { countColumns, escapeMarkup, wrapText } from "./text.js";

test("signs of markup and what a document may not hold are shown as text", () => {
  expect(escapeMarkup("<a href='x'>&\"\u0000\u001b\ud800\ufffe")).toBe(
    "&#60;a href=&#39;x&#39;&#62;&#38;&#34;\\u0000\\u001b\ufffd\ufffd",
  );
});

test("a letter that is wide counts twice, and one of several code points once", () => {
  expect(["abc", "日本", "e\u0301", "👩‍👩‍👧"].map(countColumns)).toEqual([3, 4, 1, 2]);
});

test.each([
  ["short", 10, ["short"]],
  ["registry.example/shop-api:latest", 20, ["registry.example/", "shop-api:latest"]],
  ["aaaaaaaaaaaa", 5, ["aaaaa", "aaaaa", "aa"]],
  ["web, api, worker", 9, ["web, api,", "worker"]],
])("%s in %d columns", (text, columns, expected) => {
  expect(wrapText(text, columns)).toEqual(expected);
});
