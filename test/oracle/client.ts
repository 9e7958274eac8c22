import { connect } from 'node:net';

/** Milliseconds after which a connection that should have been closed is given up. */
const PATIENCE = 10_000;

/** Sends bytes and returns all that came back until the gateway closed the connection, or until `quiet` ms of silence. */
export function send(port: number, bytes: string, quiet: number = PATIENCE): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    let timer = setTimeout(done, quiet);
    socket.on('connect', () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(done, quiet);
    });
    socket.on('error', done);
    socket.on('close', done);
  });
}
