import { request, type Case } from '../../scenario.ts';
import { JSON_TYPE } from '../../tables/service-type.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';
import { ALL } from './credentials.ts';

/** POST /v1/auth:exchangeToken and GET /v1/users/me. */
export function* workloads(world: World): Generator<Case> {
  const target = '/v1/auth:exchangeToken';
  const ask = (id: string, body: string, headers = [JSON_TYPE]): Case => ({
    id: `${target}: ${id}`,
    bytes: request({ method: 'POST', target, headers, body }),
  });
  const emails = [
    'ci@workload.example.com',
    'plain@workload.example.com',
    'web@workload.example.com',
    'unknown@workload.example.com',
  ];
  for (const credential of ALL) {
    const token = credential === undefined ? '' : world.credential(credential).value;
    for (const email of emails) {
      yield ask(`${credential ?? 'nothing'} for ${email}`, JSON.stringify({ token, email }));
    }
  }
  yield ask('no body', '');
  yield ask('no JSON', '{');
  yield ask('no object', '[]');
  yield ask('a member twice', '{"token":"a","token":"b","email":"c"}');
  yield ask('another type', '{}', ['Content-Type: text/plain']);
  for (const credential of ALL) {
    const placed = place(credential === undefined ? undefined : world.credential(credential));
    const headers = [...placed.headers];
    yield {
      id: `/v1/users/me as ${credential ?? 'anonymous'}`,
      bytes: request({ target: '/v1/users/me', headers }),
    };
  }
}
