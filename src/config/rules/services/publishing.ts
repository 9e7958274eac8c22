import type { RuleContext } from '../rule.ts';

/** The paths of publishing clients are fixed and at the root of a host, so a host is one service's. */
export function checkPublishing(context: RuleContext): void {
  const taken = new Map<string, string>();
  for (const service of context.draft.services) {
    if (!('trustedPublishing' in service) || service.trustedPublishing === undefined) continue;
    const path = ['services', service.name, 'trustedPublishing'];
    if (service.hosts === undefined) {
      context.error(path, 'needs hosts: clients exchange their token at the root of the host', 'key');
    }
    for (const host of service.hosts ?? []) {
      const place = `${service.type} ${host}`;
      const other = taken.get(place);
      if (other !== undefined) {
        const message = `service "${other}" has it on host ${host} too (${context.where(['services', other])})`;
        context.error(path, message, 'key');
      }
      taken.set(place, service.name);
    }
  }
}
