import { GatehouseError } from '../../core/errors.ts';
import { text, type Option, type Values } from '../command.ts';
import type { InitAnswers } from './init-plan.ts';
import { INIT_PLATFORMS } from './init-platforms.ts';
import { INIT_SERVICES } from './init-services.ts';
import {
  readIssuerUrl,
  readOrigin,
  readOwner,
  readProjectId,
  readProjectPath,
  readUpstreamUrl,
  shownValue,
  type ReadInitValue,
} from './init-values.ts';

/** The check of each value, by the name of its flag. */
export const INIT_VALUES: Readonly<Record<string, ReadInitValue>> = {
  gitlab: readIssuerUrl,
  github: readOwner,
  ...Object.fromEntries(INIT_PLATFORMS.map(({ name, read }) => [name, read])),
  project: readProjectPath,
  'project-id': readProjectId,
  'public-url': readOrigin,
  ...Object.fromEntries(INIT_SERVICES.map(({ name }) => [name, readUpstreamUrl])),
};

export const INIT_OPTIONS: Readonly<Record<string, Option>> = {
  output: {
    type: 'string',
    value: 'DIR',
    help: 'Directory of the new files. It must be empty or not exist.',
  },
  gitlab: { type: 'string', value: 'URL', help: 'Trust the CI jobs of this GitLab.' },
  github: { type: 'string', value: 'ORG', help: 'Trust the workflows of this GitHub organization.' },
  ...Object.fromEntries(
    INIT_PLATFORMS.map(({ name, value, help }): [string, Option] => [name, { type: 'string', value, help }]),
  ),
  project: {
    type: 'string',
    value: 'PATH',
    help: 'Project whose jobs get access: in GitLab, or without --gitlab in GitHub.',
  },
  'project-id': { type: 'string', value: 'N', help: 'Its id. Default: a placeholder to replace.' },
  ...Object.fromEntries(
    INIT_SERVICES.map(({ name, title }): [string, Option] => [
      name,
      { type: 'string', value: 'URL', help: `Protect the ${title} at this URL.` },
    ]),
  ),
  'public-url': {
    type: 'string',
    value: 'URL',
    help: 'Address of the gateway for its clients. Default: https://gateway.example.com.',
  },
};

/** The flags that select an issuer. */
export const INIT_SYSTEMS: readonly string[] = [
  'gitlab',
  'github',
  ...INIT_PLATFORMS.map(({ name }) => name),
];

/** The values of the flags. Throws a `usage` error for the first invalid one. */
export function readInitFlags(values: Values): InitAnswers {
  const answers: Record<string, string> = {};
  for (const [name, read] of Object.entries(INIT_VALUES)) {
    const given = text(values, name);
    if (given === undefined) continue;
    const result = read(given);
    if (result.kind === 'refused')
      throw new GatehouseError('usage', `--${name} ${shownValue(given)}: ${result.problem}`);
    answers[name] = result.value;
  }
  const { gitlab, github, project } = answers;
  if (gitlab === undefined && github !== undefined && project !== undefined) {
    const [owner = '', ...names] = project.split('/');
    if (owner.toLowerCase() !== github.toLowerCase() || names.length !== 1) {
      throw new GatehouseError('usage', `--project ${project} is not a repository of ${github} (--github)`);
    }
  }
  return answers;
}
