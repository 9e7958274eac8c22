import type { BodyWatch, InvalidBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { formTypeOf } from '../../util/http/form-type.ts';
import { headerValues } from '../../util/http/header-name.ts';
import { createMultipartOverride } from '../../util/http/multipart-override.ts';
import { createUrlencodedOverride } from '../../util/http/urlencoded-override.ts';

/** An inspector that refuses a form whose fields replace the method that policy authorized. Undefined if the body is no form. */
export function watchMethodOverride({ method, rawHeaders }: RequestHead): BodyWatch | undefined {
  const type = formTypeOf(rawHeaders);
  // Rack parses a body without a media type only with POST; CakePHP reads `_method` with PUT, PATCH and DELETE too.
  if (type === undefined || (type === 'unclear' && method !== 'POST')) return undefined;
  const unreadable = unreadableForm(rawHeaders);
  if (unreadable !== undefined) return () => unreadable;
  const urlencoded = type === 'multipart' ? undefined : createUrlencodedOverride();
  const multipart = type === 'urlencoded' ? undefined : createMultipartOverride();
  return (chunk) =>
    urlencoded?.(chunk) === true || multipart?.(chunk) === true
      ? invalidForm('a form field that overrides the method, such as _method')
      : undefined;
}

/** A form that the gateway cannot read but the upstream may. */
function unreadableForm(rawHeaders: readonly string[]): InvalidBody | undefined {
  const coding = headerValues(rawHeaders, 'content-encoding').find((value) => !IDENTITY.test(value));
  if (coding !== undefined)
    return invalidForm('a form with a content coding, whose fields cannot be checked');
  const types = headerValues(rawHeaders, 'content-type').join(';');
  const charsets = [...types.matchAll(CHARSET)].map(([, charset = '']) => charset);
  return charsets.every((charset) => ASCII_COMPATIBLE.test(charset))
    ? undefined
    : invalidForm('a form in a charset whose fields cannot be checked');
}

function invalidForm(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}

const IDENTITY = /^\s*(?:identity)?\s*$/i;
const CHARSET = /charset\s*\*?\s*=\s*["']?\s*([^\s"';,]*)/gi;
/** Servlet containers decode the fields by the charset: in UTF-16 or EBCDIC they have other bytes. */
const ASCII_COMPATIBLE = /^(?:utf-?8|us-ascii|ascii|iso-8859-\d+|latin-?1|windows-125\d)$/i;
