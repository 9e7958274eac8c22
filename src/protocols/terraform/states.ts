import type { Classification } from '../../core/request/protocol.ts';
import {
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';
import { isStateName } from './names.ts';

/** `states/NAME`, and `state/NAME` of Gitea and GitLab. */
const STATE = /^states?\/(.+)$/;

const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'DELETE', 'LOCK', 'UNLOCK']);

/**
 * The HTTP backend (Terraform documentation, "Backend Type: http"), whose methods are configurable. GitLab and Gitea
 * lock a state at `NAME/lock` and keep its versions at `NAME/versions/SERIAL`, so a state has neither name. Undefined
 * if the path is not a path of states.
 */
export function classifyState(method: string, rest: string): Classification | undefined {
  const [, path] = STATE.exec(rest) ?? [];
  if (path === undefined) return undefined;
  const segments = path.split('/');
  if (segments.at(-1) === 'lock') return lock(method, segments.slice(0, -1));
  const version = segments.at(-2) === 'versions' && /^\d+$/.test(segments.at(-1) ?? '');
  const name = version ? segments.slice(0, -2) : segments;
  if (!isStateName(name)) return notAState();
  if (isRead(method)) return onePackage(READ_PACKAGES, resourceOf(name));
  const known = version ? method === 'DELETE' : WRITES.has(method);
  return known
    ? onePackage(WRITE_PACKAGES, resourceOf(name))
    : unknownOperation(`${method} on a ${version ? 'version of a state' : 'state'}`);
}

function lock(method: string, name: readonly string[]): Classification {
  if (!isStateName(name)) return notAState();
  return WRITES.has(method)
    ? onePackage(WRITE_PACKAGES, resourceOf(name))
    : unknownOperation(`${method} on a lock`);
}

function notAState(): Classification {
  return unknownOperation('not the name of a state');
}

function resourceOf(name: readonly string[]): string {
  return `states/${name.join('/')}`;
}
