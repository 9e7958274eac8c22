import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import { startNginx, type Nginx } from './nginx.ts';

/** nginx with a folder of files behind Basic authentication. */
export interface PackageTree extends Nginx {
  readonly folder: string;
  readonly username: string;
  readonly password: string;
  /** Value of the only `Authorization` header that it accepts. */
  readonly authorization: string;
}

/** GET reads the folder, PUT and DELETE change it. */
export async function startPackageTree(): Promise<PackageTree> {
  const [username, password] = ['gatehouse', 'canary-package-tree'];
  let folder = '';
  const nginx = await startNginx(
    ['authorization', 'job-token', 'deploy-token', 'private-token', 'x-auth-identity'],
    (base) => {
      folder = join(base, 'files');
      mkdirSync(folder);
      writeFileSync(join(base, 'users'), `${username}:{PLAIN}${password}\n`);
      return (
        `root ${folder}; dav_methods PUT DELETE; create_full_put_path on; client_max_body_size 0; ` +
        `auth_basic repository; auth_basic_user_file ${base}/users;`
      );
    },
  );
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return { ...nginx, folder, username, password, authorization };
}

/** Asserts that every credential in its log is the one of the gateway, and that it received none of these secrets. */
export function expectOwnCredential(
  { everything, authorization }: PackageTree,
  secrets: readonly string[],
): void {
  const log = everything();
  for (const secret of [...secrets, 'eyJ']) expect(log).not.toContain(secret);
  const sent = [...log.matchAll(/http header: "authorization: ([^"]*)"/gi)].map(([, value]) => value);
  expect(new Set(sent)).toEqual(new Set([authorization]));
}

/** Asserts that the tree received no request between these two. nginx logs a request after its response. */
export async function expectNoneBetween(
  { everything }: PackageTree,
  first: string,
  last: string,
): Promise<void> {
  const log = await eventually('the last request in the log', () => {
    const text = everything();
    return text.includes(`"uri":"${last}"`) && text;
  });
  const uris = [...log.matchAll(/^\{"method":"[A-Z]+","uri":"([^"]*)"/gm)].map(([, uri]) => uri);
  expect(uris.slice(uris.lastIndexOf(first))).toEqual([first, last]);
}
