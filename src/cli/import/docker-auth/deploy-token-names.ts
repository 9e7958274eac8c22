import { DEPLOY_USERNAME } from '../../../core/credentials/deploy-token.ts';
import { createNamer } from '../configured-names.ts';

interface DeployTokenNames {
  readonly name: string;
  /** The user name that clients send. */
  readonly username: string;
}

/** A name for the deploy token of each account. */
export function deployTokenNames(accounts: readonly string[]): ReadonlyMap<string, DeployTokenNames> {
  const nameOf = createNamer('account', /[^A-Za-z0-9._-]/g, 64);
  return new Map(
    accounts.map((account) => {
      const name = nameOf(account);
      return [account, { name, username: DEPLOY_USERNAME.test(account) ? account : name }];
    }),
  );
}
