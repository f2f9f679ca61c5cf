import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runServer } from "verdaccio";

export interface LocalRegistry extends AsyncDisposable {
  /** Its address, with a slash at the end. */
  readonly url: string;
  /** What npm must be given in its environment to publish there. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts an npm registry on loopback that has no packages, takes any from everyone and asks no other registry. */
export async function startRegistry(directory: string): Promise<LocalRegistry> {
  const everyone = { access: "$all", publish: "$all" };
  const server = await runServer({
    configPath: join(directory, "config.yaml"),
    self_path: join(directory, "config.yaml"),
    storage: join(directory, "storage"),
    auth: {},
    uplinks: {},
    packages: { "@*/*": everyone, "**": everyone },
    web: { enable: false },
    log: { type: "stdout", level: "fatal" },
    max_body_size: "50mb",
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}/`,
    // npm sends no package to a registry for which it has no token.
    env: { [`npm_config_//${host}/:_authToken`]: "rehearsal" },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
