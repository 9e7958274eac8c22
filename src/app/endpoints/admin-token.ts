import type { Config } from '../../config/index.ts';
import type { Log } from '../../core/ports.ts';
import { Secret } from '../../core/secret.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';

/** The current token. Its file can be rotated while the gateway runs. */
export interface AdminToken {
  current(): Secret | undefined;
  close(): void;
}

export function openAdminToken({ token, tokenFile }: Config['server']['admin'], log: Log): AdminToken {
  if (tokenFile === undefined) {
    const secret = token === undefined ? undefined : new Secret(token);
    return { current: () => secret, close: () => undefined };
  }
  const onChange = (): void => log.info('admin token reloaded', { file: tokenFile });
  const onFailure = (): void =>
    log.warn('admin token file cannot be read; the last valid token stays active', { file: tokenFile });
  const file = new WatchedFile(tokenFile, onChange, onFailure);
  return { current: () => new Secret(file.content.trim()), close: () => file.close() };
}
