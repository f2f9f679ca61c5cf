import { spawnSync } from "node:child_process";
import type { InputStream } from "../invocation.js";

/**
 * Makes the switch between a terminal's own handling of keys and lines, and none: every byte passes, both ways. Node's
 * own raw mode goes on putting a carriage return before each line feed, which programs that draw do not expect. A terminal
 * left raw by `process.exit` is put right too.
 */
export function createRawMode({ fd }: InputStream): (raw: boolean) => void {
  let mode: Disposable | undefined;
  return (raw) => {
    if (raw === (mode !== undefined)) return;
    if (raw) mode = enterMode(fd, ["raw", "-echo", "-iexten"]);
    else {
      mode?.[Symbol.dispose]();
      mode = undefined;
    }
  };
}

/**
 * What is typed is not shown, until it is disposed. The terminal is put right at the end of the process, too, and while it is
 * stopped (Ctrl-Z).
 * @param onContinue shows anew what is asked, after a stop
 * @throws Error for a terminal that would show it
 */
export function createHiddenMode(fd: number, onContinue: () => void): Disposable {
  const hide = () => enterMode(fd, ["-echo", "echonl"]);
  let mode = hide();
  if (!isHidden(fd)) {
    mode[Symbol.dispose]();
    throw new Error("the terminal goes on showing what is typed: stty failed");
  }
  const stop = () => {
    mode[Symbol.dispose]();
    process.kill(process.pid, "SIGSTOP");
  };
  const goOn = () => {
    mode[Symbol.dispose]();
    mode = hide();
    onContinue();
  };
  process.on("SIGTSTP", stop).on("SIGCONT", goOn);
  return {
    [Symbol.dispose]: () => {
      process.off("SIGTSTP", stop).off("SIGCONT", goOn);
      mode[Symbol.dispose]();
    },
  };
}

/** Changes a terminal's settings until it is disposed; once more is nothing. */
function enterMode(fd: number | undefined, settings: readonly string[]): Disposable {
  const saved = stty(fd, "-g");
  const restore = () => void stty(fd, saved || "sane");
  stty(fd, ...settings);
  process.once("exit", restore);
  return {
    [Symbol.dispose]: () => {
      if (!process.listeners("exit").includes(restore)) return;
      process.off("exit", restore);
      restore();
    },
  };
}

function isHidden(fd: number): boolean {
  return / -echo /.test(` ${stty(fd, "-a").replaceAll(/\s+/g, " ")} `);
}

function stty(fd: number | undefined, ...settings: readonly string[]): string {
  const { stdout } = spawnSync("stty", settings, { stdio: [fd ?? "ignore", "pipe", "ignore"], encoding: "utf8" });
  return stdout?.trim() ?? "";
}
