import { readPlainXml, type XmlElement } from './xml.ts';

const PATH = ['package', 'metadata', 'id'] as const;

/**
 * The text of `package/metadata/id` in a nuspec (docs.microsoft.com, ".nuspec File Reference"). Undefined if programs
 * could read another one: of two elements .NET takes the first and Go the last; GitLab searches them at any depth.
 */
export function readNuspecId(bytes: Buffer): string | undefined {
  const elements = readPlainXml(bytes);
  if (elements === undefined) return undefined;
  const [root, metadata, id, ...others] = elements.filter(({ name }) => isInPath(name));
  if (root?.parent !== undefined || metadata?.parent !== root || id?.parent !== metadata) return undefined;
  if (others.length > 0 || [root, metadata, id].some((element, i) => element?.name !== PATH[i]))
    return undefined;
  return onlyText(id, elements);
}

function isInPath(name: string): boolean {
  return (PATH as readonly string[]).includes(name.toLowerCase());
}

function onlyText(element: XmlElement | undefined, elements: readonly XmlElement[]): string | undefined {
  const [text, ...more] = element?.texts ?? [];
  return more.length > 0 || elements.some(({ parent }) => parent === element) ? undefined : text;
}
