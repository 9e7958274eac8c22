/** threats.md J19: published keys whose signatures can be forged or are too expensive to verify. */
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { FrozenClock, authenticatorFor, issuerSettings } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { encodePart, generateKey } from '../support/issuer-keys.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';
import { startProcessScenario } from '../support/scenario/process.ts';
import { useStarted } from '../support/use-started.ts';

const good = generateKey('good');

const base64url = (value: bigint, bytes?: number): string => {
  const hex = value.toString(16);
  return Buffer.from(
    hex.padStart(bytes === undefined ? hex.length + (hex.length % 2) : bytes * 2, '0'),
    'hex',
  ).toString('base64url');
};
const toBigInt = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
const N = toBigInt(Buffer.from(String(good.jwk['n']), 'base64url'));
const rsa = (n: bigint, e: bigint): object => ({
  kty: 'RSA',
  n: base64url(n),
  e: base64url(e),
  alg: 'RS256',
  use: 'sig',
});
const ed = (hex: string): object => ({
  kty: 'OKP',
  crv: 'Ed25519',
  x: Buffer.from(hex, 'hex').toString('base64url'),
});

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2) for SHA-256, in 256 bytes. */
function padded(input: string): bigint {
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const end = Buffer.concat([Buffer.from([0]), info, createHash('sha256').update(input).digest()]);
  return toBigInt(Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(254 - end.length, 0xff), end]));
}

const issuer = useStarted(() => startIssuer());

describe('J19 a token signed without a key, for exponent 1', () => {
  test.each(['jwksUri', 'jwksFile'])('from a %s', async (source) => {
    const keys = [{ ...rsa(N, 1n), kid: 'weak' }, issuer.key.jwk];
    issuer.published.splice(0, Infinity, ...keys);
    const { upstream, respond } = await startScenario({
      backends: { upstream: () => startRecordingUpstream() },
      config: (backends) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}"${source === 'jwksFile' ? ', jwksFile: keys.json' : ''} } }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: api, scopes: [read_api], resources: ["/**"] }]
services: { api: { type: http, path: /api/, upstream: { url: "${backends.upstream.url}/" } } }`,
      files: { 'keys.json': JSON.stringify({ keys }) },
    });
    const get = async (token: string): Promise<string> => {
      const { status, body } = await respond('GET /api/x', [`Authorization: Bearer ${token}`]);
      return `${status} ${body}`;
    };
    const [, payload] = issuer.mint().split('.');
    const input = `${encodePart({ alg: 'RS256', kid: 'weak' })}.${payload}`;
    // s^1 mod n = s: the padded hash is its own signature.
    expect(await get(`${input}.${base64url(padded(input), 256)}`)).toMatch(/^401 .*signature_invalid/);
    expect(upstream.bytes()).toBe('');
    expect(await get(issuer.mint())).toBe('200 ok');
  });
});

const WEAK: readonly (readonly [string, object, string])[] = [
  ['exponent 0', rsa(N, 0n), 'the RSA exponent is 0; it must be odd and at least 3'],
  ['exponent 1', rsa(N, 1n), 'the RSA exponent is 1; it must be odd and at least 3'],
  ['exponent 2', rsa(N, 2n), 'the RSA exponent is 2; it must be odd and at least 3'],
  ['an even exponent', rsa(N, 65536n), 'the RSA exponent is 65536; it must be odd and at least 3'],
  ['an exponent of 34 bits', rsa(N, 2n ** 33n + 1n), 'the RSA exponent has more than 33 bits'],
  ['an exponent as long as the modulus', rsa(N, N - 2n), 'the RSA exponent has more than 33 bits'],
  ['an even modulus', rsa(N - 1n, 65537n), 'the RSA modulus is even'],
  ['2047 bits', rsa(2n ** 2047n - 1n, 65537n), 'the RSA modulus has 2047 bits; 2048 to 8192 are accepted'],
  [
    '2047 bits behind zeros',
    { ...rsa(N, 65537n), n: base64url(2n ** 2047n - 1n, 300) },
    'the RSA modulus has 2047 bits; 2048 to 8192 are accepted',
  ],
  ['8193 bits', rsa(2n ** 8192n + 1n, 65537n), 'the RSA modulus has 8193 bits; 2048 to 8192 are accepted'],
  ['no modulus', { kty: 'RSA', e: 'AQAB' }, 'it is not a valid RSA key'],
  [
    'a point off the curve',
    { ...generateKey('x', 'ES256').jwk, x: generateKey('x', 'ES256').jwk['x'] },
    'it is not a valid EC key',
  ],
  ...['00', '01', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05']
    .concat(['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'])
    .concat([`ec${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`])
    .flatMap((start) => {
      const hex = start.padEnd(64, '0');
      const signed = hex.slice(0, 62) + (Number.parseInt(hex.slice(62), 16) | 0x80).toString(16);
      return [hex, signed];
    })
    .map((hex) => [`Ed25519 ${hex}`, ed(hex), 'the Ed25519 public key is a point of small order'] as const),
];

describe('J19 is ignored and logged once', () => {
  test.each(WEAK)('%s', async (_name, jwk, reason) => {
    issuer.published.splice(0, Infinity, { ...jwk, kid: 'weak' }, issuer.key.jwk);
    const clock = new FrozenClock();
    const rig = authenticatorFor([issuerSettings(issuer)], { clock });
    for (let n = 0; n < 3; n++) await rig.authenticator.fetchKeys();
    expect(rig.authenticator.issuers()).toMatchObject([{ ready: true, keys: 1 }]);
    expect(rig.log.lines.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', message: 'signing key ignored', fields: { issuer: 'gitlab', kid: 'weak', reason } },
    ]);
    await rig.close();
  });

  test('is logged again after a replacement, and if no other key is left', async () => {
    issuer.published.splice(0, Infinity, { ...rsa(N, 1n), kid: 'a' }, issuer.key.jwk);
    const rig = authenticatorFor([issuerSettings(issuer)], { clock: new FrozenClock() });
    const named = (): unknown[] =>
      rig.log.lines
        .filter(({ message }) => message === 'signing key ignored')
        .map(({ fields }) => fields['kid']);
    await rig.authenticator.fetchKeys();
    expect(named()).toEqual(['a']);
    issuer.published.splice(0, Infinity, { ...rsa(N, 1n), kid: 'b' }, { ...rsa(N, 1n), kid: 'a' });
    for (let n = 0; n < 3; n++) await rig.authenticator.fetchKeys();
    expect(named()).toEqual(['a', 'b']);
    expect(rig.authenticator.issuers()[0]?.lastError).toBe('the key set has no usable signing key');
    await rig.close();
  });
});

test.each([
  ['exponent 3', rsa(N, 3n)],
  ['an exponent of 33 bits', rsa(N, 2n ** 33n - 1n)],
  ['zeros before the modulus', { ...good.jwk, n: base64url(N, 300) }],
  ['8192 bits', rsa(2n ** 8192n - 1n, 65537n)],
  ['Ed25519', generateKey('x', 'EdDSA').jwk],
  ['P-521', generateKey('x', 'ES512').jwk],
])('J19 %s is accepted', async (_name, jwk) => {
  issuer.published.splice(0, Infinity, { ...jwk, kid: 'x' });
  const rig = authenticatorFor([issuerSettings(issuer)], { clock: new FrozenClock() });
  await rig.authenticator.fetchKeys();
  expect(rig.authenticator.issuers()).toMatchObject([{ ready: true, keys: 1 }]);
  await rig.close();
});

test('J19 the log names the ignored key, and the other keys are used', async () => {
  issuer.published.splice(0, Infinity, { ...rsa(N, 2n), kid: 'e2\u001b[31m' }, issuer.key.jwk);
  const before = issuer.requests.jwks;
  const { gateway } = await startProcessScenario({
    backends: { issuer },
    config: () => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", keys: { refresh: 1s } } }\n`,
  });
  await eventually('three fetches', () => (issuer.requests.jwks >= before + 3 ? true : undefined));
  const lines = gateway.log().filter(({ message }) => message === 'signing key ignored');
  expect(lines).toEqual([
    expect.objectContaining({
      issuer: 'gitlab',
      kid: 'e2\u001b[31m',
      reason: expect.stringContaining('exponent is 2'),
    }),
  ]);
  expect(gateway.output().stderr).not.toContain('\u001b');
});

test('J19 a signing key file whose public and private keys do not match', async () => {
  const [own, other] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  if (own === undefined || other === undefined) throw new Error('no keys');
  const point = (key: typeof own): Buffer =>
    key.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  const der = own.privateKey.export({ type: 'sec1', format: 'der' });
  point(other).copy(der, der.indexOf(point(own)));
  const pem = `-----BEGIN EC PRIVATE KEY-----\n${der.toString('base64')}\n-----END EC PRIVATE KEY-----\n`;
  expect(createPublicKey(pem).equals(other.publicKey)).toBe(true);
  const started = startProcessScenario({
    backends: {},
    files: () => ({ 'key.pem': pem }),
    config: () => 'signing: { keys: [{ file: key.pem }] }\n',
  });
  await expect(started).rejects.toThrow(/key\.pem/);
});
