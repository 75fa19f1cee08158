import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const WIDTH = 80;
const INDENT = '    ';
const GUTTER = '│ ';
const LABEL_WIDTH = 9;

/** What the states look like: green is good, yellow is under way, red is over. */
const STATE_STYLES: Readonly<Record<string, Style>> = {
  valid: 'green',
  restoring: 'yellow',
  authorizing: 'yellow',
  refreshing: 'yellow',
  revoking: 'yellow',
  expired: 'red',
  revoked: 'red',
};

/** Where the demo is shown: plain text, coloured when somebody watches. */
export class Stage {
  readonly #out: NodeJS.WriteStream;
  readonly #coloured: boolean;
  #scenes = 0;
  #transcript = '';

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#coloured = out.isTTY && !env['NO_COLOR'] && out.hasColors();
  }

  /** Everything that was printed. */
  get transcript(): string {
    return this.#transcript;
  }

  get scenes(): number {
    return this.#scenes;
  }

  title(text: string): void {
    this.#print('', this.#style('bold', text), '');
  }

  /** A paragraph. */
  text(text: string): void {
    this.#print(...wrap(text, WIDTH - INDENT.length).map((line) => INDENT + line));
  }

  /** Begins the next scene: its headline, and what is about to happen. */
  scene(headline: string, about: string): void {
    this.#scenes += 1;
    const number = String(this.#scenes).padStart(2);
    this.#print('', `${this.#style('cyan', number)}  ${this.#style('bold', headline)}`);
    this.text(about);
  }

  /** The way of a session through its states, as `Journey` tells it. */
  states(route: string, who = 'states'): void {
    this.fact(
      who,
      route.replaceAll(/\([^)]*\)|\w+/g, (part) => this.#paint(part)),
    );
  }

  /** A line that says what was found, and of what. */
  fact(label: string, text: string): void {
    const lines = wrap(text, WIDTH - INDENT.length - GUTTER.length - LABEL_WIDTH);
    const margin = (index: number) => this.#style('dim', GUTTER + (index === 0 ? label : '').padEnd(LABEL_WIDTH));
    this.#print(...lines.map((line, index) => INDENT + margin(index) + line));
  }

  #paint(part: string): string {
    const style = part.startsWith('(') ? 'dim' : STATE_STYLES[part];
    // Word by word, so that the colour ends with the line when a line ends between them.
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
