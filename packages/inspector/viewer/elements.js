/**
 * @typedef {Node | string | number | null} Child
 * @typedef {Record<string, string | number | boolean | ((event: any) => void)>} Properties attributes by name, and
 *   listeners by names such as `onclick`; `false` omits an attribute
 */

/**
 * Creates an HTML element. Its content is inserted as text, never as markup, because messages are untrusted.
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
 * Creates an SVG element in the same way.
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
 * Writes a text only if it differs, so that an unchanged text stays selected and is not read aloud again.
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
