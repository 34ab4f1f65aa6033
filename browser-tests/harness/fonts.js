// Fonts that a page is measured in besides the machine's own, so that what fits does not depend on what is installed:
// a narrow one and a wide one (SIL Open Font License 1.1), from the packages of the tests. The product has neither.
//
// They are put into a page as bytes and its texts are set in them by a constructed style sheet: nothing is fetched, so
// that the page's own rules on what it may load hold.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Letters of Polish lie in both files of a font. */
const PARTS = { latin: "U+0000-00FF, U+2000-206F", "latin-ext": "U+0100-02FF" };

function faces(name, family) {
  return [400, 700].flatMap((weight) =>
    Object.entries(PARTS).map(([part, range]) => {
      const file = require.resolve(`@fontsource/${name}/files/${name}-${part}-${weight}-normal.woff2`);
      return { family, weight: String(weight), range, bytes: readFileSync(file).toString("base64") };
    }),
  );
}

/** The fonts by name; the machine's own has no faces. */
export const FONTS = {
  own: [],
  narrow: faces("pt-sans-narrow", "Tried narrow"),
  wide: faces("lexend-exa", "Tried wide"),
};

/** Sets all texts of a frame's page in one of the fonts, until another is asked for or the page is left. */
export async function setIn(frame, font) {
  const isThere = await frame.evaluate((name) => {
    const { triedFonts = [] } = window;
    return name === "own" || triedFonts.includes(name);
  }, font);
  await frame.evaluate(wear, { name: font, faces: isThere ? [] : FONTS[font], family: FONTS[font][0]?.family });
}

/** Runs in the frame. */
async function wear({ name, faces, family }) {
  for (const one of faces) {
    const bytes = Uint8Array.from(atob(one.bytes), (c) => c.charCodeAt(0));
    const face = new FontFace(one.family, bytes, { weight: one.weight, unicodeRange: one.range });
    document.fonts.add(await face.load());
  }
  window.triedFonts = [...(window.triedFonts ?? []), ...(faces.length > 0 ? [name] : [])];
  const sheet = new CSSStyleSheet();
  if (family) sheet.replaceSync(`*, ::file-selector-button { font-family: "${family}" !important; }`);
  document.adoptedStyleSheets = [sheet];
  await document.fonts.ready;
}
