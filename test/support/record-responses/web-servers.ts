import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { startGitServer } from '../git-server.ts';
import { startNginx } from '../nginx.ts';
import { pythonProgram } from '../python.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { findTool } from '../tools.ts';
import { basicHeader, type Recorder } from './raw-recorder.ts';

/** Records the typical responses of web servers and proxies. */
export const WEB_SERVERS: Readonly<Record<string, (record: Recorder) => Promise<void>>> = {
  async nginx(record) {
    const revalidated = 'If-None-Match: *';
    const nginx = await startNginx([], (folder) => {
      writeFileSync(join(folder, 'small.txt'), 'a small file that is longer than twenty bytes\n');
      return `root ${folder}; autoindex on; gzip on; gzip_min_length 1; gzip_types text/plain;
        location /moved { return 301 /small.txt; } location /empty { return 204; }
        location /refused { return 403; } location /busy { return 503; }`;
    });
    try {
      await record(
        nginx.url,
        { line: 'GET /small.txt' },
        { line: 'HEAD /small.txt' },
        { line: 'GET /small.txt', headers: ['Range: bytes=2-9'] },
        { line: 'GET /small.txt', headers: ['Range: bytes=2-4,8-9'] },
        { line: 'GET /small.txt', headers: ['Range: bytes=900-'] },
        { line: 'GET /small.txt', headers: [revalidated] },
        { line: 'GET /small.txt', headers: ['Accept-Encoding: gzip'] },
        { line: 'GET /small.txt', headers: ['Connection: close'] },
        { line: 'GET /' },
        { line: 'GET /none' },
        { line: 'GET /moved' },
        { line: 'GET /empty' },
        { line: 'GET /refused' },
        { line: 'GET /busy' },
        { line: 'POST /small.txt' },
        { line: 'GET /small.txt', headers: ['Transfer-Encoding: other'] },
      );
    } finally {
      await nginx.close();
    }
  },
  async 'git http-backend'(record) {
    const git = await startGitServer();
    await git.repository('acme/app');
    const headers = [basicHeader(git.username, git.password)];
    try {
      await record(
        git.url,
        { line: 'GET /acme/app.git/info/refs?service=git-upload-pack' },
        { line: 'GET /acme/app.git/info/refs?service=git-upload-pack', headers },
        {
          line: 'GET /acme/app.git/info/refs?service=git-upload-pack',
          headers: [...headers, 'Git-Protocol: version=2'],
        },
        { line: 'GET /acme/app.git/info/refs?service=git-receive-pack', headers },
        { line: 'GET /acme/app.git/HEAD', headers },
        { line: 'GET /acme/none.git/HEAD', headers },
        {
          line: 'POST /acme/app.git/git-upload-pack',
          headers: [
            ...headers,
            'Git-Protocol: version=2',
            'Content-Type: application/x-git-upload-pack-request',
          ],
          body: '0014command=ls-refs\n0000',
        },
      );
    } finally {
      await git.close();
    }
  },
  async 'python http.server'(record) {
    const home = temporaryFolder('record');
    writeFileSync(join(home.path, 'small.txt'), 'a small file\n');
    const port = String(await freePort());
    const child = spawn(pythonProgram('python'), ['-m', 'http.server', '--bind', '127.0.0.1', port], {
      cwd: home.path,
      stdio: 'ignore',
    });
    const url = `http://127.0.0.1:${port}`;
    try {
      await eventually('http.server to answer', () => fetch(url).catch(() => undefined));
      await record(
        url,
        { line: 'GET /small.txt' },
        { line: 'HEAD /small.txt' },
        { line: 'GET /' },
        { line: 'GET /none' },
        { line: 'POST /small.txt' },
      );
    } finally {
      child.kill();
      home.close();
    }
  },
  async haproxy(record) {
    const home = temporaryFolder('record');
    const port = String(await freePort());
    const config = join(home.path, 'haproxy.cfg');
    writeFileSync(
      config,
      `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:${port}
  http-request deny if { path /refused }
  http-request redirect location /other if { path /moved }
  http-request return status 200 content-type text/plain string "ok" if { path /own }
  default_backend b
backend b
  server s 127.0.0.1:1
`,
    );
    const child = spawn(findTool('haproxy') ?? 'haproxy', ['-f', config, '-db'], { stdio: 'ignore' });
    const url = `http://127.0.0.1:${port}`;
    try {
      await eventually('haproxy to answer', () => fetch(url).catch(() => undefined));
      await record(
        url,
        { line: 'GET /down' },
        { line: 'GET /refused' },
        { line: 'GET /moved' },
        { line: 'GET /own' },
        { line: 'HEAD /own' },
        { line: 'GET /a b' },
      );
    } finally {
      child.kill();
      home.close();
    }
  },
};
