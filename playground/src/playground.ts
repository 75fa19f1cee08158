import { completeSignIn } from './buttons/use.ts';
import { buttons } from './buttons.ts';
import { Environment, type EnvironmentOptions } from './environment.ts';
import { type Instance, InstanceError } from './fleet.ts';
import type { Entry } from './journal.ts';

/** The button that was pressed last, and the reports about it. */
interface ButtonReport {
  readonly title: string;
  readonly sentences: readonly string[];
}

/** The data that the page displays. Times are milliseconds since the Unix epoch, on the playground's clock. */
export interface PageState {
  readonly now: number;
  readonly storage: string;
  readonly user: string;
  readonly server: {
    readonly isUp: boolean;
    readonly tokenRequests: number;
    readonly refreshes: number;
    readonly rejected: number;
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
    readonly disabledReasons: Readonly<Record<string, string | null>>;
  }[];
  readonly disabledReasons: Readonly<Record<string, string | null>>;
  /** Whether a button's action is still running. */
  readonly isBusy: boolean;
  readonly report: ButtonReport | null;
  readonly log: readonly Entry[];
}

const OF_INSTANCES = ['pause', 'resume', 'kill', 'start'];

/** Runs the actions of the buttons. */
export class Playground {
  readonly #environment: Environment;
  readonly #listeners = new Set<() => void>();
  #report: ButtonReport | null = null;
  #isBusy = false;
  #action: Promise<unknown> = Promise.resolve();

  private constructor(environment: Environment) {
    this.#environment = environment;
    environment.fleet.onChange(() => this.#changed());
    environment.journal.update();
  }

  static async open(options: EnvironmentOptions): Promise<Playground> {
    return new Playground(await Environment.open(options));
  }

  get viewer(): Environment['viewer'] {
    return this.#environment.viewer;
  }

  /** Returns a function that removes the listener. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get pageState(): PageState {
    const { clock, storage, server, fleet, journal, isServerUp } = this.#environment;
    return {
      now: clock.now(),
      storage: storage.description,
      user: fleet.isSignedIn ? (fleet.running.find(({ user }) => user !== '')?.user ?? '') : '',
      server: {
        isUp: isServerUp,
        tokenRequests: server.count({ endpoint: 'token' }),
        refreshes: server.count({ grantType: 'refresh_token', outcome: 'granted' }),
        rejected: server.count({ grantType: 'refresh_token', outcome: 'invalid_grant' }),
      },
      instances: fleet.instances.map((instance) => ({
        number: instance.number,
        condition: instance.condition,
        pid: instance.pid,
        step: instance.status?.step ?? '',
        token: instance.status?.token ?? '',
        expiresAt: instance.status?.expiresAt ?? null,
        ...instance.counts,
        disabledReasons: this.#disabledReasons(OF_INSTANCES, instance),
      })),
      disabledReasons: this.#disabledReasons(Object.keys(buttons).filter((name) => !OF_INSTANCES.includes(name))),
      isBusy: this.#isBusy,
      report: this.#report,
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
    const instance = this.#environment.fleet.instances[number - 1];
    if (button === undefined || instance === undefined || this.#isBusy) return undefined;
    const disabledReason = button.disabledReason(this.#environment, instance);
    if (disabledReason === undefined) {
      return this.#run(button.title, (report) => button.press({ environment: this.#environment, instance, report }));
    }
    this.#report = { title: button.title, sentences: [disabledReason] };
    this.#changed();
    return undefined;
  }

  /**
   * Completes a sign-in after the browser returned from the server's page. An action that another window started
   * meanwhile finishes first.
   */
  async completeSignIn(callback: string): Promise<void> {
    while (this.#isBusy) await this.#action;
    await this.#run('Sign in', (report) => completeSignIn(this.#environment, callback, report));
  }

  async close(): Promise<void> {
    await this.#environment.close();
  }

  /** Kills all processes immediately. */
  abandon(): void {
    this.#environment.fleet.abandon();
  }

  #run<Result>(title: string, play: (report: (text: string) => void) => Promise<Result>): Promise<Result | undefined> {
    const performed = this.#runAction(title, play);
    this.#action = performed.catch(() => {});
    return performed;
  }

  async #runAction<Result>(
    title: string,
    play: (report: (text: string) => void) => Promise<Result>,
  ): Promise<Result | undefined> {
    const report = (text: string) => {
      this.#report = { title, sentences: [...(this.#report?.sentences ?? []), text] };
      this.#changed();
    };
    this.#report = { title, sentences: [] };
    this.#isBusy = true;
    this.#environment.journal.note('you', title);
    this.#changed();
    try {
      return await play(report);
    } catch (error) {
      if (!(error instanceof InstanceError)) throw error;
      report(`${error.message} Check the instances, and try another button.`);
      return undefined;
    } finally {
      this.#environment.server.faults.clear(); // An unused fault must not apply to a later request.
      this.#isBusy = false;
      this.#changed();
    }
  }

  #disabledReasons(names: readonly string[], instance?: Instance): Record<string, string | null> {
    const one = instance ?? (this.#environment.fleet.instances[0] as Instance);
    return Object.fromEntries(
      names.map((name) => [name, buttons[name]?.disabledReason(this.#environment, one) ?? null]),
    );
  }

  #changed(): void {
    this.#environment.journal.update();
    for (const listener of this.#listeners) listener();
  }
}
