import { GatehouseError } from '../core/errors.ts';
import { closest } from '../util/text/closest.ts';
import { formatHelp, parseOptions, type Command } from './command.ts';
import { refuseUnsafeRuntime } from './runtime.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

/** A command loads none of the modules of the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init/init.ts')).initCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  check: async () => (await import('./check/check.ts')).checkCommand,
  access: async () => (await import('./access/access.ts')).accessCommand,
  explain: async () => (await import('./explain/explain.ts')).explainCommand,
  test: async () => (await import('./policy-tests/test.ts')).testCommand,
  replay: async () => (await import('./replay/replay.ts')).replayCommand,
  suggest: async () => (await import('./suggest/suggest.ts')).suggestCommand,
  diff: async () => (await import('./diff/diff.ts')).diffCommand,
  'state backup': async () => (await import('./state/state-backup.ts')).stateBackupCommand,
  'state restore': async () => (await import('./state/state-restore.ts')).stateRestoreCommand,
  'token create': async () => (await import('./token/token-create.ts')).tokenCreateCommand,
  'token inspect': async () => (await import('./token/token-inspect.ts')).tokenInspectCommand,
  'import docker-auth': async () => (await import('./import/docker-auth.ts')).importDockerAuthCommand,
  'import vault-jwt': async () => (await import('./import/vault-jwt.ts')).importVaultJwtCommand,
  schema: async () => (await import('./schema.ts')).schemaCommand,
  demo: async () => (await import('./demo/demo.ts')).demoCommand,
  health: async () => (await import('./health.ts')).healthCommand,
  version: async () => (await import('./version.ts')).versionCommand,
};

/** Runs one command line. Expected failures are printed and returned as an exit code. */
export async function run(terminal: Terminal): Promise<ExitCode> {
  const { name, args } = split(terminal.args);
  const group = await summaries((command) => command.startsWith(`${name} `));
  if (group.length > 0) {
    terminal.out(group.map(([command, summary]) => `gatehouse ${command}: ${summary}\n`).join(''));
    return args.includes('--help') ? EXIT.done : EXIT.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(await overview());
    return EXIT.done;
  }
  const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.() : undefined;
  if (command === undefined) {
    const meant = closest(name, Object.keys(COMMANDS));
    const suggestion = meant === undefined ? '' : `; did you mean "${meant}"?`;
    terminal.err(`gatehouse: unknown command "${name}"${suggestion}\n`);
    terminal.err('Run "gatehouse --help" for a list of commands.\n');
    return EXIT.usage;
  }
  try {
    const { values, operands } = parseOptions(command, args);
    if (values['help'] === true) {
      terminal.out(formatHelp(name, command));
      return EXIT.done;
    }
    refuseUnsafeRuntime(terminal);
    return await command.run(values, terminal, operands);
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    terminal.err(`gatehouse ${name}: ${error.message}\n`);
    if (error.code === 'usage') terminal.err(`Run "gatehouse ${name} --help" for usage.\n`);
    return error.code === 'usage' || error.code === 'config_invalid' ? EXIT.usage : EXIT.failed;
  }
}

/** Splits `token create --name x` into `token create` and its options; other commands are one word. */
function split([first = '--help', ...rest]: readonly string[]): { name: string; args: readonly string[] } {
  const [second] = rest;
  if (first === '--version') return { name: 'version', args: rest };
  const isGroup = Object.keys(COMMANDS).some((name) => name.startsWith(`${first} `));
  if (!isGroup || second === undefined || second.startsWith('-')) return { name: first, args: rest };
  return { name: `${first} ${second}`, args: rest.slice(1) };
}

/** The names and summaries of the commands that `selects` accepts. */
function summaries(selects: (name: string) => boolean): Promise<(readonly [string, string])[]> {
  const selected = Object.entries(COMMANDS).filter(([name]) => selects(name));
  return Promise.all(selected.map(async ([name, load]) => [name, (await load()).summary] as const));
}

async function overview(): Promise<string> {
  const commands = await summaries(() => true);
  const rows = commands.map(([name, summary]) => `  ${name.padEnd(18)} ${summary}`);
  return (
    'Gatehouse is an authentication gateway for machines. It verifies the credential that a CI pipeline already has,\n' +
    'authorizes the request against a YAML policy, and forwards it with identity headers.\n\n' +
    `Usage: gatehouse COMMAND [OPTIONS]\n\nCommands\n${rows.join('\n')}\n\n` +
    'Run "gatehouse COMMAND --help" for the options of a command, and "gatehouse demo" for a demonstration.\n\n' +
    'Exit codes: 0 success, 1 a check failed or the gateway could not start, 2 invalid usage or configuration.\n'
  );
}
