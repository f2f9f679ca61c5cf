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
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { formatBytes } from "../output/byte-count.js";
import { showTable } from "../output/shown-table.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf, type Work } from "../side-by-side/each-part.js";

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

type Show = (session: Session, place: ServicePlace, options: ComposeQueryOptions) => Promise<void>;

/** @param limit how many parents are asked at once; default: as of all commands */
async function ofEach(session: Session, flags: QueryFlags, show: Show, limit?: number): Promise<Outcome> {
  const places = await findServicePlaces(session, flags);
  const work: Work<ServicePlace> = async (place, own) => {
    await show(own, place, { on: place.on, services: place.services, signal: session.signal });
    return true;
  };
  return eachOf(session, places, work, { mayPass: true, limit });
}

/** `otto docker images` */
export function dockerImages(session: Session, flags: QueryFlags): Promise<Outcome> {
  return ofEach(session, flags, async (own, { repo, lab, parent }, options) => {
    const images = await composeImages(repo, lab, options);
    const isForPrograms = session.options.json;
    if (flags.quiet === true && !isForPrograms) {
      for (const id of new Set(images.map(bareId))) own.reporter.heading(id);
    } else if (flags.format === "json" && !isForPrograms) own.reporter.heading(JSON.stringify(images));
    else {
      const rows = images.map((image) => imageRow(image, { repo: repo.name, parent: parent.id }));
      showTable(own, rows, ["CONTAINER", "REPOSITORY", "TAG", "IMAGE ID", "SIZE"]);
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
  return ofEach(session, flags, async (own, place, options) => {
    showText(own, place, await composeTop(place.repo, place.lab, options));
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
  return ofEach(session, flags, async (own, place, options) => {
    showText(own, place, await composeConfig(place.repo, place.lab, { ...options, words }));
  });
}

/** `otto docker inspect` */
export function dockerInspect(session: Session, flags: QueryFlags): Promise<Outcome> {
  return ofEach(session, flags, async (own, place, options) => {
    const found = await composeInspect(place.repo, place.lab, options);
    showText(own, place, JSON.stringify(found, null, session.options.json ? undefined : 4));
  });
}

/** `otto docker port` */
export function dockerPort(session: Session, flags: QueryFlags & { readonly port: number }): Promise<Outcome> {
  return ofEach(session, flags, async (own, place, { services: [service = ""] = [], ...options }) => {
    const { port: target, protocol, index } = flags;
    const port = { target, protocol, index };
    showText(own, place, await composePort(place.repo, place.lab, { ...options, service, port }));
  });
}

function showText({ reporter, options }: Session, { repo, parent }: ServicePlace, text: string): void {
  if (options.json) reporter.item("", { type: "text", repo: repo.name, parent: parent.id, text });
  else if (text.trim() !== "") reporter.heading(text.replace(/\n$/, ""));
}

/** `otto docker wait`: ends with the exit code of the container that stopped last, as compose. */
export async function dockerWait(session: Session, flags: QueryFlags): Promise<Outcome> {
  let exitCode: number = exitCodes.done;
  const show: Show = async (own, place, options) => {
    const { repo, lab, parent } = place;
    if (session.options.dryRun) return showText(own, place, "would wait until they have stopped");
    const onWaiting = (names: readonly string[]) => own.reporter.progress(`waiting for ${names.join(", ")}`);
    for (const one of await composeWait(repo, lab, { ...options, onWaiting })) {
      exitCode = one.exitCode;
      const record = { type: "ended", repo: repo.name, parent: parent.id, ...one };
      own.reporter.item(`${one.name} exited (${one.exitCode})`, record);
    }
  };
  const outcome = await ofEach(session, flags, show, Number.POSITIVE_INFINITY);
  return outcome.exitCode === exitCodes.done ? { exitCode } : outcome;
}

/** Engines take this long for what containers use; where none runs, nothing else would slow the questions down. */
const leastPauseMs = 1000;

/** `otto docker stats`: a table each time; a parent that does not answer is not asked again. */
export async function dockerStats(session: Session, flags: QueryFlags): Promise<Outcome> {
  let places = await findServicePlaces(session, flags);
  const isOnce = flags.stream === false || session.options.dryRun;
  let failed: Outcome | undefined;
  try {
    do {
      const pause = isOnce ? undefined : delay(leastPauseMs, undefined, { signal: session.signal });
      // An abort ends the loop in any case.
      pause?.catch(() => {});
      const answered = new Set<ServicePlace>();
      const work: Work<ServicePlace> = async (place, own) => {
        await showStats(own, place, flags);
        answered.add(place);
        return true;
      };
      const outcome = await eachOf(session, places, work, { mayPass: true });
      if (outcome.exitCode !== exitCodes.done) failed = outcome;
      places = places.filter((place) => answered.has(place));
      await pause;
    } while (!isOnce && places.length > 0 && !session.signal.aborted);
  } catch (error) {
    // The usual end of watching.
    if (isOnce || !session.signal.aborted) throw error;
  }
  return failed ?? { exitCode: exitCodes.done };
}

async function showStats(session: Session, place: ServicePlace, flags: QueryFlags): Promise<void> {
  const { repo, lab, services, on } = place;
  const { reporter } = session;
  const rows = await composeStats(repo, lab, { on, services, signal: session.signal });
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
