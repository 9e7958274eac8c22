import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIVENESS } from '../../../../src/core/issuers/liveness.ts';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const ISSUERS = {
  gitlab: 'type: gitlab, issuer: https://gitlab.example.com',
  github: 'type: github, issuer: https://token.actions.githubusercontent.com',
  cluster: 'type: kubernetes, issuer: https://kubernetes.default.svc',
  entra: 'type: entra, issuer: https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0',
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-liveness-'));
  writeFileSync(join(folder, 'token'), 'secret\n', { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scene(issuer: keyof typeof ISSUERS, more = '', base: string = ISSUERS[issuer]): string {
  const liveness = `liveness: { tokenFile: ${join(folder, 'token')}${more} }`;
  // The identity of `configuration` has the issuer gitlab.
  const others = issuer === 'gitlab' ? '' : `, gitlab: { ${ISSUERS.gitlab} }`;
  return configuration({ issuers: `{ ${issuer}: { ${base}, ${liveness} }${others} }` });
}

describe('liveness', () => {
  test('caches for 30 s and has the limits of the type unless configured', () => {
    expect(accepted(scene('gitlab')).issuers[0]?.liveness).toEqual({
      tokenFile: join(folder, 'token'),
      cache: 30_000,
      limits: { queue: 1_000 },
    });
    const configured = scene('gitlab', ', cache: 5s, limits: { perSecond: 2, burst: 9, queue: 0 }');
    expect(accepted(configured).issuers[0]?.liveness).toMatchObject({
      cache: 5_000,
      limits: { perSecond: 2, burst: 9, queue: 0 },
    });
  });

  test('is refused for another type', () => {
    expect(errorsOf(scene('entra'))).toEqual([
      expect.stringContaining(
        'issuers.entra.liveness: is for issuers of the types gitlab, github, kubernetes; this one is of type entra',
      ),
    ]);
  });

  test.each([
    ['http://api.github.example.com', 'must be https: credentials travel to it'],
    ['https://gateway.example.com', 'must not be server.publicUrl'],
  ])('is refused with the API %s', (apiUrl, problem) => {
    expect(errorsOf(scene('github', `, apiUrl: ${apiUrl}`))).toEqual([
      expect.stringContaining(`issuers.github.liveness.apiUrl: ${problem}`),
    ]);
  });

  test('takes the URL of GitLab itself, and the path of GitHub Enterprise Server', () => {
    expect(errorsOf(scene('gitlab', ', apiUrl: https://gitlab.internal/api/v4'))).toEqual([
      expect.stringContaining('must be the URL of GitLab itself, without /api/v4'),
    ]);
    expect(errorsOf(scene('github', ', apiUrl: https://github.example.com/api/v3'))).toEqual([]);
  });

  test('needs apiUrl where it does not follow from the issuer', () => {
    const proxied = 'type: github, issuer: https://tokens.example.com';
    expect(errorsOf(scene('github', '', proxied))).toEqual([
      expect.stringContaining('issuers.github.liveness: needs apiUrl'),
    ]);
    expect(errorsOf(scene('github', ', apiUrl: https://github.example.com/api/v3', proxied))).toEqual([]);
  });

  test('needs a file with a token', () => {
    const missing = scene('cluster').replace(join(folder, 'token'), join(folder, 'missing'));
    expect(errorsOf(missing)).toEqual([expect.stringContaining('issuers.cluster.liveness.tokenFile')]);
  });

  test('a long cache is a warning', () => {
    expect(warningsOf(scene('gitlab', ', cache: 6m'))).toContainEqual(
      expect.stringContaining(
        'issuers.gitlab.liveness.cache: the token of a finished job is accepted for that long',
      ),
    );
  });
});

test.each([
  ['https://token.actions.githubusercontent.com', 'https://api.github.com'],
  ['https://token.actions.githubusercontent.com/acme', 'https://api.github.com'],
  ['https://token.actions.acme.ghe.com', 'https://api.acme.ghe.com'],
  ['https://github.example.com/_services/token', 'https://github.example.com/api/v3'],
  ['https://token.actions.githubusercontent.com.example.com', undefined],
])('the API of %s is %s', (issuer, apiUrl) => {
  expect(LIVENESS.github.apiUrl(issuer)).toBe(apiUrl);
});
