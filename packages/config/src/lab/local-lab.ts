import { type DeclaredHost, sshDefaults } from "./lab-host.js";

/** The name of the lab that needs no file, and the id of its host. */
export const localName = "local";

/** This machine, which has a docker engine. */
export const localHost: DeclaredHost = {
  id: localName,
  element: localName,
  ip: "",
  creds: [],
  labs: [localName],
  resources: [],
  roles: [],
  dockerCapable: true,
  ssh: sshDefaults,
  docker: { command: ["docker"] },
  isLocal: true,
};
