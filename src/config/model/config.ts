import { resolve } from 'node:path';
import type { DelegatedFiles } from './delegated-files.ts';
import type { Draft, DraftIdentity, DraftIssuer } from './draft.ts';
import { indexByName } from './index-by-name.ts';
import { identitiesOf } from './expand-workload.ts';
import { defaultPublicUrl } from '../rules/server.ts';

/** A validated, complete and immutable configuration. */
export interface Config extends Omit<
  Draft,
  'issuers' | 'identities' | 'workloadIdentities' | 'server' | 'state'
> {
  readonly server: Draft['server'] & { readonly publicUrl: string };
  readonly state: StateChoice;
  readonly issuers: readonly (DraftIssuer & { readonly audiences: readonly string[] })[];
  readonly identities: readonly (DraftIdentity & { readonly onRequest: boolean })[];
  readonly workloadIdentities: readonly WorkloadIdentity[];
  /** Absolute paths of the YAML files of the configuration. */
  readonly files: readonly string[];
  /** Twelve hex digits: a hash of the files. */
  readonly hash: string;
  readonly delegated: DelegatedFiles;
}

/** A name accepted at the exchange endpoint, with its identity. */
export interface WorkloadIdentity {
  readonly name: string;
  readonly identity: string;
  /** Issuer of the identity. */
  readonly issuer: string;
  readonly audiences: readonly string[];
}

type Configured<K extends keyof Draft['state']> = NonNullable<Draft['state'][K]>;

/** The state store: exactly one of the two. */
type StateChoice =
  | { readonly sqlite: Configured<'sqlite'>; readonly redis?: never }
  | { readonly redis: Configured<'redis'>; readonly sqlite?: never };

/** The draft has passed all rules: each issuer has `audiences`, or `publicUrl` is set. */
export function toConfig(
  draft: Draft,
  { files, hash, delegated }: Pick<Config, 'files' | 'hash' | 'delegated'>,
): Config {
  const { server } = draft;
  const publicUrl = server.publicUrl ?? defaultPublicUrl(server.listen, server.tls !== undefined);
  const issuers = draft.issuers.map((issuer) => ({ ...issuer, audiences: issuer.audiences ?? [publicUrl] }));
  const written = new Set(draft.identities.map(({ name }) => name));
  const identities = identitiesOf(draft).map((identity) => ({
    ...identity,
    onRequest: !written.has(identity.name),
  }));
  return {
    ...draft,
    server: { ...server, publicUrl },
    state: toStateChoice(draft.state),
    issuers,
    identities,
    workloadIdentities: draft.workloadIdentities.flatMap(({ name, identity: named = name, audiences }) => {
      const identity = indexByName(identities).get(named);
      const issuer = indexByName(issuers).get(identity?.issuer ?? '');
      if (issuer === undefined) return [];
      return [{ name, identity: named, issuer: issuer.name, audiences: audiences ?? issuer.audiences }];
    }),
    files,
    hash,
    delegated,
  };
}

function toStateChoice({ sqlite, redis }: Draft['state']): StateChoice {
  if (redis !== undefined) return { redis };
  // The default is relative to the working directory: no configuration file names it.
  return { sqlite: sqlite ?? { file: resolve('data/gatehouse.db') } };
}
