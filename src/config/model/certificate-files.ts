import type { KeyPath } from '../problems/key-path.ts';
import type { Draft } from './draft.ts';

export interface CertificateFile {
  /** As in `core/operation/certificates.ts`. */
  readonly role: 'listener' | 'client' | 'ca';
  readonly path: KeyPath;
  readonly file: string;
}

type Authorization = NonNullable<Draft['services'][number]['upstream']>['auth'];

/** The configured files that contain certificates, with their keys. */
export function certificateFiles({
  server,
  state,
  issuers,
  services,
  vault,
}: Pick<Draft, 'server' | 'state' | 'vault'> & {
  readonly issuers: readonly Pick<Draft['issuers'][number], 'name' | 'caFile'>[];
  readonly services: readonly Pick<Draft['services'][number], 'name' | 'upstream'>[];
}): readonly CertificateFile[] {
  return [
    ...certificateFile('listener', ['server', 'tls', 'certFile'], server.tls?.certFile),
    ...certificateFile(
      'listener',
      ['server', 'authorizer', 'tls', 'certFile'],
      server.authorizer?.tls?.certFile,
    ),
    ...certificateFile(
      'ca',
      ['server', 'authorizer', 'tls', 'clientCaFile'],
      server.authorizer?.tls?.clientCaFile,
    ),
    ...certificateFile('ca', ['state', 'redis', 'caFile'], state.redis?.caFile),
    ...certificateFile('ca', ['vault', 'caFile'], vault?.caFile),
    ...issuers.flatMap(({ name, caFile }) => certificateFile('ca', ['issuers', name, 'caFile'], caFile)),
    ...services.flatMap(({ name, upstream }) => {
      const { caFile, clientCertificate, auth } = upstream ?? {};
      const path = ['services', name, 'upstream'];
      return [
        ...certificateFile('ca', [...path, 'caFile'], caFile),
        ...certificateFile('client', [...path, 'clientCertificate', 'certFile'], clientCertificate?.certFile),
        ...authorizationFiles([...path, 'auth'], auth),
        ...Object.entries(auth?.perIdentity ?? {}).flatMap(([identity, each]) =>
          authorizationFiles([...path, 'auth', 'perIdentity', identity], each),
        ),
      ];
    }),
  ];
}

type GatewayAuth = Pick<
  NonNullable<Authorization>,
  'oauth2' | 'tokenExchange' | 'registryToken' | 'githubApp' | 'vault' | 'conanToken'
>;

function authorizationFiles(path: KeyPath, auth: GatewayAuth | undefined): readonly CertificateFile[] {
  return [
    ...tokenClientFiles([...path, 'oauth2'], auth?.oauth2),
    ...tokenClientFiles([...path, 'tokenExchange'], auth?.tokenExchange),
    ...certificateFile('ca', [...path, 'registryToken', 'caFile'], auth?.registryToken?.caFile),
    ...certificateFile('ca', [...path, 'githubApp', 'caFile'], auth?.githubApp?.caFile),
    ...certificateFile('ca', [...path, 'vault', 'caFile'], auth?.vault?.caFile),
    ...certificateFile('ca', [...path, 'conanToken', 'caFile'], auth?.conanToken?.caFile),
  ];
}

function tokenClientFiles(
  path: KeyPath,
  client: Pick<NonNullable<GatewayAuth['tokenExchange']>, 'caFile' | 'clientAssertion'> | undefined,
): readonly CertificateFile[] {
  const assertion = [...path, 'clientAssertion', 'certificateFile'];
  return [
    ...certificateFile('ca', [...path, 'caFile'], client?.caFile),
    ...certificateFile('client', assertion, client?.clientAssertion?.certificateFile),
  ];
}

function certificateFile(
  role: CertificateFile['role'],
  path: KeyPath,
  file: string | undefined,
): readonly CertificateFile[] {
  return file === undefined ? [] : [{ role, path, file }];
}
