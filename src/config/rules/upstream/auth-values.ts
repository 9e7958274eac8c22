import { isLoopback } from '../../../util/http/listen-address.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { isHeaderText } from '../../schema/scalars.ts';
import type { RuleContext } from '../rule.ts';
import { secretKeys, type Secrets } from '../secret-keys.ts';

/** Whether the connection is encrypted or local. */
export function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replaceAll(/[[\]]/g, ''));
}

/** A secret is in the configuration, in a file or in the vault, and goes into a header. */
export function checkSecret<K extends string>(
  context: RuleContext,
  path: KeyPath,
  key: K,
  holder: Secrets<K>,
): void {
  const [first, second] = secretKeys(key, holder);
  if (first === undefined) {
    context.error(path, `needs ${key}, ${key}File or ${key}FromVault`, 'key');
  } else if (second !== undefined) {
    context.error([...path, first], `give either ${first} or ${second}, not both`, 'key');
  }
  const value: string | undefined = holder[key];
  if (value !== undefined && !isHeaderText(value)) {
    context.error([...path, key], 'must be printable ASCII without spaces around it: it goes into a header');
  }
}

/** RFC 7617 §2: the first colon ends the user-id. Neither part may contain control characters. */
export function checkUsername(context: RuleContext, path: KeyPath, username: string): void {
  if (/^[^:\p{Cc}]+$/u.test(username)) return;
  context.error([...path, 'username'], 'must not hold a colon or control characters (RFC 7617)');
}
