import type { Site, SiteFile } from './site.js';

/**
 * Creates a page on loopback with Stately's inspector in a frame. Stately's page never learns of this server. The frame
 * announces itself (`@statelyai.connected`), and this page passes messages to it, if it is Stately's and in this frame.
 * So no page of another origin connects to this machine, and none needs permission to.
 *
 * @param inspector - Stately's inspector
 */
export function statelySite(inspector: URL): Site {
  const files: Readonly<Record<string, SiteFile>> = {
    '/': { type: 'text/html; charset=utf-8', body: page(inspector.href) },
    '/viewer/bridge.js': { type: 'text/javascript; charset=utf-8', body: bridge(inspector.origin) },
    '/viewer/bridge.css': { type: 'text/css; charset=utf-8', body: STYLE },
  };
  return {
    policy: `frame-src ${inspector.origin}`,
    file: async (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
  };
}

const page = (address: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sessions in the Stately inspector</title>
<link rel="stylesheet" href="/viewer/bridge.css">
<iframe title="Stately inspector" src="${address}" referrerpolicy="no-referrer"
  sandbox="allow-scripts allow-same-origin allow-forms allow-popups"></iframe>
<script src="/viewer/bridge.js"></script>
</html>
`;

const STYLE =
  'html, body { height: 100%; margin: 0; } iframe { width: 100%; height: 100%; border: 0; display: block; }\n';

/** How many messages may wait for the frame. */
const MAX_WAITING = 1_000;

const bridge = (origin: string) => `const stately = '${origin}';
const frame = document.querySelector('iframe');
const waiting = [];
let connected = false;
let begun = false;

const pass = () => {
  if (!connected) return void waiting.splice(0, Math.max(0, waiting.length - ${MAX_WAITING}));
  for (const message of waiting.splice(0)) frame.contentWindow.postMessage(message, stately);
};

addEventListener('message', ({ origin, source, data }) => {
  if (origin !== stately || source !== frame.contentWindow || data?.type !== '@statelyai.connected') return;
  connected = true;
  pass();
});

const events = new EventSource('/events');
events.addEventListener('hello', () => {
  // After a break all messages come again, and the frame must start again too.
  if (begun) location.reload();
  begun = true;
});
events.addEventListener('messages', ({ data }) => {
  waiting.push(...JSON.parse(data));
  pass();
});
events.addEventListener('summary', ({ data }) => {
  waiting.push(...JSON.parse(data).messages);
  pass();
});
`;
