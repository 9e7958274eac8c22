import type { Command } from '../command.ts';

export const diffCommand: Command = {
  summary: 'compare two configurations: who gains and loses what',
  help: `
Compares what callers can do under two configurations, each a YAML file or a directory. No gain is missed. A gain or
loss is "certain" if the evaluator of the gateway confirms an example: a request that one configuration allows and the
other denies. It is "possible" if the settings do not exclude it.
Exit code: 0, with or without differences; 1 with --exit-code, if there are any; 2 invalid usage or configuration.

  gatehouse diff /etc/gatehouse candidate/
  git worktree add --detach .before main && gatehouse diff .before/config config --exit-code
  gatehouse diff old.yaml new.yaml --markdown > comment.md`,
  operands: 'OLD NEW',
  options: {
    json: { type: 'boolean', help: 'Print JSON: {gains, losses, changes}.' },
    markdown: {
      type: 'boolean',
      help: 'Print Markdown of bounded length, for a comment in a merge request.',
    },
    'exit-code': { type: 'boolean', help: 'Exit with 1 if there are differences.' },
  },
  async run(values, terminal, operands) {
    const { runDiffCommand } = await import('./diff-configurations.ts');
    return runDiffCommand(values, terminal, operands);
  },
};
