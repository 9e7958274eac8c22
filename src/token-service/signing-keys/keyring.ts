import { sign as signBytes } from 'node:crypto';
import { CompactSign } from 'jose/jws/compact/sign';
import { compactVerify } from 'jose/jws/compact/verify';
import { GatehouseError } from '../../core/errors.ts';
import type { Keyring, KeyringVerdict, Signer } from '../../core/credentials/keyring.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { decodeBase64url } from '../../util/text/base64url.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { createGeneratedKey, type KeyStore } from './generated-key.ts';
import { openKeyFiles } from './key-files.ts';
import type { SigningKeySource } from './key-source.ts';
import { seal, unseal } from './sealing.ts';
import { isSigningKey, type SigningKey } from './signing-key.ts';

export interface KeyringSettings {
  /** Default: a generated key, kept in the store. */
  readonly signing?: { readonly keys: readonly { readonly file: string }[] } | undefined;
}

export function createKeyring(
  settings: KeyringSettings,
  ports: { readonly store: KeyStore; readonly log: Log; readonly clock: Clock },
): Keyring {
  const files = settings.signing?.keys.map(({ file }) => file);
  const generated = createGeneratedKey(ports);
  let source: SigningKeySource | undefined = files === undefined ? generated : undefined;

  function keys(): SigningKeySource {
    if (source === undefined)
      throw new GatehouseError('store_unavailable', 'the signing keys are not loaded yet');
    return source;
  }

  return {
    async start() {
      if (files === undefined) await generated.start();
      else source = await openKeyFiles(files, ports.log);
    },
    stop: () => source?.stop(),
    async publicKeys() {
      const all = await keys().keys();
      return { keys: all.map(({ publicJwk }) => publicJwk) };
    },
    async sign(typ, payload) {
      const { kid, privateKey } = await keys().signingKey();
      return new CompactSign(Buffer.from(JSON.stringify(payload), 'utf8'))
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(privateKey);
    },
    signer: async () => signerOf(await keys().signingKey()),
    async unseal(kid, sealed, context) {
      const key = await keys().find(kid);
      return key !== undefined && isSigningKey(key) ? unseal(key.privateKey, sealed, context) : undefined;
    },
    async verify(token, typ) {
      const parsed = readParts(token, typ);
      if (parsed.kind !== 'parts') return parsed;
      try {
        const key = await keys().find(parsed.kid);
        if (key === undefined) return invalid('the signing key is not a key of this gateway');
        await compactVerify(token, key.publicKey, { algorithms: ['ES256'] });
        return { kind: 'payload', payload: parsed.payload, kid: parsed.kid };
      } catch (cause) {
        if (cause instanceof GatehouseError) return { kind: 'unavailable', detail: cause.message };
        return invalid('the signature does not verify');
      }
    },
    counts: (kid) => source?.counts(kid) === true,
    status: () => source?.status() ?? { ready: false },
  };
}

/**
 * For `explain` without key files: a running gateway locks the store with its generated key, so the header and the
 * payload are read without the signature. It signs nothing.
 */
export function createUnverifiedKeyring(): Keyring {
  const unavailable = (): never => {
    throw new GatehouseError('store_unavailable', 'the signing key is in the state store');
  };
  return {
    start: () => Promise.resolve(),
    stop: () => undefined,
    publicKeys: async () => unavailable(),
    sign: async () => unavailable(),
    signer: async () => unavailable(),
    unseal: async () => undefined,
    async verify(token, typ) {
      const parsed = readParts(token, typ);
      return parsed.kind === 'parts' ? { kind: 'payload', payload: parsed.payload, kid: parsed.kid } : parsed;
    },
    counts: () => true,
    status: () => ({ ready: false, detail: 'the signing key is in the state store' }),
  };
}

/** Synchronous: jose signs asynchronously, and a response is rewritten while it is relayed. */
function signerOf({ kid, privateKey }: SigningKey): Signer {
  return {
    sign(typ, payload) {
      const encode = (part: object): string =>
        Buffer.from(JSON.stringify(part), 'utf8').toString('base64url');
      const content = `${encode({ alg: 'ES256', kid, typ })}.${encode(payload)}`;
      // RFC 7518 §3.4: the signature is R || S, not DER.
      const signature = signBytes('sha256', Buffer.from(content), {
        key: privateKey,
        dsaEncoding: 'ieee-p1363',
      });
      return `${content}.${signature.toString('base64url')}`;
    },
    seal: (text, context) => seal(privateKey, text, context),
  };
}

type Parts = {
  readonly kind: 'parts';
  readonly kid: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** Accepts only headers that `sign` writes. Anything else is not a token of this gateway. */
function readParts(token: string, typ: string): Parts | KeyringVerdict {
  const parts = token.split('.', 4);
  const [header = '', payload = '', signature = ''] = parts.map(decodeBase64url);
  if (parts.length !== 3 || header === '' || payload === '' || signature === '') {
    return invalid('the token is not three parts of canonical base64url');
  }
  const [head, body] = [parseJsonObject(header), parseJsonObject(payload)];
  if (head.kind !== 'object' || body.kind !== 'object')
    return invalid('the header or payload is not a plain JSON object');
  const { alg, kid, typ: actualTyp, ...unexpected } = head.value;
  if (alg !== 'ES256' || typeof kid !== 'string' || Object.keys(unexpected).length > 0) {
    return invalid('the header differs from those that this gateway writes');
  }
  if (actualTyp !== typ) return invalid(`the typ header is not ${typ}`);
  return { kind: 'parts', kid, payload: body.value };
}

function invalid(detail: string): KeyringVerdict {
  return { kind: 'invalid', detail };
}
