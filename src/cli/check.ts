import type { OnlineCheck } from '../app/build.ts';
import { loadConfig, type Config } from '../config/index.ts';
import { required, type Command } from './command.ts';
import { CONFIG_OPTION, listProblems } from './configuration.ts';
import { EXIT } from './terminal.ts';
import { VERSION } from './version.ts';
import { reportWorkloads, workloadLines } from './workload-lines.ts';

export const checkCommand: Command = {
  summary: 'check a configuration and report all problems',
  help: `
Loads the configuration as "serve" does. Prints every error and warning with its position, and the definition of
each workload identity.
Exit code: 0 valid (warnings allowed); 1 errors, or with --online an unreachable issuer or upstream.

  gatehouse check --config /etc/gatehouse
  gatehouse check --config gatehouse.yaml --online --json`,
  options: {
    ...CONFIG_OPTION,
    online: {
      type: 'boolean',
      help: 'Also fetch the keys of every issuer and send a request to every upstream.',
    },
    json: { type: 'boolean', help: 'Print JSON: {ok, problems, warnings, workloadIdentities, online}.' },
  },
  async run(values, terminal) {
    const path = required(values, 'config');
    const result = loadConfig(path, terminal.env);
    const problems = result.ok ? [] : result.problems;
    const workloads = result.ok ? reportWorkloads(result.config) : [];
    let online: readonly OnlineCheck[] | undefined;
    if (result.ok && values['online'] === true) {
      const { build } = await import('../app/build.ts');
      const gateway = build(result.config, { version: VERSION, inspect: true });
      online = await gateway.check();
      await gateway.stop();
    }
    const reachable = online?.every(({ ok }) => ok) ?? true;
    if (values['json'] === true) {
      const report = {
        ok: result.ok && reachable,
        problems,
        warnings: result.warnings,
        workloadIdentities: workloads,
        online,
      };
      terminal.out(`${JSON.stringify(report, null, 2)}\n`);
    } else {
      terminal.out(listProblems([...problems, ...result.warnings]));
      terminal.out(workloadLines(workloads));
      for (const { name, ok, detail } of online ?? [])
        terminal.out(`${ok ? 'ok' : 'error'}: ${name}: ${detail}\n`);
      if (result.ok) terminal.out(summary(result.config, result.warnings.length));
      else terminal.out(`${path}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`);
    }
    return result.ok && reachable ? EXIT.done : EXIT.failed;
  },
};

function summary(config: Config, warnings: number): string {
  const counts = [
    `${config.issuers.length} issuers`,
    `${config.identities.length} identities`,
    `${config.services.length} services`,
    `${warnings} warnings`,
  ];
  return `ok: ${config.files.length === 1 ? (config.files[0] ?? '') : `${config.files.length} files`}: ${counts.join(', ')}\n`;
}
