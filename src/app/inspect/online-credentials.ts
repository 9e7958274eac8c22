import type { Config } from '../../config/index.ts';
import { formatPath } from '../../config/serving.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { CredentialProbe, Forwarder } from '../../proxy/index.ts';
import { counted } from '../../util/text/counted.ts';
import type { OnlineCheck } from './online-result.ts';

/** Obtains the upstream credentials of each service once. The results name their holders and rights, never a value. */
export function checkCredentials(
  { services }: Config,
  credentialOf: (service: string) => Forwarder['credential'],
): Promise<readonly OnlineCheck[]> {
  const checks = services.flatMap(({ name, upstream }) => {
    const { perIdentity = {}, ...own } = upstream?.auth ?? {};
    const credential = credentialOf(name);
    const path = ['services', name, 'upstream', 'auth'];
    const entries = [...(credential?.entries ?? [])].map(([identity, { probe }]) => ({
      path: [...path, 'perIdentity', identity, kindOf(perIdentity[identity])],
      probe,
    }));
    return [{ path: [...path, kindOf(own)], probe: credential?.probe }, ...entries];
  });
  return Promise.all(
    checks.flatMap(({ path, probe }) =>
      probe === undefined ? [] : [checkCredential(formatPath(path), probe)],
    ),
  );
}

/** The kind of a credential is the only key that is set. */
function kindOf(auth: object | undefined): string {
  const [kind] = Object.entries(auth ?? {}).find(([, value]) => value !== undefined) ?? [];
  return kind ?? '';
}

async function checkCredential(name: string, probe: CredentialProbe): Promise<OnlineCheck> {
  const { holder, settings } = probe;
  const failed = (problem: string, check: string): OnlineCheck => ({
    name,
    ok: false,
    detail: `${holder}: ${problem}; check ${check}`,
  });
  const result = await obtain(probe);
  if (result instanceof GatehouseError) return failed(result.message, 'vault');
  if (result.kind === 'credential-fault') {
    const noResponse = result.reason === 'upstream_unreachable' || result.reason === 'upstream_invalid';
    return failed(result.detail, noResponse ? settings.endpoint : settings.login);
  }
  const { what, seconds, grants = [] } = result;
  const lifetime = seconds === undefined ? '' : ` for ${formatLifetime(seconds)}`;
  const granted = grants.length === 0 ? '' : `; it grants ${formatGrants(grants)}`;
  return { name, ok: true, detail: `${holder}: ${what}${lifetime}${granted}` };
}

/** A field of the vault that could not be read has no value. */
async function obtain(
  probe: CredentialProbe,
): Promise<Awaited<ReturnType<CredentialProbe['obtain']>> | GatehouseError> {
  try {
    return await probe.obtain();
  } catch (cause) {
    if (cause instanceof GatehouseError) return cause;
    throw cause;
  }
}

function formatLifetime(seconds: number): string {
  return seconds < 60
    ? counted(Math.max(0, Math.floor(seconds)), 'second')
    : counted(Math.floor(seconds / 60), 'minute');
}

const MAX_LISTED = 20;

function formatGrants(grants: readonly string[]): string {
  const listed = grants.slice(0, MAX_LISTED).join(', ');
  return grants.length > MAX_LISTED ? `${listed} and ${grants.length - MAX_LISTED} more` : listed;
}
