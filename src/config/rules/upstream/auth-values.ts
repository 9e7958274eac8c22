import { isLoopback } from '../../../util/http/listen-address.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { isHeaderText } from '../../schema/scalars.ts';
import type { RuleContext } from '../rule.ts';

/** Whether the connection is encrypted or local. */
export function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replaceAll(/[[\]]/g, ''));
}

/** A secret is inline or in a file, and goes into a header. */
export function checkSecret(
  context: RuleContext,
  path: KeyPath,
  key: string,
  value: string | undefined,
  file: string | undefined,
): void {
  if (value === undefined && file === undefined) {
    context.error(path, `needs ${key} or ${key}File`, 'key');
  } else if (value !== undefined && file !== undefined) {
    context.error([...path, key], `give either ${key} or ${key}File, not both`, 'key');
  }
  if (value !== undefined && !isHeaderText(value)) {
    context.error([...path, key], 'must be printable ASCII without spaces around it: it goes into a header');
  }
}
