import { mkdtempSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/core/ports.ts';
import { freePort } from './free-port.ts';
import { startPythonServer } from './python.ts';

/** A response that replaces the response of an AWS API. */
export interface AwsFault {
  readonly status: number;
  readonly body: string;
}

export interface Moto {
  /** STS and ECR. */
  readonly url: string;
  readonly roleArn: string;
  /** A role that may not request tokens. */
  readonly deniedRoleArn: string;
  /** The received calls: the action, and the web identity token or the Authorization header. */
  readonly calls: AwsCall[];
  /** By action; active until it is deleted. */
  readonly faults: Map<AwsAction, AwsFault>;
  close(): Promise<void>;
}

export type AwsAction = 'AssumeRoleWithWebIdentity' | 'GetAuthorizationToken';

export interface AwsCall {
  readonly action: AwsAction;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** The credential in every ECR token of moto. */
export const ECR_LOGIN = { username: 'AWS', password: '123456789012-auth-token' } as const;

/** Milliseconds. */
const TOKEN_LIFETIME = 12 * 3_600_000;
const ACCOUNT = '123456789012';
const ROLE = 'gatehouse';
const ROLE_WITHOUT_POLICY = 'other';
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: '*' }],
});

/**
 * moto, which verifies SigV4 signatures, session tokens and policies, with a role that may call GetAuthorizationToken.
 * A relay in front of it changes two properties of moto: its ECR tokens expired in 2015, and it verifies
 * AssumeRoleWithWebIdentity too, which AWS defines as unsigned.
 */
export async function startMoto(clock: Clock): Promise<Moto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-moto-'));
  const server = await startPythonServer('moto_server', ['-H', '127.0.0.1', '-p', String(port)], folder, {
    url,
  });
  for (const RoleName of [ROLE, ROLE_WITHOUT_POLICY])
    await callIam(url, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: POLICY });
  await callIam(url, {
    Action: 'PutRolePolicy',
    RoleName: ROLE,
    PolicyName: 'ecr',
    PolicyDocument: POLICY,
  });
  const calls: AwsCall[] = [];
  const faults = new Map<AwsAction, AwsFault>();

  const relay = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      void relayed(req.headers, Buffer.concat(chunks)).then(({ status, body }) =>
        res.writeHead(status).end(body),
      );
    });
  });

  async function relayed(headers: IncomingHttpHeaders, body: Buffer): Promise<AwsFault> {
    const form = new URLSearchParams(body.toString());
    const target = String(headers['x-amz-target'] ?? '');
    const action = (form.get('Action') ?? target.slice(target.lastIndexOf('.') + 1)) as AwsAction;
    calls.push({ action, headers, form });
    const fault = faults.get(action);
    if (fault !== undefined) return fault;
    // The number of calls that moto does not verify.
    const unverified = action === 'AssumeRoleWithWebIdentity' ? '1' : '0';
    await fetch(`${url}/moto-api/reset-auth`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: unverified,
    });
    const answer = await send(port, headers, body);
    const expiresAt = (clock.now() + TOKEN_LIFETIME) / 1000;
    return { ...answer, body: answer.body.replace(/"expiresAt": ?[\d.]+/, `"expiresAt": ${expiresAt}`) };
  }

  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const moto: Moto = {
    url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    roleArn: `arn:aws:iam::${ACCOUNT}:role/${ROLE}`,
    deniedRoleArn: `arn:aws:iam::${ACCOUNT}:role/${ROLE_WITHOUT_POLICY}`,
    calls,
    faults,
    async close() {
      relay.closeAllConnections();
      await new Promise<void>((resolve) => relay.close(() => resolve()));
      await server.close();
    },
  };
  return moto;
}

/** With the headers as they are: the signature covers `Host`. */
function send(port: number, headers: IncomingHttpHeaders, body: Buffer): Promise<AwsFault> {
  return new Promise((resolve, reject) => {
    const req = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/', headers }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: text }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** moto selects the service by the scope of the credential; verification is off at this point. */
async function callIam(url: string, parameters: Readonly<Record<string, string>>): Promise<void> {
  const scope = 'Credential=any/20261127/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=any';
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}` },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
  });
  if (!answer.ok) throw new Error(`moto: ${answer.status} ${await answer.text()}`);
}
