import { readFileSync, statSync } from 'node:fs';
import type { DraftService } from '../model/draft.ts';
import type { VaultSettings } from '../../core/vault.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { unreadable } from '../../util/resources/unreadable.ts';
import type { RuleContext } from './rule.ts';
import { isHeaderText, isRedisUrl } from '../schema/scalars.ts';

/** `header`: one line that goes into a header. `redis`: a URL. `key`: secret, of several lines. `open`: no secret. */
type Content = 'header' | 'redis' | 'key' | 'open';

interface NamedFile {
  readonly path: KeyPath;
  readonly file: string | undefined;
  readonly content: Content;
}

/** Where Kubernetes mounts the token and the CA of a pod's service account, unless the pod opts out. */
const SERVICE_ACCOUNT_FOLDER = /\/run\/secrets\/kubernetes\.io\/serviceaccount\//;
const MOUNT_SERVICE_ACCOUNT =
  '; mount the service account of the pod: automountServiceAccountToken: true, in the Helm chart serviceAccount.automount: true';

const MAX_BYTES = 4 * 1024 * 1024;

/** Each file that the configuration names must exist and must not be empty. Contents are never printed. */
export function checkFiles(context: RuleContext): void {
  for (const { path, file, content } of namedFiles(context)) {
    if (file === undefined) continue;
    const problem = fileProblem(file, content);
    if (problem !== undefined) context.error(path, `${file} ${problem}`);
    else if (content !== 'open' && isReadableByOthers(file)) {
      context.warn(path, `${file} can be read by every user of this machine; chmod o-r`);
    }
  }
}

function namedFiles({ draft }: RuleContext): NamedFile[] {
  const { server, state, signing, issuers, services, vault } = draft;
  const authorizerTls = server.authorizer?.tls;
  return [
    { path: ['server', 'tls', 'certFile'], file: server.tls?.certFile, content: 'open' },
    { path: ['server', 'tls', 'keyFile'], file: server.tls?.keyFile, content: 'key' },
    { path: ['server', 'authorizer', 'tls', 'certFile'], file: authorizerTls?.certFile, content: 'open' },
    { path: ['server', 'authorizer', 'tls', 'keyFile'], file: authorizerTls?.keyFile, content: 'key' },
    {
      path: ['server', 'authorizer', 'tls', 'clientCaFile'],
      file: authorizerTls?.clientCaFile,
      content: 'open',
    },
    { path: ['server', 'admin', 'tokenFile'], file: server.admin.tokenFile, content: 'header' },
    { path: ['state', 'redis', 'urlFile'], file: state.redis?.urlFile, content: 'redis' },
    { path: ['state', 'redis', 'caFile'], file: state.redis?.caFile, content: 'open' },
    ...(signing?.keys ?? []).map(({ file }, index): NamedFile => ({
      path: ['signing', 'keys', index, 'file'],
      file,
      content: 'key',
    })),
    ...issuers.flatMap(({ name, jwksFile, caFile, bearerTokenFile, liveness }): NamedFile[] => [
      { path: ['issuers', name, 'jwksFile'], file: jwksFile, content: 'open' },
      { path: ['issuers', name, 'caFile'], file: caFile, content: 'open' },
      { path: ['issuers', name, 'bearerTokenFile'], file: bearerTokenFile, content: 'header' },
      { path: ['issuers', name, 'liveness', 'tokenFile'], file: liveness?.tokenFile, content: 'header' },
      { path: ['issuers', name, 'liveness', 'caFile'], file: liveness?.caFile, content: 'open' },
    ]),
    ...filesOfVault(['vault'], vault),
    ...services.flatMap(filesOfService),
  ];
}

function filesOfService({ name, upstream }: DraftService): NamedFile[] {
  const { caFile, clientCertificate, auth } = upstream ?? {};
  const path = ['services', name, 'upstream'];
  return [
    { path: [...path, 'caFile'], file: caFile, content: 'open' },
    {
      path: [...path, 'clientCertificate', 'certFile'],
      file: clientCertificate?.certFile,
      content: 'open',
    },
    {
      path: [...path, 'clientCertificate', 'keyFile'],
      file: clientCertificate?.keyFile,
      content: 'key',
    },
    ...filesOfAuth([...path, 'auth'], auth),
    ...Object.entries(auth?.perIdentity ?? {}).flatMap(([identity, entry]) =>
      filesOfAuth([...path, 'auth', 'perIdentity', identity], entry),
    ),
  ];
}

type Upstream = NonNullable<DraftService['upstream']>;
type Auth = NonNullable<NonNullable<Upstream['auth']>['perIdentity']>[string];

function filesOfAuth(path: KeyPath, auth: Auth | undefined): NamedFile[] {
  const { basic, bearer, header, oauth2, tokenExchange, registryToken, githubApp, aws, vault, conanToken } =
    auth ?? {};
  const secret = (kind: string, key: string, file: string | undefined): NamedFile => ({
    path: [...path, kind, key],
    file,
    content: 'header',
  });
  return [
    secret('basic', 'passwordFile', basic?.passwordFile),
    secret('bearer', 'tokenFile', bearer?.tokenFile),
    secret('header', 'valueFile', header?.valueFile),
    ...filesOfTokenClient([...path, 'oauth2'], oauth2),
    ...filesOfTokenClient([...path, 'tokenExchange'], tokenExchange),
    secret('tokenExchange', 'subjectTokenFile', tokenExchange?.subjectTokenFile),
    secret('registryToken', 'passwordFile', registryToken?.passwordFile),
    { path: [...path, 'registryToken', 'caFile'], file: registryToken?.caFile, content: 'open' },
    { path: [...path, 'githubApp', 'keyFile'], file: githubApp?.keyFile, content: 'key' },
    { path: [...path, 'githubApp', 'caFile'], file: githubApp?.caFile, content: 'open' },
    secret('aws', 'webIdentityTokenFile', aws?.webIdentityTokenFile),
    ...filesOfVault([...path, 'vault'], vault),
    secret('conanToken', 'passwordFile', conanToken?.passwordFile),
    { path: [...path, 'conanToken', 'caFile'], file: conanToken?.caFile, content: 'open' },
  ];
}

function filesOfTokenClient(
  path: KeyPath,
  client:
    Pick<NonNullable<Auth['tokenExchange']>, 'clientSecretFile' | 'clientAssertion' | 'caFile'> | undefined,
): NamedFile[] {
  const { tokenFile, keyFile, certificateFile } = client?.clientAssertion ?? {};
  const assertion = [...path, 'clientAssertion'];
  return [
    { path: [...path, 'clientSecretFile'], file: client?.clientSecretFile, content: 'header' },
    { path: [...path, 'caFile'], file: client?.caFile, content: 'open' },
    { path: [...assertion, 'tokenFile'], file: tokenFile, content: 'header' },
    { path: [...assertion, 'keyFile'], file: keyFile, content: 'key' },
    { path: [...assertion, 'certificateFile'], file: certificateFile, content: 'open' },
  ];
}

function filesOfVault(path: KeyPath, vault: Pick<VaultSettings, 'caFile' | 'auth'> | undefined): NamedFile[] {
  const { jwt, kubernetes, tokenFile } = vault?.auth ?? {};
  return [
    { path: [...path, 'caFile'], file: vault?.caFile, content: 'open' },
    { path: [...path, 'auth', 'jwt', 'tokenFile'], file: jwt?.tokenFile, content: 'header' },
    { path: [...path, 'auth', 'kubernetes', 'tokenFile'], file: kubernetes?.tokenFile, content: 'header' },
    { path: [...path, 'auth', 'tokenFile'], file: tokenFile, content: 'header' },
  ];
}

function fileProblem(file: string, content: Content): string | undefined {
  try {
    const facts = statSync(file);
    if (!facts.isFile()) return 'is not a regular file';
    if (facts.size > MAX_BYTES) return 'is larger than 4 MiB';
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') return 'is empty';
    if (content === 'redis' && !isRedisUrl(text)) {
      return 'must hold one line: redis://HOST:PORT or rediss://HOST:PORT (TLS)';
    }
    return content === 'header' && !isHeaderText(text)
      ? 'must hold one line of printable ASCII: it goes into a header'
      : undefined;
  } catch (cause) {
    return `${unreadable(cause)}${SERVICE_ACCOUNT_FOLDER.test(file) ? MOUNT_SERVICE_ACCOUNT : ''}`;
  }
}

function isReadableByOthers(file: string): boolean {
  return (statSync(file).mode & 0o004) !== 0;
}
