import type { RuleContext } from '../rule.ts';

/** Clients look for the registries of a host at one path at its root, so the first service of the host responds there. */
export function checkTerraform(context: RuleContext): void {
  const first = new Map<string, string>();
  for (const service of context.draft.services) {
    if (service.type !== 'terraform') continue;
    const path = ['services', service.name];
    if (service.hosts === undefined) {
      const message =
        'needs `hosts` for its registries: clients find them at the root of a host; the network mirror and states work without';
      context.warn(path, message, 'key');
    }
    for (const host of service.hosts ?? []) {
      const other = first.get(host);
      if (other === undefined) first.set(host, service.name);
      else {
        const message = `its registries are not announced on host ${host}, which announces those of service "${other}" (${context.where(['services', other])})`;
        context.warn(path, message, 'key');
      }
    }
    const { modulesPath, providersPath } = service;
    if (modulesPath.startsWith(providersPath) || providersPath.startsWith(modulesPath))
      context.error([...path, 'modulesPath'], 'must not contain, or be below, `providersPath`');
    for (const key of ['modulesPath', 'providersPath'] as const)
      if (/^states?\//.test(service[key])) context.error([...path, key], 'is a path of states');
  }
}
