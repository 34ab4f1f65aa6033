// The panel's own texts, so that tests name things as the page does, in either language.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DIRECTORY = fileURLToPath(new URL("../../crates/texts/", import.meta.url));

/** Key, as in `launch.begin`, to text. The files are TOML of the simplest kind: tables of strings. */
function read(language) {
  const texts = new Map();
  for (const file of readdirSync(`${DIRECTORY}${language}`)) {
    let table = "";
    for (const line of readFileSync(`${DIRECTORY}${language}/${file}`, "utf8").split("\n")) {
      const head = /^\[([^\]]+)\]\s*$/.exec(line);
      if (head) table = head[1];
      const pair = /^"?([^"=\s]+)"?\s*=\s*("(?:[^"\\]|\\.)*")\s*$/.exec(line);
      if (pair) texts.set(`${table}.${pair[1]}`, JSON.parse(pair[2]));
    }
  }
  return texts;
}

const TEXTS = { pl: read("pl"), en: read("en") };

/** The text under `key`. */
export function say(language, key) {
  const text = TEXTS[language].get(key);
  if (text === undefined) throw new Error(`there is no text ${key} in ${language}`);
  return text;
}

/** A pattern for the text under `key`, with anything in the places that the program fills. */
export function saying(language, key) {
  const parts = say(language, key).split(/\{[a-z_]+\}/);
  return new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+?"));
}

/** A pattern for a counted text, in whichever form its number asks for. */
export function counting(language, key) {
  const forms = ["one", "few", "many"].filter((form) => TEXTS[language].has(`${key}.${form}`));
  if (forms.length === 0) throw new Error(`there is no counted text ${key} in ${language}`);
  return new RegExp(forms.map((form) => `(?:${saying(language, `${key}.${form}`).source})`).join("|"));
}
