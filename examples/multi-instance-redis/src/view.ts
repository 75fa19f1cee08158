import { stripVTControlCharacters, styleText } from 'node:util';
import type { AuthorizationServer } from '@frameio-auth/testing';
import type { Claim } from './checks.ts';
import type { Fleet, Worker } from './fleet.ts';

type Style = Parameters<typeof styleText>[0];

/** The contents of the display. */
export interface Scene {
  readonly fleet: Fleet;
  readonly server: Pick<AuthorizationServer, 'count'>;
  /** The lifetime of a token, and the total time, in seconds. */
  readonly lifetime: number;
  readonly seconds: number;
}

/** The display. */
export interface View {
  /** Reports an event, in a few words. */
  readonly report: (event: string) => void;
  /** Stops updating. */
  end(): void;
  /** Prints the result. */
  conclude(claims: readonly Claim[]): void;
}

/** In columns. */
const WIDTH = 80;
/** How many events are listed below the fleet. */
const EVENTS = 8;
/** The lines of a frame that are neither workers nor events. */
const FURNITURE = 10;
/** How often to redraw, in milliseconds. */
const REDRAW = 100;
/** The width of a token's bar, in cells. */
const CELLS = 6;
const COLUMNS = [7, 8, 12, 7, 13, 7, 9] as const;

/** Creates a display: one that redraws in place on a terminal, and plain lines otherwise. */
export function viewOn(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv, scene: Scene): View {
  const fits = out.columns >= WIDTH && out.rows >= scene.fleet.workers.length + EVENTS + FURNITURE;
  const isWatched = out.isTTY && !env['NO_COLOR'] && !env['CI'] && env['TERM'] !== 'dumb';
  return fits && isWatched ? new LiveView(out, scene) : new PlainView(out);
}

class PlainView implements View {
  readonly #out: NodeJS.WriteStream;
  readonly #begun = performance.now();

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  readonly report = (event: string): void => {
    this.#out.write(`${timeOf(performance.now() - this.#begun)}  ${event}\n`);
  };

  end(): void {}

  conclude(claims: readonly Claim[]): void {
    const paragraphs = claims.map(({ holds, words }) => paragraph(holds ? 'yes ' : 'NO  ', words));
    this.#out.write(`\n${paragraphs.join('')}`);
  }
}

class LiveView implements View {
  readonly #out: NodeJS.WriteStream;
  readonly #scene: Scene;
  readonly #begun = performance.now();
  readonly #events: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #height = 0;

  constructor(out: NodeJS.WriteStream, scene: Scene) {
    this.#out = out;
    this.#scene = scene;
    process.once('exit', () => out.write('\u001B[?25h')); // Shows the cursor again, however this ends.
    out.write('\u001B[?25l\n');
    this.#timer = setInterval(() => this.#redraw(), REDRAW);
  }

  readonly report = (event: string): void => {
    this.#events.push(`${dim(timeOf(performance.now() - this.#begun))}  ${event}`);
    if (this.#events.length > EVENTS) this.#events.shift();
  };

  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#redraw();
  }

  conclude(claims: readonly Claim[]): void {
    const paragraphs = claims.map(({ holds, words }) =>
      paragraph(holds ? paint('green', '✓ ') : paint('red', '✗ '), words),
    );
    this.#out.write(`\n${paragraphs.join('')}\n`);
  }

  #redraw(): void {
    const lines = this.#frame();
    const up = this.#height === 0 ? '' : `\u001B[${this.#height}A`;
    this.#out.write(`${up}\r${lines.map((line) => `${line}\u001B[K\n`).join('')}`);
    this.#height = lines.length;
  }

  #frame(): readonly string[] {
    const { fleet, server, seconds } = this.#scene;
    const elapsed = Math.floor((performance.now() - this.#begun) / 1000);
    const title = `One session, ${fleet.workers.length} processes, one Redis`;
    const clock = `${Math.min(elapsed, seconds)} of ${seconds} s`;
    const events = Array.from({ length: EVENTS }, (_, index) => `  ${this.#events[index] ?? ''}`);
    return [
      `  ${paint('bold', title)}${dim(clock.padStart(WIDTH - 2 - title.length))}`,
      '',
      `  ${dim(row(['worker', 'pid', 'state', 'token', 'expires', 'asked', 'adopted', 'last']))}`,
      ...fleet.workers.map((worker) => `  ${this.#line(worker)}`),
      '',
      `  ${figure('expiries', fleet.expiries)}${figure('refresh requests', server.count({ grantType: 'refresh_token' }))}` +
        `${figure('getToken() calls', fleet.served)}${figure('errors', fleet.errors)}`,
      '',
      ...events,
    ];
  }

  #line(worker: Worker): string {
    const { number, pid, condition, standing, asked, adopted, source } = worker;
    const [token, expires] =
      standing === undefined ? ['', ''] : [standing.token, this.#bar(standing.expiresAt - Date.now())];
    const last = source === undefined ? '' : source === 'asked the server' ? paint('cyan', source) : source;
    return row([
      `${number}`,
      `${pid}`,
      stateOf(worker),
      token,
      condition === 'killed' ? '' : expires,
      `${asked}`,
      `${adopted}`,
      last,
    ]);
  }

  #bar(left: number): string {
    const filled = Math.max(0, Math.min(CELLS, Math.ceil((left / 1000 / this.#scene.lifetime) * CELLS)));
    const bar = `${'━'.repeat(filled)}${dim('─'.repeat(CELLS - filled))}`;
    return left <= 0 ? `${bar} ${paint('red', 'over')}` : `${bar} ${(left / 1000).toFixed(1)} s`;
  }
}

function stateOf({ condition, standing }: Worker): string {
  if (condition !== 'running') return paint('red', condition);
  if (standing === undefined) return dim('starting');
  const { state, step } = standing;
  return state === 'valid' ? paint('green', state) : paint('yellow', step.replace('refreshing.', ''));
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell + ' '.repeat(Math.max(1, (COLUMNS[index] ?? 0) - lengthOf(cell))))
    .join('')
    .trimEnd();
}

function figure(what: string, amount: number): string {
  return `${dim(what)} ${paint('bold', amount.toLocaleString('en'))}   `;
}

function timeOf(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(4)} s`;
}

/**
 * @param mark - the prefix of the first line
 */
function paragraph(mark: string, words: string): string {
  const indent = ' '.repeat(lengthOf(mark));
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= WIDTH - 2 - indent.length) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line, index) => `  ${index === 0 ? mark : indent}${line}\n`).join('');
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

function paint(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false });
}

function dim(text: string): string {
  return paint('dim', text);
}
