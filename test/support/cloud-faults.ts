import { Canaries } from './canaries.ts';
import { jsonResponse as json, TRANSPORT_FAULTS, type EndpointBehaviour } from './hostile-endpoint.ts';

const canaries = new Canaries();
const TOKEN = canaries.make('installation token', 'ghs_4711_eyJ');
const ELSEWHERE = canaries.make('said by the endpoint');
const WEB_IDENTITY = canaries.make('web identity token');
const SECRET_KEY = canaries.make('secret access key').padEnd(40, 'x');
const PASSWORD = canaries.make('registry password');
const LOGIN = canaries.add('registry login', Buffer.from(`AWS:${PASSWORD}`).toString('base64'));

const inOneHour = new Date(Date.now() + 3_600_000).toISOString();
export const installation = {
  token: TOKEN,
  expires_at: inOneHour,
  repositories: [{ id: 20, name: 'payments', full_name: 'acme/payments' }],
};
export const session = (secret: string): string =>
  `<R><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>c2Vzc2lvbg==</SessionToken></Credentials></R>`;
const stsError = (code: string): string =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>${ELSEWHERE}</Message></Error></ErrorResponse>`;
export const ecrToken = (member: object): object => ({
  authorizationData: [{ authorizationToken: LOGIN, expiresAt: Date.now() / 1000 + 43_200, ...member }],
});

export type CloudApi = 'github' | 'sts' | 'ecr';
/** Behaviour of the API → the reason and the detail in the log. */
type Faults = Readonly<Record<string, readonly [EndpointBehaviour, string, RegExp]>>;

const COMMON: Faults = {
  hangs: [TRANSPORT_FAULTS.hangs, 'upstream_unreachable', /no answer within 5000 ms$/],
  drips: [TRANSPORT_FAULTS.drips, 'upstream_unreachable', /no answer within 5000 ms$/],
  cuts: [TRANSPORT_FAULTS.cuts, 'upstream_unreachable', /: UND_ERR_SOCKET$|: ECONNRESET$/],
  redirects: [TRANSPORT_FAULTS.redirects, 'upstream_invalid', /responded with 307$/],
  fails: [json(500, { message: ELSEWHERE }), 'upstream_invalid', /responded with 500$/],
  huge: [json(201, 'x'.repeat(5_000_000)), 'upstream_unreachable', /longer than \d+ bytes$/],
};

export const CLOUD_FAULTS: Readonly<Record<CloudApi, Faults>> = {
  github: {
    ...COMMON,
    garbage: [json(201, `<html>${ELSEWHERE}`), 'upstream_invalid', /no usable token$/],
    splits: [
      json(201, { ...installation, token: `${TOKEN}\r\nX: y` }),
      'upstream_invalid',
      /no usable token$/,
    ],
    long: [
      json(201, { ...installation, token: TOKEN.padEnd(20_000, 'x') }),
      'upstream_invalid',
      /no usable token$/,
    ],
    twice: [
      json(201, `{"token":"${TOKEN}","token":"x","expires_at":"${inOneHour}"}`),
      'upstream_invalid',
      /no usable token$/,
    ],
    endless: [json(201, { ...installation, expires_at: 'soon' }), 'upstream_invalid', /without expires_at$/],
    wide: [json(201, { ...installation, repositories: undefined }), 'upstream_invalid', /does not confirm/],
    other: [
      json(201, { ...installation, repositories: [{ id: 1, name: 'web', full_name: 'acme/web' }] }),
      'upstream_unauthorized',
      /another owner/,
    ],
    more: [
      json(201, { ...installation, repositories: [...installation.repositories, { id: 1, name: 'web' }] }),
      'upstream_unauthorized',
      /another owner/,
    ],
    rejects: [json(401, { message: ELSEWHERE }), 'upstream_unauthorized', /responded with 401$/],
    forbids: [json(403, { message: ELSEWHERE }), 'upstream_unauthorized', /responded with 403$/],
    limits: [json(429, { message: ELSEWHERE }), 'upstream_unreachable', /rate limit .* for 60 s \(429\)$/],
  },
  sts: {
    ...COMMON,
    garbage: [json(200, `<html>${ELSEWHERE}`), 'upstream_invalid', /no usable credentials$/],
    twice: [
      json(200, session(SECRET_KEY) + session(SECRET_KEY)),
      'upstream_invalid',
      /no usable credentials$/,
    ],
    splits: [json(200, session(`${SECRET_KEY}&#10;X`)), 'upstream_invalid', /no usable credentials$/],
    expired: [
      json(400, stsError('ExpiredTokenException')),
      'upstream_unauthorized',
      /400 ExpiredTokenException$/,
    ],
    unsure: [
      json(400, stsError('IDPCommunicationError')),
      'upstream_unreachable',
      /400 IDPCommunicationError$/,
    ],
    denies: [json(403, stsError(ELSEWHERE)), 'upstream_unauthorized', /responded with 403$/],
  },
  ecr: {
    ...COMMON,
    garbage: [json(200, `<html>${ELSEWHERE}`), 'upstream_invalid', /no usable token$/],
    empty: [json(200, { authorizationData: [] }), 'upstream_invalid', /no usable token$/],
    foreign: [
      json(200, ecrToken({ authorizationToken: 'Zm9vOmJhcg==' })),
      'upstream_invalid',
      /no usable token$/,
    ],
    splits: [
      json(200, ecrToken({ authorizationToken: `${LOGIN}\r\nX: y` })),
      'upstream_invalid',
      /no usable token$/,
    ],
    endless: [json(200, ecrToken({ expiresAt: 'never' })), 'upstream_invalid', /without expiresAt$/],
    rejects: [
      json(400, { __type: 'com.amazon.ecr#InvalidSignatureException', message: ELSEWHERE }),
      'upstream_unauthorized',
      /400 InvalidSignatureException$/,
    ],
    throttles: [
      json(400, { __type: 'ThrottlingException' }),
      'upstream_unreachable',
      /400 ThrottlingException$/,
    ],
  },
};

/** The secrets of the responses. */
export const cloudSecrets = {
  canaries,
  token: TOKEN,
  login: LOGIN,
  webIdentity: WEB_IDENTITY,
  secretKey: SECRET_KEY,
};
