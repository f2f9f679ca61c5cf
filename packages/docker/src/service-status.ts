import { type ContainerRow, type ContainerStatus, toRow } from "@otto/compose";

/** One replica of a service, or another container of the stack. */
export interface ServiceStatus extends ContainerStatus {
  /** Id. */
  readonly parent: string;
  /** Id of the container host; undefined for a one-off container of `run`. */
  readonly host: string | undefined;
  readonly service: string;
  /** 1 for the first. */
  readonly replica: number;
  /** Whether `up` runs it, with the profiles that are active. */
  readonly enabled: boolean;
  /** Undefined: there is none, the state is `absent`. */
  readonly container: StackContainer | undefined;
}

export interface StackContainer {
  /** Whole. */
  readonly id: string;
  readonly created: Date;
  readonly row: ContainerRow;
  readonly publishers: readonly PublishedPort[];
}

/** A port of a container; `published` is undefined for one that is open to the stack's networks alone. */
export interface PublishedPort {
  readonly address: string;
  readonly published: number | undefined;
  readonly target: number;
  readonly protocol: string;
}

/** A container as the engine lists it. */
export type ListedContainer = Parameters<typeof toRow>[0];

export function toStackContainer(summary: ListedContainer): StackContainer {
  return {
    id: summary.Id,
    created: new Date(summary.Created * 1000),
    row: toRow(summary),
    publishers: summary.Ports.map(({ IP, PublicPort, PrivatePort, Type }) => ({
      address: (IP as string | undefined) ?? "",
      published: PublicPort,
      target: PrivatePort,
      protocol: Type,
    })),
  };
}
