// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a Dockerfile writes its variables like this.
import { expect, test } from "vitest";
import { findBuildReach, type ReachUse } from "./build-reach.js";

const words = (reach: ReturnType<typeof findBuildReach>["context"]) =>
  reach.kind === "whole" ? `whole${reach.cause === undefined ? "" : `: ${reach.cause}`}` : reach.paths.join(" ");

const reachOf = (dockerfile: string, use: Partial<ReachUse> = {}) =>
  words(findBuildReach(dockerfile, { buildArgs: {}, ...use }).context);

test.each<[string, string]>([
  ["FROM scratch\nCOPY a /a", "a"],
  ["FROM alpine\nCOPY a /a", "a"],
  ["from scratch\ncopy b a /c/\nAdd c /", "a b c"],
  ["FROM scratch\nCOPY . .", "whole"],
  ["FROM scratch\nCOPY ./ /", "whole"],
  ["FROM scratch\nCOPY a/../.. /", "whole"],
  ["FROM scratch\nCOPY /a ./b/ ../../c d//e/./f x/../g /", "a b c d/e/f g"],
  ['FROM scratch\nCOPY ["a b", "c", "/"]', "a b c"],
  ["FROM scratch\nCOPY --chown=1:1 --chmod=755 --link a /", "a"],
  ["FROM scratch\nCOPY --link=false -- a /", "a"],
  ["FROM scratch\nCOPY *.txt a/b?c d[0-9] /", "*.txt a/b?c d[0-9]"],
  ["FROM scratch\nCOPY --parents src/./a/**/b.c docs /", "docs src/a/**/b.c"],
  ["FROM scratch\nCOPY --exclude=*.md docs /", "docs"],
  ["FROM scratch\nCOPY <<EOF <<-'EF' a /x/\nCOPY no /\nEOF\n\tEF\nCOPY b /", "a b"],
  ["FROM scratch\nADD https://example.com/a.tar b.tar /", "b.tar"],
  ["FROM scratch\nCOPY a \\\n# comment\n  b \\\n  /", "a b"],
  ["# escape=`\nFROM scratch\nCOPY a `\n  b` c /", "a b c"],
  ["FROM scratch\nCOPY a\\ b /", "a b"],
  ["FROM scratch\nCOPY '$a' /", "$a"],
  ["FROM scratch\nCMD x\nENTRYPOINT y\nRUN true\nLABEL a=b", ""],
])("%j reaches %j", (dockerfile, reach) => {
  expect(reachOf(dockerfile)).toBe(reach);
});

test.each<[string, string, Partial<ReachUse>]>([
  ["ARG V=a\nFROM scratch\nARG V\nCOPY $V /", "a", {}],
  ["ARG V=a\nFROM scratch\nCOPY x$V /", "x", {}],
  ["FROM scratch\nARG V=a\nCOPY $V ${V}b ${V:-c} ${V:+d} /", "a ab d", {}],
  ["FROM scratch\nARG V=a\nCOPY $V /", "given", { buildArgs: { V: "given" } }],
  ["FROM scratch\nARG V\nCOPY $V /", "given", { buildArgs: { V: "given" } }],
  ["FROM scratch\nCOPY ${V:-b} /\nENV V=c", "b", {}],
  ["FROM scratch\nENV V=c W=$V\nENV W2=$V/d\nENV L legacy value\nCOPY $V x$W $W2 $L /", "c c/d legacy value x", {}],
  ["FROM alpine\nENV V=c\nCOPY $V /", "c", {}],
  ["FROM scratch AS one\nENV V=c\nARG W=d\nFROM one\nCOPY $V $W /", "c d", {}],
  ["FROM scratch AS one\nENV V=c\nFROM scratch\nCOPY x$V /", "x", {}],
  [
    "FROM scratch\nARG TARGETARCH TARGETOS TARGETVARIANT\nCOPY $TARGETOS-$TARGETARCH-$TARGETVARIANT /",
    "linux-arm64-",
    { platform: "linux/arm64" },
  ],
  ["FROM scratch\nARG V=a\nARG V\nCOPY $V /", "a", {}],
  ['FROM scratch\nENV "A"="b c" D=e\\ f\nCOPY $A $D /', "b c e f", {}],
])("%j reaches %j with %j", (dockerfile, reach, use) => {
  expect(reachOf(dockerfile, use)).toBe(reach);
});

const stages = `FROM scratch AS one
COPY a /
FROM scratch AS Two
COPY b /
FROM scratch AS three
COPY --from=ONE x /
COPY c /
FROM two
RUN --mount=from=2,target=/t true
COPY d /
FROM three AS last
COPY e /
`;

test.each<[string | undefined, string]>([
  [undefined, "a c e"],
  ["one", "a"],
  ["TWO", "b"],
  ["3", "a b c d"],
  ["none", "whole: its target is none of the Dockerfile's stages"],
])("the target %s reaches %j", (target, reach) => {
  expect(reachOf(stages, { target })).toBe(reach);
});

test.each<[string, string]>([
  ["RUN --mount=source=a,target=/t true", "a"],
  [
    "RUN --mount=type=bind,src=/a/b/,dst=/t --mount=type=cache,target=/c --mount=type=secret,id=x --mount=type=ssh true",
    "a/b",
  ],
  ["RUN --network=none --mount=type=bind,target=/t true", "whole"],
  ["RUN --mount=target=/t,from=alpine,source=x true", ""],
  ["ARG A=b\nRUN --mount=source=$A,target=/t true", "$A b"],
  ["RUN echo --mount=source=a,target=/t", ""],
  ["RUN --mount=type=tmpfs,target=/t true", "whole: line 2: a tmpfs mount makes BuildKit ask for everything"],
])("%j reaches %j", (instructions, reach) => {
  expect(reachOf(`FROM scratch\n${instructions}\n`)).toBe(reach);
});

test.each<[string, string, Partial<ReachUse>]>([
  ["# syntax=example.com/own\nFROM scratch\nCOPY a /", "its frontend example.com/own is not Docker's own", {}],
  ["FROM scratch\nCOPY a /", "its frontend x/y is not Docker's own", { buildArgs: { BUILDKIT_SYNTAX: "x/y" } }],
  ["FROM alpine\nCOPY a$V /", "line 2: $V has no value that is known without the engine", {}],
  ["FROM scratch\nCOPY a$PATH /", "line 2: $PATH has no value that is known without the engine", {}],
  ["FROM scratch\nARG V\nCOPY a$V /", "line 3: $V has no value that is known without the engine", {}],
  [
    "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /",
    "line 3: $TARGETARCH has no value that is known without the engine",
    {},
  ],
  ["FROM scratch\nARG V=a\nENV V=b\nCOPY $V /", "line 4: $V has no value that is known without the engine", {}],
  ["FROM scratch\nARG V=a.b\nCOPY ${V%.b} /", "line 3: ${V%.b} has no value that is known without the engine", {}],
  ['FROM scratch\nCOPY "a /', 'line 2: " has no value that is known without the engine', {}],
  ["FROM scratch AS one\nONBUILD COPY . /\nFROM one", "line 2: ONBUILD acts in the stage of line 3", {}],
  ["FROM scratch\nCOPY --new a /", "line 2: --new is not an option that is known here", {}],
  ['FROM scratch\nCOPY --exclude="a b" c /', "line 2: --exclude has quotes", {}],
  ["FROM scratch\nNEW a", "line 2: NEW is not an instruction that is known here", {}],
  ["FROM scratch\nCOPY --from=$V a /", "line 2: what --from=$V names", {}],
])("%j reaches everything, as %s", (dockerfile, cause, use) => {
  expect(reachOf(dockerfile, use)).toBe(`whole: ${cause}`);
});

test.each([
  "# syntax=docker/dockerfile:1\n",
  "# syntax=docker.io/docker/dockerfile:1.7-labs\n",
  "# syntax=docker/dockerfile-upstream@sha256:00\n",
])("%j is Docker's own frontend", (syntax) => {
  expect(reachOf(`${syntax}FROM scratch\nCOPY a /`)).toBe("a");
});

test.each<[string, string]>([
  ["FROM scratch\nCOPY --from=shared a /", "a"],
  ["FROM scratch\nCOPY --from=SHARED a /\nRUN --mount=from=shared,source=b,target=/t true", "a b"],
  ["FROM scratch\nRUN --mount=from=shared,target=/t true", "whole"],
  ["FROM shared\nCOPY x /", "whole"],
  ["FROM scratch AS shared\nCOPY x /\nFROM scratch\nCOPY --from=shared a /", "whole"],
  ["FROM docker.io/library/shared:latest", "whole"],
  ["FROM scratch AS unused\nCOPY --from=shared a /\nFROM scratch\nCOPY b /", ""],
])("of a named context, %j reaches %j", (dockerfile, reach) => {
  const use = { buildArgs: {}, additionalContexts: { shared: "/shared" } };
  expect(words(findBuildReach(dockerfile, use).named("shared"))).toBe(reach);
});

test("a stage of an unknown base may begin with any stage before it", () => {
  const dockerfile =
    "ARG TARGETARCH\nFROM scratch AS base-amd64\nCOPY a /\nFROM scratch AS base-arm64\nCOPY b /\nFROM base-$TARGETARCH\nCOPY c /";
  expect(reachOf(dockerfile)).toBe("a b c");
  expect(reachOf(dockerfile, { platform: "linux/arm64" })).toBe("b c");
});
