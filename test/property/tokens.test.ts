import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseToken } from '../../src/credentials/id-token/parse-token.ts';
import { hasDuplicateKey } from '../../src/util/json/duplicate-keys.ts';
import { authenticatorFor, issuerSettings } from '../support/authentication.ts';
import type { Rig } from '../support/authentication.ts';
import { startIssuer } from '../support/issuer.ts';
import type { TestIssuer } from '../support/issuer.ts';

let issuer: TestIssuer;
let rig: Rig;

beforeAll(async () => {
  issuer = await startIssuer({ type: 'oidc', alg: 'EdDSA', clock: { now: () => rig.clock.now() } });
  rig = authenticatorFor([issuerSettings(issuer)]);
  await rig.authenticator.fetchKeys();
});
afterAll(async () => {
  await rig.close();
  await issuer.close();
});

test('a good token with any one character changed, added or taken away is refused', async () => {
  const token = issuer.mint();
  expect(await rig.reason(token)).toBe('verified');
  const edit = fc.record({
    at: fc.nat(token.length),
    remove: fc.nat(1),
    insert: fc.oneof(fc.constant(''), fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' })),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ at, remove, insert }) => {
      const edited = token.slice(0, at) + insert + token.slice(at + remove);
      fc.pre(edited !== token);
      expect(await rig.reason(edited)).not.toBe('verified');
    }),
    { numRuns: 500 },
  );
});

test('any text is refused and never throws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.')),
  );
  fc.assert(
    fc.property(text, (token) => {
      expect(parseToken(token).kind).toBe('deny');
    }),
  );
});

test('JSON that an object was written to names nothing twice', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(hasDuplicateKey(json, JSON.parse(json))).toBe(false);
    }),
  );
});

test('a member that is written again is found, however it is spelt', () => {
  const escaped = (name: string): string =>
    `"${Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
  const object = fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), fc.jsonValue(), { minKeys: 1 });
  fc.assert(
    fc.property(object, fc.nat(), (members, pick) => {
      const names = Object.keys(members);
      const name = names[pick % names.length] ?? '';
      const json = JSON.stringify(members);
      const again = `${json.slice(0, -1)},${escaped(name)}:0}`;
      expect(hasDuplicateKey(again, JSON.parse(again))).toBe(true);
    }),
  );
});
