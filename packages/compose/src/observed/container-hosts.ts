import { type ContainerHostOptions, DockerContainerHost, type Parent } from "@otto/hosts";

/** `<parent id>.<repo>.<service>` in lower case; further replicas have `.<number>` behind it. */
export function containerHostId(place: { parent: string; repo: string; service: string; replica: number }): string {
  const id = `${place.parent}.${place.repo}.${place.service}`.toLowerCase();
  return place.replica === 1 ? id : `${id}.${place.replica}`;
}

/** The host that a service's container is, or will be. */
export function createContainerHost(
  parent: Parent,
  place: { repo: string; project: string; service: string; replica: number } & Pick<ContainerHostOptions, "bringUp">,
): DockerContainerHost {
  const { service, project, replica, bringUp } = place;
  return new DockerContainerHost({
    id: containerHostId({ ...place, parent: parent.id }),
    service,
    project,
    replica,
    engine: parent.engine,
    parent,
    bringUp,
  });
}
