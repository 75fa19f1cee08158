import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';
import { settingsOf } from '../../playground/src/command-line.js';
import { it } from './browser.js';
import { conditionsSeen, recordConditions } from './page-functions.js';

// It runs as `npm run playground` runs it: by Node alone, on the built packages.
const program = fileURLToPath(new URL('../../playground/src/main.ts', import.meta.url));
const artifacts = fileURLToPath(new URL('../../artifacts/', import.meta.url));

beforeAll(async () => {
  await mkdir(artifacts, { recursive: true });
});

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, stderr: text(child.stderr), ended: once(child, 'exit').then(([code]) => code as number | null) };
}

/** A playground with a folder for temporary files of its own, and a page that shows it. */
class Visit {
  readonly page: Page;
  readonly origin: string;
  readonly link: string;
  readonly temporary: string;
  /** What the page says on its console, and the playground in its terminal. */
  readonly said: string[] = [];
  readonly #run: ReturnType<typeof run>;

  private constructor(page: Page, link: string, temporary: string, running: ReturnType<typeof run>) {
    this.page = page;
    this.link = link;
    this.origin = new URL(link).origin;
    this.temporary = temporary;
    this.#run = running;
    page.on('pageerror', (error) => this.said.push(error.message));
    running.child.stdout.on('data', (chunk) => this.said.push(String(chunk)));
  }

  static async begin(browser: Browser, args: readonly string[] = []): Promise<Visit> {
    const temporary = await mkdtemp(join(tmpdir(), 'frameio-auth-visit-'));
    const running = run(args, { TMPDIR: temporary });
    const link = await new Promise<string>((resolve, reject) => {
      let shown = '';
      running.child.stdout.on('data', (chunk) => {
        shown += String(chunk);
        const [, address] = /The playground: (\S+)/.exec(shown) ?? [];
        if (address !== undefined) resolve(address);
      });
      running.ended.then(async () => reject(new Error(await running.stderr)), reject);
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    const visit = new Visit(page, link, temporary, running);
    await visit.hideViewer();
    await page.goto(link);
    await visit.card(3).waitFor();
    return visit;
  }

  /** The viewer costs a browser more than all the rest, so it is here where it is looked at. */
  async hideViewer(): Promise<void> {
    await this.page.route('**/sessions', (route) => route.abort());
  }

  async showViewer(): Promise<void> {
    await this.page.unroute('**/sessions');
    await this.page.reload();
    await this.page.frameLocator('iframe').getByText('instance-3').first().waitFor();
  }

  card(number: number) {
    return this.page.locator(`[data-instance="${number}"]`);
  }

  button(name: string) {
    return this.page.locator(`[data-press="${name}"]:visible`).first();
  }

  /** The tokens that the instances serve, by the names that the page gives them. */
  async tokens(): Promise<readonly string[]> {
    const shown = await this.page.locator('[data-instance] .token span').allTextContents();
    return shown.map((words) => /^token (\w{4})/.exec(words)?.[1] ?? 'none');
  }

  conditions(): Promise<readonly string[]> {
    return this.page.locator('[data-instance] .condition').allTextContents();
  }

  async count(name: string): Promise<number> {
    return Number(await this.page.locator(`#server [data-count="${name}"]`).textContent());
  }

  /** Resolves when that is said, and whatever was pressed is done. */
  async receives(sentence: RegExp): Promise<void> {
    await this.page.locator('#report', { hasText: sentence }).waitFor();
    await this.page.locator('.controls [title^="What was pressed"]').first().waitFor({ state: 'detached' });
  }

  async signIn(user = 'Mara Editor', decision = 'Allow'): Promise<void> {
    await this.button('sign-in').click();
    await this.page.getByLabel(user).check();
    await this.page.getByRole('button', { name: decision }).click();
  }

  async press(name: string, sentence: RegExp): Promise<void> {
    await this.button(name).click();
    await this.receives(sentence);
  }

  /** Presses a button that says that it cannot be pressed. */
  async pressInVain(name: string): Promise<void> {
    await this.button(name).click({ force: true });
  }

  async pressOf(number: number, name: string, sentence: RegExp): Promise<void> {
    await this.card(number).locator(`[data-press="${name}"]`).click();
    await this.receives(sentence);
  }

  /** Ends it whatever became of it: a test that failed leaves no process behind either. */
  async abandon(): Promise<void> {
    await this.page.close();
    this.#run.child.kill();
    await this.#run.ended;
    await rm(this.temporary, { recursive: true, force: true });
  }

  /** Resolves to the exit code, what is left in the folder for temporary files, and what was said as an error. */
  async end(signal: NodeJS.Signals) {
    await this.page.close();
    this.#run.child.kill(signal);
    const code = await this.#run.ended;
    const left = await readdir(this.temporary);
    await rm(this.temporary, { recursive: true });
    return { code, left, stderr: await this.#run.stderr };
  }
}

describe('the playground', () => {
  let visit: Visit;

  it.beforeAll(async ({ browser }) => {
    visit = await Visit.begin(browser);
  });

  afterAll(() => visit.abandon());

  it('says what to do first, and why other buttons are disabled', async () => {
    await visit.pressInVain('expire');

    await visit.receives(/^No user is signed in\.$/);
    expect(await visit.button('sign-in').getAttribute('aria-disabled')).toBe('false');
    expect(await visit.conditions()).toEqual(Array(3).fill('unauthenticated'));
  });

  it('accepts that the user declines', async () => {
    await visit.signIn('Ode Colorist', 'Deny');

    await visit.receives(/You declined/);
    expect(await visit.tokens()).toEqual(Array(3).fill('none'));
  });

  it('signs a user in at two instances, for all three', async () => {
    await visit.signIn();

    await visit.receives(/You came back to instance 2/);
    expect(new Set(await visit.tokens()).size).toBe(1);
    expect(await visit.conditions()).toEqual(Array(3).fill('valid › fresh'));
    expect(await visit.page.locator('[data-user]').textContent()).toBe('Mara Editor');
    expect(await visit.count('tokenRequests')).toBe(1);
  });

  it('calls the API by keyboard, without a token request', async () => {
    await visit.button('call').focus();
    await visit.page.keyboard.press('Enter');

    await visit.receives(/3 instances called the API and got 200\. No request went/);
    expect(await visit.count('tokenRequests')).toBe(1);
  });

  it('refreshes an expired token once, for all', async () => {
    const before = await visit.tokens();

    await visit.press('expire', /1 request for 3 instances, and no call failed/);

    const [first, ...others] = await visit.tokens();
    expect(others).toEqual([first, first]);
    expect(before).not.toContain(first);
    expect(await visit.count('refreshes')).toBe(1);
  });

  it('continues while the server is down, and signs no user out if the token expires meanwhile', async () => {
    await visit.press('server', /refuses connections/);
    await visit.press('call', /got 200/);
    await visit.press('expire', /API calls fail.* The refresh token is kept/);
    await visit.page.locator('[data-instance="1"] .condition', { hasText: 'refreshing' }).waitFor();

    await visit.press('server', /no user had to sign in/);

    expect(await visit.conditions()).toEqual(Array(3).fill('valid › fresh'));
    expect(await visit.count('rejected')).toBe(0);
  });

  it('retries once after a lost response', async () => {
    const requests = await visit.count('tokenRequests');

    await visit.press('lose-response', /2 requests, and no user is signed out/);

    expect(await visit.count('tokenRequests')).toBe(requests + 2);
    expect(await visit.conditions()).toEqual(Array(3).fill('valid › fresh'));
  });

  it('passes the lease of a paused instance on, and that instance adopts the newer token', async () => {
    await visit.showViewer();
    await visit.page.evaluate(recordConditions);
    await visit.button('pause-holder').click();
    await visit.page.locator('#report', { hasText: 'is frozen' }).waitFor();
    await visit.page.screenshot({ path: `${artifacts}playground-light.png` });

    await visit.receives(/took over after .* resumes, reads in the storage that it is too late/s);

    expect(await visit.page.evaluate(conditionsSeen)).toContain('paused');
    expect(new Set(await visit.tokens()).size).toBe(1);
    expect(await visit.count('rejected')).toBe(0);
  });

  it('passes the lease of a killed instance on, and restarts the instance', async () => {
    await visit.page.emulateMedia({ colorScheme: 'dark' });
    await visit.page.evaluate(recordConditions);
    await visit.button('kill-holder').click();
    await visit.page.locator('#report', { hasText: 'was killed' }).waitFor();
    await visit.page.screenshot({ path: `${artifacts}playground-dark.png` });

    await visit.receives(/took over after .* read the session from the storage, and sent no request/s);

    expect(await visit.page.evaluate(conditionsSeen)).toContain('killed');
    expect(await visit.conditions()).toEqual(Array(3).fill('valid › fresh'));
    expect(new Set(await visit.tokens()).size).toBe(1);
  });

  it('shows the sessions of all three in the viewer', async () => {
    const viewer = visit.page.frameLocator('iframe');

    for (const name of ['instance-1', 'instance-2', 'instance-3']) await viewer.getByText(name).first().waitFor();
    expect(await viewer.locator('body').textContent()).toContain('valid › fresh');
  });

  it('fits a narrow window', async () => {
    await visit.page.setViewportSize({ width: 360, height: 800 });
    const width = await visit.page.evaluate('document.documentElement.scrollWidth');
    await visit.page.screenshot({ path: `${artifacts}playground-narrow.png`, fullPage: true });
    await visit.page.setViewportSize({ width: 1280, height: 900 });
    expect(width).toBe(360);
    await visit.hideViewer();
    await visit.page.reload();
    await visit.card(3).waitFor();
  });

  it('pauses and kills single instances while the others continue', async () => {
    await visit.pressOf(2, 'pause', /frozen \(SIGSTOP\)/);
    await visit.pressOf(3, 'kill', /killed \(SIGKILL\)/);
    await visit.press('expire', /1 request for 1 instance, and no call failed/);
    expect(await visit.conditions()).toEqual(['valid › fresh', 'paused', 'killed']);
    await visit.pressInVain('rotate');
    await visit.receives(/All instances must be running/);

    await visit.pressOf(2, 'resume', /Instance 2 resumes/);
    await visit.pressOf(3, 'start', /a new process, \d+\. It read the session from the storage, and sent no request/);

    expect(new Set(await visit.tokens()).size).toBe(1);
  });

  it('rotates the client secret while the instances work', async () => {
    await visit.press('rotate', /2 requests, and no user noticed\..* with only the new secret/s);

    await visit.press('expire', /1 request for 3 instances/);
    expect(await visit.conditions()).toEqual(Array(3).fill('valid › fresh'));
  });

  it('reports the one loss that cannot be prevented', async () => {
    await visit.press('lose-permanently', /refresh_interrupted/);
    expect(await visit.conditions()).toEqual(Array(3).fill('expired'));

    await visit.signIn('Pim Producer');
    await visit.receives(/You came back/);
    expect(await visit.page.locator('[data-user]').textContent()).toBe('Pim Producer');
  });

  it('ends the session in all instances when the access is withdrawn', async () => {
    await visit.press('withdraw', /ended in all instances, after 1 request/);
    expect(await visit.conditions()).toEqual(Array(3).fill('expired'));

    await visit.signIn();
    await visit.receives(/You came back/);
  });

  it('signs out everywhere at once', async () => {
    await visit.press('revoke', /No token is left/);

    expect(await visit.tokens()).toEqual(Array(3).fill('none'));
    expect(await visit.conditions()).toEqual(Array(3).fill('revoked'));
  });

  it('shows no token, code or secret, in the page or in the terminal', async () => {
    const frames = await Promise.all(visit.page.frames().map((frame) => frame.content()));
    const seen = [...frames, ...visit.said].join('\n');

    expect(seen).toContain('Token requests');
    // Tokens look like a JWT with a fictional signature; codes and client secrets say that they are fictional.
    expect(seen).not.toMatch(/eyJ|\.fictional[.-]/);
  });

  const statusOf = (path: string, headers: Record<string, string>, method = 'GET') =>
    new Promise<number | undefined>((resolve, reject) => {
      // Without an agent, because the server may close a kept connection in the moment in which a slow test uses it.
      request(visit.origin + path, { method, headers, agent: false }, (answer: IncomingMessage) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end(method === 'POST' ? '{"button":"kill"}' : undefined);
    });

  it('answers only the page that was opened with its link', async () => {
    const cookies = await visit.page.context().cookies(visit.origin);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');

    expect(await statusOf('/', { cookie })).toBe(200);
    expect(await statusOf('/', {})).toBe(403);
    expect(await statusOf('/press', {}, 'POST')).toBe(403);
    expect(await statusOf(new URL(visit.link).search, {})).toBe(403);
    expect(await statusOf('/press', { cookie, origin: 'https://attacker.example' }, 'POST')).toBe(403);
    expect(await statusOf('/press', { cookie, 'sec-fetch-site': 'cross-site' }, 'POST')).toBe(403);
    expect(await statusOf('/press', { cookie, 'sec-fetch-site': 'same-site' }, 'POST')).toBe(403);
    expect(await statusOf('/', { cookie, host: 'attacker.example' })).toBe(403);
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
  });

  it('ends with Ctrl-C, including paused instances, and leaves nothing behind', async () => {
    await visit.pressOf(1, 'pause', /frozen/);
    const pids = await visit.page
      .locator('[data-instance] .condition')
      .evaluateAll((places) => places.map((place) => Number(/\d+/.exec(place.title)?.[0])));

    expect(await visit.end('SIGINT')).toEqual({ code: 130, left: [], stderr: '' });

    expect(pids).toHaveLength(3);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

it('shares the session in a real Redis, and stops it at the end', async ({ browser }) => {
  const visit = await Visit.begin(browser, ['--redis']);
  onTestFinished(() => visit.abandon());
  expect(await visit.page.locator('#storage .condition').textContent()).toMatch(/^(Redis|Valkey) \d+\.\d+\.\d+$/);
  await visit.signIn();
  await visit.receives(/You came back to instance 2/);

  await visit.press('expire', /1 request for 3 instances, and no call failed/);

  expect(await visit.end('SIGTERM')).toEqual({ code: 143, left: [], stderr: '' });
});

describe('a failed start ends with a message', () => {
  it('when the port is taken', async () => {
    const taken = spawn(process.execPath, [
      '-e',
      'const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))',
    ]);
    const port = String(await once(taken.stdout, 'data')).trim();
    const { ended, stderr } = run(['--port', port]);
    const code = await ended;
    taken.kill();

    expect({ code, stderr: await stderr }).toEqual({
      code: 1,
      stderr: `\n  Port ${port} is taken: choose another one with --port, or leave it out.\n\n`,
    });
  });

  it('when there is no Redis', async () => {
    const { ended, stderr } = run(['--redis'], { REDIS_SERVER: '/nowhere/redis-server' });

    expect(await ended).toBe(1);
    expect(await stderr).toMatch(/^\n {2}REDIS_SERVER names .*\. Or leave --redis out\.\n\n$/);
  });

  it.each([
    [['--port', 'eighty'], /^"eighty" is not a port\. /],
    [['--prot', '1'], /^Unknown option '--prot'.*\n\nUsage: npm run playground/s],
  ])('when it is called with %j', (args, sentence) => {
    expect(() => settingsOf(args)).toThrow(sentence);
  });
});
