/** An element of a document that XML parsers read alike, lenient ones included. */
export interface XmlElement {
  readonly name: string;
  readonly parent: XmlElement | undefined;
  /** Values as written, with references. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The texts directly in the element, as written. */
  readonly texts: readonly string[];
}

/** Only documents in UTF-8; parsers without the declaration assume it. */
const DECLARATION =
  /^<\?xml[ \t\r\n]+version=(["'])1\.0\1(?:[ \t\r\n]+encoding=(["'])utf-?8\2)?(?:[ \t\r\n]+standalone=(["'])(?:yes|no)\3)?[ \t\r\n]*\?>/i;

/** An instruction, a comment, a start tag, an end tag or text. Not: DOCTYPE, CDATA and element names with a prefix. */
const TOKEN =
  /<\?(?!xml)[^>]*\?>|<!--[^-]*(?:-[^-]+)*-->|<([A-Za-z_][\w.-]*)((?:[ \t\r\n]+[\w:.-]+[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*'))*)[ \t\r\n]*(\/?)>|<\/([A-Za-z_][\w.-]*)[ \t\r\n]*>|([^<]+)/iy;

const ATTRIBUTE = /([\w:.-]+)[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')/g;

/** Lenient parsers (libxml2 in recovery mode) end a document at NUL, and skip other invalid characters and references. */
const INVALID =
  /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/iu;

const BLANK = /^[ \t\r\n]*$/;

/** Manifests have four levels. */
const MAX_DEPTH = 32;

/**
 * All elements in document order; undefined for a document that parsers could read differently. Elements have the
 * namespace of the root: a search with a namespace would otherwise skip some of them.
 */
export function readPlainXml(bytes: Buffer): readonly XmlElement[] | undefined {
  const text = utf8(bytes)?.replace(/^\uFEFF/, '');
  if (text === undefined || INVALID.test(text)) return undefined;
  const elements: XmlElement[] = [];
  const open: OpenElement[] = [];
  TOKEN.lastIndex = DECLARATION.exec(text)?.[0].length ?? 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, name, attributes = '', empty, closed, content] = match;
    const parent = open.at(-1);
    if (content !== undefined) {
      if (parent === undefined && !BLANK.test(content)) return undefined;
      parent?.texts.push(content);
    } else if (closed !== undefined) {
      if (open.pop()?.name !== closed) return undefined;
    } else if (name !== undefined) {
      const element = createElement(name, attributes, parent);
      const second = parent === undefined && elements.length > 0;
      if (element === undefined || second || open.length >= MAX_DEPTH) return undefined;
      elements.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  return open.length === 0 ? elements : undefined;
}

interface OpenElement extends XmlElement {
  readonly texts: string[];
}

function createElement(name: string, text: string, parent: XmlElement | undefined): OpenElement | undefined {
  const attributes = new Map<string, string>();
  for (const [, key = '', double, single] of text.matchAll(ATTRIBUTE)) {
    if (attributes.has(key) || (key === 'xmlns' && parent !== undefined)) return undefined;
    attributes.set(key, double ?? single ?? '');
  }
  return { name, parent, attributes, texts: [] };
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
