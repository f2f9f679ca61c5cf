import { Contrib, Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { findInstalled } from "./bundled-packages.js";

const spec = Spec.Spec1dot6;
const licenses = new Contrib.License.Factories.LicenseFactory(() => {});
const references = new Contrib.FromNodePackageJson.Factories.ExternalReferenceFactory();
const components = new Contrib.FromNodePackageJson.Builders.ComponentBuilder(references, licenses);

/**
 * A CycloneDX bill of materials, as JSON. It has no time and no random number: of the same packages it is the same.
 * @param subject the package that is described
 * @param bundled what its files hold; `installed`: what a package manager brings beside it
 */
export function formatSbom(subject, bundled, installed) {
  const bom = new Models.Bom();
  const parts = new Map();
  for (const found of bundled) parts.set(found.directory, makeComponent(found, "bundled"));
  for (const found of installed) parts.set(found.directory, makeComponent(found, "installed"));
  const root = makeComponent(subject, "bundled", Enums.ComponentType.Application);
  parts.set(subject.directory, root);
  bom.metadata.component = root;
  for (const { directory, manifest } of [subject, ...bundled, ...installed]) {
    const component = parts.get(directory);
    if (component !== root) bom.components.add(component);
    for (const needed of neededBy(manifest, directory === subject.directory)) {
      const found = parts.get(findInstalled(needed, directory));
      if (found !== undefined) component.dependencies.add(found.bomRef);
    }
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(spec));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

// What a bundle takes in is a development dependency of its package.
function neededBy({ dependencies, optionalDependencies, devDependencies }, isSubject) {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...(isSubject && devDependencies) });
}

function makeComponent({ manifest }, delivery, type = Enums.ComponentType.Library) {
  const { name, version } = manifest;
  const component = components.makeComponent(manifest, type);
  if (component === undefined) throw new Error(`no component can be made of ${name} ${version}`);
  component.purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  component.bomRef.value = component.purl;
  component.properties.add(new Models.Property("otto:delivery", delivery));
  return component;
}
