export interface MarkdownLink {
  readonly line: number;
  readonly target: string;
}

/** The links and images of a page: `[text](target)`, `[label]: target` and `<https://…>`, outside code. */
export function linksOf(page: string): readonly MarkdownLink[] {
  return proseLines(page).flatMap(({ line, text }) =>
    [...text.matchAll(/\]\(([^()\s]*)[^()]*\)|^\[[^\]]+\]: (\S+)|<(https?:[^>]*)>/g)].map(
      ([, inline, reference, bare]) => ({ line, target: inline ?? reference ?? bare ?? '' }),
    ),
  );
}

/** The anchors that GitHub and GitLab create for the headings of a page; repeated headings get a number. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const { heading } of proseLines(page)) {
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

interface ProseLine {
  readonly line: number;
  /** Without code spans. */
  readonly text: string;
  readonly heading: string | undefined;
}

function proseLines(page: string): readonly ProseLine[] {
  let fence: string | undefined;
  return page.split('\n').flatMap((source, index): ProseLine[] => {
    const [, marker] = /^\s*(```|~~~)/.exec(source) ?? [];
    if (marker !== undefined && (fence === undefined || fence === marker)) {
      fence = fence === undefined ? marker : undefined;
      return [];
    }
    if (fence !== undefined || /^ {4}(?![-*] )/.test(source)) return [];
    const [, heading] = /^#{1,6} +(.*?)\s*$/.exec(source) ?? [];
    return [{ line: index + 1, text: source.replaceAll(/`[^`]*`/g, '``'), heading }];
  });
}
