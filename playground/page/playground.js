/** The page of the playground: displays the scene as reported, and sends presses of buttons. */

/** @typedef {import('../src/playground.ts').Scene} Scene */

const one = (selector, within = document) => within.querySelector(selector);

/** The buttons of an instance, by its condition. */
const BUTTONS = { starting: [], running: ['pause', 'kill'], paused: ['resume', 'kill'], gone: ['start'] };

/** How far the playground's clock is ahead of this one, in milliseconds. */
let ahead = 0;
/** @type {Scene | undefined} */
let scene;

const events = new EventSource('/scene');
events.addEventListener('message', ({ data }) => {
  scene = JSON.parse(data);
  ahead = scene.now - Date.now();
  show(scene);
});
events.addEventListener('error', end);
setInterval(() => scene?.instances.forEach(showToken), 500);

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-press]');
  if (button !== null) press(button).catch(end);
});

function end() {
  tell('The playground has ended', ['Start it again with npm run playground, and open the link that it shows.']);
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

/** @param {Scene} scene */
function show({ storage, user, server, instances, objections, isBusy, story, log }) {
  mood(one('#server .condition'), server.isUp ? 'up' : 'down', server.isUp ? 'good' : 'bad');
  count(one('#server'), server);
  mood(one('#storage .condition'), storage, 'good');
  one('[data-user]').textContent = user === '' ? 'nobody' : user;
  one('[data-press="server"]').textContent = server.isUp ? 'Take the server down' : 'Bring the server back';
  enable(one('.controls'), objections, isBusy);
  one('[data-press="sign-in"]').classList.toggle('next', objections['sign-in'] === null && !isBusy);
  for (const instance of instances) showInstance(instance, isBusy);
  if (story !== null) tell(story.title, story.sentences);
  showLog(log);
}

function tell(title, sentences) {
  one('#story-title').textContent = title;
  one('#story').replaceChildren(...sentences.map((sentence) => element('p', sentence)));
}

function showInstance(instance, isBusy) {
  const { number, condition, pid, step, objections } = instance;
  const card = one(`[data-instance="${number}"]`) ?? newCard(number);
  const isRunning = condition === 'running';
  const words = { running: step.replace('.', ' › '), gone: 'killed' };
  mood(one('.condition', card), words[condition] ?? condition, isRunning ? moodOf(step) : 'bad');
  one('.condition', card).title = pid === undefined ? '' : `process ${pid}`;
  count(card, instance);
  showToken(instance);
  for (const button of card.querySelectorAll('button')) {
    button.hidden = !BUTTONS[condition].includes(button.dataset.press);
  }
  enable(card, objections, isBusy);
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

function showToken({ number, condition, token, expiresAt }) {
  const card = one(`[data-instance="${number}"] .token`);
  const left = token === '' || expiresAt === null ? 0 : Math.max(0, (expiresAt - Date.now() - ahead) / 1_000);
  const known = condition !== 'gone' && token !== '';
  one('span', card).textContent = known ? `token ${token}, ${Math.ceil(left)} s` : 'no good token';
  one('progress', card).value = known ? left : 0;
}

function moodOf(step) {
  const [state] = step.split('.');
  if (state === 'expired' || state === 'revoked') return 'bad';
  return state === 'valid' ? 'good' : 'busy';
}

function mood(place, text, name) {
  place.textContent = text;
  place.dataset.mood = name;
}

function count(place, counts) {
  for (const figure of place.querySelectorAll('[data-count]')) figure.textContent = counts[figure.dataset.count];
}

/** Disabled buttons explain why, so they must stay focusable. */
function enable(place, objections, isBusy) {
  for (const button of place.querySelectorAll('button')) {
    const objection = isBusy ? 'What was pressed before still goes on.' : objections[button.dataset.press];
    button.setAttribute('aria-disabled', String(objection !== null));
    button.title = objection ?? '';
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
