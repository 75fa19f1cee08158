/** The page of the playground: displays the state that the server sends, and sends presses of buttons. */

/** @typedef {import('../src/playground.ts').PageState} PageState */

const one = (selector, within = document) => within.querySelector(selector);

/** The buttons of an instance, by its condition. */
const BUTTONS = { starting: [], running: ['pause', 'kill'], paused: ['resume', 'kill'], gone: ['start'] };

/** How far the playground's clock is ahead of this one, in milliseconds. */
let ahead = 0;
/** @type {PageState | undefined} */
let pageState;

const events = new EventSource('/state');
events.addEventListener('message', ({ data }) => {
  pageState = JSON.parse(data);
  ahead = pageState.now - Date.now();
  show(pageState);
});
events.addEventListener('error', end);
setInterval(() => pageState?.instances.forEach(showTime), 500);

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-press]');
  if (button !== null) press(button).catch(end);
});

function end() {
  tell('The playground has stopped', ['Start it again with npm run playground, and open the link that it shows.']);
}

async function press(button) {
  const instance = Number(button.closest('[data-instance]')?.dataset.instance ?? 1);
  const answer = await fetch('/press', {
    method: 'POST',
    body: JSON.stringify({ button: button.dataset.press, instance }),
  });
  const { address } = await answer.json();
  if (address !== undefined) location.assign(address);
}

/** @param {PageState} pageState */
function show({ storage, user, server, instances, disabledReasons, isBusy, report, log }) {
  tone(one('#server .condition'), server.isUp ? 'up' : 'down', server.isUp ? 'good' : 'bad');
  count(one('#server'), server);
  tone(one('#storage .condition'), storage, 'good');
  one('[data-user]').textContent = user === '' ? 'no user' : user;
  one('[data-press="server"]').textContent = server.isUp ? 'Take the server down' : 'Bring the server back';
  enable(one('.controls'), disabledReasons, isBusy);
  one('[data-press="sign-in"]').classList.toggle('next', disabledReasons['sign-in'] === null && !isBusy);
  for (const instance of instances) showInstance(instance, isBusy);
  if (report !== null) tell(report.title, report.sentences);
  showLog(log);
}

function tell(title, sentences) {
  one('#report-title').textContent = title;
  one('#report').replaceChildren(...sentences.map((sentence) => element('p', sentence)));
}

function showInstance(instance, isBusy) {
  const { number, condition, pid, disabledReasons } = instance;
  const card = one(`[data-instance="${number}"]`) ?? newCard(number);
  one('.condition', card).title = pid === undefined ? '' : `process ${pid}`;
  count(card, instance);
  showTime(instance);
  for (const button of card.querySelectorAll('button')) {
    button.hidden = !BUTTONS[condition].includes(button.dataset.press);
  }
  enable(card, disabledReasons, isBusy);
}

function newCard(number) {
  const card = one('#instance').content.firstElementChild.cloneNode(true);
  card.dataset.instance = number;
  one('h3', card).textContent = `Instance ${number}`;
  for (const button of card.querySelectorAll('button')) {
    button.setAttribute('aria-label', `${button.textContent} instance ${number}`);
  }
  one('#instances').append(card);
  return card;
}

/** Shows what changes as time passes. */
function showTime({ number, condition, step, token, expiresAt }) {
  const left = token === '' || expiresAt === null ? 0 : Math.max(0, (expiresAt - Date.now() - ahead) / 1_000);
  const isStale = step.startsWith('valid') && expiresAt !== null && left === 0;
  const words = { running: `${step.replace('.', ' › ')}${isStale ? ', token expired' : ''}`, gone: 'killed' };
  const colour = condition !== 'running' ? 'bad' : isStale ? 'busy' : toneOf(step);
  tone(one(`[data-instance="${number}"] .condition`), words[condition] ?? condition, colour);
  const card = one(`[data-instance="${number}"] .token`);
  const known = condition !== 'gone' && token !== '';
  one('span', card).textContent = known ? `token ${token}, ${Math.ceil(left)} s` : 'no valid token';
  one('progress', card).value = known ? left : 0;
}

function toneOf(step) {
  const [state] = step.split('.');
  if (state === 'expired' || state === 'revoked') return 'bad';
  return state === 'valid' ? 'good' : 'busy';
}

function tone(place, text, name) {
  place.textContent = text;
  place.dataset.tone = name;
}

function count(place, counts) {
  for (const figure of place.querySelectorAll('[data-count]')) figure.textContent = counts[figure.dataset.count];
}

/** Disabled buttons explain why, so they must stay focusable. */
function enable(place, disabledReasons, isBusy) {
  for (const button of place.querySelectorAll('button')) {
    const disabledReason = isBusy ? 'The previous action is still running.' : disabledReasons[button.dataset.press];
    button.setAttribute('aria-disabled', String(disabledReason !== null));
    button.title = disabledReason ?? '';
  }
}

function showLog(entries) {
  const lines = entries.map(({ at, who, what }) => {
    const line = document.createElement('li');
    line.append(
      element('time', new Date(at).toLocaleTimeString('en', { hourCycle: 'h23' })),
      element('span', who),
      element('span', what),
    );
    return line;
  });
  one('#log').replaceChildren(...lines);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
