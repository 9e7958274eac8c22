/** A change that a page describes: a new file, or lines added to an existing one. */
export interface PageEdit {
  readonly kind: 'create' | 'change';
  readonly path: string;
  readonly text: string;
}

/** The blocks of a page whose info string is `ts PATH` (a whole file) or `diff PATH`, in their order. */
export function readPageEdits(page: string): readonly PageEdit[] {
  return [...page.matchAll(/^```(ts|diff) (\S+)\n(.*?)^```$/gms)].map(
    ([, language, path = '', text = '']) => ({
      kind: language === 'ts' ? 'create' : 'change',
      path,
      text,
    }),
  );
}

/** Inserts the `+` lines of a diff after the lines before them, which must occur exactly once; `@@` separates hunks. */
export function applyDiff(source: string, diff: string): string {
  let changed = source;
  for (const hunk of diff.split(/^@@\n/m)) {
    const lines = hunk.split('\n').slice(0, -1);
    if (lines.some((line) => !/^[ +]/.test(line))) throw new Error(`only additions are supported: ${hunk}`);
    const before = lines.filter((line) => line.startsWith(' ')).map((line) => line.slice(1));
    const after = lines.map((line) => line.slice(1));
    const parts = changed.split(`${before.join('\n')}\n`);
    if (parts.length !== 2)
      throw new Error(`the context occurs ${parts.length - 1} times: ${before.join('\n')}`);
    changed = parts.join(`${after.join('\n')}\n`);
  }
  return changed;
}
