import { createViewer } from './viewer.js';

const [plans, chart] = await Promise.all(
  ['/viewer/statechart.json', '/machine.json'].map(async (address) => (await fetch(address)).json()),
);
const viewer = createViewer(document.body, { plans, chart });

const stream = new EventSource('/events');
const received = (/** @type {MessageEvent<string>} */ { data }) => JSON.parse(data);
stream.addEventListener('hello', (event) => viewer.hello(received(event)));
stream.addEventListener('messages', (event) => viewer.messages(received(event)));
stream.addEventListener('summary', (event) => viewer.summary(received(event)));
stream.addEventListener('notice', (event) => viewer.notice(received(event)));
// The browser reconnects by itself, unless the server received it not to.
stream.addEventListener('error', () =>
  viewer.connection(stream.readyState === EventSource.CLOSED ? 'ended' : 'reconnecting'),
);
