import { findHeader } from '../../util/http/header-name.ts';
import type { RequestHead } from '../../core/request/request-head.ts';

const PATTERNS = {
  'application/json': /^application\/json\s*(;|$)/i,
  'application/x-www-form-urlencoded': /^application\/x-www-form-urlencoded\s*(;|$)/i,
} as const;

/** Whether `Content-Type` names this media type; parameters such as `charset` are ignored. */
export function hasMediaType({ rawHeaders }: RequestHead, mediaType: keyof typeof PATTERNS): boolean {
  return PATTERNS[mediaType].test(findHeader(rawHeaders, 'content-type') ?? '');
}
