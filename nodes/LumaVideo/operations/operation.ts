/** What an operation is: its place in the panel, its fields and what it runs. */
import type { IDisplayOptions, IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { Provider, ProviderId } from '../providers/provider';

const RESOURCE_NAMES = ['account', 'cameraMotion', 'concept', 'generation', 'image', 'video'] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export interface Operation {
	resource: ResourceName;
	/** The value of the Operation field. */
	value: string;
	/** As the Operation field shows it. */
	name: string;
	/** As the node panel lists it, sentence case. */
	action: string;
	description: string;
	/** What an AI agent is told before it uses the operation; `null` where the result is of no use to an agent. */
	toolDescription: string | null;
	/** Providers that can do it. */
	providers: readonly ProviderId[];
	/** Fields, already limited to this operation. */
	properties: INodeProperties[];
	/** Runs it for all input items at once; returns the items in input order. */
	execute(context: IExecuteFunctions, provider: Provider): Promise<INodeExecutionData[]>;
}

/** Whether the node runs as an AI agent's tool; n8n names the generated node so. */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/** The condition with only the providers that can do the operation; `null` when none of them is meant. */
function limited(
	displayOptions: IDisplayOptions | undefined,
	key: '/provider' | 'provider',
	providers: readonly ProviderId[],
): IDisplayOptions | null {
	const meant = displayOptions?.show?.[key];
	if (!meant) return displayOptions ?? {};
	const left = meant.filter((id) => providers.some((provider) => provider === id));
	return left.length === 0 ? null : { ...displayOptions, show: { ...displayOptions.show, [key]: left } };
}

/** Both conditions at once; of what both are about the second holds. */
export function both(one: IDisplayOptions, other: IDisplayOptions): IDisplayOptions {
	const hide = { ...one.hide, ...other.hide };
	return { show: { ...one.show, ...other.show }, ...(Object.keys(hide).length > 0 ? { hide } : {}) };
}

/** Fields of a collection that at least one of the providers has. */
function collected(property: INodeProperties, providers: readonly ProviderId[]): INodeProperties {
	if (property.type !== 'collection') return property;
	const options = ((property.options ?? []) as INodeProperties[]).flatMap((option) => {
		const displayOptions = limited(option.displayOptions, '/provider', providers);
		return displayOptions === null ? [] : [option.displayOptions ? { ...option, displayOptions } : option];
	});
	return { ...property, options };
}

/**
 * The condition for one resource. n8n takes a choice back that a changed provider does not offer, but only in a field that
 * it sees shown by the stored values, which lack the defaults: so the default resource is told by what is not another one.
 */
export function ofResource(resource: ResourceName): IDisplayOptions {
	if (resource !== 'video') return { show: { resource: [resource] } };
	return { hide: { resource: RESOURCE_NAMES.filter((each) => each !== resource) } };
}

/** Choices without which other fields cannot be told. */
const DECIDING: readonly string[] = ['model', 'videoSource'];

/** The condition for one operation; of the deciding fields in the same way. */
function ofOperation(resource: ResourceName, operation: string, name: string): IDisplayOptions {
	if (!DECIDING.includes(name)) return { show: { resource: [resource], operation: [operation] } };
	if (resource !== 'video' || operation !== 'generate') return both(ofResource(resource), { show: { operation: [operation] } });
	return both(ofResource(resource), { hide: { operation: ['addAudio', 'extend', 'interpolate', 'modify', 'reframe', 'upscale'] } });
}

/**
 * Shows fields only for one operation, keeping what else they depend on, and only for the providers that can do it.
 */
export function forOperation(
	resource: ResourceName,
	operation: string,
	properties: INodeProperties[],
	providers: readonly ProviderId[],
): INodeProperties[] {
	return properties.flatMap((property) => {
		const displayOptions = limited(property.displayOptions, 'provider', providers);
		if (displayOptions === null) return [];
		const own = both({ show: { provider: [...providers] } }, displayOptions);
		return [{ ...collected(property, providers), displayOptions: both(ofOperation(resource, operation, property.name), own) }];
	});
}
