import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const WIDTH = 80;
const INDENT = '    ';
const GUTTER = '│ ';
const LABEL_WIDTH = 9;

/** The colours of the states: green is valid, yellow is in progress, red has ended. */
const STATE_STYLES: Readonly<Record<string, Style>> = {
  valid: 'green',
  restoring: 'yellow',
  authorizing: 'yellow',
  refreshing: 'yellow',
  revoking: 'yellow',
  expired: 'red',
  revoked: 'red',
};

/** The demo's output: plain text, coloured on a terminal. */
export class Output {
  readonly #out: NodeJS.WriteStream;
  readonly #coloured: boolean;
  #scenes = 0;
  #transcript = '';

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#coloured = out.isTTY && !env['NO_COLOR'] && out.hasColors();
  }

  /** Returns everything that was printed. */
  get transcript(): string {
    return this.#transcript;
  }

  get scenes(): number {
    return this.#scenes;
  }

  title(text: string): void {
    this.#print('', this.#style('bold', text), '');
  }

  /** Prints a paragraph. */
  text(text: string): void {
    this.#print(...wrap(text, WIDTH - INDENT.length).map((line) => INDENT + line));
  }

  /** Begins the next scene: prints its headline and an introduction. */
  scene(headline: string, about: string): void {
    this.#scenes += 1;
    const number = String(this.#scenes).padStart(2);
    this.#print('', `${this.#style('cyan', number)}  ${this.#style('bold', headline)}`);
    this.text(about);
  }

  /** Prints the states of a session, as `StateLog` returns them. */
  states(route: string, who = 'states'): void {
    this.fact(
      who,
      route.replaceAll(/\([^)]*\)|\w+/g, (part) => this.#paint(part)),
    );
  }

  /** Prints a line with a label and a fact. */
  fact(label: string, text: string): void {
    const lines = wrap(text, WIDTH - INDENT.length - GUTTER.length - LABEL_WIDTH);
    const margin = (index: number) => this.#style('dim', GUTTER + (index === 0 ? label : '').padEnd(LABEL_WIDTH));
    this.#print(...lines.map((line, index) => INDENT + margin(index) + line));
  }

  #paint(part: string): string {
    const style = part.startsWith('(') ? 'dim' : STATE_STYLES[part];
    // Word by word, so that the colour ends at a line break.
    return style === undefined ? part : part.replaceAll(/\S+/g, (word) => this.#style(style, word));
  }

  #style(style: Style, text: string): string {
    return this.#coloured ? styleText(style, text, { validateStream: false }) : text;
  }

  #print(...lines: string[]): void {
    const text = lines.map((line) => `${line}\n`).join('');
    this.#transcript += text;
    this.#out.write(text);
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && stripVTControlCharacters(`${last} ${word}`).length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
