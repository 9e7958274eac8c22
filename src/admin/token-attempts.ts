import { hash } from 'node:crypto';
import type { Clock } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { networkOf } from '../util/http/client-network.ts';
import { WindowCounter } from '../util/limits/window-counter.ts';
import { isAdminToken } from './admin-token.ts';

const MAX_ATTEMPTS = 10;
const WINDOW_MS = 60_000;

export type TokenAttempt =
  | { readonly kind: 'accepted'; readonly client: string }
  /** `repeated`: the client has sent the same token within the window. */
  | { readonly kind: 'wrong'; readonly client: string; readonly repeated: boolean }
  | { readonly kind: 'limited'; readonly retryAfter: string };

/** Limits the different tokens of a client network, over the login of the console and the requests with a token. */
export class TokenAttempts {
  readonly #counter: WindowCounter;

  constructor(clock: Clock) {
    this.#counter = new WindowCounter(clock.now.bind(clock));
  }

  /** Counted before the comparison, so that a guess beyond the limit is not evaluated. */
  check(address: string | undefined, presented: string, token: Secret | undefined): TokenAttempt {
    const client = networkOf(address ?? '');
    const { count, resetsIn, repeated } = this.#counter.add(client, WINDOW_MS, hash('sha256', presented));
    if (count > MAX_ATTEMPTS) return { kind: 'limited', retryAfter: String(Math.ceil(resetsIn / 1000)) };
    return isAdminToken(presented, token)
      ? { kind: 'accepted', client }
      : { kind: 'wrong', client, repeated };
  }
}
