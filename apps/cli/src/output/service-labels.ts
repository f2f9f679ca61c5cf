import { escapeControls } from "@otto/errors";
import pico from "picocolors";

/** What stands before a line of a service: `api   | `, a further replica as `api.2 | `, each service in a colour of its own. */
export class ServiceLabels {
  readonly #paint: ReturnType<typeof pico.createColors>;
  readonly #order: string[] = [];
  #width = 0;

  constructor(color: boolean) {
    this.#paint = pico.createColors(color);
  }

  /** @param prefix before the service's name, where several stacks are shown */
  of({ service, replica }: { readonly service: string; readonly replica: number }, prefix = ""): string {
    const name = escapeControls(`${prefix}${service}${replica === 1 ? "" : `.${replica}`}`, { line: true });
    this.#width = Math.max(this.#width, name.length);
    return this.#colorOf(`${prefix}${service}`)(`${name.padEnd(this.#width)} | `);
  }

  #colorOf(service: string): (text: string) => string {
    const { cyan, yellow, green, magenta, blue, red } = this.#paint;
    if (!this.#order.includes(service)) this.#order.push(service);
    const colors = [cyan, yellow, green, magenta, blue, red];
    return colors[this.#order.indexOf(service) % colors.length] ?? cyan;
  }
}
