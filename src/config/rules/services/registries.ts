import type { DraftService } from '../../model/draft.ts';
import type { RuleContext } from '../rule.ts';

type Registry = Extract<DraftService, { readonly type: 'oci' }>;

/** What registries of one host must say alike: clients log in to a host, not to a repository. */
const SHARED = ['issuers', 'audiences', 'credentialSources', 'challenge'] as const;

export function checkRegistries(context: RuleContext): void {
  const first = new Map<string, Registry>();
  for (const service of context.draft.services) {
    for (const host of service.hosts ?? ['']) {
      if (service.type !== 'oci') checkPath(context, service, host);
      else checkAgreement(context, service, first.get(host) ?? service);
      if (service.type === 'oci' && !first.has(host)) first.set(host, service);
    }
  }
}

function checkAgreement(context: RuleContext, service: Registry, other: Registry): void {
  for (const key of SHARED) {
    if (JSON.stringify(service[key]) === JSON.stringify(other[key])) continue;
    const where = context.where(['services', other.name]);
    const message = `must equal the value of service "${other.name}" (${where}), which has the same host: there is one login per host`;
    context.error(['services', service.name, key], message, 'key');
  }
}

/** The whole of `/v2/`, and `/token`, belong to the registries of a host. */
function checkPath(context: RuleContext, service: DraftService, host: string): void {
  const taken = service.path.startsWith('/v2/') || service.path.startsWith('/token/');
  const registry = context.draft.services.find(
    (other) => other.type === 'oci' && (other.hosts ?? ['']).includes(host),
  );
  if (!taken || registry === undefined) return;
  const message = `belongs to the registry "${registry.name}" (${context.where(['services', registry.name])})`;
  context.error(['services', service.name, 'path'], message);
}
