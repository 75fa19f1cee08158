import { english } from './english.js';
import { french } from './french.js';
import { german } from './german.js';
import { japanese } from './japanese.js';
import { spanish } from './spanish.js';
import type { Words } from './words.js';

const LANGUAGES: ReadonlyMap<string, Words> = new Map([
  ['en', english],
  ['de', german],
  ['fr', french],
  ['es', spanish],
  ['ja', japanese],
]);

/** Returns the words in the language that the reader prefers (RFC 9110 §12.5.4). Default: English. */
export function wordsFor(acceptLanguage: string | null): { readonly language: string; readonly words: Words } {
  const preferred = (acceptLanguage ?? '')
    .split(',', 50)
    .map((range) => {
      const [tag = '', ...parameters] = range
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
      return { language: tag.split('-', 1)[0] ?? '', quality };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality);
  for (const { language } of preferred) {
    const words = LANGUAGES.get(language);
    if (words !== undefined) return { language, words };
  }
  return { language: 'en', words: english };
}
