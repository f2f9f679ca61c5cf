import { applyEdits, type FormattingOptions, modify } from "jsonc-parser";
import { type Document, parseDocument } from "yaml";
import type { HostEntry } from "./lab-entries.js";

/** A change to the hosts of a lab file: an entry at an index, behind the last one, or nothing in its place. */
export interface HostEdit {
  /** -1: behind the last. */
  readonly index: number;
  /** Absent: the host is removed. */
  readonly entry?: HostEntry;
}

/** The text of a lab file without hosts. */
export const emptyLab = '{\n  "hosts": []\n}\n';

/** Changes hosts in the text of a lab file and leaves the rest as it is written, with its indents and comments. Pure. */
export function editHosts(text: string, kind: "json" | "yaml", edits: readonly HostEdit[]): string {
  if (kind === "json") return edits.reduce(editJson, text);
  const document = parseDocument(text);
  for (const edit of edits) editYaml(document, edit);
  return String(document);
}

function editJson(text: string, { index, entry }: HostEdit): string {
  const options = { formattingOptions: formattingOf(text), isArrayInsertion: index === -1 };
  return applyEdits(text, modify(text, ["hosts", index], entry, options));
}

function editYaml(document: Document, { index, entry }: HostEdit): void {
  if (entry === undefined) document.deleteIn(["hosts", index]);
  else if (index === -1) document.addIn(["hosts"], document.createNode(entry));
  else document.setIn(["hosts", index], document.createNode(entry));
}

/** As the file is indented: by what its first indented line begins with. */
function formattingOf(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  return { insertSpaces: !indent.includes("\t"), tabSize: indent.length, eol: text.includes("\r\n") ? "\r\n" : "\n" };
}
