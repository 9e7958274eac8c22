import type { z } from 'zod';
import type { configSchema } from '../schema/schema.ts';
import type { grant } from '../schema/policy.ts';
import { identityHeadersOf } from './identity-headers.ts';
import { keysAt, type SourceNode } from '../load/source-tree.ts';

type Parsed = z.output<typeof configSchema>;
export type Named<T> = T & { readonly name: string };

export type DraftIssuer = Named<Parsed['issuers'][string]>;
export type DraftIdentity = Named<Parsed['identities'][string]>;
export type DraftService = Named<Parsed['services'][string]>;
export type DraftDeployToken = Named<Parsed['deployTokens'][string]>;
export type DraftWorkload = Named<Parsed['workloadIdentities'][string]>;
export type DraftGrant = z.output<typeof grant>;
export type DraftCondition = DraftIdentity['match'][string];

/** What the schema accepted, with names put into their entries, in the order of the files. */
export interface Draft extends Omit<
  Parsed,
  'issuers' | 'identities' | 'deployTokens' | 'workloadIdentities' | 'services'
> {
  readonly issuers: readonly DraftIssuer[];
  readonly identities: readonly DraftIdentity[];
  readonly deployTokens: readonly DraftDeployToken[];
  readonly workloadIdentities: readonly DraftWorkload[];
  readonly services: readonly DraftService[];
}

export function toDraft(root: SourceNode, parsed: Parsed): Draft {
  return {
    ...parsed,
    issuers: inOrder(root, 'issuers', parsed.issuers),
    identities: inOrder(root, 'identities', parsed.identities),
    deployTokens: inOrder(root, 'deployTokens', parsed.deployTokens),
    workloadIdentities: inOrder(root, 'workloadIdentities', parsed.workloadIdentities),
    services: inOrder(root, 'services', parsed.services).map((service) => ({
      ...service,
      identityHeaders: identityHeadersOf(service),
    })),
  };
}

function inOrder<T extends object>(
  root: SourceNode,
  section: string,
  entries: Readonly<Record<string, T>>,
): Named<T>[] {
  return keysAt(root, [section]).flatMap((name) => {
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    return entry === undefined ? [] : [{ ...entry, name }];
  });
}
