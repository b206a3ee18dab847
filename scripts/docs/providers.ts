/**
 * Prints the tables of providers and models of docs/providers.md, made from the providers' capability tables.
 *
 *     npm run docs:providers
 *
 * With `--write` they are put there. A unit test compares the two.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIELD_NAMES } from '../../nodes/LumaVideo/generation/check';
import { operations } from '../../nodes/LumaVideo/operations';
import { extraFields } from '../../nodes/LumaVideo/providers/extras';
import type { Operation } from '../../nodes/LumaVideo/operations/operation';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import { CONCURRENCY, blankImageRequest, blankRequest, imageInputOf } from '../../nodes/LumaVideo/providers/provider';
import type { FrameMode, ImageMaking, ModelCapabilities, Provider } from '../../nodes/LumaVideo/providers/provider';

export const tablesPath = join(__dirname, '..', '..', 'docs', 'providers.md');

const MARKERS = /(<!-- tables:start[^>]*-->\n)([\s\S]*?)(<!-- tables:end -->)/;
const NONE = '–';

const FRAMES: Readonly<Record<FrameMode, string>> = {
	none: 'text',
	start: 'start image',
	end: 'end image',
	startAndEnd: 'both images',
};

const LOOPS: Readonly<Record<ModelCapabilities['loop'], string>> = {
	never: NONE,
	withoutEndImage: 'without end image',
	always: 'yes',
};

function table(head: string[], rows: string[][]): string {
	const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
	return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function choices(values: readonly string[], preset: string | null): string {
	if (values.length === 0) return NONE;
	return values.map((value) => (value === preset ? `**${value}**` : value)).join(', ');
}

/** Lowest and highest price of a video made from text, over all resolutions and durations. */
function prices(provider: Provider, model: ModelCapabilities): string {
	const requests = model.resolutions.flatMap((resolution) =>
		model.durations.map((duration) => ({ ...blankRequest('generate', model.value), resolution, duration })),
	);
	const known = requests.map((request) => provider.estimateUsd?.(request) ?? null).filter((usd) => usd !== null);
	if (known.length === 0) return 'not published';
	return `${Math.min(...known).toFixed(2)} – ${Math.max(...known).toFixed(2)}`;
}

function modelRow(provider: Provider, model: ModelCapabilities): string[] {
	const { defaults } = model;
	return [
		provider.displayName,
		model.name,
		model.frames.map((mode) => FRAMES[mode]).join(', '),
		choices(model.resolutions, defaults.resolution),
		choices(model.durations, defaults.duration),
		model.autoAspectRatio === true ? choices(['auto', ...model.aspectRatios], 'auto') : choices(model.aspectRatios, defaults.aspectRatio),
		LOOPS[model.loop],
		prices(provider, model),
	];
}

/** One row for each model that makes images. */
function imageRows({ displayName }: Provider, { capabilities, estimateUsd }: ImageMaking): string[][] {
	const { generate, edit } = capabilities;
	return generate.models.map(({ name, value }) => {
		const editing = { ...blankImageRequest('edit', value), source: { kind: 'generation', generationId: '' } as const };
		const usd = [estimateUsd(blankImageRequest('generate', value)), estimateUsd(editing)];
		return [
			displayName,
			name,
			`text, up to ${generate.maxReferences} images; edits, with up to ${edit.maxReferences} images`,
			choices(['auto', ...generate.aspectRatios], 'auto'),
			choices(['auto', ...generate.outputFormats], 'auto'),
			choices(['auto', ...generate.styles], 'auto'),
			usd.map((price) => (price === null ? 'not published' : price.toFixed(3))).join(', an edit '),
		];
	});
}

function providerRow({ displayName, capabilities, callbacks, cancellation, listing, deletion }: Provider): string[] {
	const { concurrency = CONCURRENCY, prompt } = capabilities;
	const extras = extraFields.filter((extra) => extra in capabilities.extras);
	const { minLength, maxLength, optionalWithImage } = prompt;
	const length = minLength === null || maxLength === null ? [] : [`${minLength} to ${maxLength} characters`];
	return [
		displayName,
		[optionalWithImage ? 'optional with an image' : 'required', ...length].join(', '),
		extras.length === 0 ? NONE : extras.map((extra) => FIELD_NAMES[extra]).sort().join(', '),
		callbacks ? (callbacks.httpsOnly ? 'to https:// only' : 'yes') : NONE,
		listing ? (listing.endedOnly ? 'what has ended' : 'yes') : NONE,
		cancellation ? 'yes' : NONE,
		deletion ? 'yes' : NONE,
		String(concurrency),
	];
}

const RESOURCES: Readonly<Record<Operation['resource'], string>> = {
	video: 'Video',
	image: 'Image',
	generation: 'Generation',
	account: 'Account',
	concept: 'Concept',
	cameraMotion: 'Camera Motion',
};

const IMAGE_INPUTS: Readonly<Record<ReturnType<typeof imageInputOf>, string>> = {
	data: 'inside the request',
	upload: 'uploaded first',
	url: "through n8n's public address",
};

function fileInput(provider: Provider): string {
	const input = IMAGE_INPUTS[imageInputOf(provider)];
	return provider.fileStore ? `${input}; uploaded first when large` : input;
}

/** Which provider can do which operation, and how it takes image files. */
function operationTable(): string {
	const ordered = Object.keys(RESOURCES).flatMap((resource) =>
		operations.filter((operation) => operation.resource === resource),
	);
	return table(
		['Operation', ...providerIds.map((id) => providers[id].displayName)],
		[
			...ordered.map(({ resource, name, providers: able }) => [
				`${RESOURCES[resource as Operation['resource']]}: ${name}`,
				...providerIds.map((id) => (able.includes(id) ? 'yes' : NONE)),
			]),
			['Image files of n8n', ...providerIds.map((id) => fileInput(providers[id]))],
			['Video files of n8n', ...providerIds.map((id) => (providers[id].fileStore || providers[id].upload?.maxVideoBytes ? fileInput(providers[id]) : NONE))],
		],
	);
}

/** All tables, as Markdown. */
export function providerTable(): string {
	const all = providerIds.map((id) => providers[id]);
	const models = table(
		['Provider', 'Model', 'From', 'Resolution', 'Duration', 'Aspect ratio', 'Loop', 'USD per video, about'],
		all.flatMap((provider) => provider.capabilities.models.map((model) => modelRow(provider, model))),
	);
	const images = table(
		['Provider', 'Image model', 'From', 'Aspect ratio', 'Format', 'Style', 'USD per image, about'],
		all.flatMap((provider) => (provider.images ? imageRows(provider, provider.images) : [])),
	);
	const services = table(
		['Provider', 'Prompt', 'Additional fields', 'Calls back', 'Can list', 'Can cancel', 'Can delete', 'Videos at once'],
		all.map(providerRow),
	);
	return `${models}\n\n${images}\n\n${services}\n\n${operationTable()}`;
}

/** What stands between the markers of a document. */
export function tableIn(document: string): string | undefined {
	return MARKERS.exec(document)?.[2]?.trim();
}

function main(): void {
	const document = readFileSync(tablesPath, 'utf8');
	if (!MARKERS.test(document)) throw new Error('docs/providers.md has no markers for the tables');
	writeFileSync(
		tablesPath,
		document.replace(MARKERS, (_, start: string, _old: string, end: string) => `${start}\n${providerTable()}\n\n${end}`),
	);
}

if (require.main === module) main();
