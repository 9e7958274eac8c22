// Renames configuration keys and the audit field in YAML, documentation and messages. usage: node keys.mjs ROOT
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.argv[2]);
const files = execFileSync('git', ['-C', root, 'ls-files'], { encoding: 'utf8' }).split('\n');
const RENAMES = [
  [/\bjwksUrl\b/g, 'jwksUri'],
  [/\btokenUrl\b/g, 'tokenEndpoint'],
  [/\bcarriers: \[/g, 'credentialSources: ['],
  [/`carriers`/g, '`credentialSources`'],
  [/"carrier":/g, '"credential_source":'],
  [/`gatehouse\.carrier`/g, '`gatehouse.credential_source`'],
  [/\.carriers\[/g, '.credentialSources['],
  [/limits, carriers'/g, "limits, credentialSources'"],
  [/\bcarriers\b/g, 'credential sources'],
  [/\bcarrier\b/g, 'credential source'],
];
for (const file of files) {
  if (!/\.(ts|md|ya?ml|tpl|json)$/.test(file) || /^(test\/oracle|scripts)\/|package-lock/.test(file))
    continue;
  const text = readFileSync(join(root, file), 'utf8');
  // Files are compared with the identifiers already renamed, so that `carrier` is prose here.
  const out = RENAMES.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  if (out !== text) writeFileSync(join(root, file), out);
}
