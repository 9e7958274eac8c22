/** An entry of a registry token's `access` claim (CNCF distribution, token specification). */
export interface RegistryAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Policy scopes by registry action. */
export const ACTION_SCOPES = {
  pull: 'read_registry',
  push: 'write_registry',
  delete: 'delete_registry',
} as const satisfies Record<string, string>;

export type RegistryAction = keyof typeof ACTION_SCOPES;

/** Denotes all repositories in the limits of a token. A repository cannot have this name. */
export const ALL_REPOSITORIES = '*';
