import { GatehouseError } from '../core/errors.ts';
import { closest } from '../util/text/closest.ts';
import { accessCommand } from './access/access.ts';
import { checkCommand } from './check/check.ts';
import { formatHelp, parseOptions, type Command } from './command.ts';
import { diffCommand } from './diff/diff.ts';
import { demoCommand } from './demo/demo.ts';
import { explainCommand } from './explain/explain.ts';
import { healthCommand } from './health.ts';
import { initCommand } from './init/init.ts';
import { importDockerAuthCommand } from './import/docker-auth.ts';
import { importVaultJwtCommand } from './import/vault-jwt.ts';
import { replayCommand } from './replay/replay.ts';
import { refuseUnsafeRuntime } from './runtime.ts';
import { schemaCommand } from './schema.ts';
import { serveCommand } from './serve.ts';
import { stateBackupCommand } from './state/state-backup.ts';
import { stateRestoreCommand } from './state/state-restore.ts';
import { suggestCommand } from './suggest/suggest.ts';
import { testCommand } from './policy-tests/test.ts';
import { tokenCreateCommand } from './token/token-create.ts';
import { tokenInspectCommand } from './token/token-inspect.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';
import { versionCommand } from './version.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  init: initCommand,
  serve: serveCommand,
  check: checkCommand,
  access: accessCommand,
  explain: explainCommand,
  test: testCommand,
  replay: replayCommand,
  suggest: suggestCommand,
  diff: diffCommand,
  'state backup': stateBackupCommand,
  'state restore': stateRestoreCommand,
  'token create': tokenCreateCommand,
  'token inspect': tokenInspectCommand,
  'import docker-auth': importDockerAuthCommand,
  'import vault-jwt': importVaultJwtCommand,
  schema: schemaCommand,
  demo: demoCommand,
  health: healthCommand,
  version: versionCommand,
};

/** Runs one command line. Expected failures are printed and returned as an exit code. */
export async function run(terminal: Terminal): Promise<ExitCode> {
  const { name, args } = split(terminal.args);
  const group = Object.keys(COMMANDS).filter((command) => command.startsWith(`${name} `));
  if (group.length > 0) {
    terminal.out(
      group.map((command) => `gatehouse ${command}: ${COMMANDS[command]?.summary ?? ''}\n`).join(''),
    );
    return args.includes('--help') ? EXIT.done : EXIT.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(overview());
    return EXIT.done;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
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

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(18)} ${summary}`);
  return (
    'Gatehouse is an authentication gateway for machines. It verifies the credential that a CI pipeline already has,\n' +
    'authorizes the request against a YAML policy, and forwards it with identity headers.\n\n' +
    `Usage: gatehouse COMMAND [OPTIONS]\n\nCommands\n${rows.join('\n')}\n\n` +
    'Run "gatehouse COMMAND --help" for the options of a command, and "gatehouse demo" for a demonstration.\n\n' +
    'Exit codes: 0 success, 1 a check failed or the gateway could not start, 2 invalid usage or configuration.\n'
  );
}
