/** Markup that needs no more escaping. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** Builds markup in which each value is escaped, unless it is markup itself. */
export function html(literals: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  return new Html(literals.reduce((markup, literal, index) => markup + markupOf(values[index - 1] ?? '') + literal));
}

function markupOf(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') {
    return value.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  }
  return value instanceof Html ? value.markup : value.map(({ markup }) => markup).join('');
}
