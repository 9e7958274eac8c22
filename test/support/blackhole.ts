import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * A port that neither accepts nor refuses connections, like a firewall that drops packets. On loopback, a stopped
 * process with a full accept queue has this effect: the kernel ignores further SYN packets.
 */
export async function startBlackhole(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const script =
    'const s = require("net").createServer();' +
    's.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port));';
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const filling = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await once(filling[0] ?? child, 'connect');
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of filling) socket.destroy();
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
