/** What the compiler leaves out of dist: icons, and the files that describe nodes to n8n's catalogue. */
const { rm } = require('node:fs/promises');
const { dest, src } = require('gulp');

const assets = ['icons/**/*.svg', 'nodes/**/*.node.json', 'nodes/**/__schema__/**/*.json'];

const clean = () => rm('dist', { recursive: true, force: true });

// Bytes are copied as they are, and keep their folder: icons/x.svg becomes dist/icons/x.svg.
const copyAssets = () => src(assets, { base: '.', encoding: false }).pipe(dest('dist'));

module.exports = { clean, default: copyAssets };
