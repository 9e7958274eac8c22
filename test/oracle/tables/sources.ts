import type { Credential } from '../world/credentials.ts';

/** The parts of a request that carry a credential. */
export interface Placed {
  readonly headers: readonly string[];
  /** Appended to the target, with its `?`. */
  readonly query: string;
  /** Form body. */
  readonly form?: string;
}

export type Source = (credential: Credential) => Placed;

const header =
  (write: (value: string) => string): Source =>
  ({ value }) => ({ headers: [write(value)], query: '' });
const basic =
  (username?: string): Source =>
  (credential) => ({
    headers: [basicHeader(username ?? credential.username ?? 'ci', credential.value)],
    query: '',
  });
const query =
  (name: string): Source =>
  ({ value }) => ({ headers: [], query: `?${name}=${value}` });

export const SOURCES: Readonly<Record<string, Source>> = {
  bearer: header((value) => `Authorization: Bearer ${value}`),
  'bearer, lowercase scheme': header((value) => `authorization: bearer ${value}`),
  basic: basic(),
  'basic, gitlab-ci-token': basic('gitlab-ci-token'),
  'basic, empty user': basic(''),
  'raw authorization': header((value) => `Authorization: ${value}`),
  'job-token': header((value) => `JOB-TOKEN: ${value}`),
  'job_token with underscore': header((value) => `JOB_TOKEN: ${value}`),
  'deploy-token': header((value) => `Deploy-Token: ${value}`),
  'private-token': header((value) => `PRIVATE-TOKEN: ${value}`),
  'x-nuget-apikey': header((value) => `X-NuGet-ApiKey: ${value}`),
  'query job_token': query('job_token'),
  'query private_token': query('private_token'),
  'query access_token': query('access_token'),
  'query token': query('token'),
  'bearer twice': ({ value }) => ({
    headers: [`Authorization: Bearer ${value}`, `Authorization: Bearer ${value}`],
    query: '',
  }),
  'bearer and the same as job-token': ({ value }) => ({
    headers: [`Authorization: Bearer ${value}`, `JOB-TOKEN: ${value}`],
    query: '',
  }),
  'bearer and another as private-token': ({ value }) => ({
    headers: [`Authorization: Bearer ${value}`, 'PRIVATE-TOKEN: glpat-something-else'],
    query: '',
  }),
  'bearer and another in the query': ({ value }) => ({
    headers: [`Authorization: Bearer ${value}`],
    query: '?access_token=something-else',
  }),
};

/** As most clients send this credential: with a user name as Basic, otherwise as Bearer. */
export function place(credential: Credential | undefined): Placed {
  if (credential === undefined) return { headers: [], query: '' };
  const { username, value } = credential;
  return username === undefined
    ? { headers: [`Authorization: Bearer ${value}`], query: '' }
    : { headers: [basicHeader(username, value)], query: '' };
}

export function basicHeader(username: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
