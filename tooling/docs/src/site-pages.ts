import { dirname, join, normalize, relative } from "node:path/posix";

/** The repository, as far as links need it. */
export interface Repository {
  /** Whether a path from its root is a page of the site. */
  readonly isPage: (path: string) => boolean;
  /** Where people see its files, without a slash at the end. */
  readonly url: string;
}

/** Where a page of the repository lies on the site: a README is the index of its directory. */
export function sitePathOf(page: string): string {
  return page.replace(/(^|\/)README\.md$/, "$1index.md");
}

/**
 * The link that leads from a page of the site to what a link of the page in the repository leads to: another page, else the
 * file in the repository.
 * @param page its path from the repository's root
 */
export function siteLink(page: string, link: string, { isPage, url }: Repository): string {
  if (/^(?:[a-z][a-z+.-]*:|#|\/)/i.test(link)) return link;
  const [, path = "", anchor = ""] = /^([^#]*)(.*)$/.exec(link) ?? [];
  const target = normalize(join(dirname(page), path)).replace(/\/$/, "");
  const found = [target, join(target, "README.md")].find((it) => it.endsWith(".md") && isPage(it));
  if (found === undefined) return new URL(link, `${url}/blob/main/${page}`).href;
  return `./${relative(dirname(page), sitePathOf(found))}${anchor}`;
}

/** The id of a heading as GitHub gives it, so that one link works in both places. */
export function headingId(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, "")
    .replaceAll(" ", "-");
}

/** An entry of the menu: a link, or a heading with links below it. */
export type MenuEntry =
  | { readonly text: string; readonly link: string }
  | { readonly text: string; readonly items: { readonly text: string; readonly link: string }[] };

/**
 * The menu of the site from the list of pages in docs/README.md: an entry with a link as its label is that link, any
 * other one is a heading with the links that it has.
 * @param toLink from a link of that page to one of the site; undefined where it leads away from it
 */
export function readMenu(page: string, toLink: (link: string) => string | undefined): MenuEntry[] {
  const entries = page.split(/^- /m).slice(1);
  return entries.flatMap((entry): MenuEntry[] => {
    const items = [...entry.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)].flatMap(([, text = "", target = ""]) => {
      const link = toLink(target);
      return link === undefined ? [] : [{ text: capitalise(text), link }];
    });
    const heading = /^\*\*([^[\]*]+)\*\*/.exec(entry)?.[1];
    if (heading !== undefined) return items.length === 0 ? [] : [{ text: heading, items }];
    return items.slice(0, 1);
  });
}

function capitalise(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
