import { headerValues } from './header-name.ts';

/** `unclear`: no media type, or several: Rack parses a POST body without a Content-Type as a form. */
export type FormType = 'urlencoded' | 'multipart' | 'unclear';

/** The form that a body may be, by its Content-Type. Undefined for another media type. */
export function formTypeOf(rawHeaders: readonly string[]): FormType | undefined {
  const [type = '', ...others] = headerValues(rawHeaders, 'content-type');
  if (others.length > 0 || !MEDIA_TYPE.test(type)) return 'unclear';
  if (URLENCODED.test(type)) return 'urlencoded';
  return MULTIPART.test(type) ? 'multipart' : undefined;
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+ *(?:;|$)/;
const URLENCODED = /^application\/x-www-form-urlencoded/i;
const MULTIPART = /^multipart\//i;
