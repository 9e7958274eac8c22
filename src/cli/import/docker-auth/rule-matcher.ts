import { parseGoGlob, matchesGoGlob } from './go-glob.ts';
import { execGoRegex, patternsOfGoRegex } from './go-regex.ts';
import { ANY_NAME, resourcePattern, type NamePattern } from './name-tokens.ts';
import type { AclRule } from './acl.ts';
import type { StaticUser } from './users.ts';

/** `unknown`: the pattern contains something that this runtime cannot evaluate. */
export type TextMatch = 'yes' | 'no' | 'unknown';

const MAX_COMBINATIONS = 64;

/** Evaluates the patterns of a rule for one account, as docker_auth's authz/acl.go does. */
export class RuleMatcher {
  readonly #rule: AclRule;
  readonly #user: StaticUser;

  constructor(rule: AclRule, user: StaticUser) {
    this.#rule = rule;
    this.#user = user;
  }

  /** Whether the rule is for this account. */
  matchesAccount(): TextMatch {
    const { account, labels } = this.#rule;
    const conditions = [
      account === undefined ? 'yes' : this.#matches(account, [this.#user.account]),
      ...[...labels].map(([label, pattern]) => this.#matches(pattern, this.#user.labels.get(label) ?? [])),
    ];
    if (conditions.includes('no')) return 'no';
    return conditions.includes('unknown') ? 'unknown' : 'yes';
  }

  /** Whether the rule is for this type of entity: `repository`, `registry`. */
  matchesType(type: string): TextMatch {
    return this.#rule.type === undefined ? 'yes' : this.#matches(this.#rule.type, [type]);
  }

  matchesName(name: string): TextMatch {
    return this.#rule.name === undefined ? 'yes' : this.#matches(this.#rule.name, [name]);
  }

  /** The repository names of the rule. */
  repositories(): readonly NamePattern[] {
    const { name } = this.#rule;
    if (name === undefined) return [{ pattern: '**', exact: true }];
    const sources = this.#expand(name);
    return sources === undefined ? [ANY_NAME] : sources.flatMap(patternsOf);
  }

  #matches(pattern: string, texts: readonly string[]): TextMatch {
    const patterns = this.#expand(pattern);
    if (patterns === undefined) return 'unknown';
    const results = patterns.flatMap((each) => texts.map((text) => matchesText(each, text)));
    if (results.includes('yes')) return 'yes';
    return results.includes('unknown') ? 'unknown' : 'no';
  }

  /** Replaces `${account}`, `${account:1}` and `${labels:NAME}`; undefined for the placeholders of a request. */
  #expand(pattern: string): readonly string[] | undefined {
    let texts: readonly string[] = [''];
    for (const part of pattern.split(/(\$\{[^{}]*\})/)) {
      const values = this.#valuesOf(part);
      if (values === undefined || texts.length * values.length > MAX_COMBINATIONS) return undefined;
      texts = texts.flatMap((start) => values.map((value) => start + value));
    }
    return [...new Set(texts)];
  }

  #valuesOf(part: string): readonly string[] | undefined {
    const { account, labels } = this.#user;
    if (part === '${account}') return [quoteMeta(account)];
    if (part === '${type}') return ['repository'];
    if (part === '${name}' || part === '${service}') return undefined;
    const [, key = '', value = ''] = /^\$\{([^:{}]+):([^{}]+)\}$/.exec(part) ?? [];
    if (key === 'labels') return labels.get(value) ?? [part];
    if (!/^\d+$/.test(value)) return [part];
    if (key !== 'account') return undefined;
    const expression = regexOf(this.#rule.account ?? '');
    const groups = expression === undefined ? null : execGoRegex(expression, account);
    if (groups === undefined) return undefined;
    return [groups?.[Number(value)] ?? part];
  }
}

function matchesText(pattern: string, text: string): TextMatch {
  const expression = regexOf(pattern);
  if (expression === undefined) return matchesGoGlob(pattern, text) ? 'yes' : 'no';
  const found = execGoRegex(expression, text);
  if (found === undefined) return 'unknown';
  return found === null ? 'no' : 'yes';
}

function patternsOf(pattern: string): readonly NamePattern[] {
  const expression = regexOf(pattern);
  if (expression !== undefined) return patternsOfGoRegex(expression);
  const tokens = parseGoGlob(pattern);
  const resources = tokens === undefined ? undefined : resourcePattern(tokens);
  return resources === undefined ? [] : [resources];
}

/** The expression between slashes; undefined for a glob. */
function regexOf(pattern: string): string | undefined {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
    ? pattern.slice(1, -1)
    : undefined;
}

/** Go's `regexp.QuoteMeta`. */
function quoteMeta(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}
