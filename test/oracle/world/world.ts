import {
  createCredentials,
  GITLAB_DEPLOY_TOKEN,
  JOB_TOKENS,
  PROJECTS,
  type Credential,
  type Keys,
} from './credentials.ts';
import { startGitlab } from './gitlab.ts';
import { startIssuers } from './issuer.ts';
import { createKey } from './jwt.ts';
import { freePort } from './servers.ts';
import { startTokenEndpoints, type TokenEndpoints } from './token-endpoints.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** Everything around the gateway: issuers, GitLab, upstream, storage, and credentials. */
export interface World {
  /** Base URL of the issuers `gitlab`, `github` and `oidc`. */
  readonly issuers: string;
  readonly gitlab: string;
  /** A URL at which nothing listens. */
  readonly down: string;
  readonly upstream: Upstream;
  /** Another origin, to which the upstream may redirect. */
  readonly storage: Upstream;
  readonly tokenEndpoints: TokenEndpoints;
  credential(name: string): Credential;
  /** For credentials that the gateway issued. */
  addCredential(name: string, credential: Credential): void;
  /** Text that differs from run to run → its name. */
  names(): ReadonlyMap<string, string>;
  /** Forgets what was recorded so far. */
  discard(): void;
  close(): Promise<void>;
}

/** Key generation takes a while and no scenario depends on fresh keys. */
const KEYS: Keys = {
  gitlab: createKey('gitlab-1'),
  github: createKey('github-1'),
  oidc: createKey('oidc-1', 'ES256'),
  foreign: createKey('foreign-1'),
};

export async function startWorld(): Promise<World> {
  const down = `http://127.0.0.1:${await freePort()}`;
  const { foreign, ...published } = KEYS;
  const issuers = await startIssuers(published);
  const gitlabIssuer = `${issuers.url}/gitlab`;
  const gitlab = await startGitlab(foreign, {
    jobs: new Map([
      [
        JOB_TOKENS.running,
        { status: 'running', project: Number(PROJECTS.payments[0]), path: PROJECTS.payments[1] },
      ],
      [
        JOB_TOKENS.foreign,
        { status: 'running', project: Number(PROJECTS.stranger[0]), path: PROJECTS.stranger[1] },
      ],
      [
        JOB_TOKENS.ended,
        { status: 'success', project: Number(PROJECTS.payments[0]), path: PROJECTS.payments[1] },
      ],
    ]),
    deployTokens: new Map([[`${GITLAB_DEPLOY_TOKEN.username}:${GITLAB_DEPLOY_TOKEN.secret}`, 7]]),
    externalUrl: () => gitlabIssuer,
  });
  const [upstream, storage, tokenEndpoints] = await Promise.all([
    startUpstream(),
    startUpstream(),
    startTokenEndpoints(),
  ]);
  const credentials = createCredentials(KEYS, issuers.url, down);

  return {
    issuers: issuers.url,
    gitlab: gitlab.url,
    down,
    upstream,
    storage,
    tokenEndpoints,
    credential(name) {
      const found = credentials.get(name);
      if (found === undefined) throw new Error(`no credential is named ${name}`);
      return found;
    },
    addCredential: (name, credential) => void credentials.set(name, credential),
    names() {
      const addresses: [string, string][] = [
        [issuers.url, 'ISSUERS'],
        [gitlab.url, 'GITLAB'],
        [down, 'DOWN'],
        [upstream.url, 'UPSTREAM'],
        [storage.url, 'STORAGE'],
        [tokenEndpoints.url, 'TOKEN_ENDPOINTS'],
      ];
      return new Map([
        ...[...credentials].flatMap(([name, { value }]): [string, string][] =>
          value.length < 12 ? [] : [[value, `TOKEN:${name}`]],
        ),
        ...addresses.map(([url, name]): [string, string] => [url.replace('http://', ''), name]),
      ]);
    },
    discard() {
      upstream.take();
      tokenEndpoints.take();
    },
    async close() {
      const servers = [issuers, gitlab, upstream, storage, tokenEndpoints];
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
