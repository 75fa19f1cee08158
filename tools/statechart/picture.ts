import type { Chart } from '../../packages/inspector/src/messages.ts';
import type { Plan } from '../../packages/inspector/viewer/statechart.js';

/** Returns the picture as a self-contained SVG, in the viewer's light or dark colours. */
export function pictureOf(plan: Plan, chart: Chart): string {
  const { width, height, states, connections } = plan;
  const drawn = states.map(({ id, name, box: { x, y, width: w, height: h }, compound }) => {
    const kind = compound ? 'room' : id === 'settling' ? 'choice' : 'state';
    const group = (content: string) => `<g class="${kind} ${id.split('.', 1)[0]}">${content}</g>`;
    const title = escaped(chart.states.find((state) => state.id === id)?.description ?? id);
    const [textX, textY] = compound ? [x + 14, y + 23] : [x + w / 2, y + h / 2 + 4.5];
    return {
      compound,
      shape: group(
        `<title>${title}</title><rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${kind === 'choice' ? 20 : 9}"/>`,
      ),
      text: group(`<text x="${textX}" y="${textY}">${name}</text>`),
    };
  });
  // The name of a compound state is drawn over the lines that cross it.
  const rooms = drawn.filter(({ compound }) => compound);
  const rest = drawn.filter(({ compound }) => !compound);
  const lines = connections.map(({ path, transitions }) => {
    const title = transitions.map((id) => described(chart, id)).join('\n');
    return `<path d="${path}" marker-end="url(#head)"><title>${escaped(title)}</title></path>`;
  });
  const words = connections.flatMap(({ label }) =>
    label === null ? [] : [`<text class="word" x="${label.x}" y="${label.y + 3.5}">${escaped(label.text)}</text>`],
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">The statechart of a session: how it restores, gets, keeps, renews and gives up its tokens</title>
<style>${STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0.5 0.8L7.5 4L0.5 7.2Z"/></marker></defs>
<rect class="paper" width="${width}" height="${height}" rx="14"/>
${rooms.map(({ shape }) => shape).join('\n')}
<g class="lines">
${lines.join('\n')}
</g>
${words.join('\n')}
${rooms.map(({ text }) => text).join('\n')}
${rest.map(({ shape, text }) => `${shape}${text}`).join('\n')}
</svg>
`;
}

const HUES = {
  restoring: ['#0e7490', '#67d4e8'],
  unauthenticated: ['#57606a', '#aab4c0'],
  authorizing: ['#1d5fc4', '#7fb2ff'],
  settling: ['#57606a', '#aab4c0'],
  valid: ['#15703a', '#63d08d'],
  refreshing: ['#7a3fc0', '#c49bff'],
  expired: ['#b42318', '#ff9a8f'],
  revoking: ['#9a5200', '#f2b160'],
  revoked: ['#9a5200', '#f2b160'],
};

const STYLE = `
:root{--paper:#fff;--ink:#1c2430;--line:#8793a3;--word:#4a5565}
${Object.entries(HUES)
  .map(([top, [light]]) => `.${top}{--hue:${light}}`)
  .join('')}
@media (prefers-color-scheme:dark){:root{--paper:#10151d;--ink:#e8edf4;--line:#66748a;--word:#a9b6c8}
${Object.entries(HUES)
  .map(([top, [, dark]]) => `.${top}{--hue:${dark}}`)
  .join('')}}
text{font:600 12.5px ui-sans-serif,system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif;fill:var(--ink);text-anchor:middle}
.paper{fill:var(--paper)}
.room rect{fill:var(--hue);fill-opacity:.07;stroke:var(--hue);stroke-opacity:.45}
.room text{text-anchor:start;font-size:14px;fill:var(--hue);stroke:var(--paper);stroke-width:3px;paint-order:stroke}
.state rect,.choice rect{fill:var(--paper);stroke:var(--hue);stroke-width:1.5}
.choice rect{stroke-dasharray:4 3}
.lines path{fill:none;stroke:var(--line);stroke-width:1.3}
.head{fill:var(--line)}
.word{font:500 10px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--word);stroke:var(--paper);stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
`.trim();

function described(chart: Chart, id: string): string {
  const { event = '', guard = null } = chart.transitions.find((transition) => transition.id === id) ?? {};
  return [event || 'always', guard === null ? '' : `[${guard}]`].join(' ').trim();
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
