import type { Terminal } from '../terminal.ts';

/** SGR codes of ECMA-48. */
const STYLES = { bold: [1, 22], dim: [2, 22], green: [32, 39], red: [31, 39] } as const;

export interface DemoOutput {
  /** A blank line and a heading. */
  heading(text: string): void;
  line(text?: string, style?: keyof typeof STYLES): void;
}

/** Prints paragraphs with an indentation, in colour where the terminal has it. */
export function createDemoOutput({ out, color = false }: Pick<Terminal, 'out' | 'color'>): DemoOutput {
  const styled = (text: string, style: keyof typeof STYLES): string => {
    const [on, off] = STYLES[style];
    return color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
  return {
    heading: (text) => out(`\n${styled(text, 'bold')}\n`),
    line: (text = '', style) =>
      out(`${text === '' ? '' : '  '}${style === undefined ? text : styled(text, style)}\n`),
  };
}
