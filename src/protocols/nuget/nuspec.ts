const DECLARATION = /^\uFEFF?<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.-]+)["']/;

/** An instruction, a comment, a tag (with `/`, name, `/`) or text. Not: DOCTYPE, CDATA and names with a prefix. */
const TOKEN =
  /<\?[^>]*\?>|<!--(?:(?!--)[^])*-->|<(\/?)([A-Za-z_][\w.-]*)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>|([^<]+)/y;

/**
 * The text of `package/metadata/id` in a nuspec (docs.microsoft.com, ".nuspec File Reference"). Undefined if programs
 * could read another one: of two elements .NET takes the first, Go the last.
 */
export function readNuspecId(bytes: Buffer): string | undefined {
  const text = utf8(bytes);
  if (text === undefined || !/^utf-?8$/i.test(DECLARATION.exec(text)?.[1] ?? 'utf-8')) return undefined;
  const ids: string[] = [];
  const open: string[] = [];
  /** Opened elements that contain the id, in any case. */
  let candidates = 0;
  TOKEN.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, closes, name, empty, content] = match;
    if (content !== undefined && isId(open)) ids.push(content);
    if (name === undefined) continue;
    if (closes === '/') {
      if (empty === '/' || open.pop() !== name) return undefined;
      continue;
    }
    open.push(name);
    if (matters(open)) candidates += 1;
    if (empty === '/') open.pop();
  }
  return open.length === 0 && candidates === PATH.length && ids.length === 1 ? ids[0] : undefined;
}

const PATH = ['package', 'metadata', 'id'] as const;

function isId(open: readonly string[]): boolean {
  return open.join('/') === PATH.join('/');
}

/** Whether the innermost element is on the path to the id, or inside the id. */
function matters(open: readonly string[]): boolean {
  const depth = open.length - 1;
  if (depth >= PATH.length) return open.slice(0, PATH.length).every(isPathElement);
  return open.every(isPathElement) || depth === 0;
}

function isPathElement(name: string, depth: number): boolean {
  return name.toLowerCase() === PATH[depth];
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
