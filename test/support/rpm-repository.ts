import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { succeed } from './run.ts';
import { findTool, type Tool } from './tools.ts';

/** Programs that create packages and a repository. */
export const RPM_TOOLS = ['createrepo_c', 'rpmbuild'] as const satisfies readonly Tool[];

/** A package of rpmbuild, version 1.0-1, in this folder; returns its file. */
export async function buildRpm(folder: string, name: string): Promise<string> {
  const spec = join(folder, `${name}.spec`);
  writeFileSync(
    spec,
    `Name: ${name}\nVersion: 1.0\nRelease: 1\nSummary: test\nLicense: MIT\nBuildArch: noarch\n%description\ntest\n%files\n`,
  );
  const defined = {
    _topdir: join(folder, 'rpmbuild'),
    _rpmdir: folder,
    _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
  };
  const options = Object.entries(defined).flatMap(([macro, value]) => ['--define', `${macro} ${value}`]);
  await succeed(findTool('rpmbuild') ?? 'rpmbuild', ['-bb', '--quiet', ...options, spec]);
  return join(folder, `${name}-1.0-1.noarch.rpm`);
}

/** Copies the packages to `served` and creates `repodata/`. */
export async function createRpmRepository(served: string, packages: readonly string[]): Promise<void> {
  mkdirSync(join(served, 'Packages'), { recursive: true });
  for (const file of packages) cpSync(file, join(served, 'Packages', basename(file)));
  await succeed(findTool('createrepo_c') ?? 'createrepo_c', ['--quiet', served]);
}

/** The files below a folder that are packages. */
export function rpmsBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rpm'))
    .map((name) => join(folder, name));
}
