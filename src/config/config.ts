import type { Draft, Issuer } from './draft.ts';
import { defaultPublicUrl } from './rules-server.ts';

/** A configuration that can be used: checked, complete, never changed. */
export interface Config extends Omit<Draft, 'issuers' | 'server'> {
  readonly server: Draft['server'] & { readonly publicUrl: string };
  readonly issuers: readonly (Issuer & { readonly audiences: readonly string[] })[];
  /** The YAML files that it was read from, absolute. */
  readonly files: readonly string[];
  /** Twelve hex digits that change when the files do. */
  readonly hash: string;
}

/** The draft has passed all rules: every issuer has audiences of its own, or there is a `publicUrl`. */
export function toConfig(draft: Draft, files: readonly string[], hash: string): Config {
  const { server } = draft;
  const publicUrl = server.publicUrl ?? defaultPublicUrl(server.listen, server.tls !== undefined);
  const issuers = draft.issuers.map((issuer) => ({ ...issuer, audiences: issuer.audiences ?? [publicUrl] }));
  return { ...draft, server: { ...server, publicUrl }, issuers, files, hash };
}
