/** Runs `connect` when there is room for it. */
export type ConnectGate = <T>(connect: () => Promise<T>) => Promise<T>;
