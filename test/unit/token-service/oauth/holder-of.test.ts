import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { holderOf } from '../../../../src/token-service/oauth/holder-of.ts';
import { credential, minted } from '../fixtures.ts';

const CLAIMS = new Map([['gitlab', ['project_id', 'user_id']]]);

test.each([
  ['the first holder claim', { project_id: '20', user_id: '7' }, 'gitlab project_id=20'],
  ['the next one, if it is missing', { user_id: '7' }, 'gitlab user_id=7'],
  ['a number', { project_id: 20 }, 'gitlab project_id=20'],
  [
    'a long value, as its hash',
    { project_id: 'x'.repeat(129) },
    `gitlab project_id=sha256:${hash('sha256', 'x'.repeat(129))}`,
  ],
  [
    'a value of 128 characters, unchanged',
    { project_id: 'x'.repeat(128) },
    `gitlab project_id=${'x'.repeat(128)}`,
  ],
  ['the subject, without holder claims', {}, 'gitlab sub=job'],
])('the holder is identified by %s', (_name, claims, subject) => {
  const token = credential({ subject: 'job', claims, minted: minted({ identity: 'ci' }) });
  expect(holderOf(token, CLAIMS)).toEqual({ subject, identity: 'ci' });
});

test('an issuer without holder claims is identified by the subject', () => {
  const token = credential({ issuer: 'other', subject: 'job', minted: minted({ identity: 'ci' }) });
  expect(holderOf(token, CLAIMS)).toEqual({ subject: 'other sub=job', identity: 'ci' });
});

test('all anonymous tokens have one holder', () => {
  const token = credential({ claims: { project_id: '20' }, minted: minted({ identity: undefined }) });
  expect(holderOf(token, CLAIMS)).toEqual({ subject: 'gitlab', identity: undefined });
});
