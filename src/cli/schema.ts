import { readFileSync } from 'node:fs';
import { configJsonSchema, configReference } from '../config/index.ts';
import { GatehouseError } from '../core/errors.ts';
import { text, type Command } from './command.ts';
import { EXIT } from './terminal.ts';

export const schema: Command = {
  summary: 'print the JSON Schema of the configuration',
  help: `
Prints the JSON Schema (draft 2020-12) that editors use for completion. Name it in the first line of a file:

  # yaml-language-server: $schema=gatehouse.schema.json`,
  options: {
    markdown: { type: 'boolean', help: 'The same for people: docs/reference/configuration.md.' },
    check: { type: 'string', value: 'FILE', help: 'Exit with 1 unless FILE is what would be printed.' },
  },
  async run(values, terminal) {
    const forPeople = values['markdown'] === true;
    const generated = forPeople ? configReference() : `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
    const file = text(values, 'check');
    if (file === undefined) {
      terminal.out(generated);
      return EXIT.done;
    }
    if (read(file) === generated) return EXIT.done;
    const command = forPeople ? 'gatehouse schema --markdown' : 'gatehouse schema';
    terminal.err(`${file} is not the current schema. Run: ${command} > ${file}\n`);
    return EXIT.failed;
  },
};

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatehouseError('usage', `--check ${file} cannot be read`, { cause });
  }
}
