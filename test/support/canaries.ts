/** Unique secrets, searchable in every encoding in which they could leak. */
export class Canaries {
  readonly #forms = new Map<string, string>();
  #made = 0;

  /** Creates a secret; `what` describes it in reports. */
  make(what: string, prefix = ''): string {
    this.#made += 1;
    return this.add(what, `${prefix}canary${this.#made}f7e3b9`);
  }

  /** Registers a secret; for a compact JWT, its parts too. */
  add(what: string, secret: string): string {
    const [, payload = '', signature = ''] = secret.startsWith('eyJ') ? secret.split('.') : [];
    for (const form of [secret, payload, signature]) if (form.length > 8) this.#forms.set(form, what);
    return secret;
  }

  /** A Basic credential, whose content is base64-encoded. */
  basic(what: string, username: string, password: string): string {
    return `Basic ${this.add(what, Buffer.from(`${username}:${password}`).toString('base64'))}`;
  }

  /** The registered secrets that occur in this text. */
  foundIn(text: string): readonly string[] {
    return [...this.#forms].flatMap(([form, what]) => (text.includes(form) ? [what] : []));
  }
}
