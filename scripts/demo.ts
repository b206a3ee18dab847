/**
 * Makes a video with the workflow of examples/text-to-video.json, through n8n's own engine:
 *
 *     npm run demo [-- --prompt "a red kite" --image https://… --provider pixazo --stand-in]
 *
 * Without a key a stand-in on this machine plays the service. With a provider's key in the environment, under the name that
 * README has for it, the real service is called, which costs money.
 */
import './demo/typescriptFirst';
import { removeAtEnd, stopSignal } from './ending';
import { userFolder } from '../test/engine/harness/environment';
import { useRealClock } from './demo/realClock';
import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';
import type { IDataObject, INode, INodeExecutionData, INodeParameters, IRun } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { createWriteStream, mkdirSync, renameSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { nodeProperties } from '../nodes/LumaVideo/operations';
import { checkRequest } from '../nodes/LumaVideo/generation/checkRequest';
import { LumaVideo } from '../nodes/LumaVideo/LumaVideo.node';
import type { EngineWorkflow } from '../test/engine/harness/engine';
import { startWorkflow } from '../test/engine/harness/engine';
import { engineWorkflowOf, readExample } from '../test/engine/harness/exampleWorkflow';
import { errorOf, outputOf } from '../test/engine/harness/workflows';
import { Progress } from './demo/progress';
import type { Service } from './demo/service';
import { DemoError, openService, watch } from './demo/service';

const EXAMPLE = 'text-to-video.json';
const outputFolder = join(__dirname, '..', 'output');
/** Time to change one's mind before a real service is paid. */
const GRACE_S = 5;
/** What Node.js makes of Ctrl+C. */
const EXIT_STOPPED = 130;

interface Options {
	image?: string;
	prompt?: string;
	provider?: string;
	'stand-in'?: boolean;
}

const state: { submitted: boolean; generationId?: string } = { submitted: false };

function say(...lines: string[]): void {
	process.stdout.write(`${lines.join('\n')}\n`);
}

function readOptions(): Options {
	try {
		const { values } = parseArgs({
			options: {
				image: { type: 'string' },
				prompt: { type: 'string' },
				provider: { type: 'string' },
				'stand-in': { type: 'boolean' },
			},
		});
		return values;
	} catch (error) {
		throw new DemoError(
			`${error instanceof Error ? error.message : ''}\nOptions: --prompt TEXT, --image URL, --provider NAME, --stand-in`,
		);
	}
}

function row(name: string, value: string): string {
	return `  ${name.padEnd(12)}${value}`;
}

/** The example with the chosen provider, and the fields that its Luma Video node is going to use. */
function prepare(service: Service, options: Options): { workflow: EngineWorkflow; parameters: INodeParameters; prompt: string } {
	const workflow = engineWorkflowOf(readExample(EXAMPLE));
	const [start, luma] = workflow.nodes;
	if (!start || !luma) throw new Error(`${EXAMPLE} has no Luma Video node`);
	const items = JSON.parse(start.parameters.items as string) as IDataObject[];
	const prompt = options.prompt ?? String(items[0]?.prompt ?? '');
	start.parameters.items = JSON.stringify([{ ...items[0], prompt }]);

	const { provider } = service;
	if (luma.parameters.provider !== provider.id) {
		// Another provider has other models and formats: its own defaults take their place.
		const { resource, operation, completion, downloadVideo, prompt: expression } = luma.parameters;
		luma.parameters = { provider: provider.id, resource, operation, completion, downloadVideo, prompt: expression };
		luma.credentials = { [provider.credentialType]: { id: '1', name: provider.displayName } };
	}
	if (options.image !== undefined) luma.parameters.startImage = options.image;
	const needsImage = provider.capabilities.models.every(({ frames }) => !frames.includes('none'));
	if (needsImage && !luma.parameters.startImage) {
		if (service.keyVariable !== null) {
			throw new DemoError(
				`${provider.displayName} makes videos from images only. Name one: npm run demo -- --image https://…`,
			);
		}
		luma.parameters.startImage = 'https://example.com/photo.jpg';
	}
	return { workflow, parameters: shownParameters(luma), prompt };
}

function shownParameters(node: INode): INodeParameters {
	const { description } = new LumaVideo();
	return NodeHelpers.getNodeParameters(nodeProperties, node.parameters, true, false, node, description) ?? {};
}

/** What one video roughly costs, in words. */
function cost({ provider }: Service, parameters: INodeParameters, prompt: string): string {
	const checked = checkRequest(provider, { ...parameters, prompt }, { allowLocalAddresses: false });
	if (!checked.ok) throw new DemoError(checked.findings.map((finding) => `${finding}.`).join('\n'));
	const usd = provider.estimateUsd?.(checked.request) ?? null;
	return usd === null
		? `not published by ${provider.displayName}; see ${provider.dashboardUrl}`
		: `about ${usd.toFixed(2)} USD`;
}

async function announce(service: Service, parameters: INodeParameters, prompt: string): Promise<void> {
	const { provider, keyVariable } = service;
	const settings = ['model', 'resolution', 'duration', 'aspectRatio'].map((name) => parameters[name]).filter(Boolean);
	say(
		keyVariable === null
			? `No key in use: a stand-in on this machine plays ${provider.displayName}. Nothing is bought.`
			: `${keyVariable} is set: this calls the real ${provider.displayName} and buys one video.`,
		'',
		row('Workflow', `examples/${EXAMPLE}`),
		row('Prompt', prompt),
		...(parameters.startImage ? [row('Image', String(parameters.startImage))] : []),
		row('Video', settings.join(', ')),
	);
	if (keyVariable !== null) {
		say(row('Cost', cost(service, parameters, prompt)), '', `Starting in ${GRACE_S} seconds. Ctrl+C now buys nothing.`);
		await delay(GRACE_S * 1000, undefined, { signal: stopSignal });
	}
	say('');
}

async function run(service: Service, workflow: EngineWorkflow): Promise<INodeExecutionData> {
	const { provider, credential } = service;
	const progress = new Progress();
	say(`Waiting for ${provider.displayName}:`);
	watch(provider, {
		onSubmit: () => {
			state.submitted = true;
			progress.show('request sent');
		},
		onAnswer: ({ generationId, status }) => {
			if (state.generationId === undefined) progress.note(row('Generation', generationId));
			state.generationId = generationId;
			progress.show(status);
		},
	});
	let done: IRun;
	try {
		stopSignal.throwIfAborted();
		const execution = await startWorkflow(workflow, { credentials: { [provider.credentialType]: credential } });
		const stopExecution = (): void => {
			execution.stop();
		};
		stopSignal.addEventListener('abort', stopExecution);
		if (stopSignal.aborted) stopExecution();
		done = await execution.finished;
	} finally {
		progress.end();
	}
	stopSignal.throwIfAborted();
	const error = errorOf(done);
	if (error) throw new DemoError([`${error.message}.`, error.description].filter(Boolean).join('\n'));
	const [item] = outputOf(done, 0, workflow.nodes[1]?.name);
	if (!item) throw new Error('The workflow ended without a video.');
	return item;
}

async function save({ json, binary }: INodeExecutionData): Promise<{ path: string; size: string }> {
	const file = binary?.data;
	if (!file?.id) throw new Error('The workflow ended without a file.');
	const path = join(outputFolder, basename(file.fileName ?? 'luma.mp4'));
	const partialFile = `${path}.part`;
	removeAtEnd(partialFile);
	try {
		mkdirSync(outputFolder, { recursive: true });
		const content = await Container.get(BinaryDataService).getAsStream(file.id);
		await pipeline(content, createWriteStream(partialFile), { signal: stopSignal });
		renameSync(partialFile, path);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new DemoError(`The video is at ${String(json.videoUrl)} but could not be saved to ${path}: ${reason}`);
	}
	return { path, size: file.fileSize ?? '' };
}

async function main(): Promise<void> {
	removeAtEnd(userFolder);
	useRealClock();
	// A proxy for the rest of the world cannot reach this machine.
	const { NO_PROXY, no_proxy: noProxy } = process.env;
	process.env.NO_PROXY = process.env.no_proxy = [NO_PROXY ?? noProxy, '127.0.0.1', 'localhost'].filter(Boolean).join(',');

	const options = readOptions();
	const service = await openService({ provider: options.provider, standIn: options['stand-in'] });
	try {
		stopSignal.throwIfAborted();
		const { workflow, parameters, prompt } = prepare(service, options);
		await announce(service, parameters, prompt);
		const item = await run(service, workflow);
		const { path, size } = await save(item);
		say(
			'',
			row('Video URL', String(item.json.videoUrl)),
			row('Saved file', `${relative(process.cwd(), path)} (${size})`),
			...(service.keyVariable === null ? ['', 'The URL is the stand-in\'s and ends with this command; the file stays.'] : []),
		);
	} catch (error) {
		if (!stopSignal.aborted) throw error;
		sayWhatStopped(service);
		process.exitCode = EXIT_STOPPED;
	} finally {
		await service.close();
	}
}

function sayWhatStopped({ provider, keyVariable }: Service): void {
	if (keyVariable === null || !state.submitted) say('', 'Stopped. Nothing was bought.');
	else if (state.generationId !== undefined) {
		say('', `Stopped. Generation ${state.generationId} was bought and goes on; see ${provider.dashboardUrl}.`);
	} else {
		say('', `Stopped while the request was on its way. Whether a video was bought shows ${provider.dashboardUrl}.`);
	}
}

main()
	.catch((error: unknown) => {
		process.stderr.write(`\nThe demo did not finish. ${describe(error)}\n`);
		process.exitCode = 1;
	})
	.finally(() => {
		// Whatever n8n's engine still holds open must not keep the command from ending.
		process.exit();
	});

function describe(error: unknown): string {
	if (error instanceof DemoError) return error.message;
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
