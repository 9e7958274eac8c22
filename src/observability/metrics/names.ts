import { type AuditEvent, OTHER_AUDIT_REASONS } from '../../core/records/audit-event.ts';
import { CREDENTIAL_CLASSES, type CredentialClass } from '../../core/credentials/credential.ts';
import { REASON_NAMES } from '../../core/reasons.ts';

/** A label and its possible values; the index of a value in the list is its index in the arrays. */
export interface Label {
  readonly name: string;
  readonly values: readonly string[];
}

/** Label values for an absent name, and for a name that is not in the configuration. */
const NONE = 0;
const OTHER = 1;

/** Names of the configuration. None is removed: a counter must not disappear when a reload removes a service. */
export class Names implements Label {
  readonly name: string;
  readonly values: string[] = ['none', 'other'];
  readonly #places = new Map<string, number>([
    ['none', NONE],
    ['other', OTHER],
  ]);

  constructor(label: string, names: readonly string[]) {
    this.name = label;
    this.add(names);
  }

  add(names: readonly string[]): void {
    for (const name of names) {
      if (this.#places.has(name)) continue;
      this.#places.set(name, this.values.length);
      this.values.push(name);
    }
  }

  placeOf(name: string | undefined): number {
    return name === undefined ? NONE : (this.#places.get(name) ?? OTHER);
  }
}

export const METHOD: Label = {
  name: 'method',
  values: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'],
};

/** Methods are case-sensitive (RFC 9110 §9.1): `get` is not GET. */
export function methodPlace(method: string): number {
  const place = METHOD.values.indexOf(method);
  return place === -1 ? METHOD.values.length - 1 : place;
}

/** `none`: the client closed the connection before the response. */
export const STATUS: Label = { name: 'status', values: ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] };

export function statusPlace(status: number): number {
  return status >= 100 && status < 600 ? Math.floor(status / 100) : NONE;
}

export const CREDENTIAL: Label = { name: 'credential', values: ['none', ...CREDENTIAL_CLASSES] };

export function credentialPlace(credential: CredentialClass | undefined): number {
  return credential === undefined ? NONE : CREDENTIAL_CLASSES.indexOf(credential) + 1;
}

/** `none`: refused before the policy decision. */
export const DECISION = { name: 'decision', values: ['none', 'allow', 'deny', 'unable'] } as const;

export function decisionPlace(kind: 'allow' | 'deny' | 'unable' | undefined): number {
  return kind === undefined ? NONE : DECISION.values.indexOf(kind);
}

const REASON_VALUES = [...OTHER_AUDIT_REASONS, ...REASON_NAMES];
const REASON_PLACES: ReadonlyMap<string, number> = new Map(
  REASON_VALUES.map((reason, place) => [reason, place]),
);
const INTERNAL_ERROR = REASON_VALUES.indexOf('internal_error');

export const REASON: Label = { name: 'reason', values: REASON_VALUES };

export function reasonPlace(reason: AuditEvent['reason']): number {
  return REASON_PLACES.get(reason) ?? INTERNAL_ERROR;
}
