import { escapeControls } from "@otto/errors";
import type { ImageDraft } from "./image-drafts.js";

/** A service of a first Compose file. */
export interface ServiceDraft {
  readonly name: string;
  readonly image: string;
  /** Whether its image ends at once, so that it is given something to wait in, as a development container is. */
  readonly isIdle: boolean;
}

/** The service that runs a declared image of the repository `repo`. */
export function serviceOf(repo: string, { name }: ImageDraft, isIdle = false): ServiceDraft {
  return { name, image: `${repo}-${name}:latest`, isIdle };
}

/** A Compose file that runs these services, for its user to go on with. Pure. */
export function formatComposeFile(services: readonly ServiceDraft[]): string {
  const lines = services.flatMap(({ name, image, isIdle }) => [
    `  ${quote(name)}:`,
    `    image: ${quote(image)}`,
    "    init: true",
    ...(isIdle ? ['    command: ["sleep", "infinity"]'] : []),
    '    # ports: ["8080:8080"]',
  ]);
  return `# Written by otto init. Add ports, volumes, networks and further services.\nservices:\n${lines.join("\n")}\n`;
}

/** As it is where YAML takes it for text, else in quotes. */
function quote(text: string): string {
  return /^[a-z][\w./-]*(?::[\w.-]+)?$/i.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : escapeControls(JSON.stringify(text));
}
