import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { readTexts, writeBytes } from "./wire.js";

/** The id that a `GetSecretRequest` asks for. */
export function readSecretId(request: Uint8Array): string {
  return readTexts(request).get(1) ?? "";
}

/** A `GetSecretResponse`. */
export function writeSecret(value: Uint8Array): Buffer {
  return Buffer.from(writeBytes(new BinaryWriter(), 1, value).finish());
}
