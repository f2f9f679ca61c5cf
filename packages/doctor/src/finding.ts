/** What is looked at. */
export type DoctorCheck =
  | "name"
  | "tcp"
  | "banner"
  | "ssh"
  | "handshake"
  | "host-key"
  | "login"
  | "sessions"
  | "forwarding"
  | "programs"
  | "docker"
  | "socket"
  | "engine"
  | "buildkit"
  | "client"
  | "compose"
  | "swarm"
  | "disk"
  | "clock";

/** What was found out about one thing on one machine. */
export type Finding = {
  /** The machine at fault, or that was looked at: a hop or the host. */
  readonly machine: string;
  readonly check: DoctorCheck;
  /** What was seen. */
  readonly text: string;
} & Verdict;

/** `warning`: it works, though slower or with less. `not-reached`: it was not seen, and `text` says why. */
export type Verdict =
  | { readonly status: "ok" | "not-reached" }
  | {
      readonly status: "warning" | "failed";
      /** Stable: `DOCTOR_…`, or the code of `ssh2-streamer` and `@otto/engine` that came back. */
      readonly code: string;
      /** What to do. */
      readonly hint: string;
    };

/** A finding before it is known on which machine. */
export type Judged = Verdict & { readonly text: string };

export const ok = (text: string): Judged => ({ status: "ok", text });

export const notReached = (why: string): Judged => ({ status: "not-reached", text: why });

export const bad = (status: "warning" | "failed", code: string, said: { text: string; hint: string }): Judged => ({
  status,
  code,
  ...said,
});
