import type { Command } from '../command.ts';

export const importDockerAuthCommand: Command = {
  summary: 'convert a configuration of cesanta/docker_auth',
  operands: 'FILE',
  help: `
Prints a configuration for the users and the ACL of docker_auth (auth_config.yml): a deploy token for each user, the
access of clients without login, and the registry in shadow mode. The ACL is evaluated for each user, with its labels;
the result never allows more than the source. Rules without an equivalent are comments with their line, and lines on
stderr. docs/guides/migrate/docker-auth.md describes the next steps.
Exit code: 0 success, 1 a rule has no equivalent, 2 invalid usage or input.

  gatehouse import docker-auth auth_config.yml > gatehouse.yaml
  gatehouse check --config gatehouse.yaml`,
  options: {},
  async run(_values, terminal, operands) {
    const { runDockerAuth } = await import('./import-run.ts');
    return runDockerAuth(operands, terminal);
  },
};
