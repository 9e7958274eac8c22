import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import type { BodyTransform } from './body-transform.ts';

/** Rewrites a body that is parsed as a whole: buffered up to `maxBytes`, and relayed completely or not at all. */
export class DocumentRewriter implements BodyTransform {
  readonly #rewrite: DocumentRewrite;
  readonly #urls: PublicUrls;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(rewrite: DocumentRewrite, urls: PublicUrls) {
    this.#rewrite = rewrite;
    this.#urls = urls;
  }

  push(view: Buffer): InvalidResponse | undefined {
    this.#size += view.length;
    if (this.#size > this.#rewrite.maxBytes)
      return invalidResponse(`the document to rewrite has more than ${this.#rewrite.maxBytes} bytes`);
    this.#chunks.push(Buffer.from(view));
    return undefined;
  }

  end(): Buffer | InvalidResponse {
    const text = decode(Buffer.concat(this.#chunks));
    this.#chunks = [];
    const rewritten = text === undefined ? undefined : this.#rewrite.rewrite(text, this.#urls);
    return rewritten === undefined
      ? invalidResponse('the document to rewrite cannot be parsed')
      : Buffer.from(rewritten, 'utf8');
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
