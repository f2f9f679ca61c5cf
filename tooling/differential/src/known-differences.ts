// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import type { Difference, Outcome } from "./verb.js";
import type { BuildInput } from "./verbs/build.js";
import type { FileEntry } from "./verbs/file-tree.js";

/** A difference with the input it comes from. */
export interface Case {
  readonly verb: string;
  readonly input: unknown;
  readonly outcome: Outcome;
  readonly difference: Difference;
}

/**
 * `meant`: otto differs on purpose. `reference`: the reference contradicts itself or its documentation. `fault`: otto is
 * wrong, and it is known.
 */
export type DifferenceKind = "meant" | "reference" | "fault";

/** A difference that a search does not report. */
export interface KnownDifference {
  readonly verb: string;
  readonly kind: DifferenceKind;
  /** What differs, in plain English. */
  readonly difference: string;
  readonly reason: string;
  matches(one: Case): boolean;
}

export function isKnown(row: KnownDifference, one: Case): boolean {
  return row.verb === one.verb && row.matches(one);
}

interface CopyInput {
  readonly before: readonly Pick<FileEntry, "path" | "kind" | "mode" | "time">[];
}

interface ConfigLines {
  readonly lines: readonly string[];
  readonly included: readonly string[];
}

/** Every difference that is no news. The README shows this table. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    verb: "build",
    kind: "meant",
    difference:
      "Files and directories of the context have a time of about the year 2000; Docker keeps the time they have on disk",
    reason: "The same content gives the same image in every clone, and the engine is sent only what it lacks.",
    matches: ({ difference: { fact, ours = "" } }) => fact.startsWith("time ") && isFixedTime(ours),
  },
  {
    verb: "build",
    kind: "meant",
    difference:
      "Files of the context have the mode 644 or 755, directories 755; Docker keeps the mode they have on disk",
    reason: "Git keeps the executable bit alone, and a umask must not change an image. `COPY --chmod` sets any mode.",
    matches: ({ difference: { fact, ours = "" } }) => fact.startsWith("mode ") && ["644", "755"].includes(ours),
  },
  {
    verb: "build",
    kind: "reference",
    difference:
      "By the classic builder, with a Dockerfile that is not in the context, a copied `.dockerignore` ends in another name in each of Docker's builds",
    reason: "Docker's client gives the Dockerfile a random name in the context; otto gives it the same one every time.",
    matches: ({ difference: { fact }, input }) => {
      const { way, isOutside, ignoreFile = "" } = input as BuildInput;
      const isMissing = isOutside || /^(Dockerfile|\*)$/m.test(ignoreFile);
      return way === "archive" && isMissing && /^entry (.*\/)?\.dockerignore$/.test(fact);
    },
  },
  {
    verb: "cp",
    kind: "meant",
    difference: "Set-user-ID, set-group-ID and sticky bits are not copied",
    reason: "A file that runs as another user is not made by a copy unless it is asked for.",
    matches: ({ difference: { fact, ours = "", reference = "" } }) =>
      fact.startsWith("mode ") && Number.parseInt(ours, 8) === (Number.parseInt(reference, 8) & 0o777),
  },
  {
    verb: "cp",
    kind: "meant",
    difference: "Links below a source arrive as links; scp copies what they lead to, or refuses",
    reason: "A tree arrives as it is, as with docker cp.",
    matches: ({ input }) => {
      const { where, source } = input as { where: string; source: readonly { kind: string }[] };
      return where === "parent" && source.some(({ kind }) => kind === "link");
    },
  },
  {
    verb: "cp",
    kind: "reference",
    difference: "scp gives a time after 2106 another century",
    reason: "SFTP as scp speaks it has times of 32 bits.",
    matches: ({ difference: { fact, ours, reference }, input }) =>
      (input as { where: string }).where === "parent" &&
      fact.startsWith("time ") &&
      Number(ours) % 2 ** 32 === Number(reference) % 2 ** 32,
  },
  {
    verb: "cp",
    kind: "meant",
    difference: "otto makes a missing directory of the destination; docker cp and scp refuse",
    reason: "A copy to a new place is what was asked for; nothing is lost by making it.",
    matches: ({ outcome }) => outcome.reference.refused !== undefined && outcome.ours.refused === undefined,
  },
  {
    verb: "cp",
    kind: "meant",
    difference:
      "A new directory that `dir/.` is copied to has the mode 755 and the time of the copy; docker cp and scp give it those of `dir`",
    reason: "`dir/.` is what is in a directory, without the directory.",
    matches: ({ difference: { fact, ours = "" }, input }) =>
      (input as { suffix: string }).suffix === "/." &&
      /^(mode|time) [^/]*$/.test(fact) &&
      ["755", "now"].includes(ours),
  },
  {
    verb: "cp",
    kind: "meant",
    difference:
      "A directory that is there keeps its mode and time; docker cp and scp give it those of the one that is copied",
    reason: "As with `cp -r`: a tree that is put onto `/tmp` or a home must not decide who may write there.",
    matches: ({ difference: { fact, ours }, input }) => {
      const [, attribute, path = ""] = /^(mode|time) (.*)$/.exec(fact) ?? [];
      const { before } = input as CopyInput;
      const declared = before.find((entry) => entry.kind === "dir" && entry.path === path);
      const isThere = declared !== undefined || before.some((entry) => entry.path.startsWith(`${path}/`));
      const { mode = 0o755, time } = declared ?? {};
      const kept = attribute === "mode" ? [mode.toString(8)] : ["now", `${time}`];
      return attribute !== undefined && isThere && ours !== undefined && kept.includes(ours);
    },
  },
  {
    verb: "dotenv",
    kind: "fault",
    difference:
      "A variable without a name, what follows a quoted value, and a bare name that ends the file without a newline are passed over; Compose refuses them",
    reason: "Compose reads what follows a quoted value as a statement of its own, and a bare name needs its newline.",
    matches: ({ outcome, input }) =>
      outcome.ours.refused === undefined &&
      /["'][ \t]*[\p{L}=:]|(^|\n|export|\ufeff)\s*[=:]|(^|\s)[\w.-]+$/u.test((input as { dotenv: string }).dotenv),
  },
  {
    verb: "exec",
    kind: "meant",
    difference: "A command on a parent that a signal ends has the exit code 128 and the signal's number; ssh has 255",
    reason: "Every kind of host answers alike, and 255 stands for a lost connection.",
    matches: ({ difference: { fact, ours, reference }, input }) =>
      (input as { where: string }).where === "parent" &&
      fact === "exit code" &&
      reference === "255" &&
      Number(ours) > 128,
  },
  {
    verb: "exec",
    kind: "meant",
    difference: "An executable text without `#!` is run by `sh` on a parent; with ssh by the login's own shell",
    reason: "otto starts commands from `sh`, whichever shell a login has, so that they mean the same for everybody.",
    // What dash and bash say of the same lines.
    matches: ({ difference: { fact, ours, reference = "" }, input }) =>
      (input as { where: string }).where === "parent" &&
      fact === "stderr" &&
      / line 1: /.test(reference) &&
      reference.replaceAll(/: line (\d+): (.*): command not found/g, ": $1: $2: not found") === ours,
  },
  {
    verb: "exec",
    kind: "fault",
    difference:
      "When a signal ends a command in a container, the image's shell adds its word for it to stderr: `Terminated`",
    reason: "otto runs a command below a shell, which ends it with the connection and reports what became of it.",
    matches: ({ difference: { fact, ours = "", reference = "" } }) =>
      fact === "stderr" && ours.startsWith(reference) && /^(Terminated|Killed)\n$/.test(ours.slice(reference.length)),
  },
  {
    verb: "logs",
    kind: "meant",
    difference:
      "A last line without an end and the first one of the container's next run are two lines; Docker joins them",
    reason: "They were written by two processes, and `logs` gives lines, each with its own time.",
    matches: ({ difference: { ours = "", reference = "" } }) =>
      ours.replaceAll("\n", "") === reference.replaceAll("\n", ""),
  },
  {
    verb: "logs",
    kind: "meant",
    difference:
      "A line of more than 16 KiB has one time; Docker prints one before each piece that the engine made of it",
    reason: "It is one line.",
    matches: ({ difference: { ours = "", reference = "" } }) => withoutTimes(ours) === withoutTimes(reference),
  },
  {
    verb: "known-hosts",
    kind: "meant",
    difference:
      "A key that a line without the port records is asked for, whichever type it has; ssh asks for its favourite",
    reason: "The key is on record for that host: refusing it would protect from nothing.",
    matches: ({ outcome, input }) =>
      outcome.ours.verdict === "trusted" && /\bKEY[12]/.test((input as { lines: string[] }).lines.join("\n")),
  },
  {
    verb: "known-hosts",
    kind: "meant",
    difference: "A marker with a tab behind it counts; ssh takes such a line for broken",
    reason: "Whoever writes `@revoked` means it.",
    matches: ({ outcome, input }) =>
      outcome.ours.verdict === "not trusted" && /@\w+\t/.test((input as { lines: string[] }).lines.join("\n")),
  },
  {
    verb: "known-hosts",
    kind: "meant",
    difference:
      "A server with a key that any line for the host revokes is refused; ssh looks at lines with the port alone, and may ask for another key",
    reason: "A revoked key is not safe on another port, and a server that has one is not to be trusted for its others.",
    matches: ({ outcome, input }) =>
      outcome.ours.verdict === "not trusted" &&
      (input as { lines: string[] }).lines.some((line) => line.trim().startsWith("@revoked ") && /\bKEY\d/.test(line)),
  },
  {
    verb: "known-hosts",
    kind: "meant",
    difference:
      "By ssh2, a host that a certificate authority alone is on record for is refused; ssh records the key that it shows",
    reason:
      "ssh2 cannot ask for the certificate, and who has an authority does not trust a first key. The openssh transport can.",
    matches: ({ outcome, input }) =>
      outcome.ours.verdict === "not trusted" &&
      /^\s*@cert-authority/m.test((input as { lines: string[] }).lines.join("\n")),
  },
  {
    verb: "known-hosts",
    kind: "reference",
    difference:
      "A key is recorded on a line of its own, behind a last line without an end; ssh 9.2 makes one line of both",
    reason: "Neither of the two keys is known then.",
    matches: ({ difference: { fact, ours = "", reference = "" }, input }) =>
      fact === "file" &&
      (input as { unended: boolean }).unended &&
      ours.replace(/\n(?=.)/g, "") === reference.replace(/\n(?=.)/g, ""),
  },
  {
    verb: "ssh-config",
    kind: "meant",
    difference: "`Match exec` and `Match final` are refused by the parser, where they decide",
    reason: "It runs nothing, and reads a configuration once. Where there is an ssh, that is asked.",
    matches: ({ outcome, input }) => {
      const { lines, included } = input as ConfigLines;
      const judged = [...lines, ...included].some((line) => /^\s*Match (exec|final)\b/i.test(line));
      return outcome.ours.refused !== undefined && judged;
    },
  },
  {
    verb: "ssh-config",
    kind: "meant",
    difference: "A comment behind ProxyJump is none of its value; ssh refuses the line",
    reason: "ssh takes comments behind every other value.",
    matches: ({ outcome, input }) => {
      const { lines, included } = input as ConfigLines;
      return outcome.ours.refused === undefined && /ProxyJump.*#/i.test([...lines, ...included].join("\n"));
    },
  },
  {
    verb: "template",
    kind: "reference",
    difference: "A required variable in an alternative that is not taken, `${SET:-${NONE?}}`: Compose 2.26 refuses it",
    reason: "Nothing needs its value. The Compose of the parent decides when the stack comes up.",
    matches: ({ outcome, input }) =>
      outcome.ours.refused === undefined &&
      (input as { values: string[] }).values.some((value) => /\$\{\w+:?[-+?].*\$\{\w+:?\?/s.test(value)),
  },
  {
    verb: "ignore",
    kind: "reference",
    difference: "Docker sends some files empty; otto sends what they hold",
    reason:
      "Docker's client applies the rules twice: to the walk that lists the files, and to a file's path alone when the engine asks for its bytes. Where the two disagree, it puts an empty file into the image.",
    matches: ({ difference: { fact, ours, reference } }) =>
      /^(file|exec) /.test(fact) && reference === "" && ours !== undefined,
  },
  {
    verb: "up",
    kind: "meant",
    difference: "Containers have labels of otto's own: otto.config, networks, repo, user, commit",
    reason:
      "They say what the container and its networks were made of, as Compose's own config-hash does, with the content of what is mounted; and who brought it up, from what.",
    matches: ({ difference: { fact, reference } }) =>
      / label otto\.(config|networks|repo|user|commit)$/.test(fact) && reference === undefined,
  },
  {
    verb: "up",
    kind: "meant",
    difference: "A service that depends on a replaced one stays; Compose 2.26 replaces it too",
    reason:
      "The Compose specification asks for a restart with `restart: true` alone. Nothing of the service has changed.",
    // One that took the place of another names the anonymous volumes that it took over.
    matches: ({ difference: { fact }, outcome: { ours, reference } }) => {
      const [, container] = /^edit: (s\d\.\d) (?:fate|HostConfig\.Mounts)$/.exec(fact) ?? [];
      const fate = `edit: ${container} fate`;
      return ours[fate] === "kept" && reference[fate] === "replaced";
    },
  },
  {
    verb: "up",
    kind: "meant",
    difference:
      "A service of which `depends_on` alone has changed stays, with the label of before; Compose 2.26 replaces it",
    reason: "Nothing of the container has changed: later Composes leave it out of their hash, too.",
    matches: ({ difference: { fact }, outcome: { ours, reference } }) => {
      const [, container] = /^edit: (s\d\.\d) label com\.docker\.compose\.depends_on$/.exec(fact) ?? [];
      const fate = `edit: ${container} fate`;
      return ours[fate] === "kept" && reference[fate] === "replaced";
    },
  },
  {
    verb: "up",
    kind: "meant",
    difference:
      "A container with a mounted file, config or secret whose content has changed is replaced; Compose keeps it",
    reason:
      "A stack that is not as declared converges. A mount of one file keeps the file it was made with: what replaces that is not seen.",
    // One that took the place of another names the anonymous volumes that it took over.
    matches: ({ difference: { fact }, outcome: { ours, reference }, input }) => {
      const [, container] = /^edit: (s\d\.\d) (?:fate|HostConfig\.Mounts)$/.exec(fact) ?? [];
      const fate = `edit: ${container} fate`;
      const { edit } = input as { edit: { kind: string } };
      return ours[fate] === "replaced" && reference[fate] === "kept" && edit.kind === "file";
    },
  },
  {
    verb: "up",
    kind: "fault",
    difference: "The label com.docker.compose.depends_on of a service that is replaced alone is empty",
    reason: "otto has Compose replace it with `--no-deps`, which Compose takes for a service without any.",
    matches: ({ difference: { fact, ours } }) => fact.endsWith(" label com.docker.compose.depends_on") && ours === "",
  },
];

function withoutTimes(log: string): string {
  return log.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z |\n/g, "");
}

/** Times are made from content: seconds and minutes of the day on which the year 2000 began, or near. */
function isFixedTime(time: string): boolean {
  return Math.abs(Number(time) - 946_684_800) < 40 * 86_400;
}
