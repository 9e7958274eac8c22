import { jsonText } from '../util/json/text.ts';

interface GrantText {
  readonly service: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

/** The lines of a grant in a list of grants. */
export function yamlGrant({ service, scopes, resources }: GrantText): string[] {
  return [
    `- service: ${yamlText(service)}`,
    `  scopes: ${yamlList(scopes)}`,
    '  resources:',
    ...resources.map((resource) => `    - ${jsonText(resource)}`),
  ];
}

export function yamlList(values: readonly string[]): string {
  return `[${values.map(yamlText).join(', ')}]`;
}

/** A plain scalar where YAML cannot read it as another type. A JSON string is a YAML string. */
export function yamlText(text: string): string {
  return /^[a-z][a-z_-]*[a-z]$/.test(text) && !RESERVED.has(text) ? text : jsonText(text);
}

const RESERVED = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off']);
