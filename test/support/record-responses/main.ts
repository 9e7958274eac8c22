/** Records responses of real servers for the tests of the transport: node test/support/record-responses/main.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { format } from 'prettier';
import { ROOT } from '../repository.ts';
import { PACKAGE_SERVERS } from './package-servers.ts';
import { recordServer } from './raw-recorder.ts';
import { WEB_SERVERS } from './web-servers.ts';

/** A test reads the bodies too, so large ones are left out. */
const MAX_BYTES = 8 * 1024;

const folder = join(ROOT, 'test/fixtures/responses');
mkdirSync(folder, { recursive: true });
for (const [server, run] of Object.entries({ ...PACKAGE_SERVERS, ...WEB_SERVERS })) {
  const recorded = (await recordServer(server, run)).filter(
    ({ bytes }) => bytes !== '' && bytes.length <= MAX_BYTES,
  );
  const file = join(folder, `${server.replaceAll(' ', '-')}.json`);
  writeFileSync(file, await format(JSON.stringify(recorded), { parser: 'json', printWidth: 110 }));
  stdout.write(`${server}: ${recorded.length} responses\n`);
}
