import { GatehouseError } from '../core/errors.ts';
import { check } from './check.ts';
import { formatHelp, parseOptions, type Command } from './command.ts';
import { demo } from './demo.ts';
import { explain } from './explain.ts';
import { health } from './health.ts';
import { refuseUnsafeRuntime } from './runtime.ts';
import { schema } from './schema.ts';
import { serve } from './serve.ts';
import { tokenCreate } from './token-create.ts';
import { tokenInspect } from './token-inspect.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';
import { version } from './version.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  check,
  explain,
  'token create': tokenCreate,
  'token inspect': tokenInspect,
  schema,
  demo,
  health,
  version,
};

/** Runs one command line; every outcome is an exit code, never an exception. */
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
    terminal.err(`gatehouse: there is no command "${name}". gatehouse --help lists them.\n`);
    return EXIT.usage;
  }
  try {
    const values = parseOptions(command, args);
    if (values['help'] === true) {
      terminal.out(formatHelp(name, command));
      return EXIT.done;
    }
    refuseUnsafeRuntime(terminal);
    return await command.run(values, terminal);
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    terminal.err(`gatehouse ${name}: ${error.message}\n`);
    if (error.code === 'usage') terminal.err(`gatehouse ${name} --help tells more.\n`);
    return error.code === 'usage' || error.code === 'config_invalid' ? EXIT.usage : EXIT.failed;
  }
}

/** `token create --name x` → `token create` and the rest; other commands are one word. */
function split([first = '--help', ...rest]: readonly string[]): { name: string; args: readonly string[] } {
  const [second] = rest;
  if (first === '--version') return { name: 'version', args: rest };
  const isGroup = Object.keys(COMMANDS).some((name) => name.startsWith(`${first} `));
  if (!isGroup || second === undefined || second.startsWith('-')) return { name: first, args: rest };
  return { name: `${first} ${second}`, args: rest.slice(1) };
}

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(13)} ${summary}`);
  return (
    'Gatehouse is an authentication gateway for machines: pipelines present the credential they already have,\n' +
    'Gatehouse verifies it, decides by a YAML policy, and forwards the request with identity headers.\n\n' +
    `Usage: gatehouse COMMAND [OPTIONS]\n\nCommands\n${rows.join('\n')}\n\n` +
    'gatehouse COMMAND --help tells more. To see it work: gatehouse demo\n\n' +
    'Exit codes: 0 done, 1 the check failed or the gateway could not start, 2 wrong usage or configuration.\n'
  );
}
