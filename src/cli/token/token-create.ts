import { hash, randomBytes } from 'node:crypto';
import {
  DEPLOY_SECRET_PREFIX,
  DEPLOY_USERNAME,
  parseDeployTokenName,
  isDay,
  startOfDay,
} from '../../core/credentials/deploy-token.ts';
import { GatehouseError } from '../../core/errors.ts';
import { required, text, type Command } from '../command.ts';
import { EXIT } from '../terminal.ts';

export const tokenCreateCommand: Command = {
  summary: 'create a deploy token: its secret and the YAML entry for the configuration',
  help: `
Generates a secret of 256 random bits and prints it once, with the entry for deployTokens. The configuration contains
only its hash; the command stores nothing. To rotate a token, add a second entry with the same username, switch the
clients to it, and remove the first entry.

  gatehouse token create --name edge-puller --type oci --expires 2027-12-31
  gatehouse token create --name edge-puller-2027 --username edge-puller --expires 2027-12-31 --json`,
  options: {
    name: { type: 'string', value: 'NAME', help: 'Name of the entry; it is part of the secret.' },
    username: { type: 'string', value: 'USER', help: 'User name that clients send. Default: NAME.' },
    type: {
      type: 'string',
      value: 'TYPE',
      help: 'Type of the service, such as oci or npm: prints its scopes. Default: the scopes of all types.',
    },
    expires: {
      type: 'string',
      value: 'DATE',
      help: 'YYYY-MM-DD; the token expires at 00:00 UTC of that day. Default: it never expires, with a warning.',
    },
    json: { type: 'boolean', help: 'Print JSON: {name, username, secret, secretHash, expires}.' },
  },
  async run(values, terminal) {
    const { deployTokenEntry, isServiceType, SERVICE_TYPES } = await import('./deploy-token-entry.ts');
    const name = required(values, 'name');
    const secret = `${DEPLOY_SECRET_PREFIX}${name}_${randomBytes(32).toString('hex')}`;
    if (parseDeployTokenName(secret) !== name) {
      throw new GatehouseError(
        'usage',
        '--name must consist of at most 64 letters, digits, ".", "_" and "-"',
      );
    }
    const username = text(values, 'username') ?? name;
    if (!DEPLOY_USERNAME.test(username)) {
      throw new GatehouseError(
        'usage',
        '--username must consist of at most 255 letters, digits, ".", "+", "_" and "-"',
      );
    }
    const expires = text(values, 'expires');
    if (expires !== undefined && !isDay(expires)) {
      throw new GatehouseError('usage', '--expires must be a date such as 2027-12-31');
    }
    if (expires !== undefined && startOfDay(expires) <= Date.now()) {
      throw new GatehouseError('usage', `--expires ${expires} is in the past`);
    }
    const type = text(values, 'type');
    if (type !== undefined && !isServiceType(type)) {
      throw new GatehouseError('usage', `--type ${type} is unknown; known: ${SERVICE_TYPES.join(', ')}`);
    }
    if (expires === undefined) {
      terminal.err('warning: the token never expires; create it with --expires YYYY-MM-DD\n');
    }
    const secretHash = `sha256:${hash('sha256', secret)}`;
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify({ name, username, secret, secretHash, expires })}\n`
        : `Secret (shown only once):\n\n  ${secret}\n\n` +
            `Configuration entry:\n\n${deployTokenEntry(name, username, secretHash, expires, type)}\n`,
    );
    return EXIT.done;
  },
};
