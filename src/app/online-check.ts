import type { Authenticator } from '../credentials/index.ts';
import type { Config } from '../config/index.ts';
import type { EgressClient } from '../core/ports.ts';

export interface OnlineCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Fetches the keys of every issuer and sends a request to every upstream. */
export async function checkOnline(
  config: Config,
  authenticator: Authenticator,
  egress: EgressClient,
): Promise<readonly OnlineCheck[]> {
  await authenticator.fetchKeys();
  const issuers = authenticator.issuers().map(({ name, ready, keys, lastError }) => ({
    name: `issuers.${name}`,
    ok: ready,
    detail: ready ? `${keys} keys` : (lastError ?? 'no keys'),
  }));
  const upstreams = config.services.map(async ({ name, upstream }): Promise<OnlineCheck> => {
    try {
      const { url, caFile, serverName, clientCertificate } = upstream;
      const { status } = await egress.get({
        url,
        caFile,
        serverName,
        clientCertificate,
        pool: 'online check',
      });
      return { name: `services.${name}.upstream`, ok: true, detail: `responds (status ${status})` };
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : 'does not respond';
      return { name: `services.${name}.upstream`, ok: false, detail };
    }
  });
  return [...issuers, ...(await Promise.all(upstreams))];
}
