import type { ComposeService } from "@otto/compose-files";
import { familiarImageName } from "@otto/hashing";

interface NamedServices {
  readonly project: string;
  readonly files: { readonly services: readonly ComposeService[] };
}

/** What a service's image is called. */
export function imageReference(project: string, { name, image }: Pick<ComposeService, "name" | "image">): string {
  return image ?? `${project}-${name}`;
}

/** The image names of a stack's services, each once. */
export function imageReferences({ project, files }: NamedServices): string[] {
  return [...new Set(files.services.map((service) => imageReference(project, service)))];
}

/** By service without a build of its own: the one whose build makes the image that it names. */
export function findBuilders({ project, files }: NamedServices): ReadonlyMap<string, string> {
  const nameOf = (service: ComposeService) => familiarImageName(imageReference(project, service));
  const enabled = files.services.filter((service) => service.enabled);
  const made = new Map(enabled.filter(({ hasBuild }) => hasBuild).map((service) => [nameOf(service), service.name]));
  return new Map(
    enabled.flatMap((service) => {
      const builder = service.hasBuild ? undefined : made.get(nameOf(service));
      return builder === undefined ? [] : [[service.name, builder] as const];
    }),
  );
}
