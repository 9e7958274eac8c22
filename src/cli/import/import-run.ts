import { printable } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { counted } from '../../util/text/counted.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { placeOf } from './comments.ts';
import { importDockerAuth } from './docker-auth/docker-auth.ts';
import { importVaultJwt } from './vault-jwt/vault-jwt.ts';
import type { Imported } from './imported.ts';

export function runDockerAuth(operands: readonly string[], terminal: Terminal): ExitCode {
  const [file, ...others] = operands;
  if (file === undefined || others.length > 0)
    throw new GatehouseError('usage', 'name one configuration file of docker_auth');
  return print(importDockerAuth(file), terminal);
}

export function runVaultJwt(operands: readonly string[], terminal: Terminal): ExitCode {
  if (operands.length === 0)
    throw new GatehouseError('usage', 'name a file for each role, and one for auth/jwt/config if possible');
  return print(importVaultJwt(operands), terminal);
}

function print({ yaml, differences }: Imported, terminal: Terminal): ExitCode {
  terminal.out(yaml);
  for (const each of differences) terminal.err(`${printable(`${placeOf(each)}: ${each.message}`)}\n`);
  if (differences.length === 0) return EXIT.done;
  terminal.err(`${counted(differences.length, 'rule')} without an equivalent\n`);
  return EXIT.failed;
}
