import { spawnSync } from "node:child_process";
import type { InputStream } from "./invocation.js";

/**
 * Makes the switch between a terminal's own handling of keys and lines, and none: every byte passes, both ways. Node's
 * own raw mode goes on putting a carriage return before each line feed, which programs that draw do not expect. A terminal
 * left raw by `process.exit` is put right too.
 */
export function createRawMode(stdin: InputStream): (raw: boolean) => void {
  let saved: string | undefined;
  const restore = () => void stty(stdin, saved ?? "sane");
  return (raw) => {
    if (raw === (saved !== undefined)) return;
    if (raw) {
      saved = stty(stdin, "-g");
      stty(stdin, "raw", "-echo", "-iexten");
      process.once("exit", restore);
    } else {
      restore();
      saved = undefined;
      process.off("exit", restore);
    }
  };
}

function stty({ fd }: InputStream, ...settings: readonly string[]): string {
  const { stdout } = spawnSync("stty", settings, { stdio: [fd ?? "ignore", "pipe", "ignore"], encoding: "utf8" });
  return stdout?.trim() ?? "";
}
