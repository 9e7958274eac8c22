import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx, type Nginx } from './nginx.ts';

/** nginx with a folder of files behind Basic authentication. */
export interface PackageTree extends Nginx {
  readonly folder: string;
  /** Value of the only `Authorization` header that it accepts. */
  readonly authorization: string;
}

/** GET reads the folder, PUT and DELETE change it. */
export async function startPackageTree(username: string, password: string): Promise<PackageTree> {
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
  return { ...nginx, folder, authorization };
}
