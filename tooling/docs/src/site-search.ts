/** How the search box of the site ranks what it finds: a part of a section's title counts most, and guides before lists of exports. */
export const searchOptions = {
  prefix: true,
  fuzzy: 0.1,
  boost: { title: 4, text: 1, titles: 2 },
  // The site's pages get this function as text: it stands alone.
  boostDocument: (id: string): number =>
    id.startsWith("/docs/reference/") ? 0.3 : id.startsWith("/docs/") && !id.startsWith("/docs/adr/") ? 1.5 : 1,
};
