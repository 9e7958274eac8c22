import type { Command } from '../command.ts';
import { CONFIG_OPTION } from '../configuration.ts';

export const replayCommand: Command = {
  summary: 'evaluate recorded requests with another policy',
  operands: 'AUDIT…',
  help: `
Evaluates the requests of audit logs with the policy of --config, and lists the flips: requests whose outcome would
differ. Outcomes are allow, deny and shadow (the policy denies, and the service in shadow mode lets the request pass).
AUDIT is a plain, rotated or gzipped audit log; "-" reads standard input. Nothing is sent. Requests that the log does
not describe completely are not evaluated, and counted by reason.
Exit code: 0 no flips, 1 flips, 2 invalid usage or configuration.

  gatehouse replay --config new/ /var/log/gatehouse/audit.log.1
  gatehouse replay --config new/ --recorded-with /etc/gatehouse /var/log/gatehouse/audit.log.1
  zcat audit.log-*.gz | gatehouse replay --config new/ --json -`,
  options: {
    ...CONFIG_OPTION,
    'recorded-with': {
      type: 'string',
      value: 'PATH',
      help: 'Configuration of the gateway that wrote the log: its events contain the claims that this policy refers to.',
    },
    json: { type: 'boolean', help: 'Print JSON: {flips, events, notEvaluated, notEvaluatedReasons}.' },
  },
  async run(values, terminal, operands) {
    const { runReplay } = await import('./replay-run.ts');
    return runReplay(values, terminal, operands);
  },
};
