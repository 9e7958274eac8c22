/** L7: of many services whose addresses look alike, each request goes to its own, with its own credential. */
import { expect, test } from 'vitest';
import { rawResponse } from '../support/raw-client.ts';
import { valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

interface Place {
  readonly name: string;
  readonly host?: string;
  readonly path: string;
  readonly upstream: 'one' | 'two';
  readonly base: string;
}

/** Prefix + base, or base + rest, make the same text for more than one of them. */
const PLACES: readonly Place[] = [
  { name: 'a', path: '/a/', upstream: 'one', base: '/b/' },
  { name: 'ab', path: '/ab/', upstream: 'one', base: '/' },
  { name: 'a-b', path: '/a/b/', upstream: 'two', base: '/' },
  { name: 'a-b-c', path: '/a/b/c/', upstream: 'one', base: '/b/c/' },
  { name: 'elsewhere', host: 'other.example.com', path: '/a/', upstream: 'two', base: '/b/' },
  { name: 'elsewhere-root', host: 'other.example.com', path: '/', upstream: 'one', base: '/a/' },
  { name: 'with-port', host: 'other.example.com:8443', path: '/a/', upstream: 'one', base: '/a/b/' },
];

const scenario = useScenario({
  backends: { one: () => startRecordingUpstream(), two: () => startRecordingUpstream() },
  config: (upstreams) =>
    `services:\n${PLACES.map(
      ({ name, host, path, upstream, base }) =>
        `  ${name}: { type: http, path: ${path}, ${host === undefined ? '' : `hosts: ["${host}"], `}` +
        `anonymous: [{ scopes: [read_api], resources: ["**"] }], ` +
        `upstream: { url: "${upstreams[upstream].url}${base}", auth: { bearer: { token: secret-of-${name} } } } }`,
    ).join('\n')}`,
});

/** Host, target → the service that must get it, and as what. */
const CASES: readonly (readonly [host: string, target: string, service: string, sent: string])[] = [
  ['gateway.example.com', '/a/x', 'a', '/b/x'],
  ['gateway.example.com', '/a/bc', 'a', '/b/bc'],
  ['gateway.example.com', '/a/b', 'a', '/b/b'],
  ['gateway.example.com', '/ab/x', 'ab', '/x'],
  ['gateway.example.com', '/ab/b/x', 'ab', '/b/x'],
  ['gateway.example.com', '/a/b/x', 'a-b', '/x'],
  ['gateway.example.com', '/a/b/cx', 'a-b', '/cx'],
  ['gateway.example.com', '/a/b/c/x', 'a-b-c', '/b/c/x'],
  ['other.example.com', '/a/x', 'elsewhere', '/b/x'],
  ['OTHER.example.com:9999', '/a/b/x', 'elsewhere', '/b/b/x'],
  ['other.example.com', '/ab/x', 'elsewhere-root', '/a/ab/x'],
  ['other.example.com', '/b/x', 'elsewhere-root', '/a/b/x'],
  ['other.example.com:8443', '/a/x', 'with-port', '/a/b/x'],
];

test('L7 cross-upstream mix-up: all at once, again and again, each has its upstream and credential', async () => {
  const asked = Array.from({ length: 12 }, (_, round) =>
    CASES.map(([host, target, service, sent]) => ({
      host,
      service,
      sent,
      target,
      mark: `?${round}-${host}-${target}`,
    })),
  ).flat();
  const answers = await Promise.all(
    asked.map(({ host, target, mark }) =>
      rawResponse(
        scenario.gateway.port,
        `GET ${target}${mark.replaceAll(':', '%3A')} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      ),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));

  const got = Object.entries({ one: scenario.one, two: scenario.two }).flatMap(([name, upstream]) =>
    upstream
      .requests()
      .map((request) => [request.requestLine, name, ...valuesOf(request, 'Authorization')].join(' ')),
  );
  const expected = asked.map(({ service, sent, mark }) => {
    const { upstream } = PLACES.find((place) => place.name === service) as Place;
    return `GET ${sent}${mark.replaceAll(':', '%3A')} HTTP/1.1 ${upstream} Bearer secret-of-${service}`;
  });
  expect(got.sort()).toEqual(expected.sort());
});

test.each([
  ['other.example.com:8443', '/b/x'],
  ['gateway.example.com', '/b/x'],
  ['gateway.example.com', '/ax'],
])('L7: nothing else is at %s%s', async (host, target) => {
  const before = [scenario.one.bytes().length, scenario.two.bytes().length];
  const answer = await rawResponse(
    scenario.gateway.port,
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  expect([answer.status, answer.body]).toEqual([404, expect.stringContaining('no_service')]);
  expect([scenario.one.bytes().length, scenario.two.bytes().length]).toEqual(before);
});
