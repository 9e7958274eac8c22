import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsSession } from './assume-role.ts';

export interface UnsignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SigningScope {
  /** Signing name of the AWS service. */
  readonly service: string;
  readonly region: string;
}

/** The headers of a POST with its signature (AWS Signature Version 4). */
export async function signRequest(
  { url, headers, body }: UnsignedRequest,
  scope: SigningScope,
  session: AwsSession,
  now: number,
): Promise<Readonly<Record<string, string>>> {
  const { protocol, hostname, port, host, pathname, searchParams } = new URL(url);
  const signer = new SignatureV4({ ...scope, credentials: session, sha256: Sha256 });
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol,
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: { ...headers, host },
      body,
    },
    { signingDate: new Date(now) },
  );
  return signed.headers;
}

/** SHA-256, or HMAC-SHA-256 with a secret, in the interface of the signer. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined;
  #state: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined || typeof secret === 'string' ? secret : bytesOf(secret);
    this.#state = this.#start();
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#state.update(typeof chunk === 'string' ? chunk : bytesOf(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#state.digest();
  }

  reset(): void {
    this.#state = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
