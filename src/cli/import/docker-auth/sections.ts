import { childOf, type SourceNode } from '../../../config/index.ts';
import type { Differences } from '../imported.ts';
import { isNull, type SourceReader } from '../source-reader.ts';

/** A setting to carry over by hand. */
export interface Advice {
  readonly line: number;
  readonly text: string;
}

const IMPORTED: ReadonlySet<string> = new Set(['server', 'token', 'users', 'acl']);

const LOGINS: ReadonlySet<string> = new Set(
  `google_auth github_auth gitlab_auth oidc_auth ldap_auth mongo_auth xorm_auth ext_auth plugin_authn`.split(
    ' ',
  ),
);

const AUTHORIZERS: ReadonlySet<string> = new Set(
  `acl_mongo acl_xorm ext_authz plugin_authz casbin_authz`.split(' '),
);

/** Reports the sections other than `users` and `acl`. Returns settings of the listener to carry over. */
export function readSections(
  reader: SourceReader,
  root: SourceNode,
  differences: Differences,
): readonly Advice[] {
  const sections = [...reader.entries(root, [])].filter(([, { value }]) => !isNull(value));
  for (const [key, { mark }] of sections) {
    if (IMPORTED.has(key)) continue;
    differences.add(mark.line, `${key}: ${reasonFor(key)}`);
  }
  if (!sections.some(([key]) => ['users', 'acl'].includes(key) || LOGINS.has(key) || AUTHORIZERS.has(key)))
    reader.refuse(root.mark, [], 'has no users and no acl; is this a configuration of docker_auth?');
  return [
    ...serverAdvice(reader, childOf(root, 'server'), differences),
    ...tokenAdvice(reader, childOf(root, 'token')),
  ];
}

function reasonFor(key: string): string {
  if (LOGINS.has(key))
    return 'its accounts are not in this file; a pipeline uses the ID token of its job, another machine a deploy token';
  if (AUTHORIZERS.has(key)) return 'its rules are not in this file; write them as grants';
  return 'unknown section';
}

function serverAdvice(
  reader: SourceReader,
  server: SourceNode | undefined,
  differences: Differences,
): readonly Advice[] {
  const entries = [...reader.entries(server, ['server'])].filter(([, { value }]) => !isNull(value));
  return entries.flatMap(([key, { mark, value }]): Advice[] => {
    if (key === 'letsencrypt') {
      differences.add(
        mark.line,
        'server.letsencrypt: the gateway reads certificates from files (server.tls)',
      );
      return [];
    }
    const setting = value.kind === 'scalar' ? ` "${value.text}"` : '';
    return [{ line: mark.line, text: `server.${key}${setting}: ${SETTINGS.get(key) ?? 'not used'}` }];
  });
}

/** Keys of `server` and the settings of the gateway. */
const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['addr', 'server.listen, the address of the registry for clients'],
  ['certificate', 'server.tls.certFile'],
  ['key', 'server.tls.keyFile'],
  ['real_ip_header', 'server.trustedProxies, the networks of the proxies'],
]);

function tokenAdvice(reader: SourceReader, token: SourceNode | undefined): readonly Advice[] {
  const entries = reader.entries(token, ['token']);
  const expiration = entries.get('expiration');
  const seconds = reader.text(expiration?.value, ['token', 'expiration']);
  if (expiration === undefined || seconds === undefined || seconds === '900') return [];
  const text = `token.expiration ${seconds}: registry tokens of deploy tokens are valid for 15 minutes`;
  return [{ line: expiration.mark.line, text }];
}
