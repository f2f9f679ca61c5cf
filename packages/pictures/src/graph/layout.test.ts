import fc from "fast-check";
import { expect, test } from "vitest";
import { type Box, placeBoxes } from "./layout.js";

const box = fc.record({ width: fc.integer({ min: 40, max: 300 }), height: fc.integer({ min: 20, max: 200 }) });
const graphs = fc.array(box, { minLength: 1, maxLength: 12 }).chain((sizes) => {
  const index = fc.integer({ min: 0, max: sizes.length - 1 });
  return fc.record({ sizes: fc.constant(sizes), arrows: fc.array(fc.tuple(index, index), { maxLength: 16 }) });
});

test("boxes lie in the picture and not on each other, whatever joins them, circles too", () => {
  fc.assert(
    fc.property(graphs, ({ sizes, arrows }) => {
      const boxes = sizes.map((size, index) => ({ ...size, name: `b${index}` }));
      const keys = new Set(arrows.filter(([from, to]) => from !== to).map(([from, to]) => `b${from} b${to}`));
      const joined = [...keys].map((key) => {
        const [from = "", to = ""] = key.split(" ");
        return { from, to, width: 60, height: 17 };
      });
      const placed = placeBoxes(boxes, joined);
      const corners = boxes.map((one) => ({ ...one, ...placed.boxes.get(one.name) }) as Box & { x: number; y: number });
      for (const { x, y, width, height } of corners) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(-0.01);
        expect(x + width).toBeLessThanOrEqual(placed.width + 0.01);
        expect(y + height).toBeLessThanOrEqual(placed.height + 0.01);
      }
      for (const [index, a] of corners.entries()) {
        for (const b of corners.slice(index + 1)) {
          const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(apart).toBe(true);
        }
      }
      expect(placed.arrows.length).toBe(joined.length);
    }),
    { numRuns: 60 },
  );
});

test("names that objects have themselves are names", () => {
  const boxes = ["__proto__", "constructor", "a b"].map((name) => ({ name, width: 50, height: 20 }));
  const arrow = { from: "__proto__", to: "constructor", width: 10, height: 10 };
  const { boxes: placed } = placeBoxes(boxes, [arrow]);
  expect([...placed.keys()].sort()).toEqual(["__proto__", "a b", "constructor"]);
  expect(placed.get("constructor")?.x).toBeGreaterThan(placed.get("__proto__")?.x ?? 0);
});
