import { TARGET, bearer } from '../contestants/contestant.ts';
import { startGatehouse } from '../contestants/gatehouse.ts';
import { AUDIENCE, ISSUER } from '../machine/token.ts';
import { measureLanes } from './lanes.ts';
import type { Lane } from './lanes.ts';
import type { Scenario } from './scenario.ts';

interface Size {
  readonly identities: number;
  readonly grants: number;
  readonly services: number;
}

const SIZES: Readonly<Record<'small' | 'large', Size>> = {
  small: { identities: 10, grants: 20, services: 2 },
  large: { identities: 1000, grants: 5000, services: 200 },
};

/** The cost of a cached request must not depend on the size of the policy. */
export const largePolicy: Scenario = {
  title: '1,000 identities, 5,000 grants, 200 services (large) and 10, 20, 2 (small)',
  contestants: ['gatehouse'],
  async run(stage) {
    const { headers } = bearer(stage.bed.credentials.token);
    const lanes: Lane[] = [];
    for (const [name, size] of Object.entries(SIZES)) {
      const policy = (upstream: string): Readonly<Record<string, string>> => policyFiles(size, upstream);
      const server = stage.keep(await startGatehouse(stage.bed, policy));
      lanes.push({ name, server, path: TARGET, status: 200, request: () => ({ kind: 'same', headers }) });
    }
    return measureLanes(lanes, stage);
  },
};

/** The identity of the load is the last one. */
function policyFiles(
  { identities, grants, services }: Size,
  upstream: string,
): Readonly<Record<string, string>> {
  const names = Array.from({ length: services }, (_, index) => (index === 0 ? 'orders' : `service-${index}`));
  const perIdentity = grants / identities;
  const entries = Array.from({ length: identities }, (_, index) => {
    const last = index === identities - 1;
    const lines = Array.from({ length: perIdentity }, (_, grant) => {
      const service = grant === 0 ? 'orders' : (names[(index + grant) % services] ?? 'orders');
      const resource = last && grant === 0 ? '/v1/**' : `/v1/p-${index}/${grant}/**`;
      return `      - { service: ${service}, scopes: [read_api], resources: ["${resource}"] }\n`;
    });
    return `  project-${index}:
    issuer: gitlab
    match: { project_id: "${last ? 20 : 1000 + index}", ref: { glob: "release/*" }, ref_protected: "true" }
    grants:
${lines.join('')}`;
  });
  const sections = names.map((name) => {
    const path = name === 'orders' ? '/api/' : `/${name}/`;
    return `  ${name}: { type: http, path: ${path}, upstream: { url: "${upstream}" } }\n`;
  });
  return {
    'identities.yaml': `version: 1\nidentities:\n${entries.join('')}`,
    'services.yaml': `version: 1
issuers:
  gitlab: { type: gitlab, issuer: ${ISSUER}, audiences: [${AUDIENCE}], jwksFile: jwks.json }
services:
${sections.join('')}`,
  };
}
