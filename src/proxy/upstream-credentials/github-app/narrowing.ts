import type { Caller } from '../../../core/decision.ts';
import type { Forwarding } from '../../../core/request/forwarding.ts';
import { compileCallerTemplate } from '../../headers/caller-template.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';

/** Limits of an installation token. Each text is a template of `{identity}`, `{claims.NAME}` and plain text. */
export interface NarrowingSettings {
  /** Permission → `read`, `write` or `admin`. Absent: all permissions of the installation. */
  readonly permissions?: Readonly<Record<string, string>> | undefined;
  /** Names, with or without the owner. Without `repositories` and `repositoryIds`: all repositories of the installation. */
  readonly repositories?: readonly string[] | undefined;
  readonly repositoryIds?: readonly string[] | undefined;
}

/** The expanded limits. Callers with equal limits share one token. */
export type Narrowing = Pick<NarrowingSettings, 'permissions' | 'repositories'> & {
  readonly repositoryIds?: readonly number[] | undefined;
};

interface NarrowingKey {
  readonly kind: 'narrowing';
  /** The `Narrowing` as JSON. */
  readonly key: string;
}

/** Returns the narrowing of a request. */
export type Narrow = (forwarding: Pick<Forwarding, 'allow' | 'presented'>) => NarrowingKey | CredentialFault;

/** Whether the narrowing depends on the caller. */
export function narrowsByCaller(settings: NarrowingSettings): boolean {
  return narrowingTemplates(settings).some((template) => template.includes('{'));
}

/** The narrowing of every request; undefined if it depends on the caller. */
export function constantNarrowing(settings: NarrowingSettings): NarrowingKey | CredentialFault | undefined {
  return narrowsByCaller(settings) ? undefined : expand(settings, (template) => template);
}

/** GitHub grants everything where a limit is absent, so a template without a value fails the credential. */
export function compileNarrowing(settings: NarrowingSettings): Narrow {
  const compiled = new Map(
    narrowingTemplates(settings).map((template) => [template, compileCallerTemplate(template)] as const),
  );
  const cache = new WeakMap<Caller, NarrowingKey | CredentialFault>();
  const constant = constantNarrowing(settings);
  if (constant !== undefined) return () => constant;
  return function narrow({ allow: { caller }, presented }) {
    if (caller === undefined)
      return presented === undefined ? ANONYMOUS : empty('the request has no identity');
    const known = cache.get(caller);
    if (known !== undefined) return known;
    const narrowing = expand(settings, (template) => compiled.get(template)?.(caller, []));
    cache.set(caller, narrowing);
    return narrowing;
  };
}

const ANONYMOUS = credentialFault(
  'no_credential',
  'githubApp narrows by claims of the caller, and the request is anonymous',
);

export function narrowingTemplates({
  permissions,
  repositories,
  repositoryIds,
}: NarrowingSettings): readonly string[] {
  return [...Object.values(permissions ?? {}), ...(repositories ?? []), ...(repositoryIds ?? [])];
}

function expand(
  { permissions, repositories, repositoryIds }: NarrowingSettings,
  valueOf: (template: string) => string | undefined,
): NarrowingKey | CredentialFault {
  let fault: CredentialFault | undefined;
  const usable = (template: string, form: RegExp): string => {
    const value = valueOf(template);
    if (value !== undefined && form.test(value)) return value;
    const problem = value === undefined ? 'has no value' : 'has an unusable value';
    fault ??= empty(`githubApp: ${template} ${problem} for this caller`);
    return '';
  };
  const narrowing: Narrowing = {
    permissions:
      permissions &&
      Object.fromEntries(Object.entries(permissions).map(([name, level]) => [name, usable(level, LEVEL)])),
    repositories: repositories?.map((name) => usable(name, REPOSITORY)),
    repositoryIds: repositoryIds?.map((id) => Number(usable(id, REPOSITORY_ID))),
  };
  return fault ?? { kind: 'narrowing', key: JSON.stringify(narrowing) };
}

const LEVEL = /^(?:read|write|admin)$/;
/** NAME or OWNER/NAME. */
const REPOSITORY = /^(?:[A-Za-z0-9][\w-]{0,99}\/)?(?!\.{1,2}$)[\w.-]{1,100}$/;
const REPOSITORY_ID = /^[1-9]\d{0,14}$/;

function empty(detail: string): CredentialFault {
  return credentialFault('narrowing_empty', detail);
}
