import { copyFileSync } from "node:fs";

const fonts = "node_modules/@fontsource-variable";
copyFileSync(`${fonts}/inter/files/inter-latin-wght-normal.woff2`, "fonts/inter.woff2");
copyFileSync(`${fonts}/source-serif-4/files/source-serif-4-latin-wght-normal.woff2`, "fonts/source-serif-4.woff2");
copyFileSync(`${fonts}/source-serif-4/files/source-serif-4-latin-wght-italic.woff2`, "fonts/source-serif-4-italic.woff2");
