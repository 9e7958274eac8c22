import { createNamer } from '../configured-names.ts';
import type { VaultRole } from './role.ts';

/** The policies of Vault and the roles of the configuration that replace them. */
export class Policies {
  readonly #names = new Map<string, string>();

  constructor(roles: readonly VaultRole[]) {
    const nameOf = createNamer('policy', /[^A-Za-z0-9._@-]/g, 128);
    for (const { policies } of roles)
      for (const { text } of policies) if (!this.#names.has(text)) this.#names.set(text, nameOf(text));
  }

  /** The roles for the policies of a role of Vault. */
  rolesOf({ policies }: VaultRole): readonly string[] {
    return [...new Set(policies.flatMap(({ text }) => this.#names.get(text) ?? []))];
  }

  policyOf(role: string): string {
    return [...this.#names].find(([, name]) => name === role)?.[0] ?? role;
  }
}
