import type { Command } from '../command.ts';
import { CONFIG_OPTION } from '../configuration.ts';

export const suggestCommand: Command = {
  summary: 'print the smallest additions to a policy that allow recorded requests',
  operands: 'AUDIT…',
  help: `
Reads the denied and shadowed requests of one identity or service from audit logs, and prints as YAML the grants and
identities that would have allowed them, and nothing else: no wildcards, no anonymous rules. Review them, then merge
them into the configuration: grants into the identity of the same name, new identities after all others.
AUDIT is a plain, rotated or gzipped audit log; "-" reads standard input. Events that no narrow addition allows are
counted by reason on stderr. Exit code: 0 success, 2 invalid usage or configuration.

  gatehouse suggest --config gatehouse.yaml --identity payments /var/log/gatehouse/audit.log
  zcat audit.log-*.gz | gatehouse suggest --config gatehouse.yaml --service registry -`,
  options: {
    ...CONFIG_OPTION,
    identity: { type: 'string', value: 'NAME', help: 'Only requests of this identity.' },
    service: { type: 'string', value: 'NAME', help: 'Only requests to this service.' },
    'recorded-with': {
      type: 'string',
      value: 'PATH',
      help: 'Configuration of the gateway that wrote the log: its events contain the claims that this policy refers to.',
    },
  },
  async run(values, terminal, operands) {
    const { runSuggest } = await import('./suggest-run.ts');
    return runSuggest(values, terminal, operands);
  },
};
