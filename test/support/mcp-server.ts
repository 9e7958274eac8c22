import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { startHttpUpstream } from './http-upstream.ts';

export interface TestMcpServer {
  readonly url: string;
  /** Heads of the requests so far: method, path, Authorization. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** An MCP server of the official SDK with one tool, `deploy`; Streamable HTTP with sessions. */
export async function startMcpServer(): Promise<TestMcpServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const requests: string[] = [];

  async function open(): Promise<StreamableHTTPServerTransport> {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = new McpServer({ name: 'releases', version: '1.0.0' });
    server.registerTool('deploy', { description: 'Deploys the current release.' }, () => ({
      content: [{ type: 'text', text: 'deployed' }],
    }));
    await server.connect(transport);
    return transport;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    const session = String(request.headers['mcp-session-id'] ?? '');
    const transport = sessions.get(session) ?? (await open());
    await transport.handleRequest(request, response);
  }

  const upstream = await startHttpUpstream((request, response) => void handle(request, response));
  return {
    url: upstream.url,
    requests,
    async close() {
      await Promise.all([...sessions.values()].map((transport) => transport.close()));
      await upstream.close();
    },
  };
}
