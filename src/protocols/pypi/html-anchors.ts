/** The start of an anchor, or of a `base`, which changes the meaning of every relative link. */
const START = /<(a|base)(?=[\s/>])/gi;

/** One attribute, or the separator between two (HTML, "before attribute name state"). */
const ATTRIBUTE = /(?:\s+|\/)|([^\s"'<>/=]+)(\s*=\s*)?("[^"]*"|'[^']*'|(?<==\s*)[^\s"'<>`]+)?/y;

/**
 * Replaces the URLs in the anchors of a page; all other bytes stay unchanged. Undefined if an HTML parser
 * could find other links than this function does.
 */
export function rewriteAnchors(
  page: string,
  attributes: ReadonlySet<string>,
  rewrite: (url: string) => string,
): string | undefined {
  let done = '';
  let copied = 0;
  START.lastIndex = 0;
  for (let start = START.exec(page); start !== null; start = START.exec(page)) {
    if (start[1]?.toLowerCase() === 'base') return undefined;
    let at = START.lastIndex;
    while (page[at] !== '>') {
      ATTRIBUTE.lastIndex = at;
      const match = ATTRIBUTE.exec(page);
      if (match === null) return undefined;
      const [all, name = '', equals, value] = match;
      if ((equals === undefined) !== (value === undefined)) return undefined;
      if (value !== undefined && attributes.has(name.toLowerCase())) {
        const replaced = rewriteValue(value, rewrite);
        if (replaced !== value) {
          done += page.slice(copied, at + all.length - value.length) + replaced;
          copied = at + all.length;
        }
      }
      at += all.length;
    }
    START.lastIndex = at;
  }
  return done + page.slice(copied);
}

function rewriteValue(value: string, rewrite: (url: string) => string): string {
  const quoted = value.startsWith('"') || value.startsWith("'");
  const url = unescape(quoted ? value.slice(1, -1) : value);
  const rewritten = rewrite(url);
  return rewritten === url ? value : `"${escape(rewritten)}"`;
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['sol', '/'],
  ['colon', ':'],
  ['period', '.'],
]);

function unescape(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,6})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (all, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED.get(name) ?? all;
    const code =
      typeof decimal === 'string' ? Number.parseInt(decimal, 10) : Number.parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
