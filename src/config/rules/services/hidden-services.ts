import { ME_PATH } from '../../../core/credential-hint.ts';
import type { RuleContext } from '../rule.ts';
import { withoutPort } from '../../../core/request/without-port.ts';

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

/** On a host that services list, the built-in endpoints have only the paths that no service has. */
export function checkCoveredEndpoints(context: RuleContext): void {
  const { server, services } = context.draft;
  if (server.publicUrl === undefined) return;
  const { hostname } = new URL(server.publicUrl);
  for (const { name, hosts = [], path } of services) {
    const listed = hosts.find((host) => withoutPort(host) === hostname);
    if (listed === undefined || !ME_PATH.startsWith(path)) continue;
    const message = `${listed} is the host of server.publicUrl, and path "${path}" covers its built-in endpoints, such as ${ME_PATH}, which refusals name: clients cannot send requests to them; use another host or path`;
    context.note(['services', name, 'hosts'], message);
  }
}
