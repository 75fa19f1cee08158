// What tests ask of the pages of the viewer and the playground. These functions run there, so each is on its own.

/** Resolves when the pending changes have been drawn. */
export function drawn() {
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}

export function pageWidth() {
  return document.documentElement.scrollWidth;
}

export function nameOfFocused() {
  const { ariaLabel, id, textContent } = document.activeElement;
  const title = document.getElementById(document.activeElement.getAttribute('aria-labelledby') ?? '');
  return ariaLabel ?? title?.textContent ?? (id || textContent);
}

export function saysOtherThan(text) {
  return document.querySelector('.history .said').textContent !== text;
}

/** Counts from now on how many transitions are seen to move. */
export function countFlights() {
  globalThis.flights = 0;
  const observer = new MutationObserver((records) => {
    for (const { addedNodes } of records) globalThis.flights += addedNodes.length;
  });
  observer.observe(document.querySelector('.flights'), { childList: true });
}

export function flightsSeen() {
  return globalThis.flights;
}

/** Records from now on each condition that the playground shows of an instance, however briefly. */
export function recordConditions() {
  globalThis.conditions = new Set();
  const record = () => {
    for (const { textContent } of document.querySelectorAll('[data-instance] .condition'))
      globalThis.conditions.add(textContent);
  };
  new MutationObserver(record).observe(document.body, { childList: true, characterData: true, subtree: true });
}

/** Returns the conditions recorded since `recordConditions()`. */
export function conditionsSeen() {
  return [...globalThis.conditions];
}

/** Sends the page's own viewer a session that repeats its events, and notices of lost messages. */
export function replay({ first, others, rounds }) {
  const { viewer } = globalThis;
  viewer.hello({ instance: 'recorded', time: Date.now(), keeps: { messages: 5000, sessions: 10 } });
  viewer.messages([first]);
  let sequence = first.frameio.sequence;
  for (let round = 0; round < rounds; round += 1) {
    viewer.messages(
      others.map((message) => {
        sequence += 1;
        return { ...message, frameio: { ...message.frameio, sequence } };
      }),
    );
  }
  viewer.notice({ instance: 'recorded', dropped: 20 });
}

export function report(messages) {
  globalThis.viewer.messages(messages);
}

/** Returns the texts of the page with a contrast of less than 4.5 to their background. */
export function faintTexts() {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const mixed = (colours) => {
    paint.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      paint.fillStyle = colour;
      paint.fillRect(0, 0, 1, 1);
    }
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const element of document.querySelectorAll('.inspector *')) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue?.trim());
    if (!text || element.closest('title, noscript, option, [hidden], :disabled, .unseen, dialog:not([open])') !== null)
      continue;
    const isSvg = element instanceof SVGElement;
    const behind = [];
    for (let each = element; each !== null; each = each.parentElement)
      behind.unshift(getComputedStyle(each).backgroundColor);
    const shape = isSvg ? element.parentElement?.querySelector('rect, circle:not(.lamp)') : null;
    if (shape) behind.push(getComputedStyle(shape).fill);
    const ground = mixed(behind);
    const { color, fill } = getComputedStyle(element);
    const ink = mixed([...behind, isSvg ? fill : color]);
    const [dark = 0, bright = 0] = [luminance(ground), luminance(ink)].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faint.push(`${element.textContent?.slice(0, 20)} ${contrast.toFixed(2)}`);
  }
  return faint;
}
