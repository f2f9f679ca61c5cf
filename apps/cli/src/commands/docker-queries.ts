import { setTimeout as delay } from "node:timers/promises";
import {
  type ComposeImage,
  type ComposeQueryOptions,
  composeConfig,
  composeImages,
  composeInspect,
  composePort,
  composeStats,
  composeTop,
  composeWait,
} from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { eachOf } from "../arguments/place.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { formatBytes } from "../output/byte-count.js";
import { showTable } from "../output/shown-table.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";

/** Options of the commands that show something of a stack's containers; each takes those that mean something to it. */
export interface QueryFlags extends PlaceOptions {
  readonly services: readonly string[];
  readonly quiet?: boolean;
  readonly format?: string;
  readonly stream?: boolean;
  /** Of `config`: names of services alone. */
  readonly names?: boolean;
  readonly images?: boolean;
  readonly volumes?: boolean;
  readonly profiles?: boolean;
  readonly port?: number;
  readonly protocol?: string;
  readonly index?: number;
}

type Show = (place: ServicePlace, options: ComposeQueryOptions) => Promise<void>;

async function ofEach(session: Session, flags: QueryFlags, show: Show): Promise<Outcome> {
  const places = await findServicePlaces(session, flags);
  return eachOf(session, places, async (place) => {
    await show(place, { on: flags.on, services: place.services, signal: session.signal });
    return true;
  });
}

/** `otto docker images` */
export function dockerImages(session: Session, flags: QueryFlags): Promise<Outcome> {
  return ofEach(session, flags, async ({ repo, lab, parent }, options) => {
    const images = await composeImages(repo, lab, options);
    const isForPrograms = session.options.json;
    if (flags.quiet === true && !isForPrograms) {
      for (const id of new Set(images.map(bareId))) session.reporter.heading(id);
    } else if (flags.format === "json" && !isForPrograms) session.reporter.heading(JSON.stringify(images));
    else {
      const rows = images.map((image) => imageRow(image, { repo: repo.name, parent: parent.id }));
      showTable(session, rows, ["CONTAINER", "REPOSITORY", "TAG", "IMAGE ID", "SIZE"]);
    }
  });
}

function imageRow(image: ComposeImage, place: { readonly repo: string; readonly parent: string }) {
  const { ID: id, ContainerName: container, Repository: repository, Tag: tag, Size: bytes } = image;
  const cells = [container, repository, tag, bareId(image).slice(0, 12), formatBytes(bytes)];
  return { cells, record: { type: "container-image", ...place, id, container, repository, tag, bytes } };
}

/** Without the name of its digest. */
function bareId({ ID }: ComposeImage): string {
  return ID.replace(/^sha256:/, "");
}

/** `otto docker top` */
export function dockerTop(session: Session, flags: QueryFlags): Promise<Outcome> {
  return ofEach(session, flags, async (place, options) => {
    showText(session, place, await composeTop(place.repo, place.lab, options));
  });
}

/** `otto docker config` */
export function dockerConfig(session: Session, flags: QueryFlags): Promise<Outcome> {
  const { quiet, names, images, volumes, profiles, format } = flags;
  const lists = {
    "--quiet": quiet,
    "--services": names,
    "--images": images,
    "--volumes": volumes,
    "--profiles": profiles,
  };
  const chosen = Object.entries(lists).flatMap(([option, isGiven]) => (isGiven === true ? [option] : []));
  const words = [...chosen, ...(format === undefined ? [] : ["--format", format])];
  return ofEach(session, flags, async (place, options) => {
    showText(session, place, await composeConfig(place.repo, place.lab, { ...options, words }));
  });
}

/** `otto docker inspect` */
export function dockerInspect(session: Session, flags: QueryFlags): Promise<Outcome> {
  return ofEach(session, flags, async (place, options) => {
    const found = await composeInspect(place.repo, place.lab, options);
    showText(session, place, JSON.stringify(found, null, session.options.json ? undefined : 4));
  });
}

/** `otto docker port` */
export function dockerPort(session: Session, flags: QueryFlags & { readonly port: number }): Promise<Outcome> {
  return ofEach(session, flags, async (place, { services: [service = ""] = [], ...options }) => {
    const { port: target, protocol, index } = flags;
    const port = { target, protocol, index };
    showText(session, place, await composePort(place.repo, place.lab, { ...options, service, port }));
  });
}

function showText({ reporter, options }: Session, { repo, parent }: ServicePlace, text: string): void {
  if (options.json) reporter.item("", { type: "text", repo: repo.name, parent: parent.id, text });
  else if (text.trim() !== "") reporter.heading(text.replace(/\n$/, ""));
}

/** `otto docker wait`: ends with the exit code of the container that stopped last, as compose. */
export async function dockerWait(session: Session, flags: QueryFlags): Promise<Outcome> {
  let exitCode: number = exitCodes.done;
  const outcome = await ofEach(session, flags, async (place, options) => {
    const { repo, lab, parent } = place;
    if (session.options.dryRun) return showText(session, place, "would wait until they have stopped");
    const onWaiting = (names: readonly string[]) => session.reporter.progress(`waiting for ${names.join(", ")}`);
    for (const one of await composeWait(repo, lab, { ...options, onWaiting })) {
      exitCode = one.exitCode;
      const record = { type: "ended", repo: repo.name, parent: parent.id, ...one };
      session.reporter.item(`${one.name} exited (${exitCode})`, record);
    }
  });
  return outcome.exitCode === exitCodes.done ? { exitCode } : outcome;
}

/** Engines take this long for what containers use; where none runs, nothing else would slow the questions down. */
const leastPauseMs = 1000;

/** `otto docker stats`: a table each time. */
export async function dockerStats(session: Session, flags: QueryFlags): Promise<Outcome> {
  const places = await findServicePlaces(session, flags);
  const isOnce = flags.stream === false || session.options.dryRun;
  try {
    do {
      const pause = isOnce ? undefined : delay(leastPauseMs, undefined, { signal: session.signal });
      // An abort ends the loop in any case.
      pause?.catch(() => {});
      for (const place of places) await showStats(session, place, flags);
      await pause;
    } while (!isOnce && !session.signal.aborted);
  } catch (error) {
    // The usual end of watching.
    if (isOnce || !session.signal.aborted) throw error;
  }
  return { exitCode: exitCodes.done };
}

async function showStats(session: Session, place: ServicePlace, flags: QueryFlags): Promise<void> {
  const { repo, lab, services } = place;
  const { reporter } = session;
  const rows = await composeStats(repo, lab, { on: flags.on, services, signal: session.signal });
  if (flags.format === "json" && !session.options.json) {
    for (const row of rows) reporter.heading(JSON.stringify(row));
    return;
  }
  const header = ["NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"];
  const table = rows.map((row) => ({
    cells: [row.Name, row.CPUPerc, row.MemUsage, row.MemPerc, row.NetIO, row.BlockIO, row.PIDs],
    record: { type: "stats", repo: repo.name, parent: place.parent.id, ...row },
  }));
  showTable(session, table, header);
}
