import { globTokens } from '../../../util/text/glob.ts';
import { findText, isContained, languageOf, type TextPattern } from '../../../util/text/glob-language.ts';
import type { Differences } from '../imported.ts';
import type { AclRule } from './acl.ts';
import { RuleMatcher } from './rule-matcher.ts';
import type { StaticUser } from './users.ts';

/** Access to repositories that one rule gives an account. */
export interface AccountGrant {
  readonly line: number;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

/** The names of a rule that an account reaches. */
interface EarlierNames {
  readonly line: number;
  readonly names: TextPattern;
  readonly scopes: readonly string[];
  /** Every request for these names ends at the rule. */
  readonly final: boolean;
}

const SCOPES: ReadonlyMap<string, string> = new Map([
  ['pull', 'read_registry'],
  ['push', 'write_registry'],
  ['delete', 'delete_registry'],
]);

/**
 * The grants of an account. The first matching rule of an ACL decides, while grants add up: where an earlier rule
 * allows less on some of the names, the grant of a later rule omits these scopes, so that the account gains nothing.
 */
export class AccountAccess {
  readonly #user: StaticUser;
  readonly #differences: Differences;
  readonly #earlier: EarlierNames[] = [];
  readonly #grants: AccountGrant[] = [];
  /** Lines of rules for the catalog. */
  readonly #catalog: number[] = [];
  /** Lines of the rules that are for this account. */
  readonly matched: number[] = [];

  constructor(user: StaticUser, differences: Differences) {
    this.#user = user;
    this.#differences = differences;
  }

  add(rule: AclRule): void {
    const matcher = new RuleMatcher(rule, this.#user);
    const [account, type] = [matcher.matchesAccount(), matcher.matchesType('repository')];
    if (account === 'no') return;
    this.matched.push(rule.line);
    if (type === 'no') {
      const catalog = matcher.matchesType('registry') !== 'no' && matcher.matchesName('catalog') !== 'no';
      if (catalog && rule.actions.length > 0) this.#catalog.push(rule.line);
      return;
    }
    const scopes = this.#scopesOf(rule);
    const conditions = [
      ...rule.otherConditions,
      ...(account === 'unknown' ? ['its account or label pattern'] : []),
      ...(type === 'unknown' ? ['its type pattern'] : []),
    ];
    for (const { pattern, exact } of matcher.repositories()) {
      const names = languageOf(globTokens(pattern));
      const final = this.#earlier.filter((each) => each.final).map((each) => each.names);
      if (isContained(names, final)) continue;
      const usable = exact && conditions.length === 0;
      if (usable) this.#grant(rule, pattern, this.#withoutEarlier(rule, pattern, names, scopes));
      else if (scopes.length > 0)
        this.#differ(
          rule,
          exact || conditions.length > 0 ? conditionMessage(conditions) : widerMessage(rule, pattern),
        );
      this.#earlier.push({ line: rule.line, names, scopes, final: usable });
    }
  }

  grants(): readonly AccountGrant[] {
    const listsAll = this.#grants.some(
      ({ scopes, resources }) => scopes.includes('read_registry') && resources.includes('**'),
    );
    if (!listsAll)
      for (const line of this.#catalog)
        this.#differences.add(line, 'the catalog needs read_registry on "**"', this.#label());
    return this.#grants;
  }

  #grant({ line }: AclRule, pattern: string, scopes: readonly string[]): void {
    if (scopes.length === 0) return;
    const last = this.#grants.at(-1);
    if (last?.line === line && last.scopes.join() === scopes.join())
      this.#grants[this.#grants.length - 1] = { ...last, resources: [...last.resources, pattern] };
    else this.#grants.push({ line, scopes, resources: [pattern] });
  }

  #withoutEarlier(
    rule: AclRule,
    pattern: string,
    names: TextPattern,
    scopes: readonly string[],
  ): readonly string[] {
    const common = this.#earlier.filter((each) => findText([names, each.names]).kind !== 'none');
    return scopes.filter((scope) => {
      const narrower = common.find((each) => each.line !== rule.line && !each.scopes.includes(scope));
      if (narrower === undefined) return true;
      const message = `omits ${scope} on "${pattern}": the rule in line ${narrower.line} allows less on some of these names; grants have no exceptions`;
      this.#differ(rule, message);
      return false;
    });
  }

  #scopesOf(rule: AclRule): readonly string[] {
    if (rule.actions.length === 1 && rule.actions[0] === '*') return [...SCOPES.values()];
    return rule.actions.flatMap((action) => {
      const scope = SCOPES.get(action);
      if (scope === undefined) this.#differ(rule, `the action "${action}" has no scope`);
      return scope ?? [];
    });
  }

  #differ(rule: AclRule, message: string): void {
    this.#differences.add(rule.line, message, this.#label());
  }

  #label(): string {
    return this.#user.account === '' ? 'anonymous' : this.#user.account;
  }
}

function conditionMessage(conditions: readonly string[]): string {
  return `omitted: no grant has the condition ${conditions.join(' and ')}`;
}

function widerMessage({ name }: AclRule, pattern: string): string {
  return `omitted: no pattern is equivalent to "${name ?? ''}"; "${pattern}" matches more names`;
}
