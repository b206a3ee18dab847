/** What the README says that can be checked. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scripts } from '../../package.json';
import { providerTable, readmePath, tableIn } from '../../scripts/provider-table';

const readme = readFileSync(readmePath, 'utf8');

describe('README.md', () => {
	it('holds the tables of the providers as they are (else: npm run provider-table -- --write)', () => {
		expect(tableIn(readme)).toBe(providerTable());
	});

	it('names only scripts that exist', () => {
		const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
		expect(named.length).toBeGreaterThan(0);
		for (const name of named) expect(Object.keys(scripts)).toContain(name);
	});

	it('links only to files and headings that exist', () => {
		const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
			title
				.toLowerCase()
				.replace(/[^\w\s-]/g, '')
				.replace(/\s/g, '-'),
		);
		const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
		for (const target of targets.filter((one) => !/^https?:/.test(one))) {
			if (target.startsWith('#')) expect(anchors).toContain(target.slice(1));
			else expect([target, existsSync(join(dirname(readmePath), target.replace(/#.*$/, '')))]).toEqual([target, true]);
		}
	});
});
