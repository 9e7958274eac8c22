/** Templates and settings that other programs read: a file with a mistake is ignored without a message. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readText, repositoryFiles } from '../support/repository.ts';

const files = await repositoryFiles();

interface IssueForm {
  readonly name?: string;
  readonly description?: string;
  readonly body?: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly value?: string };
  }[];
}

const FORMS = files.filter((file) => /^\.github\/ISSUE_TEMPLATE\/(?!config\.).*\.yml$/.test(file));

/** GitHub, "Syntax for issue forms". */
describe('issue forms', () => {
  test.each(FORMS)('%s has the required keys, and unique ids', (file) => {
    const { name, description, body = [] } = parse(readText(file)) as IssueForm;
    expect([name, description].every((text) => typeof text === 'string' && text !== '')).toBe(true);
    const fields = body.filter(({ type }) => type !== 'markdown');
    expect(fields.length).toBeGreaterThan(0);
    for (const { type, id, attributes } of body) {
      expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      if (type === 'markdown') expect(attributes.value).toBeTruthy();
      else
        expect({ id, label: attributes.label }).toEqual({
          id: expect.stringMatching(/^[\w-]+$/),
          label: expect.any(String),
        });
    }
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
  });

  test('exist for bugs and features, next to a template for pull requests', () => {
    expect(FORMS).toHaveLength(2);
    expect(files).toContain('.github/pull_request_template.md');
  });
});

test('.editorconfig has the settings of Prettier', () => {
  const { printWidth } = JSON.parse(readText('.prettierrc.json')) as { readonly printWidth: number };
  expect(readText('.editorconfig')).toContain(`max_line_length = ${printWidth}\n`);
});
