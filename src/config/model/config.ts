import { resolve } from 'node:path';
import type { Draft, DraftIdentity, DraftIssuer } from './draft.ts';
import { identitiesOf } from './expand-workload.ts';
import { defaultPublicUrl } from '../rules/server.ts';

/** A configuration that can be used: checked, complete, never changed. */
export interface Config extends Omit<
  Draft,
  'issuers' | 'identities' | 'workloadIdentities' | 'server' | 'state'
> {
  readonly server: Draft['server'] & { readonly publicUrl: string };
  readonly state: StateChoice;
  readonly issuers: readonly (DraftIssuer & { readonly audiences: readonly string[] })[];
  readonly identities: readonly (DraftIdentity & { readonly onRequest: boolean })[];
  readonly workloadIdentities: readonly WorkloadIdentity[];
  /** The YAML files that it was read from, absolute. */
  readonly files: readonly string[];
  /** Twelve hex digits that change when the files do. */
  readonly hash: string;
}

/** A name at the exchange, and who may ask for it. */
export interface WorkloadIdentity {
  readonly name: string;
  readonly identity: string;
  /** Of the identity. */
  readonly issuer: string;
  readonly audiences: readonly string[];
}

type Given<K extends keyof Draft['state']> = NonNullable<Draft['state'][K]>;

/** Where the state is kept: exactly one of the two. */
type StateChoice =
  | { readonly sqlite: Given<'sqlite'>; readonly redis?: never }
  | { readonly redis: Given<'redis'>; readonly sqlite?: never };

/** The draft has passed all rules: every issuer has audiences of its own, or there is a `publicUrl`. */
export function toConfig(draft: Draft, files: readonly string[], hash: string): Config {
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
      const identity = identities.find((each) => each.name === named);
      const issuer = issuers.find((each) => each.name === identity?.issuer);
      if (issuer === undefined) return [];
      return [{ name, identity: named, issuer: issuer.name, audiences: audiences ?? issuer.audiences }];
    }),
    files,
    hash,
  };
}

function toStateChoice({ sqlite, redis }: Draft['state']): StateChoice {
  if (redis !== undefined) return { redis };
  // No file names this one: it starts where the process does.
  return { sqlite: sqlite ?? { file: resolve('data/gatehouse.db') } };
}
