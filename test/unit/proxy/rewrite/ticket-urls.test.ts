import { expect, test } from 'vitest';
import type { Ticket } from '../../../../src/core/credentials/credential.ts';
import { createTicketUrls } from '../../../../src/proxy/rewrite/ticket-urls.ts';
import { createUrlMapping } from '../../../../src/proxy/rewrite/url-mapping.ts';

const issued: Ticket[] = [];
const withTicket = createTicketUrls({
  mapping: createUrlMapping({
    path: '/terraform/',
    upstream: { url: 'https://registry.internal/tf/', aliases: ['https://files.internal/'] },
  }),
  isStorage: ({ origin }) => origin === 'https://storage.example.com',
  base: new URL('https://registry.internal/tf/mirror/h/acme/null/1.0.0.json'),
  host: 'tf.example.com',
  origin: 'https://tf.example.com',
  issue(ticket) {
    issued.push(ticket);
    return 'TICKET';
  },
});
const GATEWAY = 'https://tf.example.com/terraform';

test.each([
  ['https://registry.internal/tf/a.zip', `${GATEWAY}/a.zip?download_token=TICKET`, '/terraform/a.zip', ''],
  ['/tf/a.zip?x=1#part', `${GATEWAY}/a.zip?download_token=TICKET`, '/terraform/a.zip', '?x=1'],
  [
    'a%2Bb.zip',
    `${GATEWAY}/mirror/h/acme/null/a%2Bb.zip?download_token=TICKET`,
    '/terraform/mirror/h/acme/null/a+b.zip',
    '',
  ],
  [
    'https://files.internal/a?archive=tgz&token=secret&checksum=md5:1',
    `${GATEWAY}/a?archive=tgz&checksum=md5:1&download_token=TICKET`,
    '/terraform/a',
    '?archive=tgz&token=secret&checksum=md5:1',
  ],
  [
    'https://registry.internal/tf/a.tar.gz//modules/*?archive=tar.gz',
    `${GATEWAY}/a.tar.gz//modules/*?archive=tar.gz&download_token=TICKET`,
    '/terraform/a.tar.gz',
    '?archive=tar.gz',
  ],
  [
    'https://user:secret@registry.internal/tf/a.zip',
    `${GATEWAY}/a.zip?download_token=TICKET`,
    '/terraform/a.zip',
    '',
  ],
])('%s', (url, expected, path, query) => {
  issued.length = 0;
  expect(withTicket(url)).toBe(expected);
  expect(issued).toEqual([{ path, query }]);
});

test('a URL of the storage is unchanged', () => {
  const url = 'https://storage.example.com/a.zip?X-Amz-Signature=1';
  expect(withTicket(url)).toBe(url);
});

test.each([
  '',
  'https://evil.example.com/a.zip',
  '//evil.example.com/a.zip',
  'git::https://registry.internal/tf/a.git',
  's3::https://registry.internal/a',
  'file:///etc/passwd',
  'ssh://registry.internal/tf/a',
  'https://registry.internal/other/a.zip',
  'https://registry.internal\\@evil.example.com/a.zip',
  'https://registry.internal/tf/a b.zip',
  'https://registry.internal/tf/%ff.zip',
  'https://registry.internal/tf/../../a.zip',
])('%j is refused', (url) => {
  expect(withTicket(url)).toBeUndefined();
});
