import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import type { BodyTransform } from './body-transform.ts';

/** Rewrites a body that has to be understood as a whole: held up to its bound, and never relayed in half. */
export class DocumentRewriter implements BodyTransform {
  readonly #rewrite: DocumentRewrite;
  readonly #urls: PublicUrls;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(rewrite: DocumentRewrite, urls: PublicUrls) {
    this.#rewrite = rewrite;
    this.#urls = urls;
  }

  push(chunk: Buffer): string | undefined {
    this.#size += chunk.length;
    if (this.#size > this.#rewrite.maxBytes)
      return `a document of more than ${this.#rewrite.maxBytes} bytes where URLs are to be rewritten`;
    this.#chunks.push(chunk);
    return undefined;
  }

  end(): Buffer | string {
    const text = decode(Buffer.concat(this.#chunks));
    this.#chunks = [];
    const rewritten = text === undefined ? undefined : this.#rewrite.rewrite(text, this.#urls);
    return rewritten === undefined ? 'a document that cannot be read' : Buffer.from(rewritten, 'utf8');
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
