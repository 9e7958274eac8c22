import type { Clock } from '../../../src/core/ports.ts';
import { startIssuer } from '../issuer.ts';
import { startRecordingUpstream } from '../recording-upstream.ts';
import { startScenario } from '../scenario.ts';
import { ADMIN_TOKEN } from './ask-console.ts';

/** A gateway with one issuer and one service. `admin`: keys of `server.admin`, by default without a token. */
export function startConsoleScenario(admin?: string, clock?: Clock) {
  return startScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint(),
    files: { 'admin-token': `${ADMIN_TOKEN}\n` },
    server: admin === undefined ? {} : { admin },
    ...(clock && { clock }),
    config: ({ issuer, upstream }) => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }`,
  });
}

/** With a token, and writing enabled. */
export const WITH_LOGIN = 'tokenFile: admin-token, console: { write: true }';
