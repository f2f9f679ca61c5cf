import { once } from "node:events";
import { createInterface } from "node:readline";
import { abortable, cleanText, OttoError } from "@otto/errors";
import type { Parent } from "../parent/parent.js";
import { type FaultPlan, faultInput, faultScript } from "./fault-script.js";

/** Something that was broken on purpose. */
export interface Fault {
  /** What was done to what, for messages: `stop local.shop.db`. */
  readonly doing: string;
  /** Takes it back; a second call does nothing more. @throws OttoError `HOST_FAULT_LEFT` */
  undo(): Promise<void>;
}

/**
 * Breaks something on a parent. A process there takes it back when it is told to, and when this process or its link dies.
 * @throws OttoError `HOST_FAULT_FAILED` with what the docker client there said; it is taken back then
 */
export async function openFault(
  parent: Pick<Parent, "id" | "spawn">,
  { doing, ...plan }: FaultPlan & { readonly doing: string },
  signal?: AbortSignal,
): Promise<Fault> {
  const { argv, stdin } = faultInput(plan);
  const process = await parent.spawn(["sh", "-c", faultScript, "otto-fault", ...argv], { lifetime: "long" });
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
  process.stdin.write(stdin);
  process.stderr.resume();
  process.exit.catch(() => {});
  const lines = createInterface({ input: process.stdout });
  const heard: string[] = [];
  let wake = () => {};
  lines.on("line", (line) => {
    heard.push(line);
    wake();
  });
  const closed = once(lines, "close");
  const heardMore = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const nextLine = async () => {
    if (heard.length === 0) await Promise.race([heardMore(), closed]);
    return heard.shift() ?? "";
  };
  const takeBack = async () => {
    process.stdin.end("undo\n");
    const said = await nextLine();
    await closed;
    if (said !== "undone") throw faultLeft(parent, doing, said.replace(/^left /, ""));
  };
  let undone: Promise<void> | undefined;
  const undo = () => {
    undone ??= takeBack();
    return undone;
  };
  try {
    const said = await abortable(nextLine(), signal);
    if (said !== "done") throw faultFailed(parent, doing, said.replace(/^failed /, ""));
  } catch (error) {
    process.stdin.end();
    await closed;
    throw error;
  }
  return { doing, undo };
}

function faultFailed(parent: Pick<Parent, "id">, doing: string, said: string): OttoError {
  return new OttoError("HOST_FAULT_FAILED", `${doing}: ${cleanText(said) || "the process on its parent has ended"}`, {
    hint: "See what is there with `otto docker ps --all`.",
    details: { host: parent.id },
  });
}

function faultLeft(parent: Pick<Parent, "id">, doing: string, said: string): OttoError {
  const why = cleanText(said) || "the process on its parent has ended, and does it by itself if it can";
  return new OttoError("HOST_FAULT_LEFT", `undoing ${doing}: ${why}`, {
    hint: "Bring the stack to what is declared: otto docker up",
    details: { host: parent.id },
  });
}
