import { plainText } from "./plain-text.js";
import type { Secret } from "./secret.js";

/** Anything shorter would blacken much that is no secret. */
const shortestForm = 4;
const shortestLine = 6;
/** As the programs `base64` and `openssl` break their lines. */
const base64Widths = [76, 64];

/** Whether output is searched for the secret itself: not for one of fewer than 4 characters. */
export function isRedactable(secret: Secret): boolean {
  return plainText(secret.reveal()).trim().length >= shortestForm;
}

/** The texts by which a secret shows itself in what {@link plainText} has cleaned: the README says which. */
export function secretForms(secret: Secret): ReadonlySet<string> {
  const bytes = Buffer.from(secret.revealBytes());
  const trimmed = trimBytes(bytes);
  if (trimmed.length < shortestForm) return new Set();
  const text = bytes.toString();
  const forms = [
    plainText(text).trim(),
    ...linesOf(plainText(text.replaceAll("\r", "\n"))).filter((line) => line.length >= shortestLine),
    plainText(JSON.stringify(trimmed.toString()).slice(1, -1)),
    ...[bytes, trimmed].flatMap(base64Forms),
    ...urlForms(trimmed),
  ];
  return new Set(forms.filter((form) => form.length >= shortestForm));
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim());
}

const whitespace: ReadonlySet<number | undefined> = new Set(Buffer.from("\t\n\v\f\r "));

function trimBytes(bytes: Buffer): Buffer {
  let [start, end] = [0, bytes.length];
  while (start < end && whitespace.has(bytes[start])) start++;
  while (end > start && whitespace.has(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}

function base64Forms(bytes: Buffer): string[] {
  const whole = bytes.toString("base64").replace(/=+$/, "");
  const broken = base64Widths.flatMap((width) => whole.match(new RegExp(`.{1,${width}}`, "g")) ?? []);
  const standard = [whole, ...broken, ...[0, 1, 2].map((before) => base64Within(bytes, before))];
  return [...standard, ...standard.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

/** The letters that depend on nothing but `bytes`, where `before` bytes (modulo 3) stand before them, and any behind. */
function base64Within(bytes: Buffer, before: number): string {
  const letters = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return letters.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
}

/** As `encodeURIComponent`, RFC 3986 and HTML forms have it, and as a path, which keeps its slashes. */
function urlForms(bytes: Buffer): string[] {
  const strict = percentEncode(bytes, /[\w.~-]/);
  return [
    strict,
    percentEncode(bytes, /[\w.~!'()*-]/),
    percentEncode(bytes, /[\w.~/-]/),
    strict.replaceAll("%20", "+"),
  ];
}

function percentEncode(bytes: Buffer, kept: RegExp): string {
  const encode = (char: string) => {
    if (kept.test(char)) return char;
    return `%${char.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`;
  };
  return Array.from(bytes.toString("latin1"), encode).join("");
}
