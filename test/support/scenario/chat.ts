import { expect } from 'vitest';
import { closeAfterTest } from '../clean-up.ts';
import { eventually } from '../eventually.ts';
import { openSocket, startEchoServer, type EchoServer, type TestSocket } from '../web-sockets.ts';
import { startOrdersScenario, type OrdersOptions, type OrdersScenario } from './orders.ts';

export interface ChatScenario {
  readonly echo: EchoServer;
  readonly scenario: OrdersScenario;
}

/** Starts a WebSocket echo server behind `/orders/`; closes both after the test. */
export async function startChat(options: OrdersOptions = {}): Promise<ChatScenario> {
  const echo = await startEchoServer();
  closeAfterTest(echo);
  const scenario = await startOrdersScenario(echo.url, options);
  closeAfterTest(scenario);
  return { echo, scenario };
}

/** Opens a WebSocket with the token of the scenario; closes it after the test. */
export async function connectChat(scenario: OrdersScenario, path = '/orders/chat'): Promise<TestSocket> {
  const headers = { authorization: `Bearer ${scenario.token}`, host: 'gateway.example.com' };
  const socket = await openSocket(`ws://127.0.0.1:${scenario.port}${path}`, { headers });
  closeAfterTest(socket);
  return socket;
}

/** Asserts that the gateway closed the socket without a closing handshake, and the upstream connection too. */
export async function expectClosed(socket: TestSocket, echo: EchoServer): Promise<void> {
  expect(await socket.closed()).toBe(1006);
  await eventually('the end of the upstream connection', () => echo.open() === 0);
}
