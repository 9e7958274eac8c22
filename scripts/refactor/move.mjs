// Moves files as moves.txt says and rewrites import specifiers and named paths. usage: node move.mjs ROOT
import { readFileSync, writeFileSync, mkdirSync, existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, relative, resolve } from 'node:path';
const root = resolve(process.argv[2]);
const git = (...a) => execFileSync('git', ['-C', root, ...a], { encoding: 'utf8', maxBuffer: 1 << 28 });
const files = git('ls-files').split('\n').filter(Boolean);
const set = new Set(files);
const rules = readFileSync(new URL('./moves.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((l) => l && !l.startsWith('#'))
  .map((l) => l.split(' '));
const map = new Map();
for (const [from, to] of rules) {
  if (from.endsWith('/')) {
    for (const f of files) if (f.startsWith(from) && !map.has(f)) map.set(f, to + f.slice(from.length));
  } else if (from.includes('*')) {
    const [a, b] = from.split('*');
    const [c, d] = to.split('*');
    for (const f of files)
      if (
        f.startsWith(a) &&
        f.endsWith(b) &&
        !f.slice(a.length).slice(0, -b.length).includes('/') &&
        !map.has(f)
      )
        map.set(f, c + f.slice(a.length, f.length - b.length) + d);
  } else {
    if (!set.has(from)) {
      console.error('no such file', from);
      continue;
    }
    if (!map.has(from)) map.set(from, to);
  }
}
const targets = new Map();
for (const [a, b] of map) {
  if (targets.has(b) || (set.has(b) && !map.has(b))) throw new Error(`clash ${a} ${targets.get(b)} -> ${b}`);
  targets.set(b, a);
}
for (const f of files)
  if (
    /^src\/(contract|lib|listener|pipeline|extract|authenticate|authorize|keys|exchange|forward|audit|telemetry)\//.test(
      f,
    ) &&
    !map.has(f)
  )
    console.error('unmapped', f);
for (const f of files)
  if (/^src\/(config|protocols|app)\/[^/]+\.ts$/.test(f) && !map.has(f)) console.error('stays', f);
const at = (f) => map.get(f) ?? f;
for (const f of files) {
  if (!/\.(ts|mjs|js)$/.test(f)) continue;
  const text = readFileSync(join(root, f), 'utf8');
  const out = text.replace(/(['"`])(\.{1,2}\/[^'"`\n]*?)\1/g, (m, q, spec) => {
    const abs = join(dirname(f), spec);
    if (!set.has(abs)) return m;
    let rel = relative(dirname(at(f)), at(abs));
    if (!rel.startsWith('.')) rel = './' + rel;
    return q + rel + q;
  });
  if (out !== text) writeFileSync(join(root, f), out);
}
// relative links of Markdown
const dirs = new Set(
  files.flatMap((f) => {
    const parts = f.split('/');
    return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
  }),
);
for (const f of files) {
  if (!f.endsWith('.md')) continue;
  const text = readFileSync(join(root, f), 'utf8');
  const out = text.replace(/\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)/g, (m, spec, anchor = '') => {
    const abs = join(dirname(f), spec).replace(/\/$/, '');
    if (!set.has(abs) && !dirs.has(abs)) {
      console.error('dead link', f, spec);
      return m;
    }
    let rel = relative(dirname(at(f)), at(abs)) || '.';
    return `](${rel}${anchor})`;
  });
  if (out !== text) writeFileSync(join(root, f), out);
}
// named paths in any text: longest first
const pairs = [...map].sort((a, b) => b[0].length - a[0].length);
for (const f of files) {
  if (f.startsWith('scripts/refactor/')) continue;
  if (!/\.(ts|mjs|js|md|ya?ml|json|tpl|sh|txt)$|^\.ci\/|Dockerfile/.test(f) || f === 'package-lock.json')
    continue;
  const text = readFileSync(join(root, f), 'utf8');
  let out = text;
  for (const [a, b] of pairs) if (out.includes(a)) out = out.replaceAll(a, b);
  if (out !== text) writeFileSync(join(root, f), out);
}
for (const [a, b] of map) {
  mkdirSync(dirname(join(root, b)), { recursive: true });
  git('mv', a, b);
}
console.log(map.size, 'moved');
