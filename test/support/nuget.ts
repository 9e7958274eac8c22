import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snippet } from './docs.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';
import { findTool, missingTools } from './tools.ts';

/** NuGet's own client, as an npm package carries it; it runs on mono. */
const NUGET = join(ROOT, 'node_modules/nuget-exe/nuget-5.8.0.exe');
/** What it takes of mono. Debian's own nuget is too old for version 3 of the protocol, but needs most of the same. */
const LIBRARIES = {
  'System.ComponentModel.Composition': 'nuget',
  'System.IO.Compression': 'libmono-system-io-compression4.0-cil',
  'System.IO.Compression.FileSystem': 'libmono-system-io-compression-filesystem4.0-cil',
  'System.Net.Http': 'libmono-system-net-http4.0-cil',
  'System.Net.Http.WebRequest': 'libmono-system-net-http-webrequest4.0-cil',
} as const;

/** What a test with NuGet's client lacks, and how to come by it; undefined where it is all there. */
export function missingNuget(): string | undefined {
  const missing = missingTools(['mono']);
  if (missing !== undefined) return missing;
  const packages = Object.entries(LIBRARIES).flatMap(([name, from]) =>
    existsSync(`/usr/lib/mono/4.5/${name}.dll`) ? [] : [from],
  );
  return packages.length === 0 ? undefined : `mono is not whole: apt-get install ${packages.join(' ')}`;
}

export interface Nuget {
  /** A package with one file, in the folder of the client; its name. */
  pack(id: string, version: string): Promise<string>;
  /** One command to its end, with nothing kept from earlier ones. */
  run(credential: NugetCredential | undefined, ...args: readonly string[]): Promise<Outcome>;
}

export interface NugetCredential {
  readonly username: string;
  readonly password: string;
}

/** nuget.exe with a separate NuGet.config and the single source `gatehouse`. */
export function createNuget(folder: string, source: string): Nuget {
  const home = join(folder, 'home');

  function nuget(args: readonly string[], credential?: NugetCredential): Promise<Outcome> {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home);
    return run(findTool('mono') ?? 'mono', [NUGET, ...args, '-NonInteractive'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        LANG: 'C.UTF-8',
        GATEHOUSE_USER: credential?.username ?? '',
        GATEHOUSE_TOKEN: credential?.password ?? '',
      },
    });
  }

  return {
    async pack(id, version) {
      writeFileSync(join(folder, 'a.txt'), `${id} ${version}\n`);
      const description = `<authors>acme</authors><description>${id}, for tests</description>`;
      writeFileSync(
        join(folder, `${id}.nuspec`),
        `<?xml version="1.0"?><package><metadata><id>${id}</id><version>${version}</version>${description}</metadata>` +
          '<files><file src="a.txt" target="content"/></files></package>\n',
      );
      const packed = await nuget(['pack', `${id}.nuspec`]);
      if (packed.code !== 0) throw new Error(`nuget pack: ${packed.stdout}${packed.stderr}`);
      return `${id}.${version}.nupkg`;
    },
    run(credential, ...args) {
      writeFileSync(join(folder, 'NuGet.config'), configuration(source, credential));
      return nuget(args, credential);
    },
  };
}

/** As documented; without what is presented, where that is nothing. */
function configuration(source: string, credential: NugetCredential | undefined): string {
  const whole = snippet('docs/guides/packages.md', 'NuGet', 'NuGet.config').replace(
    'https://gateway.example.com/nuget/v3/index.json',
    source,
  );
  const credentials = /<packageSourceCredentials>.*<\/packageSourceCredentials>/s;
  return credential === undefined ? whole.replace(credentials, '') : whole;
}
