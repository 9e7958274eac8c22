/** Headers of every request to GitHub's REST API ("Getting started with the REST API"). */
export const GITHUB_API_HEADERS = {
  accept: 'application/vnd.github+json',
  'x-github-api-version': '2022-11-28',
  // GitHub refuses requests without it.
  'user-agent': 'gatehouse',
} as const;
