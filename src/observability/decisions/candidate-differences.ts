import type { AuditEvent } from '../../core/records/audit-event.ts';
import type { CandidateGroup, DecisionRecord, DecisionVerdict } from '../../core/records/decision-record.ts';
import { callerIn, shadowedIn } from './decision-record.ts';

const MAX_GROUPS = 200;
const MAX_EXAMPLES = 3;

type Group = { -readonly [Key in keyof CandidateGroup]: CandidateGroup[Key] };

/** Groups the requests for which the candidate policy decides otherwise. */
export class CandidateDifferences {
  readonly #groups = new Map<string, Group>();
  #unlisted = 0;
  #candidate: string | undefined;

  /**
   * `candidate`: hash of the evaluated candidate; another candidate starts new groups. `record` is created for the
   * first request of a group and for requests that the sample contains.
   */
  add(
    event: AuditEvent,
    verdict: DecisionVerdict,
    candidate: string | undefined,
    { sampled, record }: { readonly sampled: boolean; readonly record: () => DecisionRecord },
  ): void {
    if (candidate !== this.#candidate) this.#restart(candidate);
    const kind = kindOf(event, verdict);
    const key = JSON.stringify(Object.values(kind));
    const group = this.#groups.get(key);
    const { startedAt } = event;
    if (group !== undefined) {
      group.count += 1;
      group.last = startedAt;
      if (sampled) group.examples = [record(), ...group.examples.slice(0, MAX_EXAMPLES - 1)];
    } else if (this.#groups.size < MAX_GROUPS) {
      this.#groups.set(key, { ...kind, count: 1, first: startedAt, last: startedAt, examples: [record()] });
    } else this.#unlisted += 1;
  }

  /** Most frequent first. */
  read(candidate: string | undefined): {
    readonly groups: readonly CandidateGroup[];
    readonly unlisted: number;
  } {
    if (candidate !== this.#candidate) this.#restart(candidate);
    const groups = [...this.#groups.values()].toSorted((a, b) => b.count - a.count);
    return { groups, unlisted: this.#unlisted };
  }

  find(requestId: string): DecisionRecord | undefined {
    for (const { examples } of this.#groups.values()) {
      const found = examples.find((record) => record.requestId === requestId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #restart(candidate: string | undefined): void {
    this.#candidate = candidate;
    this.#groups.clear();
    this.#unlisted = 0;
  }
}

type Kind = Omit<CandidateGroup, 'count' | 'first' | 'last' | 'examples'>;

function kindOf(event: AuditEvent, verdict: DecisionVerdict): Kind {
  const { service, operations, decision, reason, candidate } = event;
  const shadowed = shadowedIn(decision);
  return {
    service,
    identity: (event.caller ?? callerIn(decision))?.identity,
    scope: operations[0]?.scope,
    from: shadowed === undefined ? verdict : 'shadow',
    fromReason: shadowed ?? reason,
    to: candidate?.outcome ?? '',
    toReason: candidate?.reason ?? '',
  };
}
