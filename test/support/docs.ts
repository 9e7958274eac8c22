import { readText } from './repository.ts';

/**
 * The code block of a documentation page with this name after its language (```` ```ini .npmrc ````), below this
 * heading. Tests run the documented code, so that it stays correct.
 */
export function snippet(page: string, heading: string, name: string): string {
  const [, section] = readText(page).split(`\n## ${heading}\n`);
  if (section === undefined) throw new Error(`${page} has no "## ${heading}"`);
  const [text = ''] = section.split(/\n## /);
  const block = text
    .split(/^```/m)
    .find((part) => part.slice(0, part.indexOf('\n')).replace(/^\S+ /, '') === name)
    ?.replace(/^.*\n/, '');
  if (block === undefined) throw new Error(`${page}, ${heading}: no block is named ${name}`);
  return block;
}
