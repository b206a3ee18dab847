/** The panel as n8n draws it, for any values and for every state that decides what is shown. */
import type { INode, INodeParameters, INodeProperties, INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { LumaVideo } from '../../../nodes/LumaVideo/LumaVideo.node';
import { nodeProperties, operations } from '../../../nodes/LumaVideo/operations';
import { providerIds, providers } from '../../../nodes/LumaVideo/providers';
import { operationCapabilities } from '../../../nodes/LumaVideo/providers/provider';
import type { ModelCapabilities, ProviderId, VideoOperation } from '../../../nodes/LumaVideo/providers/provider';

export const { description } = new LumaVideo();

/** n8n makes the tool out of the node, with another name. */
function describedAs(tool: boolean): INodeTypeDescription {
	return tool ? { ...description, name: `${description.name}Tool` } : description;
}

export interface Panel {
	node: INode;
	tool: boolean;
	/** All parameters, with defaults for what is not set. */
	parameters: INodeParameters;
	shown: INodeProperties[];
}

/** n8n's rules take milliseconds for a panel, and many tests look at the same ones. */
const drawn = new Map<string, Panel>();

export function panel(values: INodeParameters, tool = false): Panel {
	const key = JSON.stringify([values, tool]);
	const found = drawn.get(key) ?? newPanel(values, tool);
	drawn.set(key, found);
	return found;
}

export function nodeWith(parameters: INodeParameters, type = description): INode {
	return {
		id: '1',
		name: 'Luma Video',
		type: `n8n-nodes-luma-video.${type.name}`,
		typeVersion: 1,
		position: [0, 0],
		parameters,
	};
}

function newPanel(values: INodeParameters, tool: boolean): Panel {
	const type = describedAs(tool);
	const node = nodeWith(values, type);
	const parameters = NodeHelpers.getNodeParameters(nodeProperties, values, true, false, node, type) ?? {};
	const shown = nodeProperties.filter((property) => NodeHelpers.displayParameter(parameters, property, node, type));
	return { node, tool, parameters, shown };
}

export function named(shown: readonly INodeProperties[], name: string): INodeProperties | undefined {
	return shown.find((property) => property.name === name);
}

export function optionsOf(property: INodeProperties | undefined): INodePropertyOptions[] {
	return (property?.options ?? []) as INodePropertyOptions[];
}

/** Options of a field that can be chosen, for what is set in the panel. */
export function offeredIn({ shown, parameters, node, tool }: Panel, name: string): INodePropertyOptions[] {
	return optionsOf(named(shown, name)).filter((option) => NodeHelpers.displayParameter(parameters, option, node, describedAs(tool)));
}

export function valuesOf(property: INodeProperties | undefined): unknown[] {
	return optionsOf(property).map(({ value }) => value);
}

/** Fields of a collection that can be added, for what is set in the panel. */
export function fieldsIn({ shown, parameters, node, tool }: Panel, collection: string): INodeProperties[] {
	const fields = (named(shown, collection)?.options ?? []) as INodeProperties[];
	const type = describedAs(tool);
	return fields.filter((field) => NodeHelpers.displayParameterPath(parameters, field, collection, node, type));
}

export const bool = [false, true];
export const eachOperation = providerIds.flatMap((provider) =>
	operations
		.filter((operation) => operation.providers.includes(provider))
		.map(({ resource, value }): [ProviderId, string, string] => [provider, resource, value]),
);
export const eachModel = providerIds.flatMap((provider) =>
	providers[provider].capabilities.models.map((model): [ProviderId, string, ModelCapabilities] => [
		provider,
		model.value,
		model,
	]),
);

export const generateWith = (provider: ProviderId, model: string, more: INodeParameters = {}): INodeParameters => ({
	provider,
	resource: 'video',
	operation: 'generate',
	model,
	...more,
});

/** Fields whose value decides what else is shown, in this order. */
const DECIDING = [
	'completion',
	'downloadVideo',
	'downloadImage',
	'imageSource',
	'videoSource',
	'direction',
	'sourceImageFrom',
	'referenceImagesFrom',
];

/** The states of the panel with every value that can be chosen in these fields, where they are shown. */
function withEachChoice(values: INodeParameters, tool: boolean, [name, ...others] = DECIDING): Panel[] {
	const each = panel(values, tool);
	if (name === undefined) return [each];
	const field = named(each.shown, name);
	const offered = field?.type === 'boolean' ? bool : field?.type === 'options' ? offeredIn(each, name).map(({ value }) => value) : [];
	if (offered.length === 0) return withEachChoice(values, tool, others);
	return offered.flatMap((value) => withEachChoice({ ...values, [name]: value as string | boolean }, tool, others));
}

/** Every state of the panel that decides what is shown. */
export const panels = bool.flatMap((tool) => [
	...eachModel.flatMap(([provider, model]) => withEachChoice(generateWith(provider, model), tool)),
	...eachOperation
		.filter(([, resource, operation]) => resource !== 'video' || operation !== 'generate')
		.flatMap(([provider, resource, operation]) => {
			const models = resource === 'video' ? (operationCapabilities(providers[provider], operation as VideoOperation)?.models ?? []) : [];
			const named = models.filter(({ value }) => value !== '').map(({ value }) => ({ model: value }));
			return (named.length === 0 ? [{}] : named).flatMap((model) => withEachChoice({ provider, resource, operation, ...model }, tool));
		}),
]);
