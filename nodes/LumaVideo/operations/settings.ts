/** Fields that control how the node works, and how they are read: the same for every operation that waits or downloads. */
import type { IDisplayOptions, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import type { DownloadSettings } from '../generation/deliver';
import type { OutputOptions } from '../generation/output';
import { booleanOf, numberOf } from '../providers/values';
import { providerIds, providers } from '../providers';
import type { Product } from '../providers/provider';
import { NOTHING_SENT, mustBe } from './messages';
import { IN_TOOL, NOT_IN_TOOL, both, isTool } from './operation';

/** Default timeout of a generation, in seconds: ten times what is usual, plus queueing at busy hours. */
const DEFAULT_TIMEOUT_S = 900;
const DEFAULT_REQUEST_TIMEOUT_S = 60;
const DEFAULT_MAX_DOWNLOAD_MB = 2048;

export const settingFields = {
	cancelOnStop: {
		displayName: 'Cancel on Stop',
		name: 'cancelOnStop',
		type: 'boolean',
		default: false,
		description: [
			'Whether to ask the provider to cancel unfinished generations when the execution is stopped. One that is already running may still finish.',
			...providerIds.flatMap((id) => providers[id].cancellation?.charge ?? []),
		].join(' '),
		displayOptions: { show: { '/provider': providerIds.filter((id) => providers[id].cancellation) } },
	},
	deleteOnStop: {
		displayName: 'Delete on Stop',
		name: 'deleteOnStop',
		type: 'boolean',
		default: false,
		description:
			'Whether to delete the generations that are still running when the execution is stopped. Whether the provider refunds them is not documented.',
		displayOptions: { show: { '/provider': providerIds.filter((id) => providers[id].deletion) } },
	},
	dryRun: {
		displayName: 'Dry Run',
		name: 'dryRun',
		type: 'boolean',
		default: false,
		description:
			'Whether to output the request and its estimated cost instead of sending it. Nothing is bought.',
	},
	fileName: {
		displayName: 'File Name',
		name: 'fileName',
		type: 'string',
		default: '',
		placeholder: 'e.g. product-42',
		description: 'Name of the downloaded file, without extension. If not set: the start of the prompt and the end of the generation ID.',
		displayOptions: NOT_IN_TOOL,
	},
	includeInputFields: {
		displayName: 'Include Input Fields',
		name: 'includeInputFields',
		type: 'boolean',
		default: false,
		description:
			"Whether to also output the fields of the input item, such as an order number. Of fields with the same name, the node's own is output.",
	},
	includeRaw: {
		displayName: 'Include Raw Response',
		name: 'includeRaw',
		type: 'boolean',
		default: false,
		description: "Whether to add the provider's own answer to the output, as 'raw'",
	},
	maxConcurrent: {
		displayName: 'Max Concurrent Generations',
		name: 'maxConcurrent',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 100 },
		default: 5,
		description:
			'How many generations run at the same time. If not set: 10 with Luma Dream Machine (its documented limit), 5 with other providers.',
	},
	maxCost: {
		displayName: 'Max Cost (USD)',
		name: 'maxCost',
		type: 'number',
		typeOptions: { minValue: 0, numberPrecision: 2 },
		default: 10,
		description:
			'Stop the run, before anything is bought, if all its items together would cost more than this many US dollars. Prices are estimates from published price lists.',
		displayOptions: { show: { '/provider': providerIds.filter((id) => providers[id].estimateUsd) } },
	},
	maxDownloadMb: {
		displayName: 'Max Download Size (MB)',
		name: 'maxDownloadMb',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: DEFAULT_MAX_DOWNLOAD_MB,
		description: 'Larger files are not downloaded',
	},
	onTimeout: {
		displayName: 'On Timeout',
		name: 'onTimeout',
		type: 'options',
		options: [
			{
				name: "Continue With Status 'Processing'",
				value: 'continue',
				description: "The item continues with status 'processing', so that a later node can wait or check again",
			},
			{
				name: 'Stop With Error',
				value: 'error',
				description: 'The item fails with a message that says which generation it is and how to get it',
			},
		],
		default: 'error',
		description: "What happens to an item whose generation is not finished within 'Timeout'. The generation itself continues.",
	},
	requestTimeout: {
		displayName: 'Request Timeout (Seconds)',
		name: 'requestTimeout',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 600 },
		default: DEFAULT_REQUEST_TIMEOUT_S,
		description: 'How long to wait for the answer to a single request',
	},
	buyAgainAfterCrash: {
		displayName: 'Buy Again After a Crash',
		name: 'buyAgainAfterCrash',
		type: 'boolean',
		default: false,
		description:
			"Whether a retry of an execution that ended when n8n crashed buys a generation again if it is not known whether it was bought. Check the provider's dashboard before you switch this on.",
	},
	resubmitFailed: {
		displayName: 'Buy Again on Retry',
		name: 'resubmitFailed',
		type: 'boolean',
		default: false,
		description:
			'Whether a retry of this node, or of the execution, buys a new generation for one that failed. When off, a retry only continues generations that are running.',
	},
	timeout: {
		displayName: 'Timeout (Seconds)',
		name: 'timeout',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: DEFAULT_TIMEOUT_S,
		description:
			'How long to wait for a generation to finish. If not set: 900 seconds, twice that for 4K, and an hour when the execution is suspended. Nothing is lost at a timeout.',
	},
} satisfies Record<string, INodeProperties>;

type SettingName = keyof typeof settingFields;

/** In an agent's tool, n8n lets the model fill in every field that takes expressions: not its own spending limit. */
function notByModel(field: INodeProperties): INodeProperties[] {
	return [
		{ ...field, displayOptions: both(field.displayOptions ?? {}, NOT_IN_TOOL) },
		{ ...field, noDataExpression: true, displayOptions: both(field.displayOptions ?? {}, IN_TOOL) },
	];
}

/** A collection; its fields are sorted. */
export function collection(displayName: string, name: string, placeholder: string, fields: INodeProperties[]): INodeProperties {
	const options = fields.sort((a, b) => a.displayName.localeCompare(b.displayName, 'en'));
	return { displayName, name, type: 'collection', placeholder, default: {}, options };
}

/** The Options collection with the given settings. */
export function optionsField(names: readonly SettingName[]): INodeProperties {
	const fields = names.flatMap((name) => (name === 'maxCost' ? notByModel(settingFields[name]) : [settingFields[name]]));
	return collection('Options', 'options', 'Add Option', fields);
}

export const binaryField: INodeProperties = {
	displayName: 'Output Data Field Name',
	name: 'binaryPropertyName',
	type: 'string',
	required: true,
	default: 'data',
	placeholder: 'e.g. data',
	hint: 'The name of the output field to put the file in',
};

const DOWNLOAD_SWITCHES: Readonly<Record<Product, readonly [name: string, label: string]>> = {
	image: ['downloadImage', 'Download Image'],
	video: ['downloadVideo', 'Download Video'],
};

/** The switch to download the file, and where to put it. Not in an agent's tool, which cannot output files. */
export function downloadFields(makes: Product, whether: string, show: IDisplayOptions['show'] = {}): INodeProperties[] {
	const [name, displayName] = DOWNLOAD_SWITCHES[makes];
	const lifetimes = providerIds
		.map((id) => providers[id])
		.filter(({ capabilities }) => capabilities.urlMinutes !== undefined)
		.map((provider) => `; those of ${provider.displayName} work for ${provider.capabilities.urlMinutes} minutes`);
	const description = `${whether}. The output always has the URL, but URLs expire${lifetimes.join('')}.`;
	return [
		{ displayName, name, type: 'boolean', default: false, description, displayOptions: both({ show }, NOT_IN_TOOL) },
		{ ...binaryField, displayOptions: both({ show: { ...show, [name]: [true] } }, NOT_IN_TOOL) },
	];
}

/** An error about a field, before anything was sent. */
export function fieldError(context: IExecuteFunctions, itemIndex: number, finding: string): NodeOperationError {
	return new NodeOperationError(context.getNode(), finding, { description: NOTHING_SENT, itemIndex });
}

/** Whether to download the file. @throws NodeOperationError when the value is neither true nor false */
export function readWantsFile(context: IExecuteFunctions, itemIndex: number, makes: Product = 'video'): boolean {
	if (isTool(context)) return false;
	return readSwitch(context, itemIndex, ...DOWNLOAD_SWITCHES[makes]);
}

/** Whether a field outside of Options is switched on. @throws NodeOperationError when the value is neither true nor false */
export function readSwitch(context: IExecuteFunctions, itemIndex: number, name: string, label: string): boolean {
	const value = booleanOf(context.getNodeParameter(name, itemIndex, false));
	if (value === undefined) throw fieldError(context, itemIndex, mustBe({ field: label, needed: 'true or false' }));
	return value === true;
}

/** The selected option; the first one when nothing is selected. @throws NodeOperationError for anything else */
export function readChoice<T extends string>(
	context: IExecuteFunctions,
	itemIndex: number,
	name: string,
	label: string,
	allowed: readonly [T, ...T[]],
): T {
	const value: unknown = context.getNodeParameter(name, itemIndex, null);
	const chosen = typeof value === 'string' ? value.trim() : value;
	if (chosen === null || chosen === undefined || chosen === '') return allowed[0];
	const match = allowed.find((each) => each === chosen);
	if (match !== undefined) return match;
	throw fieldError(context, itemIndex, mustBe({ field: label, needed: `one of ${allowed.join(', ')}` }));
}

export interface Settings {
	buyAgainAfterCrash: boolean;
	cancelOnStop: boolean;
	deleteOnStop: boolean;
	dryRun: boolean;
	/** As entered; empty: the default. */
	fileName: string;
	includeInputFields: boolean;
	includeRaw: boolean;
	/** `null`: the provider's default. */
	maxConcurrent: number | null;
	/** US dollars for all items of a run; `null`: no limit, `NaN`: not a valid amount. */
	maxCostUsd: number | null;
	maxDownloadBytes: number;
	onTimeout: 'continue' | 'error';
	requestTimeoutMs: number;
	resubmitFailed: boolean;
	/** `null`: the default. */
	timeoutMs: number | null;
	/** What is wrong with the settings, each as a sentence that names the field. */
	findings: string[];
}

/**
 * The settings of one item, with defaults for those that are not set.
 *
 * @returns findings too: with any, the item must not buy
 */
export function readSettings(context: IExecuteFunctions, itemIndex: number): Settings {
	const options = context.getNodeParameter('options', itemIndex, {}) as Partial<Record<SettingName, unknown>>;
	const findings: string[] = [];
	const read = <T>(name: SettingName, value: T | null | undefined, expected: string): T | null => {
		if (value === undefined) findings.push(mustBe({ field: settingFields[name].displayName, needed: expected }));
		return value ?? null;
	};
	const isOn = (name: SettingName): boolean => read(name, booleanOf(options[name]), 'true or false') === true;
	const above0 = (name: SettingName): number | null => {
		const number = numberOf(options[name]);
		return read(name, typeof number === 'number' && number <= 0 ? undefined : number, 'a number above 0');
	};
	const maxCost = numberOf(options.maxCost);
	const onTimeout = typeof options.onTimeout === 'string' ? options.onTimeout.trim() : (options.onTimeout ?? '');
	const atTimeout = onTimeout === '' || onTimeout === 'error' ? 'error' : onTimeout === 'continue' ? 'continue' : undefined;
	const timeout = above0('timeout');
	const fileName = options.fileName ?? '';
	return {
		buyAgainAfterCrash: isOn('buyAgainAfterCrash'),
		cancelOnStop: isOn('cancelOnStop'),
		deleteOnStop: isOn('deleteOnStop'),
		dryRun: isOn('dryRun'),
		fileName: read('fileName', typeof fileName === 'string' || typeof fileName === 'number' ? String(fileName).trim() : undefined, 'text') ?? '',
		includeInputFields: isOn('includeInputFields'),
		includeRaw: isOn('includeRaw'),
		maxConcurrent: above0('maxConcurrent'),
		// An invalid limit must not count as no limit.
		maxCostUsd: 'maxCost' in options ? (typeof maxCost === 'number' && maxCost >= 0 ? maxCost : Number.NaN) : null,
		maxDownloadBytes: (above0('maxDownloadMb') ?? DEFAULT_MAX_DOWNLOAD_MB) * 1_000_000,
		onTimeout: read('onTimeout', atTimeout, "'continue' or 'error'") ?? 'error',
		requestTimeoutMs: (above0('requestTimeout') ?? DEFAULT_REQUEST_TIMEOUT_S) * 1000,
		resubmitFailed: isOn('resubmitFailed'),
		timeoutMs: timeout === null ? null : timeout * 1000,
		findings,
	};
}

/** How long an execution stays suspended by default, in milliseconds: waiting costs nothing there. */
export const suspendedTimeoutMs = 3_600_000;

/** Milliseconds to wait when the user set no timeout. */
export function defaultTimeoutMs(resolution: string | null): number {
	return DEFAULT_TIMEOUT_S * 1000 * (resolution === '4k' ? 2 : 1);
}

/** What an item's output has besides what is known of the generation. */
export function outputSettings(
	context: IExecuteFunctions,
	itemIndex: number,
	{ includeInputFields, includeRaw }: Settings,
): Pick<OutputOptions, 'includeRaw' | 'inputFields'> {
	const fields = includeInputFields ? context.getInputData()[itemIndex]?.json : undefined;
	return { includeRaw, ...(fields ? { inputFields: fields } : {}) };
}

export function downloadSettings(context: IExecuteFunctions, itemIndex: number, settings: Settings, allowLocal: boolean): DownloadSettings {
	return {
		field: context.getNodeParameter('binaryPropertyName', itemIndex, 'data'),
		fileName: settings.fileName,
		maxBytes: settings.maxDownloadBytes,
		timeoutMs: settings.requestTimeoutMs,
		allowLocal,
	};
}
