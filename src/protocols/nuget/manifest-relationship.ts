import { readPlainXml } from './xml.ts';

/** The type of the relationship that NuGet writes (NuGet.Packaging, PackageBuilder). */
const MANIFEST = /\/manifest$/i;

/**
 * Whether the relationships of a package (ECMA-376 part 2, `_rels/.rels`) name no other manifest than this file. NuGet.Core
 * (NuGet.Server, Chocolatey) reads the nuspec that they name. Undefined if programs could read another relationship.
 */
export function agreesOnManifest(relationships: Buffer, file: string): boolean | undefined {
  const elements = readPlainXml(relationships);
  if (elements === undefined) return undefined;
  for (const { attributes } of elements) {
    const [type = '', target = ''] = [attributes.get('Type'), attributes.get('Target')];
    if (/[&\s]/.test(type)) return undefined;
    if (MANIFEST.test(type) && target.toLowerCase() !== `/${file.toLowerCase()}`) return false;
  }
  return true;
}
