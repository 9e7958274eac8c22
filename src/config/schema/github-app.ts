import { z } from 'zod';
import { filePath, nonEmpty, url } from './scalars.ts';

/** Requested permissions and repositories: templates that are expanded for each caller. */
const templates = (what: string) => z.array(nonEmpty).min(1).max(500).optional().describe(what);

const appIdText = { error: 'must be the id of a GitHub App, a number, or its client id' };
const installationText = {
  error: 'must be the id of an installation, a number, or a repository such as acme/orders',
};
const REPOSITORY = /^[A-Za-z0-9][\w-]{0,99}\/[\w.-]{1,100}$/;

export const githubApp = z
  .strictObject({
    apiUrl: url
      .default('https://api.github.com')
      .describe(
        'Base URL of GitHub’s REST API. GitHub Enterprise Server: https://HOST/api/v3. Default: https://api.github.com.',
      ),
    appId: z
      .union([z.int(appIdText).min(1, appIdText), z.string().regex(/^[\w.-]{1,100}$/, appIdText)], appIdText)
      .describe('App id or client id of the GitHub App.'),
    keyFile: filePath.describe('Private key of the app: RSA in PEM, PKCS#1 or PKCS#8; reloaded on change.'),
    installation: z
      .union(
        [z.int(installationText).min(1, installationText), z.string().regex(REPOSITORY, installationText)],
        installationText,
      )
      .describe('Installation id, or a repository OWNER/NAME that the installation covers.'),
    permissions: z
      .record(z.string().regex(/^[a-z_]+$/), nonEmpty)
      .refine((permissions) => Object.keys(permissions).length > 0, { error: 'must not be empty' })
      .optional()
      .describe(
        'Permission → read, write or admin, or a template with {claims.NAME}. Default: all permissions of the installation.',
      ),
    repositories: templates(
      'Repositories that the token is limited to, NAME or OWNER/NAME; templates with {claims.NAME}. Default: all repositories of the installation.',
    ),
    repositoryIds: templates(
      'Ids of the repositories that the token is limited to, instead of names, which owners can change; templates such as {claims.repository_id}.',
    ),
    caFile: filePath.optional().describe('Certificate authorities (PEM) for `apiUrl`. Default: system CAs.'),
  })
  .optional()
  .describe(
    'Installation token of a GitHub App, renewed before it expires. Services of type git (Basic) and http (Bearer).',
  );
