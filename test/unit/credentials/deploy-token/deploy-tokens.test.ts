import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { PresentedCredential } from '../../../../src/core/credentials/credential.ts';
import { createDeployTokens } from '../../../../src/credentials/deploy-token/deploy-tokens.ts';
import { FrozenClock } from '../../../support/authentication.ts';

const EDGE = `ghdt_edge_${'ab'.repeat(32)}`;
const NEXT = `ghdt_edge-2_${'cd'.repeat(32)}`;
const OTHER = `ghdt_other_${'ef'.repeat(32)}`;

const clock = new FrozenClock();
const verify = createDeployTokens(
  [
    { name: 'edge', username: 'edge', secretHash: `sha256:${hash('sha256', EDGE)}`, expires: '2026-11-22' },
    { name: 'edge-2', username: 'edge', secretHash: `sha256:${hash('sha256', NEXT)}` },
    { name: 'other', username: 'other', secretHash: `sha256:${hash('sha256', OTHER)}` },
  ],
  'https://gateway.example.com',
  clock,
);

function present(token: string, username?: string): PresentedCredential {
  return {
    class: 'deploy_token',
    credentialSource: username === undefined ? 'deploy-token' : 'basic',
    token,
    username,
  };
}

describe('deploy tokens of the configuration', () => {
  test('are verified by secret and user name', () => {
    expect(verify(present(EDGE, 'edge'))).toMatchObject({
      class: 'deploy_token',
      subject: 'edge',
      issuerUrl: 'https://gateway.example.com',
      claims: { deploy_token: 'edge', username: 'edge' },
      tokenHash: hash('sha256', EDGE),
    });
  });

  test('have one credential object, so that derived values stay cached', () => {
    expect(verify(present(EDGE))).toBe(verify(present(EDGE, 'edge')));
  });

  test('rotation: both entries of a user name are valid, each with its own name', () => {
    expect(verify(present(NEXT, 'edge'))).toMatchObject({ subject: 'edge-2' });
  });

  test.each([
    ['another user name', present(EDGE, 'other')],
    ['a user name in another case', present(EDGE, 'Edge')],
    ['an empty user name', present(EDGE, '')],
    ['a wrong secret', present(`${EDGE.slice(0, -1)}0`, 'edge')],
    ['an unknown secret', present(`ghdt_nobody_${'00'.repeat(32)}`)],
    ['a hash as secret', present(`sha256:${hash('sha256', EDGE)}`, 'edge')],
    ['with a line end', present(`${EDGE}\n`, 'edge')],
    ['with NUL', present(`${EDGE}\0`, 'edge')],
    ['1 MB', present('x'.repeat(1_000_000), 'edge')],
    ['nothing', present('', 'edge')],
  ])('%s is not accepted', (_name, presented) => {
    expect(verify(presented)).toMatchObject({ kind: 'deny', reason: 'credential_invalid' });
  });

  // The secret alone is a valid credential, so that the message discloses nothing to its holder.
  test('the holder of the secret learns that the user name is wrong', () => {
    expect(verify(present(EDGE, 'other'))).toMatchObject({
      message:
        'The secret belongs to a deploy token with another user name. Send the user name of the deploy token.',
    });
    expect(verify(present('wrong', 'edge'))).not.toHaveProperty('message');
  });

  test('expire at 00:00 UTC of the day, to the millisecond', () => {
    const late = new FrozenClock();
    const settings = [
      { name: 'edge', username: 'edge', secretHash: `sha256:${hash('sha256', EDGE)}`, expires: '2026-11-22' },
    ];
    const check = createDeployTokens(settings, 'https://gateway.example.com', late);
    late.advance(Date.UTC(2026, 10, 22) - late.now() - 1);
    expect(check(present(EDGE))).toMatchObject({ subject: 'edge' });
    late.advance(1);
    expect(check(present(EDGE))).toMatchObject({ kind: 'deny', reason: 'token_expired' });
  });

  test('no refusal contains the secret', () => {
    const refusal = verify(present(EDGE, 'other'));
    expect(JSON.stringify(refusal)).not.toContain('abab');
  });
});
