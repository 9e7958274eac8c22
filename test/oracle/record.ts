import type { Entry } from './corpus.ts';
import { send } from './client.ts';
import { startGateway, type AuditLine, type Gateway } from './gateway.ts';
import { createNormalize } from './normalize.ts';
import { entryOf, type Observation } from './observe.ts';
import { SETUP_AGENT, USER_AGENT, type Case, type Scenario } from './scenario.ts';
import { configurationIn, type Vocabulary } from './vocabulary.ts';
import { startWorld, type World } from './world/world.ts';

/** Starts one gateway process per scenario and records all its cases. */
export async function record(
  scenarios: readonly Scenario[],
  vocabulary: Vocabulary,
  progress: (line: string) => void,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const scenario of scenarios) {
    const began = performance.now();
    const recorded = await recordScenario(scenario, vocabulary);
    progress(`${scenario.name}: ${recorded.length} cases, ${Math.round(performance.now() - began)} ms`);
    entries.push(...recorded);
  }
  const ids = new Set<string>();
  for (const { id } of entries) {
    if (ids.has(id)) throw new Error(`two cases are named ${id}`);
    ids.add(id);
  }
  return entries;
}

async function recordScenario(scenario: Scenario, vocabulary: Vocabulary): Promise<readonly Entry[]> {
  const world = await startWorld();
  try {
    const configuration = configurationIn(vocabulary, scenario.configuration(world));
    const gateway = await startGateway(configuration as Record<string, unknown>, scenario.files);
    await scenario.prepare?.(world, gateway);
    world.discard();
    const observations: Observation[] = [];
    for (const sent of scenario.cases(world)) {
      observations.push(await run(sent, observations, world, gateway));
    }
    const events = assignEvents(await gateway.stop(), observations);
    const normalize = createNormalize(
      new Map([
        ...world.names(),
        [`127.0.0.1:${gateway.port}`, 'GATEWAY'],
        [`127.0.0.1:${gateway.adminPort}`, 'ADMIN'],
      ]),
    );
    return observations.map((observation, index) => {
      const entry = entryOf(observation, events[index] ?? [], normalize, vocabulary);
      return { ...entry, id: `${scenario.name}: ${entry.id}` };
    });
  } finally {
    await world.close();
  }
}

async function run(
  sent: Case,
  earlier: readonly Observation[],
  world: World,
  gateway: Gateway,
): Promise<Observation> {
  world.upstream.respond(sent.reply);
  const bytes = sent.bytes
    .replaceAll(USER_AGENT, `${USER_AGENT}/${earlier.length}`)
    .replaceAll('LAST_ETAG', () => lastEtag(earlier));
  const port = sent.listener === 'admin' ? gateway.adminPort : gateway.port;
  const received = await send(port, bytes, sent.quiet);
  await world.upstream.settled();
  return { sent, received, upstream: world.upstream.take(), tokenRequests: world.tokenEndpoints.take() };
}

function lastEtag(observations: readonly Observation[]): string {
  for (const { received } of observations.toReversed()) {
    const [, etag] = /^etag: (.+?)\r$/im.exec(received) ?? [];
    if (etag !== undefined) return etag;
  }
  throw new Error('no response had an ETag');
}

/**
 * Audit events by case. The user agent names the case; an event without one is of bytes that never became a request, and
 * belongs to the next case that has no event.
 */
function assignEvents(
  lines: readonly AuditLine[],
  observations: readonly Observation[],
): readonly (readonly AuditLine[])[] {
  const events = observations.map((): AuditLine[] => []);
  const unnamed: { readonly after: number; readonly line: AuditLine }[] = [];
  let latest = -1;
  for (const line of lines) {
    const { original = '' } = (line['user_agent'] ?? {}) as { original?: string };
    if (original === SETUP_AGENT) continue;
    const index = /^oracle\/(\d+)/.exec(original)?.[1];
    if (index === undefined) {
      unnamed.push({ after: latest, line });
    } else {
      latest = Number(index);
      events[latest]?.push(line);
    }
  }
  for (const { after, line } of unnamed) {
    const isNext = (found: readonly AuditLine[], index: number): boolean =>
      index > after && found.length === 0 && observations[index]?.sent.listener !== 'admin';
    events.find(isNext)?.push(line);
  }
  return events;
}
