/**
 * @typedef {Node | string | number | null} Child
 * @typedef {Record<string, string | number | boolean | ((event: any) => void)>} Properties attributes by their names, and
 *   listeners by names such as `onclick`; `false` leaves an attribute out
 */

/**
 * An element of HTML. What it contains goes in as text, never as markup: messages come from elsewhere.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function html(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/**
 * The same for SVG.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

/**
 * Writes only what is different, so that a text that is the same again stays selected and is not read out anew.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @template {Element} Kind
 * @param {Kind} element
 * @param {Properties} properties
 * @param {Child[]} children
 */
function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(
    ...children.filter((child) => child !== null).map((child) => (typeof child === 'number' ? String(child) : child)),
  );
  return element;
}
