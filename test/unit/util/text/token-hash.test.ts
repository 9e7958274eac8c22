import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { tokenHashes } from '../../../../src/util/text/token-hash.ts';
import { promptly } from '../../../support/promptly.ts';

const HEADER = Buffer.from('{"alg":"ES256"}').toString('base64url');
const CONTENT = `${HEADER}.eyJzdWIiOiJhIn0`;

describe('a JWT is identified by header.payload', () => {
  test.each([
    `${CONTENT}.sig`,
    `${CONTENT}.other`,
    `${CONTENT}.`,
    `${CONTENT}.sig.`,
    `${CONTENT}.sig=`,
    `glcbt-${CONTENT}.sig`,
    `git.example-glcbt-${CONTENT}.sig`,
  ])('%s', (token) => {
    expect(tokenHashes(token)).toEqual({
      tokenHash: hash('sha256', CONTENT),
      sentHash: hash('sha256', token),
    });
  });

  test('another payload is another token', () => {
    expect(tokenHashes(`${CONTENT}x.sig`).tokenHash).not.toBe(tokenHashes(`${CONTENT}.sig`).tokenHash);
  });
});

describe('everything else by all of it', () => {
  test.each([
    ['an opaque token', 'glcbt-64_abc'],
    ['an empty one', ''],
    ['a routable token of GitLab', 'glcbt-eyXYZ.01.0a1b2c3d4'],
    ['a header that is no JSON', 'eyJhYmM.eyJ9.sig'],
    ['a header that is a list', `eyJ.${Buffer.from('[1]').toString('base64url')}.sig`],
    ['two parts', CONTENT],
    ['an empty payload', `${HEADER}..sig`],
    ['no dot at all', HEADER],
  ])('%s', (_name, token) => {
    expect(tokenHashes(token)).toEqual({ tokenHash: hash('sha256', token), sentHash: undefined });
  });
});

test('takes linear time', () =>
  promptly(500, async () => {
    for (let i = 0; i < 100; i++) tokenHashes('-eyJ'.repeat(4 * 1024));
  }));
