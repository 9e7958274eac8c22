/** One field of a `multipart/form-data` body. */
export interface FormPart {
  readonly name: string;
  /** The part is a file, with or without a file name. */
  readonly isFile: boolean;
  /** Undefined if absent or ambiguous. */
  readonly filename: string | undefined;
  readonly value: Buffer;
  /** False for the last part of a truncated body, whose value is incomplete. */
  readonly whole: boolean;
}

export interface FormParts {
  readonly parts: readonly FormPart[];
  /** The body contains the closing delimiter. */
  readonly closed: boolean;
}

export interface FormOptions {
  /** Accept names without quotes, as .NET writes them. Default: such a form is undefined. */
  readonly unquotedNames?: boolean;
}

const MAX_PARTS = 1_000;

/**
 * The boundary of `multipart/form-data`; undefined for an invalid or unusual boundary (RFC 2046 §5.1.1). Rack and PHP
 * end it at a comma, and Rack uses the last `boundary=`.
 */
export function boundaryOf(contentType: string): string | undefined {
  const [, quoted, token] =
    /^multipart\/form-data *; *boundary=(?!.*boundary=)(?:"([\w'+./:=?-]{1,70})"|([\w'+./:=?-]{1,70}))$/i.exec(
      contentType,
    ) ?? [];
  return quoted ?? token;
}

/**
 * Reads a form, or the start of a form, that all parsers read alike (RFC 7578): no preamble or epilogue, one plain
 * name per part, no encodings. Undefined for any other body, because servers may read it differently.
 */
export function readFormParts(
  body: Buffer,
  boundary: string,
  options: FormOptions = {},
): FormParts | undefined {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const opening = delimiter.subarray(2);
  /** A boundary with or without a line end before it: some parsers accept a line feed, others need no line end. */
  const markFrom = (start: number): number => body.indexOf(opening, start);
  if (!body.subarray(0, opening.length).equals(opening)) return undefined;
  const parts: FormPart[] = [];
  let at = opening.length;
  for (;;) {
    const mark = body.toString('latin1', at, at + 2);
    if (mark === '--') {
      const epilogue = body.toString('latin1', at + 2, at + 6);
      return epilogue === '' || epilogue === '\r\n' ? { parts, closed: true } : undefined;
    }
    if (mark !== '\r\n') return mark.length < 2 ? { parts, closed: false } : undefined;
    const blank = body.indexOf('\r\n\r\n', at, 'latin1');
    if (blank === -1) return body.length - at > 8 * 1024 ? undefined : { parts, closed: false };
    const head = headOf(body.toString('latin1', at + 2, blank), options);
    if (head === undefined || parts.length >= MAX_PARTS) return undefined;
    // The end of the head must not be the start of the delimiter: some parsers read a value, and Rack 2 skips a part.
    const end = body.indexOf(delimiter, blank + 4);
    if (markFrom(at) !== (end === -1 ? -1 : end + 2)) return undefined;
    const value = body.subarray(blank + 4, end === -1 ? body.length : end);
    parts.push({ ...head, value, whole: end !== -1 });
    if (end === -1) return { parts, closed: false };
    at = end + delimiter.length;
  }
}

type PartHead = Pick<FormPart, 'name' | 'isFile' | 'filename'>;

function headOf(text: string, { unquotedNames = false }: FormOptions): PartHead | undefined {
  let found: PartHead | undefined;
  for (const line of text.split('\r\n')) {
    const [, name, value = ''] = /^([A-Za-z-]+): *([^\r\n]*)$/.exec(line) ?? [];
    switch (name?.toLowerCase()) {
      case 'content-disposition': {
        const quoted = unquotedNames ? value.replaceAll(UNQUOTED, '$1="$2"') : value;
        const [, field, file, filename, another] = DISPOSITION.exec(quoted) ?? [];
        if (field === undefined || found !== undefined) return undefined;
        const differs = another !== undefined && !isSameName(filename, another);
        const known = filename === undefined || differs ? undefined : utf8(filename);
        found = { name: utf8(field), isFile: file !== undefined, filename: known };
        break;
      }
      case 'content-type':
        // Servers that read nested forms take the file from `multipart/mixed` (RFC 2388 §4.2; commons-fileupload).
        if (!PLAIN_TYPE.test(value)) return undefined;
        break;
      case 'content-length':
      case 'mime-version':
        break;
      default:
        return undefined;
    }
  }
  return found;
}

/** A media type of one part; a charset in which parsers read the same text. */
const PLAIN_TYPE =
  /^(?!multipart\/|message\/)[\w!#$&^.+-]+\/[\w!#$&^.+-]+ *(?:; *charset=(?:"(?:utf-8|us-ascii)"|utf-8|us-ascii))?$/i;

/** Names without quotes and backslashes, which some clients escape and others do not. */
const DISPOSITION =
  /^form-data *; *name="([^"\\\r\n]*)"( *; *filename="([^"\\\r\n]*)"( *; *filename\*=[\w!#$%&'*+.^`|~-]+)?)?$/i;

/** A name of characters that need neither quotes nor encoding. */
const UNQUOTED = /(?<=; *)(name|filename)=([\w.-]+)(?= *(?:;|$))/g;

/** Whether the extended file name (RFC 8187) is the plain one. */
function isSameName(filename: string | undefined, extended: string): boolean {
  return filename?.includes('%') === false && extended.replace(/^[^=]*= */, '') === `utf-8''${filename}`;
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
