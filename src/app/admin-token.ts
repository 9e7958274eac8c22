import type { Config } from '../config/index.ts';
import type { Log } from '../core/ports.ts';
import { Secret } from '../core/secret.ts';
import { WatchedFile } from '../util/watched-file.ts';

/** The token as it is now: its file may be rotated under a running gateway. */
export interface AdminToken {
  current(): Secret | undefined;
  close(): void;
}

export function openAdminToken({ token, tokenFile }: Config['server']['admin'], log: Log): AdminToken {
  if (tokenFile === undefined) {
    const secret = token === undefined ? undefined : new Secret(token);
    return { current: () => secret, close: () => undefined };
  }
  const said = (): void => log.info('admin token re-read', { file: tokenFile });
  const failed = (): void =>
    log.warn('admin token not re-read, the last good one stays', { file: tokenFile });
  const file = new WatchedFile(tokenFile, said, failed);
  return { current: () => new Secret(file.content.trim()), close: () => file.close() };
}
