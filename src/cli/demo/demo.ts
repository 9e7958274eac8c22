import type { Command } from '../command.ts';

export const demoCommand: Command = {
  summary: 'run a registry behind the gateway, with a built-in issuer',
  help: `
Starts an issuer of GitLab-like ID tokens, a registry, and the gateway with its console in front of it, all on loopback.
A job of one project logs in, pulls, and pushes to another project; the demo prints the response of each step, the
explanation and the audit event of the refusal, and commands to try. It runs until Ctrl-C.
The registry is docker-registry if it is installed, and otherwise a small npm registry. No client is necessary.`,
  options: {
    once: { type: 'boolean', help: 'Exit after the steps.' },
    verbose: { type: 'boolean', help: 'Also print the configuration and the complete audit event.' },
  },
  async run(values, terminal) {
    const { runDemo } = await import('./run-demo.ts');
    return runDemo({ once: values['once'] === true, verbose: values['verbose'] === true }, terminal);
  },
};
