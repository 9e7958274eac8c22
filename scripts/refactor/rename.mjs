// Renames identifiers as renames.txt says. usage: node rename.mjs ROOT [--dry]
// A line: [scope,scope…|-] OLD NEW. A scope is a path prefix; `-` stands for src, test and bench.
// Only identifier tokens change (never comments, strings or parts of words). `"OLD` also renames string literals that equal OLD.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
const root = resolve(process.argv[2]);
const ts = createRequire(join(root, 'package.json'))('typescript');
const rules = readFileSync(new URL('./renames.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((l) => l.trim() && !l.startsWith('#'))
  .map((l) => {
    const [scope, from, to] = l.trim().split(/\s+/);
    return {
      scopes: scope === '-' ? ['src/', 'test/', 'bench/'] : scope.split(','),
      from: from.replace('"', ''),
      literal: from.startsWith('"'),
      to,
    };
  });
const files = execFileSync('git', ['-C', root, 'ls-files', 'src', 'test', 'bench'], { encoding: 'utf8' })
  .split('\n')
  .filter((f) => f.endsWith('.ts'));
let changed = 0;
for (const f of files) {
  const text = readFileSync(join(root, f), 'utf8');
  const own = new Map(),
    lit = new Map();
  for (const r of rules)
    if (r.scopes.some((s) => f.startsWith(s))) {
      if (!own.has(r.from)) own.set(r.from, r.to);
      if (r.literal) lit.set(r.from, r.to);
    }
  const sf = ts.createSourceFile(f, text, 99, true);
  const edits = [];
  const names = new Set();
  const introduced = new Set();
  (function walk(n) {
    if (ts.isIdentifier(n) || ts.isPrivateIdentifier(n)) {
      const priv = n.text.startsWith('#');
      const name = priv ? n.text.slice(1) : n.text;
      names.add(n.text);
      const to = own.get(name);
      if (to !== undefined) {
        edits.push([n.getStart(), n.getEnd(), (priv ? '#' : '') + to]);
        introduced.add((priv ? '#' : '') + to);
      }
    } else if (ts.isStringLiteral(n) && lit.has(n.text))
      edits.push([n.getStart() + 1, n.getEnd() - 1, lit.get(n.text)]);
    ts.forEachChild(n, walk);
  })(sf);
  for (const name of introduced)
    if (names.has(name) && !own.has(name)) console.log(`collision ${f}: ${name}`);
  if (edits.length === 0) continue;
  let out = text;
  for (const [a, b, to] of edits.sort((x, y) => y[0] - x[0])) out = out.slice(0, a) + to + out.slice(b);
  changed++;
  if (!process.argv.includes('--dry')) writeFileSync(join(root, f), out);
}
console.log(changed, 'files');
