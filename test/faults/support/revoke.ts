import type { GatewayProcess } from '../../support/gateway-process.ts';

/** Acknowledged revocations of a process that is killed at any moment. */
export interface Revoker {
  /** Ids of the entries that the gateway acknowledged with 201. */
  readonly acknowledged: ReadonlySet<string>;
  /** Number of requests that were refused or not answered. */
  refused(): number;
  /** Adds entries, four at a time, until the returned function is called; it resolves after the last response. */
  start(gateway: Pick<GatewayProcess, 'adminUrl'>): () => Promise<void>;
}

export function createRevoker(): Revoker {
  const acknowledged = new Set<string>();
  let serial = 0;
  let refused = 0;

  async function add(adminUrl: string): Promise<void> {
    serial += 1;
    const body = { jti: `token-${serial}`, issuer: 'gitlab', reason: 'leaked' };
    try {
      const response = await fetch(`${adminUrl}/revocations`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const entry = (await response.json()) as { id?: string };
      if (response.status === 201 && entry.id !== undefined) acknowledged.add(entry.id);
      else refused += 1;
    } catch {
      refused += 1;
    }
  }

  return {
    acknowledged,
    refused: () => refused,
    start({ adminUrl }) {
      let going = true;
      const loops = Array.from({ length: 4 }, async () => {
        while (going) await add(adminUrl);
      });
      return async () => {
        going = false;
        await Promise.all(loops);
      };
    },
  };
}

/** Ids of the active entries at the gateway. */
export async function listedIds({
  adminUrl,
}: Pick<GatewayProcess, 'adminUrl'>): Promise<ReadonlySet<string>> {
  const response = await fetch(`${adminUrl}/revocations`);
  const { revocations } = (await response.json()) as { revocations: { id: string }[] };
  return new Set(revocations.map(({ id }) => id));
}

/** The entries of `acknowledged` that are not active. */
export function lostOf(acknowledged: ReadonlySet<string>, listed: ReadonlySet<string>): readonly string[] {
  return [...acknowledged].filter((id) => !listed.has(id));
}
