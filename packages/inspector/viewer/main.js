import { createViewer } from './viewer.js';

const [plans, chart] = await Promise.all(
  ['/viewer/statechart.json', '/machine.json'].map(async (address) => (await fetch(address)).json()),
);
const viewer = createViewer(document.body, { plans, chart });

const stream = new EventSource('/events');
const told = (/** @type {MessageEvent<string>} */ { data }) => JSON.parse(data);
stream.addEventListener('hello', (event) => viewer.hello(told(event)));
stream.addEventListener('messages', (event) => viewer.messages(told(event)));
stream.addEventListener('summary', (event) => viewer.summary(told(event)));
stream.addEventListener('notice', (event) => viewer.notice(told(event)));
// The browser reconnects by itself, unless the server told it not to.
stream.addEventListener('error', () =>
  viewer.connection(stream.readyState === EventSource.CLOSED ? 'ended' : 'reconnecting'),
);
