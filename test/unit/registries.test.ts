/**
 * Everything that a provider needs outside of its own file is there. What is forgotten fails here by name, unless the
 * compiler names it: docs/adding-a-provider.md has the order.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LumaVideo } from '../../nodes/LumaVideo/LumaVideo.node';
import { alias } from '../../nodes/LumaVideo/LumaVideo.node.json';
import { LumaVideoTrigger } from '../../nodes/LumaVideo/LumaVideoTrigger.node';
import { operations } from '../../nodes/LumaVideo/operations';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import type { ProviderId } from '../../nodes/LumaVideo/providers/provider';
import packageFile from '../../package.json';
import { keptContract } from '../../scripts/check/contract';
import { RISKS, guessesUnder } from '../../scripts/check/live/guesses';
import type { Probe } from '../../scripts/check/live/probes';
import { generalProbes, probes } from '../../scripts/check/live/probes';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { STATES, VIDEO_URL, samples, shapeOf } from '../samples';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The class of a credential type, which n8n looks for in the file of that name: `PixazoApi` for `pixazoApi`. */
const classOf = (type: string): string => `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
const compiled = (id: ProviderId): string => `dist/credentials/${classOf(providers[id].credentialType)}.credentials.js`;

/** The text of a chapter of a Markdown file, by its heading of the second level. */
function chapterOf(path: string, heading: string): string | undefined {
	const chapters = read(path).split(/^## /m);
	return chapters.find((chapter) => chapter.startsWith(`${heading}\n`));
}

/** Which providers an operation has. */
function providersOf(resource: string, value: string): readonly ProviderId[] {
	const found = operations.find((operation) => operation.resource === resource && operation.value === value);
	if (!found) throw new Error(`no operation ${resource}: ${value}`);
	return found.providers;
}

describe.each(providerIds)('%s', (id) => {
	const { credentialType, displayName, capabilities } = providers[id];
	const sample = samples[id];
	const { credential } = sample;

	it('has a credential file whose class n8n finds', () => {
		expect(existsSync(join(root, `credentials/${classOf(credentialType)}.credentials.ts`))).toBe(true);
		expect(credential.constructor.name).toBe(classOf(credentialType));
		expect(credential.name).toBe(credentialType);
	});

	it('has an icon, light and dark', () => {
		expect(credential.icon).toEqual({
			light: `file:../icons/${credentialType}.svg`,
			dark: `file:../icons/${credentialType}.dark.svg`,
		});
		for (const theme of ['', '.dark']) expect(existsSync(join(root, `icons/${credentialType}${theme}.svg`))).toBe(true);
	});

	it('has its credential in package.json, under n8n.credentials', () => {
		expect(packageFile.n8n.credentials).toContain(compiled(id));
	});

	it('has a stand-in', () => {
		expect(existsSync(join(root, `test/provider-server/providers/${id}.ts`))).toBe(true);
	});

	it('has a sample', () => {
		expect(existsSync(join(root, `test/samples/${id}.ts`))).toBe(true);
	});

	it('has unit tests', () => {
		expect(existsSync(join(root, `test/unit/providers/${id}.test.ts`))).toBe(true);
	});

	it('can be chosen, and its credential is asked for, in both nodes', () => {
		for (const { description } of [new LumaVideo(), new LumaVideoTrigger()]) {
			const field = description.properties.find(({ name }) => name === 'provider');
			expect(field?.options).toContainEqual(expect.objectContaining({ name: displayName, value: id }));
			expect(description.credentials?.map(({ name }) => name)).toContain(credentialType);
		}
	});

	it('is in the contract with saved workflows (else: npm run check:contract -- --write)', () => {
		const contract = keptContract();
		expect(Object.keys(contract)).toContain(credentialType);
		expect(Object.keys(contract.lumaVideo?.credentials ?? {})).toContain(credentialType);
		const choice = contract.lumaVideo?.parameters.find(({ path }) => path === 'provider');
		expect(choice?.values).toContain(id);
	});

	it('is named by README: at its beginning, among the credentials and among the providers', () => {
		const [beginning = ''] = read('README.md').split(/^## /m);
		expect(beginning.replace(/\s+/g, ' ')).toContain(displayName);
		expect(chapterOf('README.md', 'Credentials')).toContain(`| ${credential.displayName} |`);
		expect(chapterOf('README.md', 'Providers')).toContain(`**${displayName}**`);
	});

	it("has its key's environment variable in README", () => {
		expect(chapterOf('README.md', 'Quick start')).toContain(`\`${sample.keyVariable}\``);
	});

	it('is named in the description of the package, in the words to search for the node, and in the forms for issues', () => {
		expect(packageFile.description).toContain(displayName);
		expect(alias.filter((word) => displayName.toLowerCase().includes(word))).not.toEqual([]);
		for (const form of ['bug', 'live-report']) {
			expect(read(`.github/ISSUE_TEMPLATE/${form}.yml`)).toMatch(new RegExp(`options: \\[.*\\b${displayName}\\b.*\\]`));
		}
	});

	describe('its sample', () => {
		it('asks for a model that there is', () => {
			expect(capabilities.models.map(({ value }) => value)).toContain(sample.parameters.model);
		});

		it('has a documented answer to the request, which is read as that generation', () => {
			const { status, body } = sample.answers.created;
			const answer = { statusCode: status, headers: {}, text: JSON.stringify(body) };
			expect(providers[id].readCreated(answer)).toMatchObject({ ok: true, value: { generationId: sample.id } });
		});

		it.each(STATES)('has a documented answer of a generation that is %s, which is read as that', (state) => {
			const { status, body } = sample.answers[state];
			const reading = providers[id].readStatus({ statusCode: status, headers: {}, text: JSON.stringify(body) }, sample.id);
			const result = sample.results?.[state];
			const read = result && reading.ok ? providers[id].result?.read({ statusCode: result.status, headers: {}, text: JSON.stringify(result.body) }, reading.value) : reading;
			expect(read).toMatchObject({
				ok: true,
				value: {
					generationId: sample.id,
					status: sample.reads?.[state] ?? state,
					videoUrl: state === 'completed' ? VIDEO_URL : null,
				},
			});
		});

		it('says what the nodes offer: a list, a balance, calls', () => {
			expect(providersOf('generation', 'getAll').includes(id)).toBe(sample.lists || sample.listsEnded === true);
			expect(providersOf('account', 'getBalance').includes(id)).toBe(sample.balanceUnit !== null);
			expect(providers[id].callbacks !== undefined).toBe(sample.callback !== null);
		});

		it('fills in the credential', () => {
			const fields = sample.credentialFields('the key', 'https://service.example');
			const known = credential.properties.map(({ name }) => name);
			expect(Object.keys(fields).filter((name) => !known.includes(name))).toEqual([]);
			expect(Object.values(fields)).toEqual(expect.arrayContaining(['the key', 'https://service.example']));
		});

		it('knows where the real service is', () => {
			const written = JSON.stringify(credential.properties);
			expect(written).toContain(`"${sample.baseUrl}"`);
		});
	});
});

describe.each<[heading: string, readonly Probe[]]>([
	['All services', generalProbes],
	...providerIds.map((id): [string, readonly Probe[]] => [providers[id].displayName, probes[id]]),
])('docs/guesses.md, %s', (heading, observed) => {
	const guesses = guessesUnder(heading);
	const ids = guesses.map((guess) => guess.id);

	it('has guesses, each with its own id and a file that can be changed', () => {
		expect(ids.length).toBeGreaterThan(0);
		expect(ids.filter((each, index) => ids.indexOf(each) < index)).toEqual([]);
		expect(guesses.map(({ file }) => file).filter((path) => !existsSync(join(root, path)))).toEqual([]);
	});

	it('has risks of the list, the worst first', () => {
		const ranks = guesses.map(({ risk }) => RISKS.indexOf(risk));
		expect(guesses.filter((_, index) => ranks[index] === -1)).toEqual([]);
		expect(ranks).toEqual([...ranks].sort((one, other) => one - other));
	});

	it('says what observes each', () => {
		expect(guesses.filter(({ checked }) => checked !== '–').map(({ id, checked }) => `${id}: ${checked}`).sort()).toEqual(
			observed.map(({ guess, need }) => `${guess}: ${need}`).sort(),
		);
	});
});

describe('the stand-in', () => {
	let server: ProviderServer;

	beforeAll(async () => {
		server = await startProviderServer();
	});
	afterAll(async () => {
		await server.close();
	});

	it.each(providerIds)('answers as %s, under its own name', async (id) => {
		await fetch(`${server.baseUrls[id]}/no-such-path`);
		const asked = server.ledger().requests.filter(({ path }) => path.endsWith('/no-such-path'));
		expect(asked.at(-1)?.party).toBe(id);
	});

	it.each(providerIds.flatMap((id) => (samples[id].callback ? [id] : [])))('calls back as %s documents it', (id) => {
		const { callback, id: generationId } = samples[id];
		// What it repeats of the request depends on that.
		const documented = Object.entries(callback?.body ?? {}).filter(([name]) => name !== 'request');
		const sent = shapeOf(server.callbackBody(id, { id: generationId, status: 'completed' }));
		expect(sent).toMatchObject(shapeOf(Object.fromEntries(documented)) as object);
	});
});

describe('no registry has one too many', () => {
	/** Names of the files of a folder, without their ending. */
	const filesOf = (folder: string, ending: string): string[] =>
		readdirSync(join(root, folder)).flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
	const types = providerIds.map((id) => providers[id].credentialType);

	it('package.json lists the credentials of the providers, in their alphabetical order, and nothing else', () => {
		expect(packageFile.n8n.credentials).toEqual(providerIds.map(compiled).sort());
	});

	it('credentials/ holds the credentials of the providers, and nothing else', () => {
		expect(filesOf('credentials', '.credentials.ts').sort()).toEqual(types.map(classOf).sort());
	});

	it('icons/ holds those of the credentials and of the node, and nothing else', () => {
		const icons = ['lumaVideo', ...types].flatMap((name) => [name, `${name}.dark`]);
		expect(filesOf('icons', '.svg').sort()).toEqual(icons.sort());
	});

	it('test/samples/ holds the samples of the providers, and nothing else', () => {
		expect(filesOf('test/samples', '.ts').sort()).toEqual([...providerIds, 'index', 'sample'].sort());
	});
});

it("README says how many services there are", () => {
	const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
	expect(read('README.md')).toContain(`one output for ${words[providerIds.length]} services`);
});
