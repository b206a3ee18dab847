/** `npm run editor` and `npm run dev`, as a person uses them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '../provider-server';
import { credentialTypes } from '../samples';
import { exampleFiles } from './examples';
import type { StoredCredential, StoredWorkflow } from './harness';
import { N8nClient, nodeOutput } from './harness';
import { projectRoot } from './harness/paths';
import { waitUntil } from './triggerSupport';

// Builds the package, starts an n8n and runs a workflow whose video takes eight seconds.
jest.setTimeout(300_000);

/** A copy of the project: the commands build, which no other test is to meet, and it is changed by hand. */
let project: string;
/** All that a command and what it starts leave on the disk is here, so that it can be looked for. */
let temporary: string;
let command: ChildProcess | undefined;
let printed: string;

beforeAll(async () => {
	project = await mkdtemp(join(tmpdir(), 'n8n-e2e-project-'));
	const links = ['node_modules', '.cache'].filter((name) => existsSync(join(projectRoot, name)));
	for (const name of links) await symlink(join(projectRoot, name), join(project, name));
	const skipped = [...links, '.git', 'dist', 'output', 'coverage', 'docs'];
	for (const name of await readdir(projectRoot)) {
		if (!skipped.includes(name)) await cp(join(projectRoot, name), join(project, name), { recursive: true });
	}
});
afterAll(async () => {
	await rm(project, { recursive: true, force: true });
});
beforeEach(async () => {
	temporary = await mkdtemp(join(tmpdir(), 'n8n-e2e-command-'));
	printed = '';
});
afterEach(async () => {
	// What a failed test left running.
	for (const id of running()) {
		try {
			process.kill(Number(id), 'SIGKILL');
		} catch {
			// It ended by itself.
		}
	}
	await rm(temporary, { recursive: true, force: true });
});

/** Starts a script of package.json. */
function start(script: string, ...args: readonly string[]): void {
	// What the tests share with each other is no business of the command.
	const inherited = Object.entries(process.env).filter(([name]) => !/^(N8N_|NODE_ENV$|npm_)/.test(name));
	command = spawn('npm', ['run', script, '--', ...args], {
		cwd: project,
		env: { ...Object.fromEntries(inherited), TMPDIR: temporary },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	for (const stream of [command.stdout, command.stderr]) {
		stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
	}
}

/** Waits until the command has printed something, and returns the first group of the pattern. */
async function untilPrinted(pattern: RegExp): Promise<string> {
	await waitUntil(() => pattern.test(printed) || command?.exitCode !== null, 200_000);
	const found = pattern.exec(printed);
	if (!found) throw new Error(`The command printed:\n${printed}`);
	return found[1] ?? found[0];
}

/** Sends a signal to the command alone, as a process manager does, and waits until nothing of it runs any more. */
async function stop(signal: NodeJS.Signals): Promise<void> {
	command?.kill(signal);
	await waitUntil(() => command?.exitCode !== null || command.signalCode !== null);
	await waitUntil(() => running().length === 0, 60_000);
}

/** Processes that have the command's temporary folder in their environment: it, and what it started. */
function running(): string[] {
	return readdirSync('/proc').filter((id) => {
		try {
			return /^\d+$/.test(id) && readFileSync(`/proc/${id}/environ`, 'utf8').includes(temporary);
		} catch {
			return false;
		}
	});
}

/** What is left of the command; what compiles TypeScript keeps its results for the next time. */
async function leftovers(): Promise<{ processes: string[]; files: string[] }> {
	const files = await readdir(temporary);
	return { processes: running(), files: files.filter((name) => !name.startsWith('tsx-') && name !== 'node-compile-cache') };
}

const NOTHING = { processes: [], files: [] };

async function expectSoon(read: () => Promise<string | undefined>, text: string): Promise<void> {
	expect(await waitUntil(async () => Boolean((await read())?.includes(text)), 60_000)).toBe(true);
}

async function change(path: string, make: (text: string) => string): Promise<void> {
	const file = join(project, path);
	await writeFile(file, make(await readFile(file, 'utf8')));
}

async function expectEverythingInPlace(client: N8nClient, standIn: string): Promise<void> {
	const { url } = client;
	expect(printed).toContain('owner@example.com');
	expect(await (await fetch(url)).text()).toContain('<title>n8n.io');

	const credentials = await client.request<StoredCredential[]>('GET', '/rest/credentials');
	expect(credentials.map(({ type }) => type).sort()).toEqual([...credentialTypes.map(({ name }) => name), 'httpHeaderAuth', 'openAiApi'].sort());
	// n8n cannot test a header.
	for (const credential of credentials.filter(({ type }) => type !== 'httpHeaderAuth')) {
		expect({ type: credential.type, ...(await client.testCredential(credential)) }).toMatchObject({ status: 'OK' });
	}

	const listed = await client.request<StoredWorkflow[]>('GET', '/rest/workflows');
	expect(listed).toHaveLength(exampleFiles().length);
	const workflows = await Promise.all(listed.map(async ({ id }) => await client.getWorkflow(id)));
	const known = credentials.map(({ id }) => id);
	for (const { id, name, nodes } of workflows) {
		expect(printed).toContain(`${url}/workflow/${id}   ${name}`);
		for (const node of nodes.filter(({ type, parameters }) => /lumaVideo|lmChat/.test(type) || parameters.genericAuthType !== undefined)) {
			const [credential] = Object.values(node.credentials ?? {});
			expect({ name, node: node.name, id: credential?.id }).toEqual({ name, node: node.name, id: expect.any(String) });
			expect(known).toContain(credential?.id);
		}
	}
	const buying = workflows.find(({ name }) => name === 'Luma Video: generate every morning');
	expect(JSON.stringify(buying?.nodes)).toContain(`"value":"${url}/webhook/`);
	expect(workflows.filter(({ active }) => active).map(({ name }) => name)).toEqual(['Luma Video: when a video is finished']);

	const example = workflows.find(({ name }) => name === 'Luma Video: text to video');
	const execution = await client.waitForExecution(await client.runWorkflow(String(example?.id)));
	const [item] = nodeOutput(execution, 'Luma Video');
	expect(item?.binary?.data?.mimeType).toBe('video/mp4');
	const ledger = (await (await fetch(`${standIn}/_control/ledger`)).json()) as Ledger;
	expect(ledger.purchases).toHaveLength(1);
}

describe('npm run dev', () => {
	it('loads what is changed at once, has everything in place, and leaves nothing behind', async () => {
		start('dev');
		await untilPrinted(/Watching for file changes/);
		const client = new N8nClient(await untilPrinted(/n8n +(http:\S+)/));
		const standIn = await untilPrinted(/Stand-in +(http:\S+)/);
		await client.login();
		const described = async (): Promise<string | undefined> => {
			// While n8n loads the nodes anew, its list of them is a file that is half written.
			const types = await client.nodeTypes().catch(() => []);
			return types.find(({ name }) => name === 'n8n-nodes-luma-video.lumaVideo')?.description;
		};
		await expectSoon(described, 'Generate and edit');
		await change('nodes/LumaVideo/LumaVideo.node.ts', (text) => text.replace('Generate and edit', 'Changed by hand:'));
		await expectSoon(described, 'Changed by hand:');
		await expectEverythingInPlace(client, standIn);
		await change('icons/lumaVideo.svg', (text) => `${text}<!-- changed by hand -->`);
		const iconUrl = `${client.url}/icons/n8n-nodes-luma-video/dist/icons/lumaVideo.svg`;
		await expectSoon(async () => await (await fetch(iconUrl, { cache: 'no-store' })).text(), 'changed by hand');

		await stop('SIGINT');
		expect(command?.exitCode).toBe(0);
		expect(await leftovers()).toEqual(NOTHING);
		await expect(fetch(client.url)).rejects.toThrow();
		await expect(fetch(standIn)).rejects.toThrow();
	});
});

/** The same without the watching. */
describe('npm run editor', () => {
	it('can be stopped while it starts', async () => {
		start('editor');
		await untilPrinted(/Building the package/);
		await stop('SIGTERM');
		expect(printed).not.toContain('Ctrl+C ends');
		expect(await leftovers()).toEqual(NOTHING);
	});

	it('says what is wrong with its options', async () => {
		start('editor', '--port', 'n8n');
		await untilPrinted(/--port must be a port number, not n8n/);
		await waitUntil(() => command?.exitCode !== null);
		expect(command?.exitCode).toBe(1);
		expect(printed).not.toMatch(/^\s+at /m);
		expect(await leftovers()).toEqual(NOTHING);
	});
});
