/** The Luma Video node against the stand-in: credentials, parameters, runs, and what a user gets to read. */
import type { IDataObject, INode, INodeExecutionData, INodeParameters, IRun } from 'n8n-workflow';
import { stringify } from 'flatted';
import type { ProviderName, ProviderServer } from '../../provider-server';
import { generateParameters, PROVIDERS, samples } from '../../samples';
import type { Credentials, EngineOptions } from './engine';
import { isLogged, startWorkflow } from './engine';
import { NODE, lumaWorkflow, outputOf } from './workflows';

/** Video: Generate with the prompt from the item's field `text`. */
export function generate(provider: ProviderName, more: INodeParameters = {}): INodeParameters {
	return { ...generateParameters(provider), ...more };
}

/** Generation: Get, Wait or Download of the id in the item's field `id`. */
export function generation(
	operation: 'get' | 'wait' | 'download',
	provider: ProviderName,
	more: INodeParameters = {},
): INodeParameters {
	return { provider, resource: 'generation', operation, generationId: '={{ $json.id }}', ...more };
}

/** Credentials for all providers; the base URLs or keys of some can be others. */
export function credentialsOf(
	server: ProviderServer,
	change: { baseUrl?: string; apiKey?: string } = {},
): Credentials {
	return Object.fromEntries(
		PROVIDERS.map((provider) => {
			const { credential, credentialFields } = samples[provider];
			const apiKey = change.apiKey ?? server.keys[provider];
			return [credential.name, credentialFields(apiKey, change.baseUrl ?? server.baseUrls[provider])];
		}),
	);
}

export interface RunSettings extends Partial<EngineOptions> {
	/** Settings of the node, such as `onError` and `retryOnFail`. */
	node?: Partial<INode>;
}

/** Runs items through the node to the end. */
export async function runItems(
	server: ProviderServer,
	items: IDataObject[],
	parameters: INodeParameters,
	{ node, ...options }: RunSettings = {},
): Promise<IRun> {
	const { finished } = await startWorkflow(lumaWorkflow(items, parameters, node), {
		credentials: credentialsOf(server),
		...options,
	});
	return await finished;
}

/** Runs one item with this prompt, or fields, through Video: Generate. */
export async function runOne(
	server: ProviderServer,
	provider: ProviderName,
	prompt: string,
	parameters: INodeParameters = {},
	settings: RunSettings = {},
): Promise<IRun> {
	return await runItems(server, [{ text: prompt }], generate(provider, parameters), settings);
}

export interface ShownError {
	message: string;
	description: string;
	/** The item that n8n's error view names. */
	itemIndex: number | undefined;
}

/** What ended the execution, as n8n shows it; `null` when it ended well. */
export function shownError(run: IRun): ShownError | null {
	const { error } = run.data.resultData;
	if (!error) return null;
	const { itemIndex } = (error.context ?? {}) as { itemIndex?: number };
	return { message: error.message, description: error.description ?? '', itemIndex };
}

/** JSON of the items of one output. */
export function jsonOf(run: IRun, output = 0): IDataObject[] {
	return outputOf(run, output).map((item) => item.json);
}

/** Items that carry a failure, on any output. */
export function failedItems(run: IRun): INodeExecutionData[] {
	return [0, 1].flatMap((output) => outputOf(run, output)).filter((item) => item.json.error !== undefined);
}

/** What n8n shows above the output of the node. */
export function hintsOf(run: IRun): string[] {
	return (run.data.resultData.runData[NODE] ?? []).flatMap((task) => task.hints ?? []).map(({ message }) => message);
}

/** Everything a user gets to read about what went wrong: of the execution and of its items. */
export function allTexts(run: IRun): string {
	const shown = shownError(run);
	const hints = hintsOf(run);
	return [shown?.message, shown?.description, JSON.stringify(failedItems(run)), JSON.stringify(hints)].join('\n');
}

/** Keys that are found in an execution's stored data or in n8n's log; must be empty. */
export function keysIn(run: IRun, keys: readonly string[]): string[] {
	const data = stringify(run);
	const forms = (key: string): string[] => [
		key,
		encodeURIComponent(key),
		Buffer.from(key).toString('base64').replace(/=+$/, ''),
	];
	return keys.filter((key) => forms(key).some((form) => data.includes(form) || isLogged(form)));
}
