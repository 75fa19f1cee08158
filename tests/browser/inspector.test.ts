import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adobeIms, ServerToServerAuth, WebAppAuth } from '@frameio-auth/core';
import {
  type InspectorMessage,
  type LocalInspector,
  localInspector,
  safeInspector,
  sessionChart,
} from '@frameio-auth/inspector';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, fault, startAuthorizationServer } from '@frameio-auth/testing';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, onTestFinished } from 'vitest';
import { it } from './browser.js';
import {
  countFlights,
  drawn,
  faintTexts,
  flightsSeen,
  nameOfFocused,
  pageWidth,
  replay,
  report,
  saysOtherThan,
} from './page-functions.js';

const artifacts = fileURLToPath(new URL('../../artifacts/', import.meta.url));
const viewerFolder = new URL('../../packages/inspector/viewer/', import.meta.url);

const WIDE = { width: 1500, height: 1000 };
const MEDIUM = { width: 1100, height: 700 };
const PHONE = { width: 390, height: 844 };

let page: Page;
let server: AuthorizationServer;
/** The errors of the page: scripts that fail, and what its content security policy blocks. */
let complaints: string[] = [];

it.beforeAll(async ({ browser }) => {
  await mkdir(artifacts, { recursive: true });
  server = await startAuthorizationServer({ accessTokenLifetime: 3600 });
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Browsers ask for this on their own, when a page is too short to name an icon.
    if (!message.location().url.endsWith('/favicon.ico')) complaints.push(message.text());
  });
});

afterAll(async () => {
  await page.close();
  await server.close();
});

interface Looks {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  /** Default: none, because a picture that moves is drawn sixty times a second. */
  readonly reducedMotion?: 'reduce' | 'no-preference';
}

/** The one page of these tests, because opening one costs as much as a test. */
async function pageAt(
  address: string,
  { viewport = MEDIUM, colorScheme = 'light', reducedMotion = 'reduce' }: Looks = {},
): Promise<void> {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme, reducedMotion });
  await page.goto('about:blank'); // The test before has closed what its page still looks for.
  complaints = [];
  await page.goto(address);
}

/** A web application on this instance; those that share a storage are a fleet. */
function application(inspect: LocalInspector, storage = memoryStorage()): WebAppAuth {
  const { clientId, clientSecret, redirectUri } = server.clients.webApp;
  const auth = new WebAppAuth({
    clientId,
    clientSecret,
    redirectUri,
    server: adobeIms({ origin: server.origin }),
    transport: fetch,
    storage,
    inspect,
  });
  onTestFinished(() => auth.close());
  return auth;
}

function inspector(options: Parameters<typeof localInspector>[0] = {}): LocalInspector {
  const local = localInspector({ showKeys: true, ...options });
  onTestFinished(() => local.close());
  return local;
}

async function signIn(auth: WebAppAuth, key: string): Promise<void> {
  const { url } = await auth.session(key).getAuthorizationUrl();
  await auth.session(key).handleCallback(await server.signIn(url));
}

const option = (name: string) => page.locator('.sessions [role=option]', { hasText: name });
const lit = () =>
  page.locator('.chart .active').evaluateAll((all) => all.map((each) => each.getAttribute('data-state')));
const shownState = () => page.locator('.now-state');

describe('the viewer', () => {
  it('shows the sessions of a fleet side by side, and where each of them is', async () => {
    const first = inspector({ instance: 'web-1' });
    const second = inspector({ instance: 'web-2', viewer: await first.postingUrl() });
    const storage = memoryStorage();
    const [here, there] = [application(first, storage), application(second, storage)];
    await pageAt(await first.url(), { viewport: WIDE });
    await signIn(here, 'mara');
    await there.session('mara').getToken();
    const held = fault.held();
    onTestFinished(() => held.release());
    server.faults.next('token', held);
    const renewals = [there.session('mara').refresh()];
    await held.reached;
    renewals.push(here.session('mara').refresh());
    await option('refreshing › waiting').filter({ hasText: 'web-1' }).click();
    await option('refreshing › requesting').filter({ hasText: 'web-2' }).waitFor();

    expect(await lit()).toEqual(['refreshing', 'refreshing.waiting']);
    expect(await page.locator('.peer').allTextContents()).toEqual(['web-2B']);
    expect(await page.locator('.facts').textContent()).toContain('held by another instance');
    expect(await page.locator('.stand .said').first().textContent()).toMatch(/^Expires in 59 min/);
    await page.screenshot({ path: `${artifacts}inspector-light.png` });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: `${artifacts}inspector-dark.png` });
    held.release();
    await Promise.all(renewals);
    await option('valid › fresh').filter({ hasText: 'web-1' }).waitFor();
    expect(await lit()).toEqual(['valid', 'valid.fresh']);
    expect(complaints).toEqual([]);
  });

  it('tells what failed, how often, and when it is tried again', async () => {
    const local = inspector();
    const auth = application(local);
    await signIn(auth, 'mara');
    await pageAt(await local.url());
    await option('valid › fresh').click();
    const standing = server.faults.always('token', fault.status(503, { retryAfter: 60 }));
    onTestFinished(() => standing.remove());
    const renewal = auth.session('mara').refresh();
    await renewal.catch(() => {});
    await page.locator('.stand .trouble', { hasText: 'Failed once' }).waitFor();
    expect(await page.locator('.stand .trouble').textContent()).toMatch(
      /^Failed once: transient · http_503 · server\. Next attempt in (59\.\d|5\d|1 min).* to .*\.$/,
    );
    const failed = page.locator('.timeline .failed');
    expect(await failed.locator('.failure').textContent()).toBe('transient · http_503 · server');
    expect(await failed.locator('.attempt').textContent()).toBe('attempt 1');
    expect(await failed.locator('.path').textContent()).toBe('refreshing › requesting → backingOff');
    expect(await failed.locator('.effects').textContent()).toContain('releaseLease');
  });

  it('goes back through what happened, and comes back to now', async () => {
    const local = inspector();
    const auth = application(local);
    await pageAt(await local.url());
    await signIn(auth, 'mara');
    await option('valid › fresh').click();
    const walked = new Set<string | null | undefined>();
    while (await page.getByRole('button', { name: 'Step back' }).isEnabled()) {
      walked.add((await lit()).at(-1));
      await page.keyboard.press('ArrowLeft');
      await page.evaluate(drawn);
    }
    expect([...walked]).toEqual([
      'valid.fresh',
      'authorizing.committing',
      'authorizing.requesting',
      'authorizing.awaitingRedirect',
      'unauthenticated',
      'restoring.reading',
    ]);
    expect(await shownState().textContent()).toBe('restoring › unread');
    expect(await page.locator('.history button').first().textContent()).toBe('Live');

    await auth.session('mara').refresh();
    await page.locator('.history button').first().focus();
    expect(await shownState().textContent()).toBe('restoring › unread');
    await page.keyboard.press('Space');
    await page.locator('.now-state', { hasText: 'valid › fresh' }).waitFor();
    await page.locator('.timeline .event', { hasText: 'commit.succeeded' }).first().click();
    expect(await page.locator('#moment-title').textContent()).toBe('commit.succeeded');
    expect(await page.locator('.moment').textContent()).toMatch(
      /(?:authorizing|refreshing)\.committing commit\.succeeded/,
    );
  });

  it('can be used by keyboard alone, and says so', async () => {
    const local = inspector();
    const auth = application(local);
    await signIn(auth, 'mara');
    await auth.session('theo').getAuthorizationUrl();
    await pageAt(await local.url());
    await option('awaitingRedirect').waitFor();
    const order: string[] = [];
    for (let stops = 0; stops < 7; stops += 1) {
      await page.keyboard.press('Tab');
      order.push(await page.evaluate(nameOfFocused));
    }
    expect(order).toEqual(['Theme: auto', 'Keys', 'Sessions', 'Pause', 'Step back', 'Moment', 'all-instances']);
    await page.keyboard.press('?');
    expect(await page.locator('dialog').textContent()).toContain('one event back or forward');
    await page.keyboard.press('Escape');
    await page.locator('.sessions').focus();
    await page.locator('.now-state', { hasText: 'valid › fresh' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.locator('.now-state', { hasText: 'authorizing › awaitingRedirect' }).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.locator('.now-state', { hasText: 'valid › fresh' }).waitFor();
    expect(await page.locator('.chart svg').getAttribute('aria-label')).toBe(
      'Statechart. The session is valid › fresh.',
    );
  });

  it('fits a phone without scrolling sideways, and follows the session there', async () => {
    const local = inspector();
    const auth = application(local);
    await signIn(auth, 'mara');
    await pageAt(await local.url(), { viewport: PHONE });
    await option('valid › fresh').click();
    await page.locator('.chart .active[data-state="valid.fresh"]').waitFor();
    expect(await page.evaluate(pageWidth)).toBe(PHONE.width);
    const box = await page.locator('.chart [data-state="valid.fresh"] text').boundingBox();
    expect(box?.height).toBeGreaterThan(11);
    await page.screenshot({ path: `${artifacts}inspector-narrow.png`, fullPage: true });
    await page.getByRole('button', { name: 'Whole chart' }).click();
    expect((await page.locator('.chart [data-state="valid.fresh"] text').boundingBox())?.height).toBeLessThan(11);
  });

  it('has enough contrast, in the light and in the dark (WCAG 2.2, 1.4.3)', async () => {
    const local = inspector();
    const auth = application(local);
    await signIn(auth, 'mara');
    server.faults.next('token', fault.error('invalid_grant'));
    await expect(auth.session('mara').refresh()).rejects.toThrow();
    await pageAt(await local.url(), { colorScheme: 'light' });
    await option('expired').click();
    await page.locator('.stand .trouble', { hasText: 'refresh_token_rejected' }).waitFor();
    expect(await page.evaluate(faintTexts)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await page.evaluate(faintTexts)).toEqual([]);
  });

  it('shows transitions as they happen, and moves nothing for those who want no motion', async () => {
    const local = inspector();
    const auth = application(local);
    await signIn(auth, 'mara');
    await pageAt(await local.url(), { reducedMotion: 'no-preference' });
    await option('valid › fresh').click();
    await page.evaluate(countFlights);
    const flightsOfRefresh = async () => {
      const rows = await page.locator('.history .said').textContent();
      await auth.session('mara').refresh();
      await page.waitForFunction(saysOtherThan, rows);
      await page.locator('.now-state', { hasText: 'valid › fresh' }).waitFor();
      return page.evaluate(flightsSeen);
    };
    const before = await flightsOfRefresh();
    expect(before).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await flightsOfRefresh()).toBe(before);
  });

  it('says that the process has gone', async () => {
    const local = inspector();
    const auth = application(local);
    await signIn(auth, 'mara');
    await pageAt(await local.url());
    await option('valid › fresh').waitFor();
    await local.close();
    await page.locator('.connection[data-is=reconnecting]').waitFor();
    expect(await page.locator('.connection').textContent()).toBe('connection lost, reconnecting …');
    expect(await option('valid › fresh').count()).toBe(1);
  });
});

describe('a viewer in another page', () => {
  it('shows thousands of messages without drawing them all, and text as text', async () => {
    await pageAt(await embeddingPage());
    const recording = await recordedMessages('<img src=x onerror="document.title=\'broken\'"> & co');
    const [begin, ...rest] = recording;
    await page.evaluate(replay, { first: begin, others: rest, rounds: 400 });
    await page.locator('.history .said', { hasText: /live, \d{4} moments/ }).waitFor();
    expect(await page.locator('.timeline .row').count()).toBeLessThan(40);
    expect(await page.locator('.sessions .label').textContent()).toContain('<img src=x onerror=');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('.missing').textContent()).toBe('20 messages were left out');
    expect(complaints).toEqual([]);
  });

  it('continues with a session that began again, as after a restart of its instance', async () => {
    await pageAt(await embeddingPage());
    const recording = await recordedMessages('cutting-room');
    await page.evaluate(report, recording);
    await option('(closed)').click();
    const later = recording.map((message) => {
      const { frameio } = message;
      return { ...message, frameio: { ...frameio, time: frameio.time + 60_000 } } as InspectorMessage;
    });
    await page.evaluate(report, later.slice(0, 1));
    await page.locator('.now-state', { hasText: 'restoring › unread' }).waitFor();
    expect(await option('(closed)').count()).toBe(0);
    await page.evaluate(report, later.slice(1));
    await option('(closed)').waitFor();
    expect(await page.locator('.timeline .event', { hasText: 'xstate.stop' }).count()).toBe(2);
  });

  /** Returns the messages of a real session, of a service with this name. */
  async function recordedMessages(instance: string): Promise<InspectorMessage[]> {
    const messages: InspectorMessage[] = [];
    const auth = new ServerToServerAuth({
      ...server.clients.serverToServer,
      server: adobeIms({ origin: server.origin }),
      transport: fetch,
      inspect: safeInspector({ instance: 'recorded', showKeys: true, sink: (message) => messages.push(message) }),
    });
    await auth.session(instance).getToken();
    await auth.session(instance).refresh();
    await auth.close();
    const id = messages.findLast((message) => message.frameio.label === instance)?.sessionId;
    return messages.filter((message) => message.sessionId === id);
  }

  /** Opens a custom page with the viewer's files and under its policy, without a stream. */
  async function embeddingPage(): Promise<string> {
    const plans = await readFile(new URL('statechart.json', viewerFolder), 'utf8');
    const script = `import { createViewer } from '/viewer/viewer.js';
      globalThis.viewer = createViewer(document.querySelector('main'), ${JSON.stringify({ chart: sessionChart })
        .slice(0, -1)
        .concat(`,"plans":${plans}}`)});`;
    const host = createServer(async ({ url = '/' }, response) => {
      const name = url.slice('/viewer/'.length);
      const type = { '.css': 'text/css', '.js': 'text/javascript' }[extname(url)] ?? 'text/html';
      response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'; style-src 'self'");
      response.setHeader('content-type', type);
      if (url === '/own.js') response.end(script);
      else if (url.startsWith('/viewer/')) response.end(await readFile(new URL(name, viewerFolder)));
      else
        response.end(
          '<!doctype html><link rel="stylesheet" href="/viewer/viewer.css"><main></main><script type="module" src="/own.js"></script>',
        );
    });
    await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
    onTestFinished(() => void host.close());
    return `http://127.0.0.1:${(host.address() as AddressInfo).port}/`;
  }
});
