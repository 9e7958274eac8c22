/** One entry of a registry token's `access` claim (distribution's token specification), and of what clients ask for. */
export interface RegistryAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Actions of registries → scopes of the policy. */
export const ACTION_SCOPES = {
  pull: 'read_registry',
  push: 'write_registry',
  delete: 'delete_registry',
} as const satisfies Record<string, string>;

export type RegistryAction = keyof typeof ACTION_SCOPES;

/** Stands for all repositories in a token's limits; no repository has this name. */
export const ALL_REPOSITORIES = '*';
