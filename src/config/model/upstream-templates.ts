import type { KeyPath } from '../problems/key-path.ts';
import type { DraftService } from './draft.ts';

type Auth = NonNullable<NonNullable<DraftService['upstream']>['auth']>;

/** A template from which the upstream credential of a request is selected or limited. */
export interface UpstreamTemplate {
  /** Below the service. */
  readonly path: KeyPath;
  readonly template: string;
  /** The entry of `perIdentity`; undefined for the credential of all callers. */
  readonly entry: string | undefined;
}

export function upstreamTemplates({ upstream }: Pick<DraftService, 'upstream'>): readonly UpstreamTemplate[] {
  const auth = upstream?.auth;
  if (auth === undefined) return [];
  const path = ['upstream', 'auth'];
  const entries = Object.entries(auth.perIdentity ?? {});
  return [
    ...templatesOf(path, auth, undefined),
    ...entries.flatMap(([name, entry]) => templatesOf([...path, 'perIdentity', name], entry, name)),
  ];
}

function templatesOf(
  path: KeyPath,
  { githubApp, vault }: Pick<Auth, 'githubApp' | 'vault'>,
  entry: string | undefined,
): readonly UpstreamTemplate[] {
  const ofVault =
    vault === undefined ? [] : [{ path: [...path, 'vault', 'path'], template: vault.path, entry }];
  const ofApp = (['permissions', 'repositories', 'repositoryIds'] as const).flatMap((key) =>
    Object.entries(githubApp?.[key] ?? {}).map(([name, template]) => ({
      path: [...path, 'githubApp', key, key === 'permissions' ? name : Number(name)],
      template,
      entry,
    })),
  );
  return [...ofVault, ...ofApp];
}
