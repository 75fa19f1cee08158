import { completeSignIn } from './buttons/use.ts';
import { buttons } from './buttons.ts';
import { type Instance, Unfulfilled } from './fleet.ts';
import type { Entry } from './journal.ts';
import { Stage, type StageOptions } from './stage.ts';

/** The button that was pressed last, and the reports about it. */
interface Story {
  readonly title: string;
  readonly sentences: readonly string[];
}

/** The data that the page displays. Times are milliseconds since the Unix epoch, on the playground's clock. */
export interface Scene {
  readonly now: number;
  readonly storage: string;
  readonly user: string;
  readonly server: {
    readonly isUp: boolean;
    readonly tokenRequests: number;
    readonly refreshes: number;
    readonly refused: number;
  };
  readonly instances: readonly {
    readonly number: number;
    readonly condition: string;
    readonly pid: number | undefined;
    readonly step: string;
    readonly token: string;
    readonly expiresAt: number | null;
    readonly refreshes: number;
    readonly calls: number;
    readonly failedCalls: number;
    /** Why its buttons cannot be pressed; `null`: they can. */
    readonly objections: Readonly<Record<string, string | null>>;
  }[];
  readonly objections: Readonly<Record<string, string | null>>;
  /** Whether a button's action is still running. */
  readonly isBusy: boolean;
  readonly story: Story | null;
  readonly log: readonly Entry[];
}

const OF_INSTANCES = ['pause', 'resume', 'kill', 'start'];

/** Runs the actions of the buttons on the stage. */
export class Playground {
  readonly #stage: Stage;
  readonly #listeners = new Set<() => void>();
  #story: Story | null = null;
  #isBusy = false;
  #performance: Promise<unknown> = Promise.resolve();

  private constructor(stage: Stage) {
    this.#stage = stage;
    stage.fleet.onChange(() => this.#changed());
    stage.journal.update();
  }

  static async open(options: StageOptions): Promise<Playground> {
    return new Playground(await Stage.open(options));
  }

  get viewer(): Stage['viewer'] {
    return this.#stage.viewer;
  }

  /** Returns a function that removes the listener. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get scene(): Scene {
    const { clock, storage, server, fleet, journal, isServerUp } = this.#stage;
    return {
      now: clock.now(),
      storage: storage.description,
      user: fleet.isSignedIn ? (fleet.running.find(({ user }) => user !== '')?.user ?? '') : '',
      server: {
        isUp: isServerUp,
        tokenRequests: server.count({ endpoint: 'token' }),
        refreshes: server.count({ grantType: 'refresh_token', outcome: 'granted' }),
        refused: server.count({ grantType: 'refresh_token', outcome: 'invalid_grant' }),
      },
      instances: fleet.instances.map((instance) => ({
        number: instance.number,
        condition: instance.condition,
        pid: instance.pid,
        step: instance.standing?.step ?? '',
        token: instance.standing?.token ?? '',
        expiresAt: instance.standing?.expiresAt ?? null,
        ...instance.counts,
        objections: this.#objections(OF_INSTANCES, instance),
      })),
      objections: this.#objections(Object.keys(buttons).filter((name) => !OF_INSTANCES.includes(name))),
      isBusy: this.#isBusy,
      story: this.#story,
      log: journal.entries,
    };
  }

  /**
   * Presses a button; does nothing while an earlier action is still running.
   *
   * @param number - of the instance that the button belongs to
   * @returns an address, if the browser must go there
   */
  async press(name: string, number = 1): Promise<string | undefined> {
    const button = Object.hasOwn(buttons, name) ? buttons[name] : undefined;
    const instance = this.#stage.fleet.instances[number - 1];
    if (button === undefined || instance === undefined || this.#isBusy) return undefined;
    const objection = button.objection(this.#stage, instance);
    if (objection === undefined) {
      return this.#perform(button.title, (tell) => button.press({ stage: this.#stage, instance, tell }));
    }
    this.#story = { title: button.title, sentences: [objection] };
    this.#changed();
    return undefined;
  }

  /**
   * Completes a sign-in after the browser returned from the server's page. An action that another window started
   * meanwhile finishes first.
   */
  async completeSignIn(callback: string): Promise<void> {
    while (this.#isBusy) await this.#performance;
    await this.#perform('Sign in', (tell) => completeSignIn(this.#stage, callback, tell));
  }

  async close(): Promise<void> {
    await this.#stage.close();
  }

  /** Kills all processes immediately. */
  abandon(): void {
    this.#stage.fleet.abandon();
  }

  #perform<Result>(
    title: string,
    play: (tell: (text: string) => void) => Promise<Result>,
  ): Promise<Result | undefined> {
    const performed = this.#play(title, play);
    this.#performance = performed.catch(() => {});
    return performed;
  }

  async #play<Result>(
    title: string,
    play: (tell: (text: string) => void) => Promise<Result>,
  ): Promise<Result | undefined> {
    const tell = (text: string) => {
      this.#story = { title, sentences: [...(this.#story?.sentences ?? []), text] };
      this.#changed();
    };
    this.#story = { title, sentences: [] };
    this.#isBusy = true;
    this.#stage.journal.note('you', title);
    this.#changed();
    try {
      return await play(tell);
    } catch (error) {
      if (!(error instanceof Unfulfilled)) throw error;
      tell(`${error.message} Look at the instances, and press on.`);
      return undefined;
    } finally {
      this.#stage.server.faults.clear(); // An unused fault must not apply to a later request.
      this.#isBusy = false;
      this.#changed();
    }
  }

  #objections(names: readonly string[], instance?: Instance): Record<string, string | null> {
    const one = instance ?? (this.#stage.fleet.instances[0] as Instance);
    return Object.fromEntries(names.map((name) => [name, buttons[name]?.objection(this.#stage, one) ?? null]));
  }

  #changed(): void {
    this.#stage.journal.update();
    for (const listener of this.#listeners) listener();
  }
}
