import type { VaultField } from '../../core/vault.ts';
import type { KeyPath } from '../problems/key-path.ts';
import type { Draft, DraftService } from './draft.ts';

/** A key that takes a secret from the vault of the configuration. */
export interface NamedVaultField {
  readonly path: KeyPath;
  readonly field: VaultField;
}

type Auth = NonNullable<NonNullable<DraftService['upstream']>['auth']>;
type GatewayAuth = NonNullable<Auth['perIdentity']>[string];

/** The keys of the configuration that take a secret from the vault. */
export function vaultFields({
  server,
  services,
}: Pick<Draft, 'server' | 'services'>): readonly NamedVaultField[] {
  const { tokenFromVault: field } = server.admin;
  const path = ['server', 'admin', 'tokenFromVault'];
  return [...(field === undefined ? [] : [{ path, field }]), ...services.flatMap(vaultFieldsOf)];
}

/** The keys of a service that take a secret from the vault. */
export function vaultFieldsOf({ name, upstream }: DraftService): readonly NamedVaultField[] {
  const path = ['services', name, 'upstream', 'auth'];
  const { auth } = upstream ?? {};
  return [
    ...fieldsOfAuth(path, auth),
    ...Object.entries(auth?.perIdentity ?? {}).flatMap(([identity, each]) =>
      fieldsOfAuth([...path, 'perIdentity', identity], each),
    ),
  ];
}

function fieldsOfAuth(path: KeyPath, auth: GatewayAuth | undefined): readonly NamedVaultField[] {
  const { basic, bearer, header, oauth2, registryToken } = auth ?? {};
  const fields: readonly (readonly [kind: string, key: string, field: VaultField | undefined])[] = [
    ['basic', 'passwordFromVault', basic?.passwordFromVault],
    ['bearer', 'tokenFromVault', bearer?.tokenFromVault],
    ['header', 'valueFromVault', header?.valueFromVault],
    ['oauth2', 'clientSecretFromVault', oauth2?.clientSecretFromVault],
    ['registryToken', 'passwordFromVault', registryToken?.passwordFromVault],
  ];
  return fields.flatMap(([kind, key, field]) =>
    field === undefined ? [] : [{ path: [...path, kind, key], field }],
  );
}

/** The names of the headers with the credentials of `header` and `vault.as.header`. */
export function credentialHeadersOf({ upstream }: Pick<DraftService, 'upstream'>): readonly string[] {
  const { auth } = upstream ?? {};
  return [auth, ...Object.values(auth?.perIdentity ?? {})].flatMap((each) =>
    [each?.header?.name, each?.vault?.as.header].flatMap((header) => header ?? []),
  );
}
