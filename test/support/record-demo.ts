/** Writes the output of the demo into the README: `node test/support/record-demo.ts`. Needs docker-registry. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalizedDemo } from './demo-text.ts';
import { codeBlock } from './docs.ts';
import { gatehouse } from './gateway-process.ts';
import { ROOT, readText } from './repository.ts';

const { code, stdout, stderr } = await gatehouse('demo', '--once');
if (code !== 0) throw new Error(stderr);
const recorded = codeBlock('README.md', 'Quick start', 'text');
writeFileSync(
  join(ROOT, 'README.md'),
  readText('README.md').replace(recorded, () => `${normalizedDemo(stdout)}\n`),
);
