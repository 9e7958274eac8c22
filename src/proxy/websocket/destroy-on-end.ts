import type { Socket } from 'node:net';

/** Destroys a paused socket when its client ends it. Node does not report the end until the buffer has been read. */
export function destroyOnEnd(client: Socket): () => void {
  const check = (): void => {
    // Buffered bytes are for the upstream and are not consumed.
    if (client.readableLength === 0) client.read();
  };
  const ended = (): void => void client.destroy();
  client.on('readable', check);
  client.once('end', ended);
  return () => {
    client.off('readable', check);
    client.off('end', ended);
  };
}
