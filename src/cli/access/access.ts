import type { Command } from '../command.ts';
import { CONFIG_OPTION } from '../configuration.ts';

export const accessCommand: Command = {
  summary: 'list who can access what, for access reviews',
  help: `
Lists every identity, deploy token and anonymous rule that reaches a resource, with the conditions of each and the
position of its grant; or everything that one identity can do. Without a selection it lists the whole policy.
The first matching identity of a credential decides, so an entry has no effect for credentials of earlier identities.
Exit code: 0, also for an empty list; 2 invalid usage or configuration.

  gatehouse access --config /etc/gatehouse --service registry --resource acme/payments/api --scope write_registry
  gatehouse access --config /etc/gatehouse --identity payments-ci
  gatehouse access --config /etc/gatehouse --matrix
  gatehouse access --config /etc/gatehouse --csv > access.csv`,
  options: {
    ...CONFIG_OPTION,
    service: { type: 'string', value: 'NAME', help: 'Name of a service.' },
    resource: { type: 'string', value: 'NAME', help: 'A resource, as in the audit log; requires --service.' },
    scope: { type: 'string', value: 'NAME', help: 'A scope, such as read_registry.' },
    identity: { type: 'string', value: 'NAME', help: 'Name of an identity, or deploy-token:NAME.' },
    matrix: { type: 'boolean', help: 'Print identities × services with the scopes of each.' },
    csv: { type: 'boolean', help: 'Print CSV (RFC 4180).' },
    json: {
      type: 'boolean',
      help: 'Print JSON: [{kind, name, conditions, service, scope, resource, source}].',
    },
  },
  async run(values, terminal) {
    const { runAccessCommand } = await import('./access-review.ts');
    return runAccessCommand(values, terminal);
  },
};
