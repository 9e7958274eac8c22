import { text, type Command } from './command.ts';
import { readOptionFile } from './option-file.ts';
import { EXIT } from './terminal.ts';

export const schemaCommand: Command = {
  summary: 'print the JSON Schema of the configuration',
  help: `
Prints the JSON Schema (draft 2020-12) of the configuration, for completion in editors. Reference it in the first
line of a configuration file:

  # yaml-language-server: $schema=gatehouse.schema.json`,
  options: {
    markdown: { type: 'boolean', help: 'Print the reference page docs/reference/configuration.md instead.' },
    check: { type: 'string', value: 'FILE', help: 'Exit with 1 if FILE differs from the output.' },
  },
  async run(values, terminal) {
    const { configJsonSchema, configReference } = await import('../config/index.ts');
    const markdown = values['markdown'] === true;
    const generated = markdown ? configReference() : `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
    const file = text(values, 'check');
    if (file === undefined) {
      terminal.out(generated);
      return EXIT.done;
    }
    if (readOptionFile('check', file) === generated) return EXIT.done;
    const command = markdown ? 'gatehouse schema --markdown' : 'gatehouse schema';
    terminal.err(`${file} is out of date. Run: ${command} > ${file}\n`);
    return EXIT.failed;
  },
};
