/** What README and documents say that can be checked. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scripts } from '../../package.json';
import { providerTable, tableIn, tablesPath } from '../../scripts/docs/providers';

const root = join(__dirname, '../..');
const documents = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

/** The anchors that a reader can jump to. */
function anchorsOf(text: string): string[] {
	return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
		title
			.toLowerCase()
			.replace(/[^\w\s-]/g, '')
			.replace(/\s/g, '-'),
	);
}

it('docs/providers.md holds the tables as they are (else: npm run docs:providers)', () => {
	expect(tableIn(readFileSync(tablesPath, 'utf8'))).toBe(providerTable());
});

it("README.md is short enough to be read: 1,800 words", () => {
	expect(readFileSync(join(root, 'README.md'), 'utf8').split(/\s+/).length).toBeLessThanOrEqual(1800);
});

describe.each(documents)('%s', (name) => {
	const path = join(root, name);
	const text = readFileSync(path, 'utf8');

	it('names only scripts that exist', () => {
		const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script);
		expect(named.filter((script) => !Object.keys(scripts).includes(script))).toEqual([]);
	});

	it('links only to files and headings that exist', () => {
		const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^https?:/.test(target));
		const broken = targets.filter((target) => {
			const [file = '', anchor] = target.split('#');
			const linked = file === '' ? path : join(dirname(path), file);
			return !existsSync(linked) || (anchor !== undefined && !anchorsOf(readFileSync(linked, 'utf8')).includes(anchor));
		});
		expect(broken).toEqual([]);
	});
});
