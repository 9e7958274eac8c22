import { argv, stdout } from 'node:process';
import { openStore } from '../../src/state/index.ts';

/** A program that is killed: adds revocations to the SQLite file it is given, and prints each id once it is kept. */
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const store = openStore({ sqlite: { file: argv[2] ?? '' } }, { clock: { now: Date.now }, log });

for (let serial = 0; ; serial++) {
  const id = `r-${serial}`;
  const created = new Date().toISOString();
  await store.putRevocation({
    id,
    target: 'identity',
    value: 'x',
    issuer: undefined,
    reason: 'test',
    created,
    expires: undefined,
  });
  if (!stdout.write(`${id}\n`)) await new Promise((resolve) => stdout.once('drain', resolve));
  if (serial % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}
