/** What an operation is: its place in the panel, its fields and its code. */
import type { IDisplayOptions, IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { Provider, ProviderId } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';

export const RESOURCE_NAMES = ['account', 'cameraMotion', 'concept', 'generation', 'image', 'video'] as const;
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
	/** What an AI agent is told about the operation; `null` if an agent has no use for the result. */
	toolDescription: string | null;
	/** Providers that support it. */
	providers: readonly ProviderId[];
	/** Its fields; in an operation's file, not yet limited to it. */
	properties: INodeProperties[];
	/** Runs it for all input items at once; returns the items in input order. */
	execute(context: IExecuteFunctions, provider: Provider): Promise<INodeExecutionData[]>;
}

/** What all requests of a run of the node share. */
export interface Session {
	context: IExecuteFunctions;
	provider: Provider;
	client: ProviderClient;
}

/** Shows a field only in an agent's tool: n8n gives the fields of the generated node this condition. */
export const IN_TOOL: IDisplayOptions = { show: { '@tool': [true] } };
export const NOT_IN_TOOL: IDisplayOptions = { hide: { '@tool': [true] } };

/** Whether the node runs as an AI agent's tool: n8n adds `Tool` to the type of the generated node. */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/** The condition, limited to providers that support the operation; `null` if it includes none of them. */
function limited(displayOptions: IDisplayOptions, key: '/provider' | 'provider', providers: readonly ProviderId[]): IDisplayOptions | null {
	const shown = displayOptions.show?.[key];
	if (!shown) return displayOptions;
	const left = shown.filter((id) => providers.some((provider) => provider === id));
	return left.length === 0 ? null : { ...displayOptions, show: { ...displayOptions.show, [key]: left } };
}

/** Both conditions together; where they conflict, the second applies. */
export function both(one: IDisplayOptions, other: IDisplayOptions): IDisplayOptions {
	const hide = { ...one.hide, ...other.hide };
	return { show: { ...one.show, ...other.show }, ...(Object.keys(hide).length > 0 ? { hide } : {}) };
}

/** A collection with only those fields that at least one of the providers has. */
function collected(property: INodeProperties, providers: readonly ProviderId[]): INodeProperties {
	if (property.type !== 'collection') return property;
	const options = ((property.options ?? []) as INodeProperties[]).flatMap((option) => {
		const displayOptions = limited(option.displayOptions ?? {}, '/provider', providers);
		return displayOptions === null ? [] : [option.displayOptions ? { ...option, displayOptions } : option];
	});
	return { ...property, options };
}

/**
 * The condition for one resource. n8n resets a value that a newly selected provider does not offer, but only in a field
 * that the stored values show, and these lack defaults: so the default resource is defined by hiding for all the others.
 */
export function ofResource(resource: ResourceName): IDisplayOptions {
	if (resource !== 'video') return { show: { resource: [resource] } };
	return { hide: { resource: RESOURCE_NAMES.filter((each) => each !== resource) } };
}

/** Fields that decide which other fields are shown. */
const DECIDING: readonly string[] = ['model', 'videoSource'];

/** The condition for one operation; for deciding fields, the default operation is defined by hiding too. */
function ofOperation(resource: ResourceName, operation: string, name: string): IDisplayOptions {
	if (!DECIDING.includes(name)) return { show: { resource: [resource], operation: [operation] } };
	if (resource !== 'video' || operation !== 'generate') return both(ofResource(resource), { show: { operation: [operation] } });
	return both(ofResource(resource), { hide: { operation: ['addAudio', 'extend', 'interpolate', 'modify', 'reframe', 'upscale'] } });
}

/** The fields, shown only for their operation and its providers, in addition to their own conditions. */
export function ownFields({ resource, value, properties, providers }: Operation): INodeProperties[] {
	return properties.flatMap((property) => {
		const displayOptions = limited(property.displayOptions ?? {}, 'provider', providers);
		if (displayOptions === null) return [];
		const own = both({ show: { provider: [...providers] } }, displayOptions);
		return [{ ...collected(property, providers), displayOptions: both(ofOperation(resource, value, property.name), own) }];
	});
}
