import { readText } from './repository.ts';

/** The text of a documentation page below this heading. */
function sectionOf(page: string, heading: string): string {
  const [, section] = readText(page).split(`\n## ${heading}\n`);
  if (section === undefined) throw new Error(`${page} has no "## ${heading}"`);
  return section.split(/\n## /)[0] ?? '';
}

/** The indented blocks of shell commands below this heading, without the indentation; not the lines of fenced blocks. */
export function commands(page: string, heading: string): readonly string[] {
  const section = sectionOf(page, heading).replaceAll(/^```[^]*?^```$/gm, '');
  const blocks = section.match(/(?:^ {4}.*\n?)+/gm) ?? [];
  return blocks.map((block) => block.replaceAll(/^ {4}/gm, '').trimEnd());
}

/** The first fenced code block in this language below this heading. */
export function codeBlock(page: string, heading: string, language: string): string {
  const [, block] =
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(sectionOf(page, heading)) ?? [];
  if (block === undefined) throw new Error(`${page}, ${heading}: no block in ${language}`);
  return block;
}

/**
 * The code block of a documentation page with this name after its language (```` ```ini .npmrc ````), below this
 * heading. Tests run the documented code, so that it stays correct.
 */
export function snippet(page: string, heading: string, name: string): string {
  const block = sectionOf(page, heading)
    .split(/^```/m)
    .find((part) => part.slice(0, part.indexOf('\n')).replace(/^\S+ /, '') === name)
    ?.replace(/^.*\n/, '');
  if (block === undefined) throw new Error(`${page}, ${heading}: no block is named ${name}`);
  return block;
}
