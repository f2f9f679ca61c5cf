/** The two sides of one connection, as they see its chunks. */
export interface TripObserver {
  /** Call it when a chunk is sent; call what it returns when that chunk is delivered. */
  readonly sent: (by: "client" | "server") => () => void;
}

/** Counts round trips: see `roundTrips` of `LabProxy`. */
export interface RoundTripCounter {
  readonly count: number;
  /** For each connection of the client. */
  observe(): TripObserver;
}

/**
 * Two clocks in the manner of Lamport. The client's says how many round trips it has waited for; it is one for all connections, for
 * their client is one. A chunk of the client belongs to its next trip; a chunk of the server answers the latest trip that has
 * reached it on this connection; the delivery of that chunk is what ends the trip.
 */
export function countRoundTrips(): RoundTripCounter {
  let client = 0;
  return {
    get count() {
      return client;
    },
    observe() {
      let server = 0;
      return {
        sent(by) {
          const trip = by === "client" ? client + 1 : server;
          return () => {
            if (by === "client") server = Math.max(server, trip);
            else client = Math.max(client, trip);
          };
        },
      };
    },
  };
}
