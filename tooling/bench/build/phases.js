// Where the time of a build goes, read from when each line of its output came.

/** Of `otto docker build --json`; BuildKit calls the context done once before it asks for it. */
export function ottoPhases(lines, wallMs) {
  const events = lines.map(({ atMs, text }) => ({ atMs, ...JSON.parse(text) }));
  const started = events.find(({ type }) => type === "build.started");
  const sent = events.findLast(({ type, step, state }) => type === "build.step" && isContext(step) && state === "done");
  return phases(started?.atMs, sent?.atMs, wallMs);
}

/** Of `docker build --progress plain`: `#5 [internal] load build context`, later `#5 DONE 1.2s`. */
export function dockerPhases(lines, wallMs) {
  const started = lines.find(({ text }) => isContext(text));
  const [step = ""] = started?.text.split(" ") ?? [];
  const sent = lines.find(({ text }) => text.startsWith(`${step} DONE`));
  return phases(started?.atMs, sent?.atMs, wallMs);
}

const isContext = (text) => text.includes("[internal] load build context");

function phases(startedMs, sentMs, wallMs) {
  if (startedMs === undefined || sentMs === undefined) throw new Error("the output does not tell the build's phases");
  return { beforeMs: startedMs, contextMs: sentMs - startedMs, restMs: wallMs - sentMs };
}
