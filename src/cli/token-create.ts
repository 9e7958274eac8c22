import { hash, randomBytes } from 'node:crypto';
import {
  DEPLOY_SECRET_PREFIX,
  DEPLOY_USERNAME,
  parseDeployTokenName,
  isDay,
  startOfDay,
} from '../core/credentials/deploy-token.ts';
import { GatehouseError } from '../core/errors.ts';
import { required, text, type Command } from './command.ts';
import { EXIT } from './terminal.ts';

export const tokenCreate: Command = {
  summary: 'make a deploy token: its secret, once, and the YAML to paste',
  help: `
Makes a secret of 256 random bits and prints it once, with the entry for deployTokens. Only its hash goes into the
configuration; nothing is stored here. To rotate, add a second entry with the same username, move the clients over,
then take the first one out.

  gatehouse token create --name edge-puller
  gatehouse token create --name edge-puller-2027 --username edge-puller --expires 2027-12-31 --json`,
  options: {
    name: { type: 'string', value: 'NAME', help: 'Name of the entry; it stands in the secret.' },
    username: { type: 'string', value: 'USER', help: 'What clients give as user name. Default: NAME.' },
    expires: { type: 'string', value: 'DATE', help: 'YYYY-MM-DD; good until 00:00 UTC of that day.' },
    json: { type: 'boolean', help: 'As JSON: {name, username, secret, secretHash, expires}.' },
  },
  async run(values, terminal) {
    const name = required(values, 'name');
    const secret = `${DEPLOY_SECRET_PREFIX}${name}_${randomBytes(32).toString('hex')}`;
    if (parseDeployTokenName(secret) !== name) {
      throw new GatehouseError('usage', '--name takes letters, digits, ".", "_" and "-", at most 64');
    }
    const username = text(values, 'username') ?? name;
    if (!DEPLOY_USERNAME.test(username)) {
      throw new GatehouseError(
        'usage',
        '--username takes letters, digits, ".", "+", "_" and "-", at most 255',
      );
    }
    const expires = text(values, 'expires');
    if (expires !== undefined && !isDay(expires)) {
      throw new GatehouseError('usage', '--expires takes a date such as 2027-12-31');
    }
    if (expires !== undefined && startOfDay(expires) <= Date.now()) {
      throw new GatehouseError('usage', `--expires ${expires} has passed`);
    }
    const secretHash = `sha256:${hash('sha256', secret)}`;
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify({ name, username, secret, secretHash, expires })}\n`
        : `The secret, shown only now:\n\n  ${secret}\n\n` +
            `For the configuration:\n\n${entry(name, username, secretHash, expires)}\n`,
    );
    return EXIT.done;
  },
};

function entry(name: string, username: string, secretHash: string, expires: string | undefined): string {
  return [
    'deployTokens:',
    `  ${JSON.stringify(name)}:`,
    `    username: ${JSON.stringify(username)}`,
    `    secretHash: "${secretHash}"`,
    ...(expires === undefined ? [] : [`    expires: ${expires}`]),
    '    grants: [{ service: SERVICE, scopes: [read_package_registry], resources: ["**"] }]',
  ].join('\n');
}
