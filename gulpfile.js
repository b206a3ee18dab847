/** What the compiler leaves out of dist: icons, and the files that describe nodes to n8n's catalogue. */
const { rm } = require('node:fs/promises');
const gulp = require('gulp');

const assets = ['icons/**/*.svg', 'nodes/**/*.node.json', 'nodes/**/__schema__/**/*.json'];

/** `npm run dev` has another folder than that of the build. */
const target = process.env.BUILD_FOLDER ?? 'dist';

const clean = () => rm(target, { recursive: true, force: true });

// Bytes are copied as they are, and keep their folder: icons/x.svg becomes dist/icons/x.svg.
const copyAssets = () => gulp.src(assets, { base: '.', encoding: false }).pipe(gulp.dest(target));

const watch = () => {
	gulp.watch(assets, copyAssets);
};

module.exports = { clean, default: copyAssets, watch };
