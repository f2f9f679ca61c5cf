/** What messages call a container. */
export function describeContainer(target: { readonly container: string; readonly containerName?: string | undefined }) {
  const { container, containerName } = target;
  return containerName ?? (/^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container);
}
