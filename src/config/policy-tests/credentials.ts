import type { AssumedCredential } from '../../core/credentials/assumed-credential.ts';
import type { Config } from '../model/config.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { hint } from '../problems/suggest.ts';
import type { WrittenCredential } from './schema.ts';

/** Predefined: a request without a credential. */
const ANONYMOUS_CALLER = 'anonymous';

export type Report = (path: KeyPath, message: string) => void;

type Credentials = Readonly<Record<string, WrittenCredential>>;

/** Resolves the credentials of a file. The result has no entry for an invalid credential, which is reported. */
export function resolveCredentials(
  credentials: Credentials,
  config: Pick<Config, 'issuers' | 'deployTokens'>,
  report: Report,
): ReadonlyMap<string, AssumedCredential> {
  const resolved = new Map<string, AssumedCredential>([[ANONYMOUS_CALLER, { kind: 'none' }]]);
  for (const [name, written] of Object.entries(credentials)) {
    const path = ['credentials', name];
    if (name === ANONYMOUS_CALLER) {
      report(path, '"anonymous" is predefined as a request without a credential; choose another name');
      continue;
    }
    const misplaced = misplacedKey(written);
    if (misplaced !== undefined) {
      report([...path, misplaced.key], misplaced.message);
      continue;
    }
    const credential = resolve(credentials, name, config, report);
    if (credential !== undefined) resolved.set(name, credential);
  }
  return resolved;
}

/** The keys that each kind of credential accepts. */
const KINDS = {
  deployToken: ['deployToken'],
  exchanged: ['exchanged', 'scopes'],
  claims: ['issuer', 'claims', 'class', 'extends'],
} as const;

function kindOf({ deployToken, exchanged }: WrittenCredential): keyof typeof KINDS {
  if (deployToken !== undefined) return 'deployToken';
  return exchanged === undefined ? 'claims' : 'exchanged';
}

function misplacedKey(
  written: WrittenCredential,
): { readonly key: string; readonly message: string } | undefined {
  const kind = kindOf(written);
  const allowed: readonly string[] = KINDS[kind];
  const key = Object.keys(written).find((each) => !allowed.includes(each));
  if (key === undefined) return undefined;
  const fix = kind === 'claims' ? 'it belongs to `exchanged`' : `remove it, or remove "${kind}"`;
  return { key, message: `has no effect here; ${fix}` };
}

function resolve(
  credentials: Credentials,
  name: string,
  config: Pick<Config, 'issuers' | 'deployTokens'>,
  report: Report,
): AssumedCredential | undefined {
  const written = credentials[name] ?? {};
  const path = ['credentials', name];
  const kind = kindOf(written);
  switch (kind) {
    case 'deployToken': {
      const token = written.deployToken ?? '';
      const known = config.deployTokens.map((each) => each.name);
      if (known.includes(token)) return { kind: 'deploy-token', name: token };
      report([...path, 'deployToken'], `there is no deploy token "${token}"${hint(token, known)}`);
      return undefined;
    }
    case 'exchanged':
      return resolveExchanged(credentials, name, config, report);
    case 'claims': {
      const merged = mergeExtended(credentials, name, report);
      if (merged === undefined) return undefined;
      const { issuer, claims = {} } = merged;
      if (issuer === undefined) {
        report(path, 'needs issuer, extends, deployToken or exchanged');
        return undefined;
      }
      const known = config.issuers.map((each) => each.name);
      if (known.includes(issuer))
        return { kind: 'claims', class: merged.class ?? 'id_token', issuer, claims };
      if (written.issuer !== undefined)
        report([...path, 'issuer'], `there is no issuer "${issuer}"${hint(issuer, known)}`);
      return undefined;
    }
    default:
      return kind satisfies never;
  }
}

function resolveExchanged(
  credentials: Credentials,
  name: string,
  config: Pick<Config, 'issuers' | 'deployTokens'>,
  report: Report,
): AssumedCredential | undefined {
  const { exchanged = '', scopes } = credentials[name] ?? {};
  const path = ['credentials', name];
  const source = credentials[exchanged];
  if (source === undefined) {
    report([...path, 'exchanged'], unknownCredential(exchanged, credentials, name));
    return undefined;
  }
  if (kindOf(source) === 'exchanged') {
    report(
      [...path, 'exchanged'],
      `"${exchanged}" is exchanged itself; name the credential of the CI system`,
    );
    return undefined;
  }
  if (scopes === undefined) {
    report(path, 'needs scopes: the scopes that the exchange requests');
    return undefined;
  }
  // Problems of the source are reported at the source.
  const resolved = resolve(credentials, exchanged, config, () => undefined);
  return resolved === undefined || resolved.kind === 'exchanged' || resolved.kind === 'none'
    ? undefined
    : { kind: 'exchanged', source: resolved, scopes };
}

/** Claims replace the claims of the extended credential by name; issuer and class are inherited. */
function mergeExtended(
  credentials: Credentials,
  name: string,
  report: Report,
): WrittenCredential | undefined {
  const seen = new Set([name]);
  let merged = credentials[name] ?? {};
  let at = name;
  for (let parent = merged.extends; parent !== undefined;) {
    const written: WrittenCredential | undefined = Object.hasOwn(credentials, parent)
      ? credentials[parent]
      : undefined;
    const path = ['credentials', at, 'extends'];
    if (written === undefined) {
      if (at === name) report(path, unknownCredential(parent, credentials, name));
      return undefined;
    }
    if (seen.has(parent)) {
      report(path, `"${parent}" extends itself; remove one "extends"`);
      return undefined;
    }
    if (kindOf(written) !== 'claims') {
      if (at === name)
        report(path, `"${parent}" has no claims; only a credential with claims can be extended`);
      return undefined;
    }
    merged = { ...written, ...merged, claims: { ...written.claims, ...merged.claims } };
    seen.add(parent);
    at = parent;
    parent = written.extends;
  }
  return merged;
}

export function unknownCredential(name: string, credentials: object, except?: string): string {
  const known = Object.keys(credentials).filter((each) => each !== except);
  return `there is no credential "${name}" in this file${hint(name, known)}`;
}
