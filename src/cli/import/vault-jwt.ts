import type { Command } from '../command.ts';

export const importVaultJwtCommand: Command = {
  summary: "convert roles of Vault's JWT auth method",
  operands: 'FILE…',
  help: `
Prints a configuration for roles of Vault: an identity for each role, with the bound claims as its match, and a role for
each policy, whose grants are to be written. The name of a file is the name of its role. auth/jwt/config is a FILE too,
and determines the issuer. Settings without an equivalent are comments with their line, and lines on stderr.
docs/guides/migrate/vault-jwt.md describes the next steps.
Exit code: 0 success, 1 a setting has no equivalent, 2 invalid usage or input.

  vault read -format=json auth/jwt/config > config.json
  vault read -format=json auth/jwt/role/deploy > deploy.json
  gatehouse import vault-jwt config.json deploy.json > gatehouse.yaml`,
  options: {},
  async run(_values, terminal, operands) {
    const { runVaultJwt } = await import('./import-run.ts');
    return runVaultJwt(operands, terminal);
  },
};
