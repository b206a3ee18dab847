/**
 * Starts a real n8n with this package, freshly built, and everything in place to try it without a key:
 *
 *     npm run editor [-- --port 5678 --stand-in-port 4010]
 *     npm run dev     the same, and what is changed in nodes/, credentials/ and icons/ is loaded at once
 *
 * A stand-in plays the providers, others the chat model of the AI agent and JSON2Video. The first start installs n8n. All data is
 * in a temporary folder and goes when the command ends.
 */
import { removeAtEnd, stopSignal } from './ending';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startChatServer } from '../test/chat-server';
import { startMovieServer } from '../test/movie-server';
import { exampleFiles, readExample, triggerUrlOf, type ExampleSetup } from '../test/e2e/examples';
import { owner, type N8nClient, type StoredWorkflow } from '../test/e2e/harness/client';
import { startN8n } from '../test/e2e/harness/n8n';
import { packTarball } from '../test/e2e/harness/pack';
import { projectRoot } from '../test/e2e/harness/paths';
import { createCredentials } from '../test/e2e/support';
import { startProviderServer } from '../test/provider-server';
import { forAll } from '../test/samples';

/** How long the stand-in takes for a video: long enough to watch. */
const JOB_MS = 8000;

function say(...lines: string[]): void {
	process.stdout.write(`${lines.join('\n')}\n`);
}

function row(name: string, value: string): string {
	return `  ${name.padEnd(14)}${value}`;
}

/** Something the reader of the message can act on: no stack is shown. */
class UsageError extends Error {}

function port(option: string, value: string | undefined): number | undefined {
	if (value === undefined) return undefined;
	const number = Number(value);
	if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
	throw new UsageError(`--${option} must be a port number, not ${value}`);
}

function readOptions(): { port?: number; standInPort?: number; watch: boolean } {
	const option = { type: 'string' } as const;
	try {
		const { values } = parseArgs({
			options: { port: option, 'stand-in-port': option, watch: { type: 'boolean', default: false } },
		});
		return {
			port: port('port', values.port),
			standInPort: port('stand-in-port', values['stand-in-port']),
			watch: values.watch,
		};
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new UsageError(`${reason}\nOptions: --port NUMBER, --stand-in-port NUMBER, --watch`);
	}
}

/** Stores all examples, the trigger's first: the others are told its address. */
async function storeExamples(client: N8nClient, setup: ExampleSetup): Promise<StoredWorkflow[]> {
	const stored: StoredWorkflow[] = [];
	let triggerUrl: string | undefined;
	const isTold = (file: string): number => Number(JSON.stringify(readExample(file, setup)).includes('"triggerUrl"'));
	for (const file of exampleFiles().sort((a, b) => isTold(a) - isTold(b))) {
		const workflow = await client.createWorkflow(readExample(file, { ...setup, triggerUrl }));
		const url = triggerUrlOf(client, workflow);
		if (url !== undefined) {
			triggerUrl = url;
			await client.publish(workflow.id);
		}
		stored.push(workflow);
	}
	return stored;
}

/** Builds into the folder that n8n loads the package from, again at every change. */
function watchInto(folder: string): ChildProcess[] {
	const env = { ...process.env, BUILD_FOLDER: folder };
	const start = (program: string, ...args: string[]): ChildProcess =>
		spawn(process.execPath, [join(projectRoot, 'node_modules', program), ...args], {
			cwd: projectRoot,
			env,
			stdio: ['ignore', 'inherit', 'inherit'],
		});
	return [
		start('typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', folder, '--watch', '--preserveWatchOutput'),
		start('gulp/bin/gulp.js', 'watch', '--silent'),
	];
}

async function run(): Promise<void> {
	const options = readOptions();
	const userFolder = mkdtempSync(join(tmpdir(), 'luma-video-editor-'));
	removeAtEnd(userFolder);
	const ends: Array<() => Promise<void>> = [];
	try {
		say('Building the package and starting n8n. The first time n8n is installed, which takes some minutes.');
		const tarball = await packTarball();
		stopSignal.throwIfAborted();
		const n8n = await startN8n({
			tarball: tarball.path,
			userFolder,
			port: options.port,
			signal: stopSignal,
			env: options.watch ? { N8N_DEV_RELOAD: 'true' } : {},
		});
		ends.push(async () => await n8n.stop());
		const standIn = await startProviderServer({ port: options.standInPort, settings: forAll({ jobMs: JOB_MS }) });
		ends.push(async () => await standIn.close());
		const chat = await startChatServer();
		ends.push(async () => await chat.close());
		const movies = await startMovieServer(`${standIn.url}/media/samples/720p_16x9_sound.mp4`);
		ends.push(async () => await movies.close());
		stopSignal.throwIfAborted();

		const { client } = n8n;
		const credentials = await createCredentials(client, standIn, standIn.keys, 'Stand-in: ');
		const { id, name } = await client.createCredential(
			'openAiApi',
			{ apiKey: chat.apiKey, url: chat.baseUrl },
			'Stand-in: chat model',
		);
		const header = await client.createCredential('httpHeaderAuth', { name: 'x-api-key', value: movies.apiKey }, 'Stand-in: JSON2Video');
		const workflows = await storeExamples(client, {
			credentials,
			chatCredential: { openAiApi: { id, name } },
			movieCredential: { httpHeaderAuth: { id: header.id, name: header.name } },
			movieUrl: movies.baseUrl,
			photoUrl: `${standIn.url}/media/samples/start.jpg`,
		});
		stopSignal.throwIfAborted();
		say(
			'',
			row('n8n', n8n.url),
			row('Login', `${owner.email}, password ${owner.password}`),
			row('Stand-in', `${standIn.url} plays the providers: nothing is bought. What it sold: ${standIn.url}/_control/ledger`),
			row('n8n\'s log', n8n.logFile),
			'',
			...workflows.map((workflow) => row('Workflow', `${n8n.url}/workflow/${workflow.id}   ${workflow.name}`)),
			'',
			'Ctrl+C ends all of it and removes its data.',
		);
		const ended = new Promise<void>((resolve) => {
			if (stopSignal.aborted) resolve();
			stopSignal.addEventListener('abort', () => resolve());
		});
		if (options.watch) {
			const watchers = watchInto(join(n8n.packageFolder, 'dist'));
			ends.push(async () => {
				for (const watcher of watchers) watcher.kill();
			});
		}
		await Promise.race([ended, n8n.ended()]);
		if (!stopSignal.aborted) throw new Error(`n8n ended by itself. End of its log:\n${n8n.logs().slice(-3000)}`);
	} finally {
		if (stopSignal.aborted) say('', 'Stopping.');
		for (const end of ends.reverse()) await end();
	}
}

run()
	.catch((error: unknown) => {
		if (stopSignal.aborted) return;
		const isUsage = error instanceof UsageError;
		process.stderr.write(`${error instanceof Error && !isUsage ? (error.stack ?? error.message) : String((error as Error).message)}\n`);
		process.exitCode = 1;
	})
	.finally(() => {
		process.exit();
	});
