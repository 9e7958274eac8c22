/** The credential provider of the kubelet, on the shells of nodes: its documented input, hostile input, and the token. */
import { afterAll, describe, expect, test } from 'vitest';
import { API_VERSION, createCredentialProvider, providerRequest } from '../support/credential-provider.ts';
import { needs } from '../support/needs.ts';

const HOST = 'registry.example.com';
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl-_';
const IMAGE = `${HOST}/payments/api:1`;

const login = (host = HOST, password = TOKEN) => ({ [host]: { username: 'kubernetes', password } });

needs('dash', 'busybox').describe('gatehouse-credential-provider', () => {
  describe.each(['dash', 'busybox'] as const)('on %s', (shell) => {
    const provider = createCredentialProvider(shell);
    afterAll(() => provider.close());
    const provide = (input: string, hosts: readonly string[] = [HOST]) => provider.run(input, hosts);

    test('returns the token as the password for the registry, not cached', () => {
      const { status, stdout, stderr } = provide(
        providerRequest({ image: IMAGE, serviceAccountToken: TOKEN }),
      );
      expect([status, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toEqual({
        kind: 'CredentialProviderResponse',
        apiVersion: API_VERSION,
        cacheKeyType: 'Registry',
        cacheDuration: '0s',
        auth: login(),
      });
    });

    test.each<readonly [string, string, readonly string[], object | null]>([
      ['a port', `${HOST}:5000/a:1`, [`${HOST}:5000`], login(`${HOST}:5000`)],
      ['capitals', 'Registry.Example.com/a:1', ['REGISTRY.example.com'], login()],
      ['the second of two hosts', IMAGE, ['mirror.example.com', HOST], login()],
      ['another port', `${HOST}:5001/a:1`, [HOST], null],
      ['another host', 'evil.example.com/payments/api:1', [HOST], null],
      ['the host as a suffix', `evil.example.com/${HOST}/a:1`, [HOST], null],
      ['a user name', `${HOST}@evil.example.com/a:1`, [HOST], null],
      ['shell syntax', '$(id)`id`;id|id/a:1', [HOST], null],
      ['JSON in the name', `evil/","serviceAccountToken":"a.b.c","image":"${HOST}/x`, [HOST], null],
      ['a line break', `evil\n${HOST}/a:1`, [HOST], null],
      ['no name', '', [HOST], null],
    ])('an image with %s', (_what, image, hosts, auth) => {
      const { status, stdout } = provide(providerRequest({ image, serviceAccountToken: TOKEN }), hosts);
      expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ auth })]);
    });

    test.each<readonly [string, object]>([
      ['names of members', { serviceAccountToken: 'e.v.l', image: 'evil.example.com/a', kind: 'x' }],
      ['quotes and brackets', { a: '"}]{[,:', 'b"}': '\\', c: '\\"', d: String.raw`\u0022}` }],
      ['nested values', { a: [{ serviceAccountToken: 'e.v.l' }, null, -1.5e3, true, []], b: {} }],
    ])('annotations with %s change nothing', (_what, serviceAccountAnnotations) => {
      for (const order of ['before', 'after']) {
        const own = { image: IMAGE, serviceAccountToken: TOKEN };
        const { stdout } = provide(
          providerRequest(
            order === 'before'
              ? { serviceAccountAnnotations, ...own }
              : { ...own, serviceAccountAnnotations },
          ),
        );
        expect(JSON.parse(stdout)).toMatchObject({ auth: login() });
      }
    });

    const own = { image: IMAGE, serviceAccountToken: TOKEN };
    test.each<readonly [string, string, string]>([
      ['no token', providerRequest({ image: IMAGE }), 'has no serviceAccountToken'],
      ['a null token', providerRequest({ ...own, serviceAccountToken: null }), 'has no serviceAccountToken'],
      [
        'a token with a quote',
        providerRequest({ ...own, serviceAccountToken: 'a.b.c","x":"' }),
        'is not a JWT',
      ],
      ['a token with an escape', providerRequest(own).replace('eyJ', String.raw`\u0065yJ`), 'is not a JWT'],
      [
        'another version',
        providerRequest({ ...own, apiVersion: 'credentialprovider.kubelet.k8s.io/v1beta1' }),
        'set apiVersion',
      ],
      ['another kind', providerRequest({ ...own, kind: 'Status' }), 'is not a CredentialProviderRequest'],
      ['a member twice', providerRequest(own).replace('{', `{"image":"${IMAGE}",`), 'repeated member'],
      [
        'an escaped name',
        providerRequest(own).replace('"image"', String.raw`"im\u0061ge"`),
        'invalid or a repeated',
      ],
      ['text behind the object', `${providerRequest(own)}{}`, 'not valid JSON'],
      ['an object without an end', providerRequest(own).slice(0, -2), 'not valid JSON'],
      ['a string without an end', '{"image":"x', 'not valid JSON'],
      ['an array', '[]', 'not valid JSON'],
      ['nothing', '', 'not valid JSON'],
      ['more than 64 KiB', providerRequest({ ...own, image: 'x'.repeat(70_000) }), 'larger than 64 KiB'],
    ])('a request with %s: exit 1 and no response', (_what, input, message) => {
      const { status, stdout, stderr } = provide(input);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain(TOKEN);
    });

    test.each([[[]], [['']], [['-f']], [['registry.example.com/path']], [['a"b']], [['a b']]])(
      'arguments %j: exit 2',
      (hosts) => {
        const { status, stdout } = provide(providerRequest(own), hosts);
        expect([status, stdout]).toEqual([2, '']);
      },
    );

    test('the trace of the shell, with all arguments of awk, does not contain the token', () => {
      const traced = provider.run(providerRequest(own), [HOST], ['-x']);
      expect(traced.stdout).toContain(TOKEN);
      expect(traced.stderr).toContain('exec awk');
      expect(traced.stderr).not.toContain(TOKEN);
    });
  });
});
