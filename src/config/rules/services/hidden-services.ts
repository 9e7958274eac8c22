import type { RuleContext } from '../rule.ts';

/** A host that one service lists serves only the services that list it (`hosts`). */
export function checkHiddenServices(context: RuleContext): void {
  const { server, services } = context.draft;
  const open = services.filter(({ hosts }) => hosts === undefined);
  const listed = new Map(
    services.flatMap((service) => (service.hosts ?? []).map((host) => [host, service.name] as const)),
  );
  if (open.length === 0 || listed.size === 0) return;
  if (server.publicUrl === undefined) {
    for (const { name } of open) {
      const [host = '', owner = ''] = [...listed][0] ?? [];
      const message = `is not served on host ${host}, which service "${owner}" lists (${context.where(['services', owner, 'hosts'])}); if clients use that host, add it to hosts of this service`;
      context.note(['services', name], message, 'key');
    }
    return;
  }
  const { host, hostname } = new URL(server.publicUrl);
  const key = [host, hostname].find((each) => listed.has(each));
  const owner = key === undefined ? undefined : listed.get(key);
  if (key === undefined || owner === undefined) return;
  for (const { name } of open) {
    const message = `is not served on the host of server.publicUrl: service "${owner}" lists ${key} (${context.where(['services', owner, 'hosts'])}), and a listed host serves only services that list it; add hosts: [${key}], or the hosts of this service`;
    context.warn(['services', name], message, 'key');
  }
}
